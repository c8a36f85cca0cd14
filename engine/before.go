package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// before is what a workflow that is kept current has said about its subject: the last suggestion that people have or still decide on, and the last one of which
// something was written. A zero id: there is none.
type before struct{ stands, written crm.Proposal }

// unknown reports whether the last suggestion that was written did not know this text of an activity.
func (b before) unknown(a crm.Stored) bool { return b.written.ID != "" && a.Seq > b.written.Known }

// since is the number after which texts are fresh to this run; false when there was no run before.
func (b before) since() (int64, bool) {
	switch {
	case b.written.ID != "":
		return b.written.Known, true
	case b.stands.ID != "":
		return b.stands.Known, true
	}
	return 0, false
}

func stays(format string, args ...any) error { return errNothing{fmt.Sprintf(format, args...), true} }

// readBefore reads what was said before. A run that a trigger asked for ends here while the workflow rests, or when the account has no text that is not known already.
func (r *run) readBefore(ctx context.Context) (err error) {
	if r.w.Update == nil {
		return nil
	}
	if r.proposal.Known, err = r.History.Known(ctx, r.account); err != nil {
		return fmt.Errorf("what the account knows: %w", err)
	}
	if r.before.stands, err = r.latest(ctx, crm.Pending, crm.Approved, crm.Applied); err != nil {
		return err
	}
	if r.before.written, err = r.latest(ctx, crm.Approved, crm.Applied); err != nil {
		return err
	}
	last := r.before.stands
	if r.claim.Seq == 0 || r.claim.Lane == crm.ReviewLane || last.ID == "" {
		return nil
	}
	if rest := r.w.Update.Rest; rest > 0 && r.proposal.ReadAt.Before(last.CreatedAt.Add(rest)) {
		return stays("the suggestion of %s is younger than %v: triggers rest", dateShown(last.CreatedAt), rest)
	}
	if r.proposal.Known > last.Known || r.foundOut() { // records change and days pass without a new text
		return nil
	}
	switch changed, err := r.outdated(ctx, last); {
	case err != nil:
		return err
	case !changed:
		return stays("the account has no new text since the suggestion of %s", dateShown(last.CreatedAt))
	}
	return nil
}

func (r *run) latest(ctx context.Context, states ...crm.State) (crm.Proposal, error) {
	p, err := r.Proposals.Latest(ctx, r.subject, r.w.Name, r.asOf, states...)
	if err != nil && !errors.Is(err, crm.ErrNotFound) {
		return p, fmt.Errorf("what was suggested before: %w", err)
	}
	return p, nil
}

// outdated reports whether an earlier suggestion came from another state of its workflow, or quotes a text that has changed or gone.
func (r *run) outdated(ctx context.Context, p crm.Proposal) (bool, error) {
	if p.Prompt.SHA256 != r.w.SHA256 {
		return true, nil
	}
	seen := map[crm.Ref]bool{}
	for _, c := range p.Claims {
		for _, e := range c.Evidence {
			if !c.Supported || seen[e.Activity] || !e.Activity.Type.IsActivity() {
				continue
			}
			seen[e.Activity] = true
			a, err := r.activity(ctx, e.Activity)
			if err != nil && !errors.Is(err, crm.ErrNotFound) {
				return false, fmt.Errorf("read %s: %w", e.Activity.Path(), err)
			}
			if err != nil || a.Document.Version != e.Version {
				return true, nil
			}
		}
	}
	return false, nil
}

// mostFresh is how many of the texts that came since the last suggestion are put before everything else.
const mostFresh = 8

// retrieveFresh reads the newest texts that came since the last suggestion, whole as far as the budget allows: questions alone may not find them.
func (r *run) retrieveFresh(ctx context.Context, question string, budget int) ([]crm.Passage, error) {
	since, ok := r.before.since()
	if !ok {
		return nil, nil
	}
	line, err := r.History.Timeline(ctx, r.account, r.since(), focusDepth)
	if err != nil {
		return nil, fmt.Errorf("timeline of the account: %w", err)
	}
	var out []crm.Passage
	for n := 0; len(line) > 0 && n < mostFresh && budget > 0; line = line[1:] {
		a := line[0]
		if a.Ours || a.Generated || !slices.Contains(a.Accounts, r.account) || !r.asOf.IsZero() && (!a.Time.Before(r.asOf) || !a.Created.Before(r.asOf)) {
			continue
		}
		switch a, err = r.activity(ctx, a.Ref); {
		case errors.Is(err, crm.ErrNotFound):
			continue
		case err != nil:
			return nil, fmt.Errorf("read %s: %w", a.Ref.Path(), err)
		case a.Seq <= since:
			continue
		}
		got, err := r.Retriever.Retrieve(ctx, crm.Question{Filter: crm.Filter{Portal: r.subject.Portal, Account: r.account, Kinds: r.w.Retrieve.Kinds, Since: r.since(), AsOf: r.asOf, Human: true},
			Text: question, Focus: a.Ref, Budget: budget})
		if err != nil {
			return nil, fmt.Errorf("retrieve: %w", err)
		}
		n++
		for _, p := range got.Passages {
			if p.Activity == a.Ref {
				out = append(out, p)
				budget -= tokens(p.Text)
			}
		}
	}
	return out, nil
}

// judgeNews holds the field of news to its name: a claim in it quotes at least one text that the last suggestion did not know.
func (r *run) judgeNews(j *Judged, s Statement) {
	if r.w.Update == nil || r.w.Update.News != s.Field || r.w.Update.News == "" {
		return
	}
	why := "no quote is from a text that is new since the last suggestion"
	for _, q := range s.Quotes {
		if r.sources[q.Passage].New {
			why = ""
		}
	}
	j.Checks = append(j.Checks, Check{Claim: s.Text, Check: "new", OK: why == "", Why: why})
	if why != "" && j.Supported {
		j.Supported, j.Why = false, why
	}
}

// compare ends a run whose claims all rest on what the suggestion that stands knew already: it would only be said again in other words. What findings and passed days
// have a workflow say is new when the suggestion did not say it.
func (r *run) compare(ctx context.Context) error {
	last := r.before.stands
	if last.ID == "" {
		return nil
	}
	for _, j := range r.judged {
		for _, e := range j.Evidence {
			if j.Supported && (r.seqOf(e) > last.Known || r.foundOut() && !says(last, j.Text)) {
				return nil
			}
		}
	}
	changed, err := r.outdated(ctx, last)
	if err != nil || changed {
		return err
	}
	return stays("nothing material is new since the suggestion of %s", dateShown(last.CreatedAt))
}

// foundOut reports whether the workflow goes by more than texts: what records, silences and passed days tell.
func (r *run) foundOut() bool { return len(r.w.Findings) > 0 || r.needsDates() }

func says(p crm.Proposal, text string) bool {
	return slices.ContainsFunc(p.Claims, func(c crm.ClaimText) bool { return c.Supported && c.Text == text })
}

// seqOf is the number of the text that a quote stands in.
func (r *run) seqOf(e crm.Evidence) int64 {
	for _, s := range r.sources {
		if s.Activity == e.Activity && s.Version == e.Version {
			return s.Seq
		}
	}
	return 0
}
