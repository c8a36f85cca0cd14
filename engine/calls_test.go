package engine

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
)

// counting is a model whose every answer has a call, as one behind the ledger.
type counting struct{ *scripted }

func (c counting) Complete(ctx context.Context, r model.Request) (model.Response, error) {
	resp, err := c.scripted.Complete(ctx, r)
	task := crm.ChatTask
	if r.Repair {
		task = crm.RepairTask
	}
	resp.Call = &crm.ModelCall{ID: string(task), Task: task, Sources: r.Sources}
	return resp, err
}

// till notes what was recorded outside of a stored run.
type till struct{ calls []crm.ModelCall }

func (t *till) Spend(ctx context.Context, calls []crm.ModelCall) error {
	t.calls = append(t.calls, calls...)
	return ctx.Err()
}

// TestCallsAreRecorded: each call of a run is recorded once, with the run or, when that is not stored, by itself; only the answer that was used may be kept.
func TestCallsAreRecorded(t *testing.T) {
	subject := ref(crm.Calls, 12)
	nonsense := func(int, model.Request) model.Response { return model.Response{Text: []byte("Sure!")} }
	unquoted := func(_ int, r model.Request) model.Response {
		return model.Response{Text: answer(r.Workflow, saidClaim{Text: "They signed.", Quotes: []saidPassage{{"P1", "we signed it all yesterday"}}})}
	}
	repaired := func(n int, r model.Request) model.Response {
		if n == 1 {
			return nonsense(n, r)
		}
		return quoter().say(n, r)
	}
	for name, c := range map[string]struct {
		say              func(int, model.Request) model.Response
		dry              bool
		stored, recorded string // task of each call, with ! where its answer may be kept
	}{
		"used":              {say: quoter().say, stored: "chat!"},
		"repaired":          {say: repaired, stored: "chat repair!"},
		"checks refuse it":  {say: unquoted, stored: "chat"},
		"parser refuses it": {say: nonsense, recorded: "chat repair"},
		"dry run":           {say: quoter().say, dry: true, recorded: "chat!"},
	} {
		t.Run(name, func(t *testing.T) {
			w, money := newWorld(), &till{}
			e := engineOf(t, w, counting{&scripted{say: c.say}})
			e.Spending = money
			if c.dry {
				if _, err := e.DryRun(t.Context(), "call_summary", subject, time.Time{}); err != nil {
					t.Fatal(err)
				}
			} else {
				_ = e.Consider(t.Context(), []crm.Claim{{Portal: 7, Key: ConsiderKey("call_summary", subject), Seq: 1}}) // two of them end badly
			}
			var stored []crm.ModelCall
			for _, raw := range w.raws {
				stored = append(stored, raw.Calls...)
			}
			if shown(stored) != c.stored || shown(money.calls) != c.recorded {
				t.Errorf("stored %q, recorded %q; want %q and %q", shown(stored), shown(money.calls), c.stored, c.recorded)
			}
		})
	}
}

func shown(calls []crm.ModelCall) (out string) {
	for i, c := range calls {
		if i > 0 {
			out += " "
		}
		if out += string(c.Task); c.Usable {
			out += "!"
		}
	}
	return out
}

// TestSourcesOfAPrompt: whatever the prompt shows is named, so that erasing it finds the answer.
func TestSourcesOfAPrompt(t *testing.T) {
	w := newWorld()
	var asked model.Request
	m := &scripted{say: func(n int, r model.Request) model.Response {
		asked = r
		return quoter().say(n, r)
	}}
	consider(t, engineOf(t, w, m), w, "lead_score", ref(crm.Contacts, 2))
	for _, want := range []crm.Ref{ref(crm.Contacts, 2), ref(crm.Companies, 1), ref(crm.Emails, 10), ref(crm.Emails, 11), ref(crm.Calls, 12)} {
		if !slices.Contains(asked.Sources, want) {
			t.Errorf("%s is not among the sources %v", want, asked.Sources)
		}
	}
	if asked.Template.SHA256 == "" || asked.Template.Version == 0 {
		t.Errorf("the request does not name its prompt: %+v", asked.Template)
	}
}
