package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// modelCall is a question of 100 + 10 tokens on the clock's day that can cost most and did cost cost.
func (w *world) modelCall(id string, most, cost crm.USD) crm.ModelCall {
	return crm.ModelCall{ID: id, Portal: portal, Day: crm.Day(w.clock.now()), Task: crm.ChatTask, Workflow: "call_summary", Model: "openai/m", Most: most, Cost: cost,
		Usage: crm.Usage{InputTokens: 100, OutputTokens: 10, CachedTokens: 5, CostUSD: cost.Float()}}
}

func (w *world) month(at time.Time) crm.MonthSpend {
	w.Helper()
	m, err := w.MonthSpend(w.ctx, portal, at)
	w.no(err)
	return m
}

// spendLedger: what runs cost is recorded with them, once, by day; what fails counts too; what was under way at a crash counts with the most that it can have cost.
func spendLedger(w *world) {
	first, second := w.modelCall("a", 900, 300), w.modelCall("b", 900, 200)
	second.Task = crm.RepairTask
	for _, c := range []crm.ModelCall{first, second} {
		w.no(w.Reserve(w.ctx, c, 0))
	}
	same(w, "set aside", w.month(w.clock.now()), crm.MonthSpend{Reserved: 1800})
	p := proposal("paid", crm.Review)
	for range 2 { // a run that is stored a second time has cost no second time
		_, err := w.Propose(w.ctx, p, crm.Raw{Calls: []crm.ModelCall{first, second}})
		w.no(err)
	}
	same(w, "spent", w.month(w.clock.now()), crm.MonthSpend{Spent: 500})
	free := w.modelCall("", 0, 0)
	free.Requests = []string{"req_1", "req_2"}
	free.Model, free.Usage.Unpriced = "openai/other", 1
	cached := w.modelCall("", 0, 0)
	cached.Usage, cached.Saved = crm.Usage{FromCache: 1}, 110
	refused := w.modelCall("c", 100, 0)
	refused.Usage = crm.Usage{}
	w.no(w.Reserve(w.ctx, refused, 0))
	w.no(w.Spend(w.ctx, []crm.ModelCall{free, cached, refused}))
	w.no(w.Reserve(w.ctx, w.modelCall("left behind", 70, 0), 0))
	w.reopen()
	w.no(w.SpendAbandoned(w.ctx))
	today := w.clock.now()
	w.clock.advance(24 * time.Hour)
	later := w.modelCall("", 0, 1000)
	w.no(w.Spend(w.ctx, []crm.ModelCall{later}))
	got, err := w.Spending(w.ctx, portal, today)
	w.no(err)
	lines := make([]string, len(got))
	for i, s := range got {
		lines[i] = fmt.Sprintf("%s %s %s %d+%d/%d calls %d unsure %d unpriced %d cached %d saved %d cost %d", s.Day[8:], s.Task, s.Model, s.Usage.InputTokens, s.Usage.OutputTokens,
			s.Usage.CachedTokens, s.Calls, s.Unsure, s.Unpriced, s.Usage.FromCache, s.Saved, s.Cost)
	}
	same(w, "ledger", strings.Join(lines, "\n"), strings.Join([]string{
		"02 chat openai/m 100+10/5 calls 2 unsure 1 unpriced 0 cached 1 saved 110 cost 370",
		"02 chat openai/other 100+10/5 calls 1 unsure 0 unpriced 1 cached 0 saved 0 cost 0",
		"02 repair openai/m 100+10/5 calls 1 unsure 0 unpriced 0 cached 0 saved 0 cost 200",
		"03 chat openai/m 100+10/5 calls 1 unsure 0 unpriced 0 cached 0 saved 0 cost 1000"}, "\n"))
	same(w, "sum", w.month(today), crm.MonthSpend{Spent: 1570})
	same(w, "of the month before", w.month(today.AddDate(0, -1, 0)), crm.MonthSpend{})
	entries, _, err := w.AuditEntries(w.ctx, portal, "model/openai/other", "", 10)
	w.no(err)
	if len(entries) != 1 || entries[0].IDs["requests"] != "req_1 req_2" {
		w.Fatalf("requests of a call: %+v", entries)
	}
	elsewhere, err := w.Spending(w.ctx, portal+1, today)
	w.no(err)
	same(w, "lines of another portal", len(elsewhere), 0)
	bad := later
	bad.Day = ""
	w.is(w.Spend(w.ctx, []crm.ModelCall{bad}), crm.ErrInvalid)
	w.is(w.Reserve(w.ctx, crm.ModelCall{Portal: portal, Day: "x", ID: "y"}, 0), crm.ErrInvalid)
}

