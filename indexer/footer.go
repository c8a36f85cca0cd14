package indexer

import "strings"

// Terms of legal footers with their weight: a paragraph at the end of a mail is a footer from a sum of 3. Strong ones are hardly ever written by hand.
var footerTerms = map[string]int{
	// English
	"intended recipient": 3, "intended solely": 3, "intended only for": 3, "intended for the": 2, "confidentiality notice": 3, "disclaimer": 2, "legal notice": 2, "privileged": 2, "confidential": 1, "unauthorised": 2,
	"unauthorized": 2, "received this e": 1, "received this message in error": 3, "in error": 1, "addressee": 2, "notify the sender": 2, "strictly prohibited": 2, "disclosure": 1, "delete": 1, "virus": 1, "registered in": 2,
	"company number": 2, "company no": 2, "registered office": 2, "vat ": 1, "consider the environment": 3, "before printing": 2, "unsubscribe": 3, "view in browser": 3, "view this email in your browser": 3, "all rights reserved": 3,
	"you received this message because": 3, "you are receiving this": 3, "manage your preferences": 3, "email preferences": 2, "privacy policy": 2, "virus-free": 3, "scanned by": 2, "scanned for viruses": 3, "avast": 2,
	"antivirus": 2,
	// German
	"vertraulich": 1, "rechtlich geschützt": 2, "nicht der richtige adressat": 3, "irrtümlich erhalten": 3, "nicht der beabsichtigte empfänger": 3, "unbefugte": 2, "vernichten": 1, "absender": 1, "handelsregister": 2,
	"amtsgericht": 2, "registergericht": 2, "geschäftsführ": 2, "geschaeftsfuehr": 2, "hrb": 2, "ust-id": 2, "ust.-id": 2, "umsatzsteuer-id": 2, "sitz der gesellschaft": 3, "aufsichtsrat": 1, "vorstand": 1, "steuernummer": 1,
	"abmelden": 2, "abbestellen": 2, "datenschutz": 1, "firmenbuch": 2,
	// French
	"confidentiel": 1, "destinataire": 1, "par erreur": 2, "strictement interdit": 2, "usage exclusif": 2, "siège social": 2, "rcs ": 1, "siret": 2, "se désabonner": 3, "se désinscrire": 3, "avant d'imprimer": 3,
	// Spanish, Italian, Portuguese
	"confidencial": 1, "destinatario": 1, "por error": 1, "aviso legal": 3, "prohibid": 1, "darse de baja": 3, "protección de datos": 2, "riservat": 1, "per errore": 2, "destinatari": 1, "vietat": 1, "d.lgs": 2, "gdpr": 1,
	"cancellare": 1, "p.iva": 2, "p. iva": 2, "destinatário": 1, "por engano": 2, "proibid": 1, "sigilos": 1, "imprimir": 1, "medio ambiente": 2, "meio ambiente": 2,
	// Dutch, Polish, Nordic, Russian
	"vertrouwelijk": 1, "geadresseerde": 2, "bestemd voor": 2, "kvk": 2, "afmelden": 2, "uitschrijven": 2, "poufn": 1, "adresat": 1, "krs": 2, "regon": 2, "nip:": 2, "konfidentiell": 1, "avsedd för": 1, "mottagare": 1,
	"fortrolig": 1, "luottamuksellin": 1, "конфиденциальн": 2, "адресат": 1, "получател": 1,
}

var bannerTerms = map[string]int{
	"external": 1, "caution": 1, "warning": 1, "originated from outside": 3, "outside of the organi": 2, "outside the organi": 2, "outside your organi": 2, "do not click": 2, "don't click": 2, "recognize the sender": 2,
	"recognise the sender": 2, "extern": 1, "externe e-mail": 3, "externer absender": 3, "vorsicht": 1, "achtung": 1, "expéditeur externe": 3, "courriel externe": 3, "correo externo": 3, "from an external": 2, "links": 1, "attachments": 1,
	"reply above this line": 4, "type your reply above": 4, "antworten sie oberhalb dieser zeile": 4, "répondre au-dessus de cette ligne": 4, "you don't often get email from": 3, "learn why this is important": 3, "erhalten nicht häufig e-mails von": 3,
}

func score(text string, terms map[string]int) int {
	lower := strings.ToLower(strings.ReplaceAll(text, "’", "'"))
	sum := 0
	for term, weight := range terms {
		if strings.Contains(lower, term) {
			sum += weight
		}
	}
	return sum
}

// maxFooterBytes bounds what is scored as one paragraph: longer ones are somebody's text, or not worth the search.
const maxFooterBytes = 6000

// cutFooters cuts the legal paragraphs at the end of lines a to b and returns where the rest ends: b when there are none.
func cutFooters(lines []line, parts []part, a, b int) int {
	rest, end := b, b
	for range maxRounds {
		for end > a && lines[end-1].blank() {
			end--
		}
		start, size := end, 0
		for start > a && !lines[start-1].blank() && size <= maxFooterBytes {
			start--
			size += len(lines[start].text)
		}
		if start == end || size > maxFooterBytes || score(strings.Join(texts(lines[start:end]), " "), footerTerms) < 3 {
			return rest
		}
		if start = withinFooter(lines, start, end); start == end {
			return rest
		}
		for i := start; i < end; i++ {
			parts[i] = footerPart
		}
		rest, end = start, start
	}
	return rest
}

// withinFooter leaves lines of a paragraph to the person when the footer begins below them: text and footer are often divided by a line break only.
func withinFooter(lines []line, start, end int) int {
	for i := start; i < end; i++ {
		if score(lines[i].text, footerTerms) > 0 || footerOpener(lines[i].text) {
			return i
		}
	}
	return end
}

func footerOpener(text string) bool {
	s := strings.ToLower(strings.Trim(text, " *_-"))
	return strings.HasPrefix(s, "this e") || strings.HasPrefix(s, "this message") || strings.HasPrefix(s, "diese e-mail") || strings.HasPrefix(s, "diese nachricht") || strings.HasPrefix(s, "ce message") ||
		strings.HasPrefix(s, "ce courriel") || strings.HasPrefix(s, "este mensaje") || strings.HasPrefix(s, "este correo") || strings.HasPrefix(s, "questo messaggio") || strings.HasPrefix(s, "dit bericht") || strings.HasPrefix(s, "notice")
}

// cutBanner cuts the warning that mail gateways put above mails from outside.
func cutBanner(lines []line, parts []part) {
	start := 0
	for start < len(lines) && lines[start].blank() {
		start++
	}
	end, size := start, 0
	for end < len(lines) && !lines[end].blank() && size <= maxFooterBytes && end-start < 6 {
		size += len(lines[end].text)
		end++
	}
	for n := end; n > start; n-- {
		// The shortest beginning of the first paragraph that is a warning: the person's text may follow without an empty line.
		if text := strings.Join(texts(lines[start:start+1+end-n]), " "); len(text) < 1000 && score(text, bannerTerms) >= 4 {
			for i := start; i <= start+end-n; i++ {
				if parts[i] == own {
					parts[i] = footerPart
				}
			}
			return
		}
	}
}
