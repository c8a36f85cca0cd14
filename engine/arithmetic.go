package engine

import (
	"math"
	"slices"
)

// A number that stands in no quote may follow from the quoted ones, by these rules and no others. Each needs the word in the claim that says which one is meant, or
// any two numbers would prove a third:
//
//   - a sum or difference of two numbers of the same unit ("together", "more", "saves");
//   - a product of two numbers of which at most one has a currency, or one number times the fixed factor of two units of time ("in total", "times", a period);
//   - a per cent of a number, or a number less or plus its per cent ("discount", "%"); a change in per cent between two numbers;
//   - a number rounded to two or more of its digits ("about").
var (
	sumWords = wordSet(`total totals together altogether combined sum overall plus insgesamt zusammen gesamt summe gesamtsumme ensemble total somme tout juntos suma conjunto`)
	gapWords = wordSet(`more less fewer difference save saves saved saving savings increase increased decrease decreased rise rose drop dropped down up reduction reduced under over above below cheaper
		mehr weniger differenz unterschied ersparnis spart gestiegen gesunken günstiger teurer moins différence économie hausse baisse écart más menos diferencia ahorro aumento reducción`)
	timesWords = wordSet(`total totals times altogether overall x × sum makes equals insgesamt gesamt mal macht summe total multiplié fois suma veces por`)
	shareWords = wordSet(`% percent cent prozent pct ciento discount rebate off rabatt nachlass skonto remise réduction rabais descuento rebaja margin marge margen`)
	aboutWords = wordSet(`about around roughly approximately nearly almost some circa ca rund etwa ungefähr knapp fast environ près presque unos unas casi aproximadamente cerca ~`)
)

// sums is how an amount of a claim follows from the amounts of its quotes.
type sums struct {
	words   map[string]bool // of the claim
	quoted  []amount
	periods []byte // of the claim
	units   []byte // named by the quotes
}

func (a sums) any(set map[string]bool) bool {
	for w := range a.words {
		if set[w] {
			return true
		}
	}
	return false
}

// follows reports whether c is a result of the quoted amounts by one of the rules.
func (a sums) follows(c amount) bool {
	for i, x := range a.quoted {
		if a.byOne(x, c) {
			return true
		}
		for _, y := range a.quoted[i+1:] {
			if a.byTwo(x, y, c) {
				return true
			}
		}
	}
	return false
}

func (a sums) byOne(x, c amount) bool {
	if !compatible(x.unit, c.unit) {
		return false
	}
	if a.any(aboutWords) && rounded(x.value, c.value) {
		return true
	}
	if x.unit == "" && x.span == 0 { // a bare number per month is not known to be a price
		return false
	}
	for _, to := range a.periods { // 38 EUR a month are 456 EUR a year
		for _, from := range a.units {
			if f, ok := converted(1, to, from); ok && f != 1 && close9(x.value*f, c.value) {
				return true
			}
		}
	}
	return false
}

func (a sums) byTwo(x, y, c amount) bool {
	same := x.unit == y.unit && x.span == y.span && compatible(x.unit, c.unit)
	if same && a.any(sumWords) && close9(x.value+y.value, c.value) {
		return true
	}
	if same && a.any(gapWords) && close9(math.Abs(x.value-y.value), c.value) {
		return true
	}
	if c.unit == "%" {
		return x.unit == y.unit && a.any(gapWords) && (ratio(x.value, y.value, c.value) || ratio(y.value, x.value, c.value))
	}
	if x.unit == "%" {
		x, y = y, x
	}
	if y.unit == "%" {
		part := x.value * y.value / 100
		return x.unit != "%" && compatible(x.unit, c.unit) && a.any(shareWords) && (close9(part, c.value) || close9(x.value-part, c.value) || close9(x.value+part, c.value))
	}
	if x.unit != "" && y.unit != "" || !a.any(timesWords) && len(a.periods) == 0 {
		return false
	}
	unit := x.unit + y.unit
	if !compatible(unit, c.unit) || min(x.value, y.value) <= 1 {
		return false
	}
	product := x.value * y.value
	if close9(product, c.value) {
		return true
	}
	return slices.Contains(a.periods, 'y') && slices.Contains(a.units, 'm') && close9(product*12, c.value)
}

// compatible: a result keeps the unit of its parts, or leaves a currency out.
func compatible(parts, result string) bool { return parts == result || result == "" && parts != "%" }

func close9(a, b float64) bool {
	return math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b))
}

// ratio: from a to b is a change of c per cent, as far as c has digits.
func ratio(a, b, c float64) bool {
	if a == 0 {
		return false
	}
	change := math.Abs(b-a) / math.Abs(a) * 100
	return math.Abs(change-c) < 0.06 || c == math.Trunc(c) && math.Abs(change-c) <= 0.5
}

// rounded: c is x to at least two significant digits, and not x itself.
func rounded(x, c float64) bool {
	if x == 0 || c == x {
		return false
	}
	for digits := 2; digits < 6; digits++ {
		scale := math.Pow(10, math.Floor(math.Log10(math.Abs(x)))-float64(digits-1))
		if close9(math.Round(x/scale)*scale, c) {
			return true
		}
	}
	return false
}
