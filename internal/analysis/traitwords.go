package analysis

import (
	"strings"
	"sync"
)

// wordClass is what a word says about the traits of its text.
type wordClass uint16

const (
	numberWord wordClass = 1 << iota // two, douze
	timeWord                         // yesterday, Tuesday
	month                            // may, march: a time with a capital inside a sentence, or beside a number
	shortMonth                       // jan, sept: only beside a number
	unit                             // week, Quartal: a time behind "last", "next"
	which                            // last, nächste
	after                            // with which: stands behind its unit ("mes pasado")
	hours                            // am, Uhr, heures: a time behind a number
	title                            // Herr, Mrs: a name follows
	nobody                           // capitalised without being a name: I
)

// traitLists are the words of each class. Of numbers, "one" and its like are left out: they are articles and pronouns.
var traitLists = map[string]map[wordClass]string{
	"en": {
		numberWord: "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion dozen dozens hundreds thousands millions twice thrice half double triple percent",
		timeWord:   "yesterday today tomorrow tonight monday tuesday wednesday thursday friday saturday sunday mondays fridays weekend noon midnight ago recently soon january february april june july august september october november december",
		month:      "may march",
		shortMonth: "jan feb mar apr jun jul aug sep sept oct nov dec",
		unit:       "week month year quarter day days weeks months years spring summer autumn fall winter night morning afternoon evening",
		which:      "last next this past coming previous following every since until",
		hours:      "am pm o'clock",
		title:      "mr mrs ms dr prof",
		nobody:     "i i'm i'll i've i'd ok ai crm it",
	},
	"de": {
		numberWord: "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn zwanzig dreißig dreissig vierzig fünfzig sechzig siebzig achtzig neunzig hundert tausend million millionen milliarde milliarden dutzend hälfte halb halbe doppelt zweimal dreimal prozent",
		timeWord:   "gestern heute morgen übermorgen vorgestern montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag montags freitags wochenende mittag mitternacht vorhin neulich januar februar märz april mai juni juli august september oktober november dezember jänner",
		shortMonth: "jan feb mär mrz apr jun jul aug sep sept okt nov dez",
		unit:       "woche monat jahr quartal tag tage tagen wochen monate monaten jahre jahren monats jahres quartals frühjahr frühling sommer herbst winter vormittag nachmittag abend nacht",
		which:      "letzte letzten letzter letztes letztem nächste nächsten nächster nächstes nächstem kommende kommenden kommender kommendes vergangene vergangenen vergangener vergangenes diese diesen dieser dieses diesem vorige vorigen seit vor in jede jeden",
		hours:      "uhr",
		title:      "herr herrn frau dr prof firma",
		nobody:     "ich sie ihnen ihr ihre ihren ihrem ihrer",
	},
	"fr": {
		numberWord: "deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize vingt trente quarante cinquante soixante cent cents mille million millions milliard milliards douzaine dizaine centaine moitié demi double pourcent",
		timeWord:   "hier aujourd'hui demain lundi mardi mercredi jeudi vendredi samedi dimanche midi minuit janvier février mars avril mai juin juillet août septembre octobre novembre décembre récemment bientôt",
		shortMonth: "janv févr avr juil sept oct nov déc",
		unit:       "semaine mois année an ans jour jours semaines années trimestre printemps été automne hiver matin soir midi nuit",
		which:      "prochain prochaine prochains prochaines dernier dernière derniers dernières passé passée cette ce depuis dans chaque suivant suivante",
		after:      "prochain prochaine prochains prochaines dernier dernière derniers dernières passé passée suivant suivante",
		hours:      "heures heure h",
		title:      "m mr mme monsieur madame mlle dr",
	},
	"es": {
		numberWord: "dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa cien ciento cientos mil miles millón millones docena mitad medio doble porciento",
		timeWord:   "ayer hoy mañana anteayer lunes martes miércoles jueves viernes sábado domingo mediodía medianoche enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre recientemente",
		shortMonth: "ene feb mar abr may jun jul ago sep sept oct nov dic",
		unit:       "semana mes año día días semanas meses años trimestre primavera verano otoño invierno tarde noche",
		which:      "próximo próxima próximos próximas último última últimos últimas pasado pasada este esta desde hace cada siguiente que",
		after:      "próximo próxima próximos próximas pasado pasada siguiente",
		hours:      "horas hora hrs h",
		title:      "sr sra señor señora don doña dr dra",
	},
}

var traitWords = sync.OnceValue(traitIndex)

func traitIndex() map[string]map[string]wordClass {
	out := map[string]map[string]wordClass{}
	for lang, classes := range traitLists {
		out[lang] = map[string]wordClass{}
		for class, words := range classes {
			for w := range strings.FieldsSeq(words) {
				out[lang][w] |= class
			}
		}
	}
	return out
}
