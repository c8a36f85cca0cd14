package retriever

import "time"

type unitOfTime int

const (
	dayUnit unitOfTime = iota
	weekUnit
	weekendUnit
	monthUnit
	quarterUnit
	yearUnit
)

// The words of time in English, German, French and Spanish, as crm.Terms gives them (lower case, without accents).
var (
	months = map[string]int{
		"january": 1, "jan": 1, "januar": 1, "janner": 1, "janvier": 1, "janv": 1, "enero": 1, "ene": 1,
		"february": 2, "feb": 2, "februar": 2, "fevrier": 2, "fevr": 2, "febrero": 2,
		"march": 3, "mar": 3, "marz": 3, "mars": 3, "marzo": 3,
		"april": 4, "apr": 4, "avril": 4, "avr": 4, "abril": 4, "abr": 4,
		"may": 5, "mai": 5, "mayo": 5,
		"june": 6, "jun": 6, "juni": 6, "juin": 6, "junio": 6,
		"july": 7, "jul": 7, "juli": 7, "juillet": 7, "juil": 7, "julio": 7,
		"august": 8, "aug": 8, "aout": 8, "agosto": 8, "ago.": 8,
		"september": 9, "sep": 9, "sept": 9, "septembre": 9, "septiembre": 9, "setiembre": 9,
		"october": 10, "oct": 10, "oktober": 10, "okt": 10, "octobre": 10, "octubre": 10,
		"november": 11, "nov": 11, "novembre": 11, "noviembre": 11,
		"december": 12, "dec": 12, "dezember": 12, "dez": 12, "decembre": 12, "diciembre": 12, "dic": 12,
	}
	// ambiguous months are also other words: they count behind one of before, or beside a number.
	ambiguous = map[string]bool{"may": true, "march": true, "mar": true, "mars": true, "jan": true, "dec": true, "sep": true, "april": true, "august": true, "june": true}
	before    = []string{"in", "on", "of", "since", "until", "till", "by", "early", "late", "mid", "last", "this", "next", "during", "from", "to", "before", "after", "around",
		"im", "seit", "bis", "ab", "ende", "anfang", "mitte", "en", "de", "depuis", "debut", "fin", "desde", "hasta", "between", "and"}
	weekdays = map[string]time.Weekday{
		"sunday": 0, "monday": 1, "tuesday": 2, "wednesday": 3, "thursday": 4, "friday": 5, "saturday": 6,
		"sonntag": 0, "montag": 1, "dienstag": 2, "mittwoch": 3, "donnerstag": 4, "freitag": 5, "samstag": 6, "sonnabend": 6,
		"dimanche": 0, "lundi": 1, "mardi": 2, "mercredi": 3, "jeudi": 4, "vendredi": 5, "samedi": 6,
		"domingo": 0, "lunes": 1, "martes": 2, "miercoles": 3, "jueves": 4, "viernes": 5, "sabado": 6,
	}
	units = map[string]unitOfTime{
		"day": dayUnit, "days": dayUnit, "tag": dayUnit, "tage": dayUnit, "tagen": dayUnit, "jour": dayUnit, "jours": dayUnit, "dia": dayUnit, "dias": dayUnit,
		"week": weekUnit, "weeks": weekUnit, "woche": weekUnit, "wochen": weekUnit, "semaine": weekUnit, "semaines": weekUnit, "semana": weekUnit, "semanas": weekUnit,
		"weekend": weekendUnit, "wochenende": weekendUnit,
		"month": monthUnit, "months": monthUnit, "monat": monthUnit, "monate": monthUnit, "monaten": monthUnit, "mois": monthUnit, "mes": monthUnit, "meses": monthUnit,
		"quarter": quarterUnit, "quarters": quarterUnit, "quartal": quarterUnit, "quartals": quarterUnit, "quartale": quarterUnit, "quartalen": quarterUnit,
		"trimestre": quarterUnit, "trimestres": quarterUnit,
		"year": yearUnit, "years": yearUnit, "jahr": yearUnit, "jahre": yearUnit, "jahren": yearUnit, "jahres": yearUnit, "annee": yearUnit, "annees": yearUnit, "an": yearUnit,
		"ans": yearUnit, "ano": yearUnit, "anos": yearUnit,
	}
	directions = map[string]int{
		"last": -1, "past": -1, "previous": -1, "letzte": -1, "letzten": -1, "letzter": -1, "letztes": -1, "letztem": -1, "vorige": -1, "vorigen": -1, "voriges": -1,
		"vergangene": -1, "vergangenen": -1, "vergangenes": -1, "dernier": -1, "derniere": -1, "derniers": -1, "dernieres": -1, "passe": -1, "passee": -1,
		"pasado": -1, "pasada": -1, "pasados": -1, "pasadas": -1, "ultimo": -1, "ultima": -1, "ultimos": -1, "ultimas": -1,
		"this": 0, "current": 0, "diese": 0, "diesen": 0, "dieser": 0, "dieses": 0, "diesem": 0, "ce": 0, "cette": 0, "este": 0, "esta": 0,
		"next": 1, "coming": 1, "nachste": 1, "nachsten": 1, "nachster": 1, "nachstes": 1, "kommende": 1, "kommenden": 1, "prochain": 1, "prochaine": 1, "proximo": 1, "proxima": 1,
	}
	// trailing directions stand behind what they point at: "la semaine dernière", "el mes pasado".
	trailing = map[string]bool{"dernier": true, "derniere": true, "derniers": true, "dernieres": true, "passe": true, "passee": true, "pasado": true, "pasada": true,
		"pasados": true, "pasadas": true, "prochain": true, "prochaine": true, "proximo": true, "proxima": true}
	dayWords = map[string]int{
		"yesterday": -1, "gestern": -1, "hier": -1, "ayer": -1, "today": 0, "heute": 0, "hoy": 0, "tomorrow": 1, "demain": 1, "manana": 1,
		"vorgestern": -2, "anteayer": -2,
	}
	numberWords = map[string]int{
		"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
		"first": 1, "second": 2, "third": 3, "fourth": 4, "few": 3, "couple": 2,
		"eins": 1, "einem": 1, "einer": 1, "zwei": 2, "drei": 3, "vier": 4, "funf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10,
		"erstes": 1, "erste": 1, "ersten": 1, "zweites": 2, "zweite": 2, "zweiten": 2, "drittes": 3, "dritte": 3, "dritten": 3, "viertes": 4, "vierte": 4, "vierten": 4,
		"un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "sept": 7, "huit": 8, "neuf": 9, "dix": 10,
		"premier": 1, "premiere": 1, "deuxieme": 2, "troisieme": 3, "quatrieme": 4,
		"una": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8, "nueve": 9, "diez": 10, "primer": 1, "segundo": 2, "tercer": 3, "cuarto": 4,
	}
	ordinals = []string{"st", "nd", "rd", "th", "er", "e", "o"}
)