// spendBudget: whatever runs at once, no more is spent and set aside than the budget, per portal and month.
func spendBudget(w *world) {
	var over *crm.OverBudget
	var mu sync.Mutex
	var all sync.WaitGroup
	may, may2, refused := 0, 0, 0
	for i := range 40 {
		all.Go(func() {
			err := w.Reserve(w.ctx, w.modelCall(fmt.Sprint("call ", i), 100, 0), 1050)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				may++
			} else if errors.As(err, &over) && errors.Is(err, crm.ErrPaused) {
				refused++
			}
		})
	}
	all.Wait()
	same(w, "admitted", may, 10)
	same(w, "refused", refused, 30)
	same(w, "said to be set aside", over.Reserved, 1000)
	same(w, "ends", over.Until, time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC))
	for i := range 40 {
		c := w.modelCall(fmt.Sprint("call ", i), 100, 60)
		w.no(w.Spend(w.ctx, []crm.ModelCall{c}))
	}
	same(w, "spent", w.month(w.clock.now()), crm.MonthSpend{Spent: 600})
	for i := range 10 {
		if err := w.Reserve(w.ctx, w.modelCall(fmt.Sprint("more ", i), 100, 0), 1050); err == nil {
			may2++
		}
	}
	same(w, "admitted into what is left", may2, 4)
	other := w.modelCall("other", 1050, 0)
	other.Portal = portal + 1
	w.no(w.Reserve(w.ctx, other, 1050))
	w.is(w.Reserve(w.ctx, w.modelCall("last", 100, 0), 1050), crm.ErrPaused)
	w.clock.advance(30 * 24 * time.Hour) // into April
	w.no(w.Reserve(w.ctx, w.modelCall("next month", 1050, 0), 1050))
}

