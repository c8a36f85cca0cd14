package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/contextd/contextd/internal/crm"
)

// Proposal by id; crm.ErrNotFound.
func (db *DB) Proposal(ctx context.Context, portal crm.PortalID, id string) (p crm.Proposal, err error) {
	err = db.r.read(ctx, func(v *view) (err error) {
		p, err = v.proposal(portal, id)
		return err
	})
	if err != nil {
		return crm.Proposal{}, fmt.Errorf("suggestion %s: %w", id, err)
	}
	return p, nil
}

// Propose stores a decided proposal; see engine.Proposals. States of changes and proposal follow from the verdicts; what p says of them is not read.
func (db *DB) Propose(ctx context.Context, p crm.Proposal, raw crm.Raw) (added bool, err error) {
	err = db.w.write(ctx, func(t *tx) (err error) {
		added, err = t.propose(p, raw)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("propose %s for %s: %w", p.Workflow, p.Subject, err)
	}
	return added, nil
}

func (t *tx) propose(p crm.Proposal, raw crm.Raw) (bool, error) {
	if p.Portal <= 0 || p.ID == "" || p.Workflow == "" || p.Subject.Portal != p.Portal {
		return false, fmt.Errorf("portal %d, id %q: %w", p.Portal, p.ID, crm.ErrInvalid)
	}
	portal := int64(p.Portal)
	if err := t.spend(raw.Calls); err != nil { // the money is spent whatever becomes of the run
		return false, err
	}
	known, err := t.exists("SELECT 1 FROM proposals WHERE portal = ? AND id = ?", portal, p.ID)
	if err != nil || known {
		return false, err
	}
	if err := t.keepAnswers(raw.Calls); err != nil {
		return false, err
	}
	refused, err := t.exists("SELECT 1 FROM proposals WHERE portal = ? AND workflow = ? AND subject = ? AND state = 'rejected' AND fingerprint = ? AND fingerprint <> ''",
		portal, p.Workflow, path(p.Subject), p.Fingerprint)
	if err != nil {
		return false, err
	}
	if refused {
		return false, t.auditProposal("proposal.refused", p, crm.System("gate"))
	}
	if p.Confirms == "" {
		if err := t.supersede(p); err != nil {
			return false, err
		}
	}
	p.Changes = slices.Clone(p.Changes)
	for i := range p.Changes {
		p.Changes[i].State = proposedState(p.Changes[i].Verdict)
	}
	p.State, p.Rev = rollup(p.Changes), 1
	if p.CreatedAt.IsZero() {
		p.CreatedAt = t.now
	}
	cause, err := t.spanOf(p.Cause)
	if err != nil {
		return false, err
	}
	if err := errorsOf(t.insertProposal(p, raw, cause), t.auditRun(p, raw)); err != nil {
		return false, err
	}
	for _, c := range p.Changes {
		if err := t.auditVerdict(p, c, raw); err != nil {
			return false, err
		}
		if c.State != crm.Approved {
			continue
		}
		if _, err := t.addEffect(p, c, crm.System("gate"), "", cause, crm.LiveLane); err != nil {
			return false, err
		}
	}
	return true, nil
}

// auditRun says what a run read, asked and answered.
func (t *tx) auditRun(p crm.Proposal, raw crm.Raw) error {
	read, err := t.keepRead(p, raw)
	if err != nil {
		return err
	}
	e := proposalEntry("run.done", p, crm.System("engine"))
	e.IDs["verdict"], e.Hashes["prompt_text"], e.Hashes["reply"] = gateWord(p), sum([]byte(raw.Prompt)), sum([]byte(raw.Reply))
	if read != "" {
		e.Hashes["read"] = read
	}
	return t.audit(e)
}

// auditVerdict says what the gate decided about one change, and by what.
func (t *tx) auditVerdict(p crm.Proposal, c crm.Change, raw crm.Raw) error {
	inputs, err := t.keepInputs(p, c.ID, raw.Inputs[c.ID])
	if err != nil {
		return err
	}
	e := crm.AuditEntry{Action: "gate." + c.Verdict.String(), Actors: []crm.Actor{crm.System("gate"), proposer(p)}, Portal: p.Portal, Subject: path(p.Subject),
		IDs:    map[string]string{"proposal": p.ID, "change": c.ID, "workflow": p.Workflow, "property": c.Property, "confidence": number(c.Confidence), "threshold": number(c.Threshold)},
		Hashes: map[string]string{}}
	if c.Risk != "" {
		e.IDs["risk"] = string(c.Risk)
	}
	for name, hash := range map[string]string{"inputs": inputs, "policy": p.Policy} {
		if hash != "" {
			e.Hashes[name] = hash
		}
	}
	return t.audit(e)
}

// number is a float as an entry names it: NaN has no JSON.
func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

func proposedState(v crm.Verdict) crm.State {
	switch v {
	case crm.Apply:
		return crm.Approved
	case crm.Drop:
		return crm.Dropped
	case crm.Review:
		return crm.Pending
	}
	return crm.Pending
}

// gateWord says in one word what the gate did with a new proposal.
func gateWord(p crm.Proposal) string {
	switch p.State {
	case crm.Pending:
		return crm.Review.String()
	case crm.Approved:
		return crm.Apply.String()
	}
	return crm.Drop.String()
}

func (t *tx) auditProposal(action string, p crm.Proposal, by crm.Actor) error {
	return t.audit(proposalEntry(action, p, by))
}

func proposalEntry(action string, p crm.Proposal, by crm.Actor) crm.AuditEntry {
	ids := map[string]string{"proposal": p.ID, "workflow": p.Workflow}
	if p.Model != "" {
		ids["model"], ids["input_tokens"], ids["output_tokens"] = p.Model, strconv.Itoa(p.Usage.InputTokens), strconv.Itoa(p.Usage.OutputTokens)
		ids["cost_usd"] = strconv.FormatFloat(p.Usage.CostUSD, 'f', -1, 64)
		if p.Usage.Unpriced > 0 {
			ids["cost_usd"] = "unknown"
		}
		if p.Usage.FromCache > 0 {
			ids["from_cache"] = strconv.Itoa(p.Usage.FromCache)
		}
	}
	if p.Confirms != "" {
		ids["confirms"] = p.Confirms
	}
	hashes := map[string]string{"fingerprint": p.Fingerprint, "prompt": p.Prompt.SHA256}
	if p.Policy != "" {
		hashes["policy"] = p.Policy
	}
	return crm.AuditEntry{Action: action, Actors: []crm.Actor{by, proposer(p)}, Portal: p.Portal, Subject: path(p.Subject), IDs: ids, Hashes: hashes}
}

// proposer is the model and prompt that a proposal came from.
func proposer(p crm.Proposal) crm.Actor {
	return crm.Actor{Kind: crm.ModelActor, ID: p.Model + "@" + p.Prompt.Name + "@" + strconv.Itoa(p.Prompt.Version)}
}

// supersede ends older pending proposals of the same workflow and subject. What of them is already approved goes on.
func (t *tx) supersede(p crm.Proposal) error {
	old, err := t.strings("SELECT id FROM proposals WHERE portal = ? AND workflow = ? AND subject = ? AND state = 'pending'", int64(p.Portal), p.Workflow, path(p.Subject))
	if err != nil {
		return err
	}
	for _, id := range old {
		err := errorsOf(
			t.do("UPDATE changes SET state = 'superseded' WHERE portal = ? AND proposal = ? AND state = 'pending'", int64(p.Portal), id),
			t.do("UPDATE proposals SET state = 'superseded', rev = rev + 1 WHERE portal = ? AND id = ?", int64(p.Portal), id),
			t.audit(crm.AuditEntry{Action: "proposal.superseded", Actors: []crm.Actor{crm.System("gate")}, Portal: p.Portal, Subject: path(p.Subject),
				IDs: map[string]string{"proposal": id, "by": p.ID}}))
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) insertProposal(p crm.Proposal, raw crm.Raw, cause span) error {
	for _, answer := range raw.Answers {
		if err := t.keepText(p.Portal, sum([]byte(answer)), answer); err != nil {
			return err
		}
	}
	claims, quoted, err := t.countClaims(p)
	if err != nil {
		return err
	}
	body, err := encode(bodyOf(p))
	if err != nil {
		return err
	}
	deals, err := t.deals(p.Account)
	if err != nil {
		return fmt.Errorf("deals of %s: %w", p.Account, err)
	}
	stake := math.Floor(crm.OpenAmount(deals))
	prompt, reply := sum([]byte(raw.Prompt)), sum([]byte(raw.Reply))
	if p.Confirms == "" || !p.LookAgain.IsZero() { // a run that ended before it looked leaves the time that was set
		err = t.do("UPDATE proposals SET look_again_at = 0 WHERE portal = ? AND workflow = ? AND subject = ? AND look_again_at <> 0", int64(p.Portal), p.Workflow, path(p.Subject))
	}
	err = errorsOf(
		err,
		t.keepText(p.Portal, prompt, raw.Prompt),
		t.keepText(p.Portal, reply, raw.Reply),
		t.do(`INSERT INTO proposals (portal, id, workflow, subject, record, record_name, account, state, confidence, fingerprint, body, claims, claims_quoted, prompt_hash,
			reply_hash, cause_kind, cause_key, cause_from, cause_seq, created_at, decided_at, decided_by, assignee, snoozed_till, rev, look_again_at, stake, look)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '', ?, 0, ?, ?, ?, ?)`,
			int64(p.Portal), p.ID, p.Workflow, path(p.Subject), path(p.Record), p.RecordName, path(p.Account), string(p.State), p.Confidence, p.Fingerprint, body, claims, quoted,
			prompt, reply, string(cause.kind), cause.key, cause.from, cause.to, micros(p.CreatedAt), p.Assignee, p.Rev, micros(p.LookAgain), int64(stake), lookOf(p.Changes, stake)))
	if err != nil {
		return err
	}
	for i, c := range p.Changes {
		text, err := encode(c)
		if err != nil {
			return err
		}
		err = t.do("INSERT INTO changes (portal, proposal, id, pos, state, body, edited) VALUES (?, ?, ?, ?, ?, ?, NULL)",
			int64(p.Portal), p.ID, c.ID, i, string(c.State), text)
		if err != nil {
			return fmt.Errorf("change %s: %w", c.ID, err)
		}
	}
	return t.cite(p)
}

// cite notes every activity and record whose words a proposal may hold.
func (t *tx) cite(p crm.Proposal) error {
	refs := []crm.Ref{p.Subject}
	for _, c := range p.Claims {
		for _, e := range c.Evidence {
			refs = append(refs, e.Activity, e.Record)
		}
		for _, e := range c.Contradictions {
			refs = append(refs, e.Activity)
		}
	}
	for i, r := range refs {
		if r.IsZero() || i == 0 && !r.Type.IsActivity() {
			continue
		}
		err := t.do("INSERT INTO citations (portal, activity, proposal) VALUES (?, ?, ?) ON CONFLICT (portal, activity, proposal) DO NOTHING",
			int64(p.Portal), path(r), p.ID)
		if err != nil {
			return err
		}
	}
	return nil
}

// countClaims counts the supported claims, and those whose every quote stands in the stored text where it says, or is a value that the
// stored record has: counted here, not believed.
func (t *tx) countClaims(p crm.Proposal) (claims, quoted int, err error) {
	for _, c := range p.Claims {
		if !c.Supported {
			continue
		}
		claims++
		found := len(c.Evidence) > 0
		for _, e := range c.Evidence {
			if e.Source != "" {
				kept, err := t.texts(p.Portal, []string{e.Version})
				if err != nil {
					return 0, 0, err
				}
				text := kept[e.Version]
				found = found && e.Quote != "" && e.Start >= 0 && e.Start <= e.End && e.End <= len(text) && text[e.Start:e.End] == e.Quote
				continue
			}
			if !e.Record.IsZero() {
				r, err := t.record(e.Record)
				if err != nil && !errors.Is(err, crm.ErrNotFound) {
					return 0, 0, err
				}
				found = found && err == nil && r.Held(e.Property, e.Quote, e.Time)
				continue
			}
			text, err := t.text(e.Activity, e.Version)
			if err != nil && !errors.Is(err, crm.ErrNotFound) {
				return 0, 0, err
			}
			found = found && e.Quote != "" && e.Start >= 0 && e.Start <= e.End && e.End <= len(text) && text[e.Start:e.End] == e.Quote
		}
		quoted += flag(found)
	}
	return claims, quoted, nil
}
