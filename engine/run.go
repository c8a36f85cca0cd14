package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/prompts"
)

// run is one attempt at one subject: what it has read, asked and concluded so far.
type run struct {
	*Engine
	w       prompts.Workflow
	subject crm.Ref
	claim   crm.Claim
	asOf    time.Time // zero: now

	record       crm.Record // the record that the proposal is shown on and whose properties change
	account      crm.Ref
	accountTitle string
	focus        crm.Stored // the activity in question; zero when there is none
	links        crm.Links  // of the subject: where notes and tasks may be put
	passages     []crm.Passage
	sources      map[string]Source
	rank         map[string]int // of the passages by id, 0 is the most valuable
	findings     []crm.Finding
	leftOut      int // passages that the model's window had no room for
	coverage     float64
	margin       float64
	untimed      map[crm.Ref]bool  // activities whose time is not to be trusted
	outside      crm.OutsideAnswer // of the configured source
	askedOutside bool
	owner        string
	around       surroundings // the records that the prompt may show
	before       before

	prompt  string
	reply   string
	calls   []crm.ModelCall // for the ledger
	masked  []string        // what the model was shown pseudonyms of
	repairs int
	refusal error // of the answer before
	answer  Answer
	judged  []Judged
	checks  []Check
	flags   []string

	wordAsked bool // the answer may hold the model's own word on itself

	proposal crm.Proposal
	inputs   map[string]string // what the gate decided by, for each change

	store  bool // the run is to be stored
	locked bool // it holds Engine.deciding
}

// errNothing ends a run that has nothing to propose: its text is the reason that is shown.
type errNothing struct {
	why   string
	stays bool // and what was suggested before stays as it is
}

func (e errNothing) Error() string { return e.why }

func nothing(format string, args ...any) error { return errNothing{why: fmt.Sprintf(format, args...)} }

func (e *Engine) newRun(w prompts.Workflow, subject crm.Ref, claim crm.Claim, asOf time.Time) *run {
	now := e.Now()
	r := &run{Engine: e, w: w, subject: subject, claim: claim, asOf: asOf, sources: map[string]Source{}, rank: map[string]int{}, untimed: map[crm.Ref]bool{}, inputs: map[string]string{}}
	r.proposal = crm.Proposal{ID: proposalID(w.Name, w.Version, subject, claim.Seq), Portal: subject.Portal, Workflow: w.Name,
		Prompt: crm.PromptRef{Name: w.Name, Version: w.Version, SHA256: w.SHA256}, Subject: subject, Record: subject, ReadAt: now, CreatedAt: now, Cause: claim}
	if m, err := e.model(w); err == nil { // a missing model is an error when it is asked
		r.proposal.Model = m.Name()
	}
	return r
}

// do runs all steps. It returns nil when r.proposal is complete, also when the run came to nothing and is dropped with its reason.
func (r *run) do(ctx context.Context) error {
	err := r.steps(ctx)
	var none errNothing
	if errors.As(err, &none) {
		r.proposal.Verdict, r.proposal.State = crm.Drop, crm.Dropped
		r.proposal.Reasons = append(r.proposal.Reasons, none.why)
		if none.stays {
			r.proposal.Confirms = r.before.stands.ID
		}
		err = nil
	}
	if err == nil && len(r.passages) > 0 {
		r.proposal.LookAgain, err = r.lookAgain(ctx)
	}
	return err
}

