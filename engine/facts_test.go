package engine

import (
	"strings"
	"testing"
)

// TestFactsOfClaims: arithmetic, telephone numbers, streets, numbers that are denied, and scripts without capitals; why "" is a claim that stands.
func TestFactsOfClaims(t *testing.T) {
	for _, c := range []struct{ name, lang, quote, claim, why string }{
		{"sum", "en", "84 seats in Cork and 56 seats in Galway", "Together they have 140 seats.", ""},
		{"sum without its word", "en", "84 seats in Cork and 56 seats in Galway", "They have 140 seats.", "140"},
		{"wrong sum", "en", "84 seats in Cork and 56 seats in Galway", "Together they have 141 seats.", "141"},
		{"sum of different units", "en", "84 EUR for Cork and 56 seats in Galway", "Together it is 140 EUR.", "140"},
		{"german sum", "de", "84 Plätze in Köln und 56 Plätze in Bonn", "Insgesamt sind es 140 Plätze.", ""},
		{"difference", "en", "we pay 48,000 EUR now and they want 42,000 EUR", "They save 6,000 EUR.", ""},
		{"french difference", "fr", "nous payons 48 000 € et ils demandent 42 000 €", "Une économie de 6 000 €.", ""},
		{"difference without its word", "en", "we pay 48,000 EUR now and they want 42,000 EUR", "It is about a matter of 6,000 EUR.", "6000"},
		{"product", "en", "140 seats at 36 EUR", "In total it is 5,040 EUR.", ""},
		{"wrong product", "en", "140 seats at 36 EUR", "In total it is 5,400 EUR.", "5400"},
		{"product of two prices", "en", "it is 36 EUR or 40 EUR", "In total it is 1,440 EUR.", "1440"},
		{"price of a year", "en", "140 seats at 36 EUR per month", "That is 432 EUR per year for each.", ""},
		{"years in months", "en", "a term of 24 months is fine", "A term of 2 years is fine.", ""},
		{"weeks are no months", "en", "a term of 8 weeks is fine", "A term of 2 months is fine.", "2"},
		{"discount", "en", "the list price is 40 EUR and you get 10% off", "With the discount it is 36 EUR.", ""},
		{"wrong discount", "en", "the list price is 40 EUR and you get 10% off", "With the discount it is 35 EUR.", "35"},
		{"spanish discount", "es", "el precio es 40 € y un descuento del 10 %", "Con el descuento son 36 €.", ""},
		{"change in per cent", "en", "from 40 EUR it went to 44 EUR", "An increase of 10%.", ""},
		{"rounded", "en", "we have 1,487 technicians in all", "They have about 1,500 technicians.", ""},
		{"rounded to one digit", "en", "we have 1,487 technicians in all", "They have about 1,000 technicians.", "1000"},
		{"rounded without its word", "en", "we have 1,487 technicians in all", "They have 1,500 technicians.", "1500"},

		{"denied number", "en", "please make the order form for 57, not 60", "The order form should be for 60 instead of 57.", "opposite"},
		{"denied number kept", "en", "please make the order form for 57, not 60", "The order form should be for 57 instead of 60.", ""},
		{"denied number claimed", "en", "please make the order form for 57, not 60", "The order form should be for 60.", "60"},
		{"german denied number", "de", "wir nehmen 57, nicht 60 Plätze", "Sie nehmen 60 Plätze.", "60"},
		{"if not", "en", "we need 57, if not 60 seats", "They need 57, if not 60 seats.", ""},
		{"not more than", "en", "we can spend not more than 60 EUR", "They can spend at most 60 EUR.", ""},

		{"telephone", "en", "call me on +49 221 555 0147 please", "Call them on +49 221 5550147.", ""},
		{"telephone in other groups", "de", "meine Nummer ist 0221 / 555 01-47", "Die Nummer ist 0221 5550147.", ""},
		{"telephone with another digit", "en", "call me on +49 221 555 0147 please", "Call them on +49 221 555 0148.", "tel:"},
		{"telephone cut short", "en", "call me on +49 221 555 0147 please", "Call them on +49 221 555 014.", "tel:"},
		{"telephone of nobody", "en", "call me about the contract please", "Call them on +49 221 555 0147.", "tel:"},
		{"zero in brackets", "de", "Sie erreichen mich unter +49 (0)221 555 0147", "Erreichbar unter +49 221 555 0147.", ""},

		{"street", "en", "the new office is at 12 Harbour Road in Cork", "The new office is at 12 Harbour Road.", ""},
		{"street in short", "en", "the new office is at 12 Harbour Road in Cork", "The new office is at 12 Harbour Rd.", ""},
		{"another house", "en", "the new office is at 12 Harbour Road in Cork", "The new office is at 21 Harbour Road.", "21"},
		{"another street", "en", "the new office is at 12 Harbour Road in Cork", "The new office is at 12 Station Road.", "station"},
		{"german street", "de", "wir ziehen in die Hafenstraße 5 um", "Sie ziehen in die Hafenstr. 5 um.", ""},
		{"another german house", "de", "wir ziehen in die Hafenstraße 5 um", "Sie ziehen in die Hafenstraße 15 um.", "15"},
		{"french street", "fr", "nous sommes au 12 rue de la Paix", "Ils sont au 12, rue de la Paix.", ""},
		{"another french street", "fr", "nous sommes au 12 rue de la Paix", "Ils sont au 12, rue de la Gare.", "gare"},
		{"spanish street", "es", "estamos en la Calle Mayor 3 desde enero", "Están en la calle Mayor, 3.", ""},
		{"another spanish house", "es", "estamos en la Calle Mayor 3 desde enero", "Están en la calle Mayor, 8.", "8"},

		{"chinese", "zh", "我们的新联系人是王小明，电话稍后给您。", "新联系人是王小明", ""},
		{"another chinese name", "zh", "我们的新联系人是王小明，电话稍后给您。", "新联系人是李大华", "not in the quotes"},
		{"japanese", "ja", "担当は田中さんです。来週から始めます。", "担当は田中さん", ""},
		{"another japanese name", "ja", "担当は田中さんです。来週から始めます。", "担当は佐藤さん", "not in the quotes"},
		{"korean", "ko", "담당자는 김민수 부장입니다 그리고 다음 주부터", "담당자는 김민수", ""},
		{"another korean name", "ko", "담당자는 김민수 부장입니다 그리고 다음 주부터", "담당자는 이영희", "not in the quotes"},
		{"arabic", "ar", "المسؤول الجديد هو أحمد حسن في مكتب دبي", "المسؤول الجديد هو أحمد حسن", ""},
		{"another arabic name", "ar", "المسؤول الجديد هو أحمد حسن في مكتب دبي", "المسؤول الجديد هو خالد حسن", "not in the quotes"},
		{"hindi", "hi", "नए संपर्क राजेश कुमार हैं और वे कल आएँगे", "नए संपर्क राजेश कुमार हैं", ""},
		{"another hindi name", "hi", "नए संपर्क राजेश कुमार हैं और वे कल आएँगे", "नए संपर्क सुनील कुमार हैं", "not in the quotes"},
		{"thai", "th", "ผู้ติดต่อใหม่คือคุณสมชาย จากสำนักงานกรุงเทพ", "ผู้ติดต่อใหม่คือคุณสมชาย", ""},
		{"another thai name", "th", "ผู้ติดต่อใหม่คือคุณสมชาย จากสำนักงานกรุงเทพ", "ผู้ติดต่อใหม่คือคุณวิชัย", "not in the quotes"},
		{"arabic digits", "ar", "لدينا ١٤٠ فنيا في المكتب الجديد", "لدينا ١٤٠ فنيا", ""},
		{"other arabic digits", "ar", "لدينا ١٤٠ فنيا في المكتب الجديد", "لدينا ١٥٠ فنيا", "١٥٠"},
		{"hebrew", "he", "איש הקשר החדש הוא דוד כהן מתל אביב", "איש הקשר החדש הוא משה כהן", "not in the quotes"},
	} {
		j := Judge(Statement{Text: c.claim, Quotes: []Quote{{"P1", c.quote}}}, quoting(c.quote, c.lang))
		if c.why == "" && !j.Supported {
			t.Errorf("%s: want supported, got %q", c.name, j.Why)
		}
		if c.why != "" && (j.Supported || !strings.Contains(strings.ToLower(j.Why), c.why)) {
			t.Errorf("%s: supported %v, why %q; want it to name %q", c.name, j.Supported, j.Why, c.why)
		}
	}
}
