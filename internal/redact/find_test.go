package redact

import (
	"slices"
	"strings"
	"testing"
)

// Every value between ⟦ and ⟧ is to be found whole, as the kind that the case is listed under, and nothing else.
func TestFind(t *testing.T) {
	for kind, cases := range map[Kind][]string{
		Mail: {"write to ⟦ada@example.com⟧.", "<⟦ada.l+crm@mail.example.co.uk⟧>", "mailto:⟦ada@example.com⟧?subject=x", "https://t.example/?u=⟦ada%40example.com⟧&x=1", "⟦ada (at) example (dot) com⟧",
			"⟦ada[at]example.com⟧", "⟦ada AT example DOT com⟧ works", "⟦jürgen@müller.example⟧", "⟦用户@例子.公司⟧", "ada＠example ok", "⟦ada＠example.com⟧", "⟦o'brien@example.ie⟧ said", "'⟦ada@example.com⟧'",
			"⟦\"Ada L.\"@example.com⟧", "⟦ada@example.xn--p1ai⟧", "⟦ada at example punkt de⟧", "see you at acme. Dot com is over", "price @ 20.50, 5@10.00", "@channel and a@b", "⟦07700900123@voda.example⟧"},
		Phone: {"call ⟦+49 30 901820⟧ now", "⟦+1 (415) 555-2671⟧", "(⟦415-555-2671⟧)", "⟦415.555.2671⟧ ext", "⟦415-555-2671 ext. 12⟧", "Tel. ⟦030 901820⟧", "tel: ⟦0171/2345678⟧,",
			"reach me on ⟦555 2671⟧", "Fax\n⟦555-26711⟧", "T ⟦089 1234567⟧\nF ⟦089 1234568⟧", "⟦01 84 17 61 18⟧", "⟦0044 20 7946 0018⟧", "⟦723 813 266⟧ office", "WhatsApp ⟦+55 (11) 4706-6184⟧", "téléphone : ⟦01.84.17.61.18⟧",
			"ring her at ⟦5403926876⟧", "Mobile:\n| ⟦723 813 266⟧", "tel:⟦+4930901820⟧", "⟦+49\u00a030\u00a0901820⟧", "⟦415‑555‑2671⟧",
			"we need 48 000 000 units", "the call was on 2026-03-02, 09:00", "call on 02.03.2026", "call 2024-2025 a transition", "a budget of 1,250,000 EUR", "call it 1 250 000 €", "v1.2.3 of 2024", "order 12 of 415",
			"0.93 (0.52-1.64)", "PF-04449913 640", "https://x.example/4155552671/415-555-2671", "3610-114 Lisboa", "on 08-29-01 1630", "10115 Berlin 2026", "call 14 people", "we moved to 5403926876 rows"},
		IBAN: {"pay to ⟦GB29 NWBK 6016 1331 9268 19⟧ by Friday", "⟦DE89370400440532013000⟧", "iban: ⟦DE00 3704 0044 0532 0130 00⟧", "⟦gb29nwbk60161331926819⟧.", "⟦NO93-8601-1117-947⟧",
			"DE00 3704 0044 0532 0130 00", "DE89 3704", "XX29 NWBK 6016 1331 9268 19", "order DE893704004405320130001"},
		Card: {"card ⟦4111 1111 1111 1111⟧, 12/27", "⟦4111111111111111⟧", "⟦3782 822463 10005⟧", "⟦5555-5555-5555-4444⟧", "my credit card is ⟦4111111111111112⟧", "4111111111111112", "1772442000000", "⟦6011 1111 1111 1117⟧"},
		SSN:  {"SSN ⟦123-45-6789⟧", "⟦123-45-6789⟧", "social security number is ⟦123 45 6789⟧", "my SSN: ⟦123456789⟧", "000-45-6789", "666-45-6789", "123-00-6789", "123 45 6789", "order 123456789"},
		IP: {"from ⟦203.0.113.9⟧.", "[⟦203.0.113.9⟧]:443", "⟦203.0.113.9⟧:8080", "⟦203.0.113.0⟧/24", "⟦2001:db8::1⟧", "[⟦2001:db8::8a2e:370:7334⟧]", "IP ⟦1.2.3.4⟧", "chapter 1.2.3.4", "version 10.20.30.40", "127.0.0.1 and ::1",
			"at 12:20:39", "std::string a::b", "1.2.3.4.5", "300.1.1.1", "aa:bb:cc:dd:ee:ff"},
		ID: {"see deals/⟦9101⟧ and calls/⟦77⟧.", "https://app.hubspot.example/contacts/⟦123⟧/record/0-1/⟦51⟧", "passport no. ⟦C01X00T47⟧", "Kundennummer ⟦4711-0815⟧", "driver's license number is ⟦D123-4567⟧", "customer ID: ⟦AB12345⟧",
			"VAT ⟦DE123456789⟧", "a customer of 12000 seats", "the account grew to 48000", "deal size 120000", "customer since 2019", "1/2 of it, and/12"},
	} {
		f := New([]Kind{kind}, nil)
		for _, c := range cases {
			text, want := unmark(c)
			var got []string
			for _, s := range f.Find(text) {
				got = append(got, text[s.Start:s.End])
				if s.Kind != kind {
					t.Errorf("%s: %q is a %s", kind, c, s.Kind)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q: found %q, want %q", kind, text, got, want)
			}
		}
	}
}

// Of several kinds at one place the more telling one wins, and what is not chosen is not looked for.
func TestFindKinds(t *testing.T) {
	all, some := New(Kinds(), nil), New([]Kind{Mail}, nil)
	text := "Ada, ada@example.com, +49 30 901820, GB29 NWBK 6016 1331 9268 19, card 4111 1111 1111 1111, 123-45-6789, 203.0.113.9, deals/9101 [mail-1]"
	want := "Ada, [mail], [phone], [iban], card [card], [ssn], [ip], deals/[id] [mail-1]"
	if got := all.Mask(text); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got := some.Mask(text); got != strings.Replace(text, "ada@example.com", "[mail]", 1) {
		t.Errorf("mail alone: %s", got)
	}
	if all.Signature() == some.Signature() || some.Signature() == New([]Kind{Mail}, []string{"x"}).Signature() {
		t.Error("the signature does not tell finders apart")
	}
}

func unmark(c string) (text string, want []string) {
	for {
		before, rest, is := strings.Cut(c, "⟦")
		text += before
		if !is {
			return text, want
		}
		value, after, _ := strings.Cut(rest, "⟧")
		text, c = text+value, after
		want = append(want, value)
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{"ada@example.com +49 30 901820", "GB29 NWBK 6016 1331 9268 19", "[mail-1] %40 (at ", "12:34::5 0-1/9 \xff\xfe+(1)", "a (at) b dot co", "０１２-３４ 00 1 2 3 4 5 6 7"} {
		f.Add(s)
	}
	finder := New(Kinds(), []string{"Project Falcon", "x"})
	f.Fuzz(func(t *testing.T, text string) {
		end := 0
		for _, s := range finder.Find(text) {
			if s.Start < end || s.End <= s.Start || s.End > len(text) {
				t.Fatalf("%q: span %+v behind %d", text, s, end)
			}
			end = s.End
		}
		b := newBook(finder, nil)
		if back := unquoted(b.restore(quoted(b.replace(text)))); back != strings.ToValidUTF8(text, "�") && strings.ToValidUTF8(text, "") == text {
			t.Fatalf("%q came back as %q", text, back)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	text := strings.Repeat("Hello Ada, the depot in Leeds has 140 technicians now, up from 120 in 2025; call me at +49 30 901820 or write to ada@example.com before 12.03.2026. ", 200)
	f := New(Usual(), nil)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		f.Find(text)
	}
}