func (r *run) steps(ctx context.Context) error {
	for _, step := range []func(context.Context) error{r.read, r.readBefore, r.retrieve, r.readAround, r.state, r.abstain, r.ask, r.judge, r.compare, r.contradict, r.moves, r.decide} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// ask renders the prompt and asks the model: a second time when the first answer cannot be used, and never a third. A prompt that does not fit into the model's window
// is rendered again without its passages of least value; no server ever cuts one for us.
func (r *run) ask(ctx context.Context) error {
	m, err := r.model(r.w)
	if err != nil {
		return err
	}
	schema, err := r.askForWord()
	if err != nil {
		return fmt.Errorf("workflow %s: %w", r.w.Name, err)
	}
	req, err := r.request()
	if err != nil {
		return err
	}
	for asked := 1; ; asked++ {
		resp, err := r.complete(ctx, m, &req, &asked)
		if err != nil {
			return fmt.Errorf("model %s: %w", m.Name(), err)
		}
		r.proposal.Usage = r.proposal.Usage.Add(resp.Usage)
		r.masked = resp.Masked
		if resp.Call != nil {
			r.calls = append(r.calls, *resp.Call)
		}
		if resp.Model != "" {
			r.proposal.Model = resp.Model
		}
		r.reply = strings.ToValidUTF8(string(resp.Text[:min(len(resp.Text), maxReply)]), "\uFFFD")
		if r.answer, err = usable(schema, resp); err == nil {
			return nil
		}
		if asked >= mostAsked || resp.Finish == model.Refusal {
			return fmt.Errorf("model %s: %w", m.Name(), err)
		}
		r.repairs++
		r.refusal = err
		req.Prompt, req.Repair = repairText(r.prompt, err), true
	}
}

// mostAsked is how often a model may be asked in one attempt.
const mostAsked = 2

// complete asks once. While the prompt does not fit, it leaves passages out; a server that has seen the longer prompt has been asked, too.
func (r *run) complete(ctx context.Context, m Model, req *model.Request, asked *int) (model.Response, error) {
	for {
		resp, err := m.Complete(ctx, *req)
		var long *model.TooLong
		if !errors.As(err, &long) || long.Sent && *asked >= mostAsked || !r.leaveOut(long) {
			return resp, err
		}
		if long.Sent {
			*asked++
		}
		if *req, err = r.request(); err != nil {
			return resp, err
		}
	}
}

// request renders the prompt over the passages as they are now.
func (r *run) request() (model.Request, error) {
	if err := r.render(); err != nil {
		return model.Request{}, err
	}
	req := model.Request{Workflow: r.w.Name, System: systemText, Prompt: r.prompt, Schema: r.w.Schema, Passages: slices.Clone(r.passages), Findings: slices.Clone(r.findings), Subject: r.subject,
		Facts: r.modelFacts(), Plan: r.w.Plan, MaxTokens: cmp.Or(r.w.Tokens.Output, r.MaxTokens), Template: r.proposal.Prompt, Sources: r.shown()}
	if r.needsDates() {
		req.Dated = datedIn(r.passages, r.zone())
	}
	if r.refusal != nil {
		req.Prompt, req.Repair = repairText(r.prompt, r.refusal), true
	}
	if !r.focus.Ref.IsZero() {
		req.Subject = r.focus.Ref
	}
	return req, nil
}

// usable: only a reply that the model itself ended is read.
func usable(schema *Schema, resp model.Response) (Answer, error) {
	switch resp.Finish {
	case model.Stop:
		return ParseReply(schema, resp.Text)
	case model.Length:
		return Answer{}, refused("it was cut off at the length limit")
	case model.Refusal:
		return Answer{}, refused("the model declined to answer")
	}
	return Answer{}, refused("the model stopped for an unknown reason")
}

// modelFacts are what the built-in writer wants to know beside the passages: who is on the other side, and the moment that silence is counted to.
func (r *run) modelFacts() map[string]string {
	facts := map[string]string{"now": r.now().UTC().Format(time.RFC3339), "account": r.accountName()}
	for _, n := range []string{"firstname", "lastname"} {
		if v := fact(r.record, n); v != "" {
			facts[n] = v
		}
	}
	if v := oneLine(r.record.Name); v != "" {
		facts["name"] = v
	}
	if p := r.correspondent(); p != "" {
		facts["contact"] = p
	}
	return facts
}

// judge checks every statement of the answer and looks for instructions in what the run stands on.
func (r *run) judge(context.Context) error {
	scope := r.scope()
	cited := map[string]bool{}
	for _, s := range r.answer.Statements {
		s.ValueType = r.valueType(s.Field)
		j := Judge(s, scope)
		r.judgeNews(&j, s)
		r.judged = append(r.judged, j)
		r.checks = append(r.checks, j.Checks...)
		r.proposal.Claims = append(r.proposal.Claims, j.ClaimText)
		for _, q := range s.Quotes {
			cited[q.Passage] = true
		}
	}
	flag := func(what string, texts ...string) {
		for _, text := range texts {
			for _, f := range Flags(text) {
				if why := what + f; !slices.Contains(r.flags, why) {
					r.flags = append(r.flags, why)
				}
			}
		}
	}
	for _, p := range r.passages {
		if cited[p.ID] || p.Activity == r.focus.Ref {
			flag("a passage ", p.Text, p.Subject)
		}
	}
	for _, f := range r.findings {
		if cited[f.ID] {
			flag("a record ", f.Text)
		}
	}
	if !slices.ContainsFunc(r.judged, func(j Judged) bool { return j.Supported }) {
		return nothing("no claim is supported by the history")
	}
	r.answerUsable()
	return nil
}

func (r *run) scope() Scope {
	s := Scope{Portal: r.subject.Portal, Account: r.account, AccountName: r.accountName(), Sources: r.sources, Findings: map[string]crm.Finding{}}
	for _, f := range r.findings {
		s.Findings[f.ID] = f
	}
	if r.Zone != nil {
		s.Zone = r.Zone(r.subject.Portal)
	}
	return s
}

func (r *run) accountName() string { return oneLine(r.accountTitle) }

// correspondent is who wrote or spoke in the activity in question, else the contact that is the subject.
func (r *run) correspondent() string {
	for _, p := range r.focus.People {
		if !p.Ours && p.Name != "" && (p.Role == "from" || p.Role == "speaker") {
			return oneLine(p.Name)
		}
	}
	if r.record.Ref.Type == crm.Contacts {
		return oneLine(r.record.Name)
	}
	return ""
}
