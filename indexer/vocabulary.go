package indexer

import "strings"

// The words of mail programs in the languages they are sold in. A rule never rests on a word alone: dates, addresses, quotation marks and position decide with it.

// wrote are the verbs of attribution lines, in lower case; scripts without spaces are matched inside words.
const wrote = `wrote writes written schrieb schreibt geschrieben écrit ecrit écrivit escribió escribio escribe escreveu escreve scritto scrive schreef geschreven ` +
	`napisał napisała napisał(a) napisal napisała(a) pisze skrev skrifaði kirjoitti написал написала написал(а) пишет писал пише написав написала(в) написа ` +
	`napsal napsala napsal(a) napísal napísal(a) napisao napisala napisal/a írta scris yazdı yazdi yazmış γράφει έγραψε menulis viết escrigué idatzi rakstīja rašė kirjutas ` +
	`quoting zitat citando citerar citazione пишаше כתב כתבה كتب كتبت تمت skrifaði ysgrifennodd`

var wroteInside = []string{"写道", "寫道", "写到", "書きました", "書き込み", "のメール", "のメッセージ", "님이 작성", "작성:", "님이 쓴", "เขียน", "đã viết"}

// openers begin attribution lines: the preposition before the date, or a weekday.
const openers = `on am le el il op w dnia den em at in dne v на в у во pada vào în tarihinde στις στης a az dana dia ngày 在 于 於 date datum data al i på pe lör der die das ` +
	`mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday mo di mi do fr sa so montag dienstag mittwoch donnerstag freitag samstag sonntag ` +
	`lun mar mer jeu ven sam dim lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miércoles jueves viernes sábado domingo gio dom lunedì martedì mercoledì giovedì venerdì ` +
	`sabato domenica seg ter qua qui sex sáb segunda-feira terça-feira quarta-feira quinta-feira sexta-feira ma wo do vr za zo maandag dinsdag woensdag donderdag vrijdag zaterdag zondag ` +
	`man tir ons tor fre lør søn lör sön mån tis tors pon wt śr czw pt sob niedz po út st čt pá so ne пн вт ср чт пт сб вс понедельник вторник среда четверг пятница суббота воскресенье ` +
	`ke ti to pe la su quoting zitat citando`

// wordSet splits a space-separated list once per use of the package's tables.
func wordSet(list string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		out[w] = true
	}
	return out
}

var (
	wroteWords  = wordSet(wrote)
	openerWords = wordSet(openers)
)

// labelClass says which header a label such as "Gesendet" names.
type labelClass uint8

const (
	noLabel labelClass = iota
	fromLabel
	dateLabel
	toLabel
	subjectLabel
	otherLabel
)

var headerLabels = labelTable(map[labelClass]string{
	fromLabel: `from|von|de|da|van|od|från|fra|frá|lähettäjä|от|от кого|від|від кого|kimden|gönderen|feladó|de la|από|saatja|no|nuo|发件人|發件人|寄件者|寄件人|差出人|送信者|보낸 사람|보낸사람|보낸이|발신|` +
		`מאת|من|จาก|từ|dari|expéditeur|expediteur|remitente|mittente|absender|afzender|avsändare|avsender|afsender|nadawca|odesílatel|odosielateľ|отправитель|message de|remetente|šalje|pošiljatelj`,
	dateLabel: `sent|date|sent on|sent at|date sent|gesendet|gesendet am|datum|am|envoyé|envoye|envoyé le|envoyé à|date d'envoi|message du|enviado|enviado el|enviado em|enviada em|enviada|fecha|data|` +
		`inviato|inviato il|data invio|verzonden|verstuurd|verzonden op|wysłano|wysłane|data wysłania|skickat|sendt|dato|sent date|päivämäärä|lähetetty|päiväys|дата|отправлено|когда|надіслано|odesláno|dátum|` +
		`odoslané|tarih|gönderme tarihi|gönderildi|gönderilme tarihi|elküldve|küldve|trimis|trimis la|ημερομηνία|στάλθηκε|发送时间|發送時間|发送日期|日期|時間|时间|寄件日期|送信日時|送信日|日時|日付|날짜|보낸 날짜|보낸날짜|` +
		`보낸 시간|נשלח|תאריך|تاريخ|التاريخ|تم الإرسال|ngày|đã gửi|tanggal|dikirim|วันที่|ส่ง|poslano|received`,
	toLabel: `to|an|à|a|para|naar|aan|do|komu|till|til|vastaanottaja|кому|кому:|kime|alıcı|címzett|către|catre|προς|收件人|收件者|宛先|받는 사람|받는사람|수신|אל|إلى|ถึง|đến|tới|kepada|per|pour|empfänger|destinataire|` +
		`destinatario|destinatário|mottagare|adresat|odbiorca|za|prima|do:`,
	subjectLabel: `subject|betreff|objet|asunto|oggetto|assunto|onderwerp|temat|ämne|emne|aihe|otsikko|тема|předmět|predmet|konu|tárgy|subiect|subiectul|θέμα|主题|主題|主旨|件名|题名|标题|제목|נושא|الموضوع|موضوع|` +
		`sujet|sujeto|tiêu đề|chủ đề|perihal|subjek|เรื่อง|teema|efni|naslov`,
	otherLabel: `cc|bcc|cci|kopie|copie|copie à|copia|cópia|kopia|kopi|копия|копія|抄送|副本|참조|עותק|reply-to|reply to|antwort an|répondre à|responder a|rispondi a|importance|priority|wichtigkeit|priorität|` +
		`attachments|anlagen|anhänge|anlage|pièces jointes|allegati|adjuntos|organization|organisation|message-id|on behalf of|im auftrag von|másolat|kopya|bilgi|κοιν|categories|sensitivity`,
})

