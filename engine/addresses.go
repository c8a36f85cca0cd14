package engine

import (
	"regexp"
	"strings"
	"unicode"
)

var (
	phoneForm = expression(`(?:\+|\b00|\(0|\b0)\d?[\d ()/.\-]{5,}\d`)
	dateInIt  = expression(`\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}-\d{2}-\d{2}`)
	// Streets as the four languages write them: "12 Harbour Road", "Hafenstraße 5", "12 rue de la Paix", "Calle Mayor 3".
	streetForms = []func() *regexp.Regexp{
		expression(`\b\d{1,5}[a-zA-Z]? (?:\p{Lu}[\pL'-]+ ){1,3}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Drive|Boulevard|Blvd|Square|Way|Court)\b`),
		expression(`\b\p{Lu}[\pL-]*(?:straße|strasse|str\.|gasse|weg|platz|allee|ufer|damm) \d{1,4}[a-z]?\b`),
		expression(`\b\p{Lu}[\pL-]+[ -](?:Straße|Strasse|Str\.|Gasse|Weg|Platz|Allee) \d{1,4}[a-z]?\b`),
		expression(`(?i)\b\d{1,4}(?: bis)?,? (?:rue|avenue|boulevard|place|impasse|quai) (?:(?:de|du|des|la|le|les|l'|d') ?){0,3}\pL[\pL'-]+`),
		expression(`(?i)\b(?:calle|avenida|plaza|paseo|camino) (?:(?:de|del|la|el|los|las) ){0,2}\pL[\pL'-]+,? \d{1,4}\b`),
	}
)

// phonesOf lists the telephone numbers of a text by their digits, in their order, and gives the text without them. An international number is told by +, 00 or a leading zero;
// a date is none.
func phonesOf(text string) (phones []string, rest string) {
	rest = phoneForm().ReplaceAllStringFunc(text, func(s string) string {
		digits := strings.Map(func(r rune) rune {
			if unicode.IsDigit(r) {
				return r
			}
			return -1
		}, strings.ReplaceAll(s, "(0)", ""))
		if len(digits) < 7 || len(digits) > 15 || dateInIt().MatchString(s) {
			return s
		}
		phones = append(phones, "tel:"+strings.TrimLeft(digits, "0"))
		return " ; "
	})
	return phones, rest
}

// streetsOf lists the street addresses of a text in one spelling.
func streetsOf(text string) []string {
	var out []string
	for _, s := range streetsIn(text) {
		out = append(out, s.spelled)
	}
	return out
}

// street is an address as it was written and in one spelling.
type street struct{ written, spelled string }

func streetsIn(text string) []street {
	var out []street
	for _, form := range streetForms {
		for _, s := range form().FindAllString(text, -1) {
			out = append(out, street{s, inOneSpelling(s)})
		}
	}
	return out
}

func inOneSpelling(s string) string {
	s = strings.ToLower(strings.ReplaceAll(s, ",", ""))
	for _, r := range [][2]string{{"strasse", "straße"}, {"str.", "straße"}, {" st", " street"}, {" rd", " road"}, {" ave", " avenue"}} {
		if name := strings.TrimRight(s, " 0123456789"); strings.HasSuffix(name, r[0]) && !strings.HasSuffix(name, r[1]) {
			s = strings.Replace(s, r[0], r[1], 1)
		}
	}
	return s
}
