package redact

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// cueReach is how far before a number a word may say what it is, in bytes; cueWords in words.
const (
	cueReach = 64
	cueWords = 9
)

// cue is what the nearest word before i says that a number there is: Phone, IBAN, Card, SSN, IP or ID; "" when none does. A sentence that ended in between, or an
// empty line, cuts it off.
func cue(text string, i int) Kind {
	k, _ := cueNear(text, i)
	return k
}

// cueNear says beside it how many words lie between.
func cueNear(text string, i int) (kind Kind, between int) {
	lines := 0
	for low := max(0, i-cueReach); i > low && between < cueWords; {
		r, size := utf8.DecodeLastRuneInString(text[low:i])
		switch {
		case r == '\n':
			if lines++; lines > 1 {
				return "", between
			}
		case wordRune(r):
			from := wordStart(text, i, low)
			word := text[from:i]
			if k := called(text, from, word); k != "" && (lines == 0 || labelled(text, i)) {
				return k, between
			}
			if digits := strings.TrimLeft(word, "0123456789x"); digits == "" && len(word) > 3 {
				return "", between // another number lies between
			}
			i = from
			between++
			continue
		case (r == '.' || r == '!' || r == '?') && between > 0:
			return "", between
		}
		i -= size
	}
	return "", between
}

// labelled: a word at the end of a line speaks of the next one only as "Phone:".
func labelled(text string, end int) bool {
	rest := strings.TrimLeft(text[end:min(len(text), end+4)], " \t")
	return strings.HasPrefix(rest, ":") || strings.HasPrefix(rest, "\n")
}

func wordStart(text string, i, low int) int {
	for i > low {
		r, size := utf8.DecodeLastRuneInString(text[low:i])
		if !wordRune(r) {
			break
		}
		i -= size
	}
	return i
}

// called looks a word up. A letter alone ("T:", "M.") is a cue only where it begins a line.
func called(text string, from int, word string) Kind {
	if len(word) > 24 {
		return ""
	}
	word = strings.ToLower(word)
	if len(word) == 1 {
		before := strings.TrimRight(text[max(0, from-4):from], " \t|")
		next, _ := utf8.DecodeRuneInString(text[from+1:])
		if strings.Contains("tmfph", word) && (before == "" || strings.HasSuffix(before, "\n")) && (next == ':' || next == '.' || unicode.IsSpace(next)) {
			return Phone
		}
		return ""
	}
	return cueOf[word]
}

var cueOf = cues(map[Kind]string{
	Phone: `phone phones telephone tel tele telefon telefonnummer telefonnr rufnummer durchwahl handy handynummer mobil mobile mobilnummer mobiltelefon cell cellphone cellular fax telefax
		landline hotline whatsapp sms signal viber dial dialing call calling called callback ring reach reached answering answer voicemail text texted message messages desk office home work
		switchboard extension anrufen anruf ruf rufen erreichen erreichbar zurückrufen festnetz zentrale téléphone téléphoner portable appeler appelez appel joindre joignable rappeler télécopie
		teléfono telefono móvil movil celular llamar llama llame cellulare chiamare telefoon mobiel bellen telemóvel telefone ligar contact`,
	IBAN: `iban`,
	Card: `card cards creditcard visa mastercard amex maestro kreditkarte kreditkartennummer karte kartennummer carte tarjeta carta`,
	SSN:  `ssn ssns itin`,
	IP:   `ip ipv4 ipv6 ips`,
	ID: `id ids identifier identification passport passnummer reisepass ausweis ausweisnummer personalausweis passeport pasaporte dni nif nie nino bsn pesel licence license führerschein
		führerscheinnummer permis taxid tin steuernummer steuer steuernr ustid vat ein account konto kontonummer kundennummer kundennr customer client member membership mitgliedsnummer policy
		versicherungsnummer patient employee personalnummer contact company deal ticket objectid recordid hs_object_id`,
})

// Both a phone's and a record's word; it is read as the former, because records are called by a number or a path.
func cues(words map[Kind]string) map[string]Kind {
	out := map[string]Kind{}
	for _, k := range []Kind{ID, IBAN, Card, SSN, IP, Phone} {
		for _, w := range strings.Fields(words[k]) {
			out[w] = k
		}
	}
	out["security"] = SSN // social security number
	return out
}
