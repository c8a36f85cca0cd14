package indexer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// closingWords are the words that closing formulas consist of. A line is a closing when it has at least one core word and no word from outside.
var (
	closingCore = wordSet(`regards regard sincerely truly faithfully respectfully cordially wishes rgds brgds kr br mfg lg vg vlg mvh vh mvg bg grüße grüßen gruß gruss grüsse grüssen gruesse gruessen grüessli ` +
		`cordialement salutations saludos saludo atentamente cordialmente saluti ossequi groet groeten hälsningar hälsning hilsen hilsener hilsner pozdrawiam poważaniem pozdrowieniami pozdrowienia ` +
		`atenciosamente cumprimentos abraço abraços abrazo уважением приветом terveisin terveisiä pozdravem pozdravom pozdrav üdvözlettel stimă saygılarımla saygılar εκτίμηση χαιρετισμούς lugupidamisega cieņu pagarba kveðju kveðja agur ` +
		`повагою уважение 敬具 敬上 此致 敬礼 祝好 spoštovanjem štovanjem poštovanjem hochachtungsvoll amicalement sentiments`)
	closingFill = wordSet(`best kind kindest warm warmest warmly with many thanks thank you and & + in advance the all my our your yours very und mit freundlichen freundlichem freundliche freundlicher viele liebe beste ` +
		`besten lieben herzliche herzlichen herzlichem schöne schönen sonnige sonnigen dank vielen danke aus nach bien très tres sincères sinceres mes nos meilleures meilleurs distinguées distingués les je vous prie agréer d'agréer veuillez ` +
		`l'expression de à vous toi merci un una cordial cordiales muy le saluda saludamos gracias atentos distinti cordiali cari grazie met vriendelijke hartelijke bedankt med vänliga vänlig venlig vennlig ` +
		`venlige vennlige bästa bedste beste de z wyrazami serdecznie serdeczne serdecznymi dziękuję obrigado obrigada com os melhores meus e с наилучшими глубоким уважением пожеланиями спасибо ystävällisin parhain s se přátelským přeji ` +
		`díky üdv tisztelettel cu cele mai bune με φιλικούς έναν från fra from kær kærlig to everyone team um con sinceros afectuosos uit`)
	closingWhole = wordSet(`best sincerely regards`)
)

// Limits of what may stand below a closing formula or a dash line and still be a signature.
const (
	maxSignatureLines = 14
	maxSignatureBytes = 1200
)

// closing recognises a formula such as "Kind regards," alone on its line or before a name: "Viele Grüße, Anna".
func closing(text string) bool {
	s := strings.Trim(text, " \t*_-–—~")
	if s == "" || len(s) > 200 {
		return false
	}
	formula, name, _ := strings.Cut(s, ",")
	alone := closingWhole[strings.ToLower(strings.Trim(formula, " .!;:"))]
	return onlyClosing(s) || ((alone || onlyClosing(formula)) && plausibleName(name))
}

func onlyClosing(s string) bool {
	core, place := false, false
	words := strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",.!;:/|", r) })
	if len(words) > 9 {
		return false
	}
	for _, word := range words {
		w := strings.ToLower(word)
		switch {
		case closingCore[w]:
			core = true
		case !closingFill[w] && !(place && w != word): // "Viele Grüße aus München"
			return false
		}
		place = w == "aus" || w == "from" || w == "fra" || w == "från" || w == "uit"
	}
	return core
}

func plausibleName(s string) bool {
	s = strings.Trim(s, " ,.!*_")
	if s == "" {
		return true
	}
	words := strings.Fields(s)
	if len(words) > 4 {
		return false
	}
	for _, w := range words {
		r, _ := utf8.DecodeRuneInString(w)
		if !unicode.IsUpper(r) && unicode.IsLower(r) && !particle(w) {
			return false
		}
	}
	return !hasDigit(s)
}

func particle(w string) bool {
	switch w {
	case "von", "van", "de", "der", "den", "del", "della", "di", "da", "dos", "la", "le", "zu", "al", "bin", "ibn", "y", "e":
		return true
	}
	return false
}

// dashLine is the delimiter of a signature: "-- " of RFC 3676 §4.3 and what programs make of it.
func dashLine(text string) bool {
	s := strings.Trim(text, " *")
	switch s {
	case "--", "—", "–", "―", "---", "----", "-----", "__", "___", "____", "_____":
		return true
	}
	return false
}

// mobile recognises "Sent from my iPhone", "Get Outlook for iOS" and their kind in any language: a short line with a word of sending and a device or program.
func mobile(text string) bool {
	if len(text) > 600 {
		return false
	}
	s := strings.TrimSpace(linkPattern().ReplaceAllString(text, ""))
	s = strings.Trim(s, " *_<>[]()-–—.")
	if s == "" || utf8.RuneCountInString(s) > 110 {
		return false
	}
	lower := strings.ToLower(s)
	return sendingPattern().MatchString(lower) && devicePattern().MatchString(lower)
}

func beginsMobile(text string) bool {
	return len(text) < 110 && sendingPattern().MatchString(strings.ToLower(strings.TrimSpace(text)))
}

var (
	sendingPattern = expression(`^(sent |get |download |von mein|gesendet |verschickt |geschickt |diese nachricht wurde|envoyé |envoye |envoyée |télécharge[rz]? |obten(er|ez|ha|ga) |obtenir |obter |enviado |enviada |` +
		`inviato |inviata |scarica |ottieni |verzonden |verstuurd |wysłan[eoy] |wysłano |pobierz |skickat |skickad |sendt |hämta |hent |skaff |lähetetty |hanki |отправлено |отправлен |надіслано |odesláno |odoslané |получить |` +
		`iphone'?umdan |.*gönderildi$|küldve |trimis |στάλθηκε |发自|發自|发送自|从我的|從我的|使用|.*から送信|.*에서 보냄|.*에서 보낸|נשלח |أرسلت|poslano |saadetud |composed |written |typed |dictated |outlook .*(beschaffen|herunterladen|laden|downloaden)|download outlook)`)
	devicePattern = expression(`iphone|ipad|android|samsung|galaxy|mobile|mobil|móvil|movil|cell|phone|telefon|téléphone|telefono|teléfono|puhelim|handy|smartphone|tablet|outlook|e-?mail|poczt|yahoo|blackberry|windows|huawei|xiaomi|` +
		`pixel|nokia|oneplus|\b\w*app\b|device|spark|superhuman|proton|hey\b|airmail|newton|mailbird|thunderbird|apple watch|watch|macbook|\bmac\b|ios\b|gmail|aol|gmx|web\.de|mail\.ru|яндекс|смартфон|айфон|телефон|компьютер|手机|手機|携帯|アイフォン|휴대|네이버|foxmail|qq`)
	phonePattern = expression(`(?:\+|\b00|\(0|\b0)[\d][\d\s()./-]{6,}\d|\(\d{3}\)\s?\d{3}[-. ]\d{4}|\b\d{3}[-.]\d{3}[-.]\d{4}\b`)
	labelled     = expression(`(?i)^\W*(t|m|p|f|e|w|d|o|c|tel|tél|telefon|téléphone|teléfono|phone|mobile|mobil|mob|cell|fax|office|direct|direkt|email|e-mail|mail|web|website|www|skype|linkedin)\s?[.:|]`)
	sitePattern  = expression(`(?i)\b(www\.[\w.-]+|https?://\S+|[\w-]+\.(com|de|fr|es|it|nl|io|net|org|eu|co\.uk|ch|at|be|pl|se|dk|fi|no|pt|br))\b`)
)
