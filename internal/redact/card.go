package redact

import "strings"

// issuers are beginnings of card numbers and how many digits such numbers have (ISO/IEC 7812; as the networks publish them).
var issuers = []struct {
	from, to string // of equal length
	digits   [2]int
}{
	{"4", "4", [2]int{13, 19}}, {"51", "55", [2]int{16, 16}}, {"2221", "2720", [2]int{16, 16}}, {"34", "34", [2]int{15, 15}}, {"37", "37", [2]int{15, 15}},
	{"300", "305", [2]int{14, 19}}, {"3095", "3095", [2]int{14, 19}}, {"36", "36", [2]int{14, 19}}, {"38", "39", [2]int{14, 19}}, {"6011", "6011", [2]int{16, 19}},
	{"644", "649", [2]int{16, 19}}, {"65", "65", [2]int{16, 19}}, {"3528", "3589", [2]int{16, 19}}, {"2131", "2131", [2]int{15, 15}}, {"1800", "1800", [2]int{15, 15}},
	{"62", "62", [2]int{16, 19}}, {"2200", "2204", [2]int{16, 19}}, {"50", "50", [2]int{12, 19}}, {"56", "69", [2]int{12, 19}},
}

// card judges the groups of a number: an issuer's length and beginning, the check digit, and groups as they are printed on cards. Behind words that speak of a card
// length alone will do.
func card(groups []string, called bool) bool {
	digits := strings.Join(groups, "")
	if len(digits) < 12 || len(digits) > 19 || len(groups) > 1 && !printed(groups) {
		return false
	}
	if called && len(digits) >= 13 {
		return true
	}
	return issued(digits) && luhn(digits)
}

// printed: groups of four with a shorter or longer last one, or 4-6-5, 4-6-4.
func printed(groups []string) bool {
	if len(groups) == 3 && len(groups[0]) == 4 && len(groups[1]) == 6 {
		return len(groups[2]) == 5 || len(groups[2]) == 4
	}
	for _, g := range groups[:len(groups)-1] {
		if len(g) != 4 {
			return false
		}
	}
	return len(groups) >= 3
}

func issued(digits string) bool {
	for _, x := range issuers {
		if n := len(x.from); digits[:n] >= x.from && digits[:n] <= x.to && len(digits) >= x.digits[0] && len(digits) <= x.digits[1] {
			return true
		}
	}
	return false
}

// luhn checks the last digit (ISO/IEC 7812-1, annex B).
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
