package redaction

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"github.com/contextd/contextd/internal/redact"
)

// sentences of business mails in four languages; {} is a value of one of the kinds.
var sentences = map[redact.Kind][]string{
	redact.Mail:  {"Please send the contract to {} by Friday.", "From: Ada Lovelace <{}>", "Bitte antworten Sie an {}, danke.", "Mon adresse est {}.", "Escríbame a {}; gracias", "cc {}, and the 140 technicians"},
	redact.Phone: {"Call me at {} before 12.03.2026.", "Tel.: {}", "Sie erreichen mich unter {}.", "Vous pouvez m'appeler au {}, merci.", "Mi móvil es {}", "Mobile: {}\nRegards", "Fax {}", "{} (office)"},
	redact.IBAN:  {"Pay 12,500.00 EUR to {} by 01.04.2026.", "IBAN: {}", "Unser Konto ist {}.", "Notre compte est le {}.", "La cuenta es {}, gracias"},
	redact.Card:  {"Charge {} please, it expires 12/27.", "Meine Karte ist {}.", "card number: {}", "La carte {} a été refusée."},
	redact.SSN:   {"Her SSN is {}.", "social security number: {}", "For the payroll: {}, born 4/5/1992"},
	redact.IP:    {"The request came from {} at 12:20:39.", "client_ip={}&x=1", "Der Server {} antwortet nicht.", "[{}] connection refused"},
}

// plain are sentences in which nothing is anybody's.
var plain = []string{
	"The board approved 48,000 a year on Monday.", "We need a price for 1.250.000 units, about 1 250 000 EUR.", "Let us meet on 2026-03-02 at 09:00, or 03.04.2026 at 10.30.", "Version 10.20.30 of 2024-2025.",
	"Invoice 4500012345 of 12/03/2026 over 93,835.00 USD is open.", "The old tablets are from 2017; 3 of 12 are broken.", "The call on 03/02/2026 took 45 minutes, 120 people joined.", "Order 415 555 pieces.",
	"Route 66, 10115 Berlin, Germany; room 110E.", "10 000 000 rows took 1.25 s (0.93–1.64).", "See chapter 3.14.2.1 @ page 200.", "Q1 2026: 12 345 678, Q2 2026: 23 456 789.", "Part PF-04449913 640 mg, rev 2.",
}

func TestOwnSet(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 23))
	values := map[redact.Kind][]string{redact.Mail: mailsOf(rng), redact.Phone: phones(), redact.IBAN: ibans(rng), redact.Card: cardsOf(rng), redact.SSN: ssns(rng), redact.IP: ips(rng)}
	var texts []Text
	labels := map[string]redact.Kind{}
	for _, k := range slices.Sorted(maps.Keys(values)) {
		labels[string(k)] = k
		for i, v := range values[k] {
			s := sentences[k][i%len(sentences[k])]
			before := plain[rng.IntN(len(plain))] + "\n" + s[:strings.Index(s, "{}")]
			start := len([]rune(before))
			texts = append(texts, Text{ID: fmt.Sprintf("%s-%d", k, i), Text: before + v + s[strings.Index(s, "{}")+2:] + "\n" + plain[rng.IntN(len(plain))],
				Spans: []Label{{string(k), start, start + len([]rune(v))}}})
		}
	}
	for i, s := range plain {
		texts = append(texts, Text{ID: fmt.Sprintf("plain-%d", i), Text: s})
	}
	report(t, Measure(redact.New(redact.Usual(), nil), texts, labels))
}

// phones are an example of every country's landline and mobile numbers, as they are written at home and abroad.
func phones() (out []string) {
	for _, region := range slices.Sorted(maps.Keys(phonenumbers.GetSupportedRegions())) {
		for _, kind := range []phonenumbers.PhoneNumberType{phonenumbers.FIXED_LINE, phonenumbers.MOBILE} {
			n := phonenumbers.GetExampleNumberForType(region, kind)
			if n == nil || len(phonenumbers.GetNationalSignificantNumber(n)) < 7 {
				continue
			}
			out = append(out, phonenumbers.Format(n, phonenumbers.INTERNATIONAL), phonenumbers.Format(n, phonenumbers.NATIONAL), phonenumbers.Format(n, phonenumbers.E164))
		}
	}
	return out
}

