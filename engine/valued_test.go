package engine

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
)

// enriched runs enrichment over the texts, oldest first, a month apart, and gives the values by property.
func enriched(t *testing.T, properties map[string]string, texts ...string) (map[string]string, crm.Proposal) {
	t.Helper()
	w := newWorld()
	w.activities = nil
	for i, text := range texts {
		w.activity(ref(crm.Emails, 30+i), "Mira Kovac", crm.Incoming, noon.AddDate(0, i-len(texts), 0), text)
	}
	for n, v := range properties {
		w.records[ref(crm.Companies, 1)].Properties[n] = v
	}
	p := consider(t, engineOf(t, w, builtin.Writer{}), w, "enrichment", ref(crm.Companies, 1))
	out := map[string]string{}
	for _, c := range p.Changes {
		out[c.Property] = c.After
		for _, i := range c.Claims {
			if !p.Claims[i].Supported || len(p.Claims[i].Evidence) == 0 {
				t.Errorf("%s stands on %+v", c.Property, p.Claims[i])
			}
		}
		if c.Target != ref(crm.Companies, 1) || !strings.HasPrefix(c.Property, "ai_") {
			t.Errorf("it writes %s of %v", c.Property, c.Target)
		}
	}
	return out, p
}

func TestTheNewestStatementWins(t *testing.T) {
	got, p := enriched(t, map[string]string{"industry": "RETAIL", "numberofemployees": "7"}, "We have 420 employees and maintain lifts. We use OpsDesk and plan in Excel, with all mails in Outlook.",
		"After the sale we are 380 people now, and we have cancelled OpsDesk.")
	for property, want := range map[string]string{"ai_industry": "lifts_and_doors", "ai_employee_count": "380", "ai_tech_stack": "Excel; Outlook"} {
		if got[property] != want {
			t.Errorf("%s is %q, want %q", property, got[property], want)
		}
	}
	// the features of a change are of the claims that it stands on, not of the run
	var stands []float64
	for _, c := range p.Changes {
		if stands = append(stands, c.Features["supported"]); c.Features["supported"] != float64(len(c.Claims)) || c.Features["supported"] >= p.Features["supported"] {
			t.Errorf("%s stands on %v, of %v: %v", c.Property, c.Claims, p.Features["supported"], c.Features)
		}
	}
	if slices.Max(stands) == slices.Min(stands) {
		t.Errorf("all changes stand on as many claims: %v", stands)
	}
	reasons := strings.Join(p.Reasons, "\n")
	if !strings.Contains(reasons, "ai_employee_count: 420 of 2026-09-20 is older") || !strings.Contains(reasons, "OpsDesk") {
		t.Errorf("what lost is not named: %s", reasons)
	}
	// the other way round
	got, _ = enriched(t, nil, "After the sale we are 380 people now, and we have cancelled OpsDesk.", "We have 420 employees now. We use OpsDesk again.")
	if got["ai_employee_count"] != "420" || got["ai_tech_stack"] != "OpsDesk" {
		t.Errorf("%v", got)
	}
	// what is there already is no change, and nothing said is no value
	got, p = enriched(t, map[string]string{"ai_employee_count": "380"}, "After the sale we are 380 people now, all of them in Dublin.")
	if len(got) != 0 || p.Verdict != crm.Drop {
		t.Errorf("%v %v", got, p.Reasons)
	}
}

func TestAStatementWithoutADateLoses(t *testing.T) {
	w := newWorld()
	w.activities = nil
	w.activity(ref(crm.Emails, 30), "Mira Kovac", crm.Incoming, noon.AddDate(0, -6, 0), "We have 420 employees in Dublin and Cork.")
	w.activity(ref(crm.Emails, 31), "Mira Kovac", crm.Incoming, noon, "We are 380 people now in Dublin.").TimeUnknown = true
	p := consider(t, engineOf(t, w, builtin.Writer{}), w, "enrichment", ref(crm.Companies, 1))
	if len(p.Changes) != 1 || p.Changes[0].After != "420" {
		t.Errorf("%+v %v", p.Changes, p.Reasons)
	}
}

func TestAValueStandsInItsQuotes(t *testing.T) {
	text := "We have 140 technicians and pay 38 EUR each, planned in Outlook calendars."
	src := Source{Passage: crm.Passage{ID: "P1", Activity: ref(crm.Emails, 1), Text: text, End: len(text), Time: noon}, Stored: text, Accounts: []crm.Ref{ref(crm.Companies, 1)}}
	scope := Scope{Portal: 7, Account: ref(crm.Companies, 1), Sources: map[string]Source{"P1": src}}
	for _, c := range []struct {
		typ, value string
		want       bool
	}{{"number", "140", true}, {"number", "38", false}, {"number", "141", false}, {"number", "many", false}, {"string", "outlook", true}, {"string", "Out", false}, {"string", "SAP", false},
		{"", "SAP", false}, {"enumeration", "anything that the schema allows", true}} {
		j := Judge(Statement{Text: text, Value: c.value, ValueType: c.typ, Quotes: []Quote{{"P1", text}}}, scope)
		if j.Supported != c.want {
			t.Errorf("%s %q: supported %v (%s)", c.typ, c.value, j.Supported, j.Why)
		}
	}
}

// TestALimitedTextEndsWithAWholeStatement: a text property never grows beyond its limit, and nothing in it is cut in two.
func TestALimitedTextEndsWithAWholeStatement(t *testing.T) {
	c := named(t, "account_summary").Changes[0]
	var claims []Judged
	for i := range 40 {
		line := strings.Repeat("word ", 30) + "end."
		claims = append(claims, Judged{Field: "situation", ClaimText: crm.ClaimText{Text: line, Supported: true, Evidence: []crm.Evidence{{Kind: crm.Call, Time: noon.Add(time.Duration(i) * time.Hour), Quote: line}}}})
	}
	text := RenderText(c, "de", claims)
	if n := len([]rune(text)); n > c.Limit || n < c.Limit/2 || !strings.HasPrefix(text, "Stand:\n- “word") || !strings.HasSuffix(text, ")") {
		t.Errorf("%d characters:\n%s", n, text)
	}
	if c.Limit = 10; RenderText(c, "de", claims) != "" {
		t.Error("a statement that does not fit stays out")
	}
}
