package store

import (
	"slices"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// proposalBody is the part of a proposal that nobody searches by, as its JSON is stored.
type proposalBody struct {
	Prompt   crm.PromptRef      `json:"prompt"`
	Model    string             `json:"model"`
	Claims   []storedClaim      `json:"claims"`
	Features map[string]float64 `json:"features"`
	Verdict  crm.Verdict        `json:"verdict"`
	Reasons  []string           `json:"reasons"`
	Usage    crm.Usage          `json:"usage"`
	ReadAt   time.Time          `json:"read_at"`
	Cause    crm.Claim          `json:"cause"`
	Known    int64              `json:"known,omitempty"`
	Previous string             `json:"previous,omitempty"`
}

// storedClaim adds to a claim what its public JSON leaves out: which activity or record each quote is from.
type storedClaim struct {
	crm.ClaimText
	Activities []string `json:"activities"`        // one per evidence, "" where that is of a record
	Records    []string `json:"records,omitempty"` // likewise, "" where that is of an activity; none: all are of activities
	Against    []string `json:"against,omitempty"` // one per contradiction
}

func bodyOf(p crm.Proposal) proposalBody {
	b := proposalBody{Prompt: p.Prompt, Model: p.Model, Features: p.Features, Verdict: p.Verdict, Reasons: p.Reasons, Usage: p.Usage,
		ReadAt: p.ReadAt, Cause: p.Cause, Known: p.Known, Previous: p.Previous}
	for _, c := range p.Claims {
		s := storedClaim{ClaimText: c}
		for _, e := range c.Evidence {
			s.Activities = append(s.Activities, path(e.Activity))
			s.Records = append(s.Records, path(e.Record))
		}
		if !slices.ContainsFunc(s.Records, func(r string) bool { return r != "" }) {
			s.Records = nil
		}
		for _, e := range c.Contradictions {
			s.Against = append(s.Against, path(e.Activity))
		}
		b.Claims = append(b.Claims, s)
	}
	return b
}

// into fills a proposal from its stored body.
func (b proposalBody) into(p *crm.Proposal) (err error) {
	p.Prompt, p.Model, p.Features, p.Verdict, p.Reasons, p.Usage, p.ReadAt, p.Cause, p.Known, p.Previous = b.Prompt, b.Model, b.Features, b.Verdict, b.Reasons, b.Usage, b.ReadAt, b.Cause, b.Known, b.Previous
	for _, s := range b.Claims {
		c := s.ClaimText
		for i := range c.Evidence {
			if i < len(s.Activities) {
				if c.Evidence[i].Activity, err = refOf(p.Portal, s.Activities[i]); err != nil {
					return err
				}
			}
			if i < len(s.Records) {
				if c.Evidence[i].Record, err = refOf(p.Portal, s.Records[i]); err != nil {
					return err
				}
			}
		}
		for i := range c.Contradictions {
			if i < len(s.Against) {
				if c.Contradictions[i].Activity, err = refOf(p.Portal, s.Against[i]); err != nil {
					return err
				}
			}
		}
		p.Claims = append(p.Claims, c)
	}
	return nil
}

const proposalColumns = `id, workflow, subject, record, record_name, account, state, confidence, fingerprint, body, created_at, decided_at, decided_by, assignee, snoozed_till, rev, look_again_at, look`

// scanProposal reads a row without its changes.
func scanProposal(portal crm.PortalID, scan func(...any) error) (p crm.Proposal, err error) {
	p.Portal = portal
	var subject, record, account, body, by string
	var created, decided, snoozed, again int64
	err = scan(&p.ID, &p.Workflow, &subject, &record, &p.RecordName, &account, &p.State, &p.Confidence, &p.Fingerprint, &body, &created, &decided, &by, &p.Assignee, &snoozed, &p.Rev, &again, &p.Look)
	if err != nil {
		return p, err
	}
	p.CreatedAt, p.DecidedAt, p.SnoozedTill, p.LookAgain = moment(created), moment(decided), moment(snoozed), moment(again)
	var b proposalBody
	if err := decode(body, &b); err != nil {
		return p, err
	}
	var err1, err2, err3, err4 error
	p.Subject, err1 = refOf(portal, subject)
	p.Record, err2 = refOf(portal, record)
	p.DecidedBy, err3 = actorOf(by)
	p.Account, err4 = refOf(portal, account)
	return p, errorsOf(err1, err2, err3, err4, b.into(&p))
}

// proposal reads one whole; crm.ErrNotFound.
func (v *view) proposal(portal crm.PortalID, id string) (crm.Proposal, error) {
	p, err := scanProposal(portal, func(dest ...any) error {
		return v.one("SELECT "+proposalColumns+" FROM proposals WHERE portal = ? AND id = ?", []any{int64(portal), id}, dest...)
	})
	if err != nil {
		return crm.Proposal{}, err
	}
	p.Changes, err = v.changes(portal, id)
	return p, err
}

// changes reads a proposal's changes in their order, with the values that people gave them.
func (v *view) changes(portal crm.PortalID, proposal string) (out []crm.Change, err error) {
	q := "SELECT state, body, edited FROM changes WHERE portal = ? AND proposal = ? ORDER BY pos"
	err = v.each(q, []any{int64(portal), proposal}, func(scan func(...any) error) error {
		var c crm.Change
		var state, body string
		var edited *string
		if err := scan(&state, &body, &edited); err != nil {
			return err
		}
		err := decode(body, &c)
		c.State = crm.State(state)
		if edited != nil {
			c.After = *edited
		}
		out = append(out, c)
		return err
	})
	if err != nil || !slices.ContainsFunc(out, wrote) {
		return out, err
	}
	return out, v.failures(portal, proposal, out)
}

// wrote says of a change that something of it was written, or was to be.
func wrote(c crm.Change) bool {
	return slices.Contains([]crm.State{crm.Failed, crm.Conflicted, crm.Applied}, c.State)
}

// failures adds why the newest effect of each change came to nothing, where it did.
func (v *view) failures(portal crm.PortalID, proposal string, changes []crm.Change) error {
	q := "SELECT change, state, last_error FROM effects WHERE portal = ? AND proposal = ? AND settled_at > 0 ORDER BY created_at, settled_at"
	return v.each(q, []any{int64(portal), proposal}, func(scan func(...any) error) error {
		var id, why string
		var state crm.EffectState
		err := scan(&id, &state, &why)
		if i := slices.IndexFunc(changes, func(c crm.Change) bool { return c.ID == id }); i >= 0 {
			if state != crm.EffectFailed && state != crm.EffectConflict {
				why = ""
			}
			changes[i].Failure = why
		}
		return err
	})
}

// rollup is a suggestion's state as its changes have it: undecided before under way before settled, and of settled ones the one that people must see first.
func rollup(changes []crm.Change) crm.State {
	for _, s := range []crm.State{crm.Pending, crm.Approved, crm.Failed, crm.Conflicted, crm.Applied, crm.Undone, crm.Rejected, crm.Superseded, crm.Expired} {
		for _, c := range changes {
			if c.State == s {
				return s
			}
		}
	}
	return crm.Dropped
}
