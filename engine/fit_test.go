package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/internal/model/modeltest"
	"github.com/contextd/contextd/prompts"
)

// narrow is a model with a small window: it counts a token for three bytes. A deaf one finds out only after it has been asked.
type narrow struct {
	*scripted
	window int
	deaf   bool
	sent   int
	shown  []string // ids of the passages of each request
}

func (n *narrow) Complete(ctx context.Context, r model.Request) (model.Response, error) {
	ids := ""
	for _, p := range r.Passages {
		ids += p.ID + " "
		if !strings.Contains(r.Prompt, "### "+p.ID+" (") {
			return model.Response{}, fmt.Errorf("passage %s is not in the prompt", p.ID)
		}
	}
	n.shown = append(n.shown, ids)
	need := (len(r.System)+len(r.Prompt))/3 + 100
	if need > n.window && !n.deaf {
		return model.Response{}, &model.TooLong{Tokens: need, Window: n.window}
	}
	n.sent++
	if need > n.window {
		return model.Response{}, fmt.Errorf("narrow: %w", &model.TooLong{Sent: true, Err: errors.New("400")})
	}
	return n.scripted.Complete(ctx, r)
}

// fitting runs the summary of call 12 in an account with long mails, on a model with that window.
func fitting(t *testing.T, n *narrow) (crm.Proposal, error) {
	t.Helper()
	w := newWorld()
	for i := range 12 {
		w.activity(ref(crm.Emails, 100+i), "Mira Kovac", crm.Incoming, noon.Add(-time.Duration(200+i)*time.Hour), fmt.Sprintf("Report number %d came in today. %s", i, strings.Repeat("The lift in the northern depot was inspected. ", 25)))
	}
	e := engineOf(t, w, n)
	claim := crm.Claim{Portal: 7, Kind: crm.ConsiderWork, Key: ConsiderKey("call_summary", ref(crm.Calls, 12)), Seq: 1, Fence: 1}
	err := e.Consider(t.Context(), []crm.Claim{claim})[0]
	for _, p := range w.proposals {
		return p, err
	}
	return crm.Proposal{}, err
}

// A prompt that does not fit is packed anew: the passages of least value go, the activity in question stays whole, and a person is told.
func TestPassagesOfLeastValueMakeRoom(t *testing.T) {
	n := &narrow{scripted: quoter(), window: 3500}
	p, err := fitting(t, n)
	if err != nil || n.sent != 1 || len(n.shown) < 2 {
		t.Fatalf("%v after %d requests: %q", err, n.sent, n.shown)
	}
	last := n.shown[len(n.shown)-1]
	if first := n.shown[0]; len(last) >= len(first) || len(strings.Fields(last)) < 3 {
		t.Errorf("passages %q, then %q: want fewer, and not too few", first, last)
	}
	if !strings.Contains(strings.Join(p.Reasons, "; "), "left out") || p.Features["focus_whole"] != 1 || len(p.Claims) == 0 {
		t.Errorf("reasons %v, features %v", p.Reasons, p.Features)
	}
	for _, c := range p.Claims {
		if !c.Supported {
			t.Errorf("claim %q: %s", c.Text, c.Why)
		}
	}
}

// What never fits ends as a dead letter, and a server that finds out late is asked twice at most.
func TestAPromptThatNeverFits(t *testing.T) {
	n := &narrow{scripted: quoter(), window: 200}
	if _, err := fitting(t, n); !errors.Is(err, crm.ErrInvalid) || n.sent != 0 || n.shown[len(n.shown)-1] == n.shown[0] {
		t.Errorf("%v after %d requests: %q", err, n.sent, n.shown)
	}
	n = &narrow{scripted: quoter(), window: 200, deaf: true}
	if _, err := fitting(t, n); !errors.Is(err, crm.ErrInvalid) || n.sent != 2 {
		t.Errorf("deaf: %v after %d requests", err, n.sent)
	}
	n = &narrow{scripted: quoter(), window: 5400, deaf: true}
	if p, err := fitting(t, n); err != nil || n.sent != 2 || len(p.Claims) == 0 {
		t.Errorf("found out in time: %v after %d requests", err, n.sent)
	}
}

// A repair keeps its complaint when its prompt has to be packed anew, and there is no third request.
func TestARepairThatDoesNotFit(t *testing.T) {
	asked := []string{}
	n := &narrow{window: 1 << 20, scripted: &scripted{say: func(_ int, r model.Request) model.Response {
		asked = append(asked, r.Prompt)
		return model.Response{Text: []byte("no JSON")}
	}}}
	n.say = func(call int, r model.Request) model.Response {
		n.window = (len(r.System)+len(r.Prompt))/3 + 100 // the complaint does not fit any more
		asked = append(asked, r.Prompt)
		return model.Response{Text: []byte("no JSON")}
	}
	if _, err := fitting(t, n); !errors.Is(err, crm.ErrInvalid) || n.sent != 2 || len(n.shown) < 3 || !strings.Contains(asked[1], "refused") {
		t.Errorf("%v after %d requests of %d", err, n.sent, len(n.shown))
	}
}

// A workflow's own budget holds whatever the model could read: passages of least value go, the activity in question stays, and a person is told.
func TestAWorkflowsBudgetBoundsThePrompt(t *testing.T) {
	w := newWorld()
	for i := range 20 {
		w.activity(ref(crm.Notes, 40+i), "Dana Whitlock", "", noon.Add(-time.Duration(100+i)*time.Hour), strings.Repeat("We spoke about the offer for the technicians. ", 10))
	}
	echo := &modeltest.Echo{Replies: []string{`{}`}}
	e := engineOf(t, w, echo)
	for i := range e.Workflows {
		e.Workflows[i].Tokens = prompts.Tokens{Input: 2200, Output: 321}
	}
	d, err := e.DryRun(t.Context(), "call_summary", ref(crm.Calls, 12), time.Time{})
	if err == nil {
		t.Fatal("an empty answer was accepted")
	}
	if len(d.Prompt)/4 > 2200 || !strings.Contains(d.Prompt, "48,000 a year") || len(d.Passages) > 15 {
		t.Errorf("%d bytes, %d passages", len(d.Prompt), len(d.Passages))
	}
	if echo.Asked[0].MaxTokens != 321 {
		t.Errorf("answer bounded by %d", echo.Asked[0].MaxTokens)
	}
}

// The configuration says which model a class is; a workflow's own model goes before it.
func TestAWorkflowAsksForAClassOfModel(t *testing.T) {
	e := engineOf(t, newWorld(), &modeltest.Echo{})
	small, own := &modeltest.Echo{}, &modeltest.Echo{}
	e.Models[prompts.SmallModel], e.Models["reply_draft"] = small, own
	for _, c := range []struct {
		w    prompts.Workflow
		want Model
	}{
		{prompts.Workflow{Name: "lead_score", Model: prompts.SmallModel}, small},
		{prompts.Workflow{Name: "reply_draft", Model: prompts.SmallModel}, own},
		{prompts.Workflow{Name: "lead_score", Model: prompts.LargeModel}, e.Models[""]},
		{prompts.Workflow{Name: "lead_score"}, e.Models[""]},
	} {
		if got, err := e.model(c.w); err != nil || got != c.want {
			t.Errorf("%s, class %q: %v", c.w.Name, c.w.Model, err)
		}
	}
}
