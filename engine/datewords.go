package engine

import "time"

// Month and weekday names of the four languages. Short forms count only beside a day's number.
var monthNames = map[string]time.Month{
	"january": 1, "february": 2, "march": 3, "april": 4, "may": 5, "june": 6, "july": 7, "august": 8, "september": 9, "october": 10, "november": 11, "december": 12,
	"januar": 1, "jänner": 1, "februar": 2, "märz": 3, "mai": 5, "juni": 6, "juli": 7, "oktober": 10, "dezember": 12,
	"janvier": 1, "février": 2, "mars": 3, "avril": 4, "juin": 6, "juillet": 7, "août": 8, "septembre": 9, "octobre": 10, "novembre": 11, "décembre": 12,
	"enero": 1, "febrero": 2, "marzo": 3, "abril": 4, "mayo": 5, "junio": 6, "julio": 7, "agosto": 8, "septiembre": 9, "octubre": 10, "noviembre": 11, "diciembre": 12,
}

var shortMonths = map[string]time.Month{"jan": 1, "feb": 2, "mar": 3, "mär": 3, "mrz": 3, "apr": 4, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "sept": 9, "oct": 10, "okt": 10,
	"nov": 11, "dec": 12, "dez": 12, "janv": 1, "févr": 2, "avr": 4, "juil": 7, "déc": 12, "ene": 1, "abr": 4, "ago": 8, "dic": 12}

// Months that are also everyday words when they stand at the beginning of a sentence.
var weakMonths = map[string]bool{"may": true, "march": true, "mars": true}

var weekdayNames = map[string]time.Weekday{
	"monday": 1, "tuesday": 2, "wednesday": 3, "thursday": 4, "friday": 5, "saturday": 6, "sunday": 0,
	"montag": 1, "dienstag": 2, "mittwoch": 3, "donnerstag": 4, "freitag": 5, "samstag": 6, "sonnabend": 6, "sonntag": 0,
	"lundi": 1, "mardi": 2, "mercredi": 3, "jeudi": 4, "vendredi": 5, "samedi": 6, "dimanche": 0,
	"lunes": 1, "martes": 2, "miércoles": 3, "jueves": 4, "viernes": 5, "sábado": 6, "domingo": 0,
}

// Ordinals in words, of days: "the first of May", "am neunzehnten März". The German ones lose their ending first.
var ordinalWords = map[string]int{"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "eleventh": 11,
	"twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16, "seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30,
	"premier": 1, "primero": 1, "erst": 1, "zweit": 2, "dritt": 3, "viert": 4, "fünft": 5, "sechst": 6, "siebt": 7, "siebent": 7, "acht": 8, "neunt": 9, "zehnt": 10, "elft": 11,
	"zwölft": 12, "dreizehnt": 13, "vierzehnt": 14, "fünfzehnt": 15, "sechzehnt": 16, "siebzehnt": 17, "achtzehnt": 18, "neunzehnt": 19}

// dayShifts are words for a day seen from the day of the text. "morgen" and "mañana" also mean the morning: as a claim's word they must stand in a quote anyway.
var dayShifts = map[string]int{"today": 0, "heute": 0, "aujourd'hui": 0, "hoy": 0, "tomorrow": 1, "morgen": 1, "demain": 1, "mañana": 1, "übermorgen": 2,
	"yesterday": -1, "gestern": -1, "hier": -1, "ayer": -1, "vorgestern": -2, "anteayer": -2}

// unitWords name the length of a step in time: d, w, m or y.
var unitWords = map[string]byte{"day": 'd', "days": 'd', "tag": 'd', "tage": 'd', "tagen": 'd', "jour": 'd', "jours": 'd', "día": 'd', "días": 'd',
	"week": 'w', "weeks": 'w', "woche": 'w', "wochen": 'w', "semaine": 'w', "semaines": 'w', "semana": 'w', "semanas": 'w',
	"month": 'm', "months": 'm', "monat": 'm', "monate": 'm', "monaten": 'm', "monats": 'm', "mois": 'm', "mes": 'm', "meses": 'm',
	"year": 'y', "years": 'y', "jahr": 'y', "jahre": 'y', "jahren": 'y', "jahres": 'y', "an": 'y', "ans": 'y', "année": 'y', "années": 'y', "año": 'y', "años": 'y'}

// steps are words that say which week, month or year is meant, before it (English, German, Spanish) or behind it (French, Spanish).
var stepWords = map[string]int{"this": 0, "next": 1, "last": -1, "previous": -1, "diese": 0, "diesen": 0, "dieser": 0, "diesem": 0, "dieses": 0, "nächste": 1, "nächsten": 1,
	"nächster": 1, "nächstes": 1, "nächstem": 1, "kommende": 1, "kommenden": 1, "kommender": 1, "letzte": -1, "letzten": -1, "letzter": -1, "letztes": -1, "vorige": -1, "vorigen": -1,
	"ce": 0, "cette": 0, "prochain": 1, "prochaine": 1, "dernier": -1, "dernière": -1, "este": 0, "esta": 0, "próximo": 1, "próxima": 1, "pasado": -1, "pasada": -1}