func labelTable(lists map[labelClass]string) map[string]labelClass {
	out := map[string]labelClass{}
	for class, list := range lists {
		for l := range strings.SplitSeq(list, "|") {
			if _, taken := out[l]; !taken || class == fromLabel {
				out[l] = class
			}
		}
	}
	return out
}

// originals are what programs put between dashes above the older message; forwards the same for a message that is passed on.
var (
	originals = strings.Split(`original message|original mail|original email|original appointment|reply message|replied message|ursprüngliche nachricht|originalnachricht|original-nachricht|ursprüngliche mail|`+
		`message d'origine|message d’origine|message original|message initial|mensaje original|messaggio originale|messaggio originario|oorspronkelijk bericht|origineel bericht|oorspronkelijke bericht|mensagem original|`+
		`wiadomość oryginalna|oryginalna wiadomość|originalmeddelande|ursprungligt meddelande|oprindelig meddelelse|oprindelig besked|original besked|opprinnelig melding|originalmelding|opprinnelig meldning|`+
		`alkuperäinen viesti|исходное сообщение|оригинальное сообщение|вихідне повідомлення|původní zpráva|původní e-mail|pôvodná správa|orijinal mesaj|özgün ileti|eredeti üzenet|mesajul original|mesaj original|`+
		`αρχικό μήνυμα|原始邮件|原始郵件|原邮件|元のメッセージ|원본 메시지|원본 메일|원본 이메일|הודעה מקורית|الرسالة الأصلية|thư gốc|pesan asli|upprunaleg skilaboð|izvorna poruka|izvirno sporočilo|ostatnia wiadomość`, "|")
	forwards = strings.Split(`forwarded message|forwarded by|forwarded mail|forwarded email|begin forwarded|forward message|forwarded conversation|weitergeleitete nachricht|weitergeleitet von|weitergeleiteten nachricht|`+
		`message transféré|message transmis|message réexpédié|transféré par|mensaje reenviado|mensaje enviado|reenviado por|messaggio inoltrato|inoltrato da|doorgestuurd bericht|doorgestuurde bericht|doorgestuurd door|`+
		`mensagem encaminhada|mensagem reencaminhada|encaminhado por|wiadomość przekazana|przekazana wiadomość|przekazywana wiadomość|przekazano|vidarebefordrat meddelande|vidarebefordrat brev|vidarebefordrat|`+
		`videresendt meddelelse|videresendt besked|videresendt melding|videresendt|välitetty viesti|edelleenlähetetty|пересылаемое сообщение|пересланное сообщение|перенаправленное сообщение|начало переадресованного|`+
		`переслане повідомлення|přeposlaná zpráva|preposlaná správa|iletilen mesaj|yönlendirilen ileti|továbbított üzenet|mesaj redirecționat|mesaj redirectionat|προωθημένο μήνυμα|转发邮件|转发的邮件|轉寄郵件|`+
		`转发信息|転送メッセージ|転送された|転送メール|전달된 메시지|전달된 메일|הודעה שהועברה|رسالة معاد توجيهها|thư chuyển tiếp|chuyển tiếp|pesan terusan|pesan diteruskan`, "|")
)