// answersKept: usable answers of a run are kept for the very question, portal and time, and no others.
func answersKept(w *world) {
	call := func(key string) crm.ModelCall {
		c := w.modelCall("", 0, 0)
		c.Key, c.Answer, c.Answers, c.Sources, c.Usable = key, []byte("answer "+key), "openai/m-1", []crm.Ref{ref(crm.Calls, 1)}, true
		return c
	}
	refused, unsourced, foreign, repeated := call("refused"), call("unsourced"), call("foreign"), call("repeated")
	refused.Usable, unsourced.Sources, repeated.Usage = false, nil, crm.Usage{FromCache: 1}
	foreign.Sources = append(foreign.Sources, crm.Ref{Portal: portal + 1, Type: crm.Calls, ID: "1"})
	_, err := w.Propose(w.ctx, proposal("answered", crm.Review), crm.Raw{Calls: []crm.ModelCall{call("good"), refused, unsourced, foreign, repeated}})
	w.no(err)
	w.reopen()
	got, err := w.Answer(w.ctx, portal, "good", time.Time{})
	w.no(err)
	same(w, "answer", string(got.Body), "answer good")
	same(w, "by", got.Model, "openai/m-1")
	same(w, "cost then", got.Usage, crm.Usage{InputTokens: 100, OutputTokens: 10})
	for _, key := range []string{"refused", "unsourced", "foreign", "repeated"} {
		_, err := w.Answer(w.ctx, portal, key, time.Time{})
		w.is(err, crm.ErrNotFound)
	}
	_, err = w.Answer(w.ctx, portal+1, "good", time.Time{})
	w.is(err, crm.ErrNotFound)
	_, err = w.Answer(w.ctx, portal, "good", w.clock.now().Add(time.Second))
	w.is(err, crm.ErrNotFound)
	for i := range 300 {
		w.clock.advance(time.Second)
		_, err := w.Propose(w.ctx, proposal(fmt.Sprint("more ", i), crm.Review), crm.Raw{Calls: []crm.ModelCall{call(fmt.Sprintf("k%03d", i))}})
		w.no(err)
	}
	w.no(w.PruneAnswers(w.ctx, w.clock.now().Add(-100*time.Second), 50*11+5))
	for key, there := range map[string]bool{"good": false, "k198": false, "k249": false, "k250": true, "k299": true} { // 11 bytes each
		if _, err := w.Answer(w.ctx, portal, key, time.Time{}); (err == nil) != there {
			w.Errorf("%s: %v, want there %v", key, err, there)
		}
	}
	w.no(w.PruneAnswers(w.ctx, w.clock.now().Add(-10*time.Second), 1<<20))
	for key, there := range map[string]bool{"k288": false, "k289": true} {
		if _, err := w.Answer(w.ctx, portal, key, time.Time{}); (err == nil) != there {
			w.Errorf("by age: %s: %v, want there %v", key, err, there)
		}
	}
}

// answersErased: an answer goes with any of the words that were in its question, also when the activity has another account since, and does not come late.
func answersErased(w *world) {
	person, acme, beta := ref(crm.Contacts, 55512345), ref(crm.Companies, 5), ref(crm.Companies, 6)
	mail, moved, call, other := ref(crm.Emails, 11), ref(crm.Emails, 12), ref(crm.Calls, 13), ref(crm.Calls, 14)
	w.records([]crm.Membership{{Member: person, Account: beta, Primary: true}}, crm.Record{Ref: person}, crm.Record{Ref: acme}, crm.Record{Ref: beta})
	for a, of := range map[crm.Ref]crm.Ref{mail: acme, moved: beta, call: acme, other: beta} {
		w.keep(kept(a, w.clock.now(), "text of "+a.Path(), of))
	}
	runs := 0
	answer := func(key string, sources ...crm.Ref) {
		w.Helper()
		runs++
		c := w.modelCall("", 0, 0)
		c.Key, c.Answer, c.Answers, c.Sources, c.Usable = key, []byte(key+" "+canary), "openai/m", sources, true
		_, err := w.Propose(w.ctx, proposal(fmt.Sprint("run ", runs), crm.Review), crm.Raw{Calls: []crm.ModelCall{c}})
		w.no(err)
	}
	there := func(keys string) {
		w.Helper()
		got := ""
		for _, k := range []string{"passage", "moved", "account", "stays", "person", "late"} {
			if _, err := w.Answer(w.ctx, portal, k, time.Time{}); err == nil {
				got += k + " "
			}
		}
		same(w, "answers", strings.TrimSpace(got), keys)
	}
	answer("passage", call, mail)
	answer("moved", call, moved) // moved was acme's when the model was asked
	answer("account", acme)
	answer("stays", call)
	answer("person", other, beta)
	there("passage moved account stays person")
	_, err := w.Erase(w.ctx, mail, ann)
	w.no(err)
	there("moved stays person")
	_, err = w.Erase(w.ctx, moved, ann)
	w.no(err)
	there("stays")
	answer("late", call, mail) // its run had read the mail before
	there("stays")
	answer("person", other, beta)
	there("stays person")
	_, err = w.Erase(w.ctx, person, ann)
	w.no(err)
	there("stays")
	_, err = w.Erase(w.ctx, call, ann)
	w.no(err)
	w.absent(canary)
}