func digitsOf(rng *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = '0' + byte(rng.IntN(10))
	}
	return string(b)
}

// ibans have countries' lengths, as one word and in groups of four.
func ibans(rng *rand.Rand) (out []string) {
	for country, length := range map[string]int{"DE": 22, "GB": 22, "FR": 27, "ES": 24, "NL": 18, "NO": 15, "MT": 31, "CH": 21, "PL": 28, "BE": 16} {
		for range 6 {
			account := digitsOf(rng, length-4)
			if country == "GB" || country == "NL" {
				account = "BANK" + account[4:]
			}
			rest := 0
			for _, c := range account + country + "00" {
				if c >= 'A' {
					rest = (rest*100 + int(c-'A') + 10) % 97
				} else {
					rest = (rest*10 + int(c-'0')) % 97
				}
			}
			v := fmt.Sprintf("%s%02d%s", country, 98-rest, account)
			if rng.IntN(2) == 0 {
				v = grouped(v, " ")
			}
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return out
}

func grouped(v, gap string) string {
	var parts []string
	for ; len(v) > 4; v = v[4:] {
		parts = append(parts, v[:4])
	}
	return strings.Join(append(parts, v), gap)
}

func cardsOf(rng *rand.Rand) (out []string) {
	for _, c := range []struct {
		begin  string
		digits int
	}{{"4", 16}, {"51", 16}, {"2221", 16}, {"34", 15}, {"37", 15}, {"36", 14}, {"6011", 16}, {"65", 16}, {"3530", 16}, {"62", 16}, {"4", 13}} {
		for i := range 8 {
			v := c.begin + digitsOf(rng, c.digits-len(c.begin)-1)
			sum := 0
			for j := range len(v) {
				d := int(v[len(v)-1-j] - '0')
				if j%2 == 0 {
					d = d*2 - 9*min(1, d/5)
				}
				sum += d
			}
			v += fmt.Sprint((10 - sum%10) % 10)
			if len(v) == 16 && i%3 > 0 {
				v = grouped(v, []string{" ", "-"}[i%2])
			}
			out = append(out, v)
		}
	}
	return out
}

func ssns(rng *rand.Rand) (out []string) {
	for range 60 {
		area := 1 + rng.IntN(899)
		if area == 666 {
			area++
		}
		out = append(out, fmt.Sprintf("%03d-%02d-%04d", area, 1+rng.IntN(99), 1+rng.IntN(9999)))
	}
	return out
}

func ips(rng *rand.Rand) (out []string) {
	for range 60 {
		out = append(out, fmt.Sprintf("%d.%d.%d.%d", 11+rng.IntN(110), rng.IntN(256), rng.IntN(256), rng.IntN(256)), fmt.Sprintf("2001:db8:%x::%x:%x", 1+rng.IntN(65535), rng.IntN(65536), 1+rng.IntN(9)))
	}
	return out
}

func mailsOf(rng *rand.Rand) (out []string) {
	names := []string{"ada.lovelace", "j.müller", "o'brien", "info", "a_b+crm", "x-1", "用户"}
	hosts := []string{"example.com", "mail.example.co.uk", "müller.example", "example.museum", "sub-domain.example.io", "xn--mller-kva.example"}
	for i := range 84 {
		name, host := names[i%len(names)], hosts[rng.IntN(len(hosts))]
		switch i % 7 {
		case 1:
			out = append(out, name+" [at] "+strings.ReplaceAll(host, ".", " [dot] "))
		case 3:
			out = append(out, name+"(at)"+host)
		default:
			out = append(out, name+"@"+host)
		}
	}
	return out
}
