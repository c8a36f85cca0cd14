package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/calibration"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// decide turns the answer into changes, gives each its confidence and lets the gate speak.
func (r *run) decide(ctx context.Context) error {
	policy := r.Policy(r.subject.Portal)
	stopped := ""
	if r.Enabled != nil {
		if err := r.Enabled(r.subject.Portal); err != nil {
			stopped = err.Error()
		}
	}
	r.proposal.Policy = policy.SHA256
	plain := r.plainFields()
	stale, err := r.moved(ctx)
	if err != nil {
		return err
	}
	hour, day, err := r.writtenAlone(ctx, policy)
	if err != nil {
		return err
	}
	past, err := r.decidedBefore(ctx)
	if err != nil {
		return err
	}
	whole := policy
	for pos, wc := range r.w.Changes {
		policy := whole.At(whole.RiskOf(wc))
		c, state, skip, err := r.change(ctx, pos, wc, plain)
		if err != nil {
			return err
		}
		if skip != "" {
			r.proposal.Reasons = append(r.proposal.Reasons, skip)
			continue
		}
		m := r.measure(c.Claims)
		m.Jump, m.Replaces = state.jump, c.Before != nil
		m.Field, m.Source = calibration.Tracks(past, fieldOf(wc), slices.Sorted(maps.Keys(m.Kinds)))
		overruled, err := r.Proposals.Overruled(ctx, r.proposal, c)
		if err != nil {
			return err
		}
		failed, err := r.Proposals.Failed(ctx, r.proposal, c)
		if err != nil {
			return err
		}
		gate := r.gateState(hour, day)
		gate.Stopped, gate.Stale, gate.Flags, gate.Overruled = stopped, stale || !r.asOf.IsZero(), r.doubts(m), overruled
		gate.Failed, gate.Outside = failed, r.outsideWords(c.Claims)
		gate.Human, gate.Invalid = wc.Verdict != nil && *wc.Verdict == crm.Review, state.invalid
		c.Risk = whole.RiskOf(wc)
		c.Preflight = preflight(ctx, r.Definitions, r.subject.Portal, c)
		gate.Preflight = c.Preflight
		id := changeID(r.proposal.ID, pos, c)
		if gate.Proof, err = r.proof(ctx, whole, wc); err != nil {
			return err
		}
		gate.Explored = gate.Proof.Open && calibration.Explore(r.subject.Portal.String(), id, policy.Explore)
		in := Inputs{Policy: policy, Portal: r.subject.Portal, Change: c, State: gate, Measured: m, Thresholds: []float64{wc.Threshold, r.w.Policy.Threshold},
			Dropped: wc.Verdict != nil && *wc.Verdict == crm.Drop}
		j := in.Decide()
		c.Features = m.Features()
		c.Verdict, c.Reasons, c.Would, c.Confidence, c.Threshold = j.Verdict, j.Reasons, j.Would, j.Confidence, j.Threshold
		if c.Verdict == crm.Apply {
			hour, day = hour+1, day+1
		}
		c.State = stateOf(c.Verdict)
		c.ID = id
		if r.inputs[c.ID], err = KeepInputs(in, j); err != nil {
			return err
		}
		r.proposal.Changes = append(r.proposal.Changes, c)
	}
	if len(r.proposal.Changes) == 0 {
		return nothing("nothing to change")
	}
	r.finish()
	return nil
}

// proof is what outcomes prove about the field of a change; nothing is asked without a budget.
func (r *run) proof(ctx context.Context, p Policy, wc prompts.Change) (calibration.Proof, error) {
	if p.Budget.Check() != nil || r.Proofs == nil {
		return calibration.Proof{}, nil
	}
	proof, err := r.Proofs(ctx, r.subject.Portal, GroupOf(p, r.w, wc))
	if err != nil {
		return calibration.Proof{}, fmt.Errorf("what is proved about %s: %w", fieldOf(wc), err)
	}
	return proof, nil
}

// GroupOf is what outcomes of a workflow's field are calibrated as: the field by itself, under the policy's budget for its class of risk and the threshold that is set for it.
func GroupOf(p Policy, w prompts.Workflow, c prompts.Change) calibration.Group {
	p = p.At(p.RiskOf(c))
	return calibration.Group{Workflow: w.Name, Fields: []string{fieldOf(c)}, Budget: p.Budget, First: Threshold(c.Threshold, w.Policy.Threshold, p.Threshold)}
}

// doubts are the reasons, in words, why no machine should decide this run alone.
func (r *run) doubts(m Measured) []string {
	out := slices.Clone(r.flags)
	for _, d := range []struct {
		is  bool
		why string
	}{
		{m.Cut > 0, fmt.Sprintf("%d of %d claims had no support and were cut", m.Cut, len(r.judged))},
		{m.Repairs > 0, "the first answer could not be used"},
		{m.Against > 0, "newer words of the account contradict a claim"},
		{m.Turned > 0, "a claim and its quote differ in a negation"},
		{!(m.Overlap >= minOverlap), "a claim shares few words with its quotes"},
		{!(m.Jump <= maxJump), "the value moves by more than a fifth of its range"},
		{!m.TimeKnown, "the time of some evidence is unknown"},
	} {
		if d.is {
			out = append(out, d.why)
		}
	}
	return out
}

func (r *run) measure(which []int) Measured {
	m := evidenceOf(r.judged, which, r.proposal.ReadAt, r.untimed)
	for _, j := range r.judged {
		if !j.Supported {
			m.Cut++
		}
	}
	for _, c := range r.checks {
		if c.Check == "plain" && !c.OK {
			m.Cut++
		}
	}
	m.Repairs, m.Flags, m.Coverage, m.FocusWhole = r.repairs, len(r.flags), r.coverage, r.focusWhole()
	m.Margin, m.Masked, m.Unsure = r.margin, r.maskedQuotes(which), r.unsure()
	if shown := len(r.passages) + r.leftOut; shown > 0 {
		m.LeftOut = float64(r.leftOut) / float64(shown)
	}
	return m
}

// maskedQuotes counts the quotes of supported statements that hold something the model did not see as it is.
func (r *run) maskedQuotes(which []int) (n int) {
	for _, i := range which {
		if !r.judged[i].Supported {
			continue
		}
		for _, e := range r.judged[i].Evidence {
			if slices.ContainsFunc(r.masked, func(value string) bool { return strings.Contains(e.Quote, value) }) {
				n++
			}
		}
	}
	return n
}

// decidedBefore are the decisions about the workflow that were known before the run.
func (r *run) decidedBefore(ctx context.Context) ([]crm.Outcome, error) {
	if r.Decided == nil {
		return nil, nil
	}
	past, err := r.Decided(ctx, r.subject.Portal, r.w.Name, r.now())
	if err != nil {
		return nil, fmt.Errorf("what was decided about %s: %w", r.w.Name, err)
	}
	return past, nil
}

// moved reports that the record's own values or the quoted texts changed while the model was thinking.
func (r *run) moved(ctx context.Context) (bool, error) {
	if len(r.record.Properties) > 0 {
		now, err := r.History.Record(ctx, r.record.Ref)
		if errors.Is(err, crm.ErrNotFound) {
			return true, nil
		}
		if err != nil {
			return false, fmt.Errorf("read the record again: %w", err)
		}
		for _, c := range r.w.Changes {
			if c.Kind == crm.PropertyKind && now.Properties[c.Property] != r.record.Properties[c.Property] {
				return true, nil
			}
		}
	}
	versions := map[crm.Ref]string{}
	for _, j := range r.judged {
		if j.Moved == crm.MovedGone { // of the past, as its text says
			continue
		}
		for _, e := range j.Evidence {
			if e.Record.IsZero() {
				versions[e.Activity] = e.Version
			} else if still, err := r.stillStands(ctx, crm.ClaimText{Evidence: []crm.Evidence{e}}); err != nil || !still {
				return true, err
			}
		}
	}
	for _, ref := range slices.SortedFunc(maps.Keys(versions), crm.Ref.Compare) {
		a, err := r.History.Activity(ctx, ref)
		if errors.Is(err, crm.ErrNotFound) {
			return true, nil
		}
		if err != nil {
			return false, fmt.Errorf("read %s again: %w", ref.Path(), err)
		}
		if a.Document.Version != versions[ref] {
			return true, nil
		}
	}
	return false, nil
}

// finish sums the changes up.
func (r *run) finish() {
	p := &r.proposal
	all := make([]int, len(r.judged))
	for i := range all {
		all[i] = i
	}
	p.Features = r.measure(all).Features()
	p.Verdict, p.Confidence = crm.Drop, math.Inf(1)
	for _, c := range p.Changes {
		p.Verdict = Cautious(p.Verdict, c.Verdict)
		p.Confidence = math.Min(p.Confidence, c.Confidence)
	}
	p.State = stateOf(p.Verdict)
	p.Reasons = append(p.Reasons, r.flags...)
	if left := r.leftOutText(); left != "" {
		p.Reasons = append(p.Reasons, left)
	}
	p.Fingerprint = fingerprint(*p)
}

func stateOf(v crm.Verdict) crm.State {
	switch v {
	case crm.Apply:
		return crm.Approved
	case crm.Drop:
		return crm.Dropped
	case crm.Review:
	}
	return crm.Pending
}

// fingerprint names what a proposal says and on what grounds, without when and by whom: what was rejected once is not suggested again.
func fingerprint(p crm.Proposal) string {
	var parts []any
	for _, c := range p.Changes {
		parts = append(parts, c.Kind, c.Target.Path(), c.Property)
		if c.Kind == crm.PropertyKind {
			parts = append(parts, c.After)
		}
	}
	var lines []string
	for _, c := range p.Claims {
		if !c.Supported {
			continue
		}
		line := c.Text
		for _, e := range c.Evidence {
			if e.Record.IsZero() {
				line += fmt.Sprintf("|%s@%s:%d-%d", e.Activity.Path(), e.Version, e.Start, e.End)
			} else {
				line += fmt.Sprintf("|%s.%s=%s", e.Record.Path(), e.Property, e.Quote)
			}
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	for _, l := range lines {
		parts = append(parts, l)
	}
	return hashOf(64, parts...)
}
