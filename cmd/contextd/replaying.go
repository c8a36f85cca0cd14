package main

import (
	"context"
	"math"
	"strconv"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/internal/web"
)

// mostFaults is how many faults of a replay are listed one by one.
const mostFaults = 100

// replayPage bounds what is read from the store at once.
const replayPage = 500

// ReplayAudit implements web.Audit.
func (a *auditing) ReplayAudit(ctx context.Context, portal crm.PortalID, after int64, limit int) (web.AuditReplayed, error) {
	if limit == 0 {
		limit = math.MaxInt
	}
	out := web.AuditReplayed{Last: after}
	for out.Verdicts < limit {
		page, err := a.KeptVerdicts(ctx, portal, out.Last, min(replayPage, limit-out.Verdicts))
		if err != nil || len(page) == 0 {
			if err == nil {
				err = a.replayRest(ctx, portal, after, limit, &out)
			}
			return out, err
		}
		for _, k := range page {
			replayVerdict(k, &out)
		}
		out.Last = page[len(page)-1].Seq
	}
	return out, a.replayRest(ctx, portal, after, limit, &out)
}

// CompleteAudit implements web.Audit.
func (a *auditing) CompleteAudit(ctx context.Context, portal crm.PortalID) (out []web.AuditCount, err error) {
	all, err := a.DB.CompleteAudit(ctx, portal)
	for _, k := range all {
		out = append(out, web.AuditCount{Kind: k.Kind, Rows: k.Rows, Entries: k.Entries, Lacking: k.Lacking, Surplus: k.Surplus, Missing: k.Missing, Extra: k.Extra, State: k.State})
	}
	return out, err
}

// replayVerdict has the gate decide again.
func replayVerdict(k store.KeptVerdict, out *web.AuditReplayed) {
	out.Verdicts++
	f := web.AuditReplay{Seq: k.Seq, Proposal: k.Proposal, Change: k.Change, Property: k.Property, Fault: string(k.Keeping), What: "inputs"}
	switch k.Keeping {
	case store.Erased:
		out.Erased++
		return
	case store.Unstated:
		out.Unstated++
		return
	case store.Missing, store.Altered:
		fault(f, out)
		return
	case store.Kept:
	}
	in, then, err := engine.ReadInputs(k.Inputs)
	if err != nil || then.Verdict.String() != k.Verdict { // the hash fits: it was never what the entry says
		f.Fault = string(store.Altered)
		fault(f, out)
		return
	}
	out.Replayed++
	now := in.Decide()
	if now.Same(then) {
		out.Same++
		return
	}
	f.Fault, f.What, f.Then, f.Now = "different", "verdict", wordOf(then), wordOf(now)
	fault(f, out)
}

func fault(f web.AuditReplay, out *web.AuditReplayed) {
	if len(out.Faults) < mostFaults {
		out.Faults = append(out.Faults, f)
		return
	}
	out.Omitted++
}

func wordOf(j engine.Judgement) *web.AuditWord {
	text := func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
	return &web.AuditWord{Verdict: j.Verdict.String(), Would: j.Would, Confidence: text(j.Confidence), Threshold: text(j.Threshold), Reasons: j.Reasons}
}

// replayRest looks for what else the entries name.
func (a *auditing) replayRest(ctx context.Context, portal crm.PortalID, after int64, limit int, out *web.AuditReplayed) error {
	if err := a.replayRuns(ctx, portal, after, limit, out); err != nil {
		return err
	}
	return a.replayValues(ctx, portal, after, limit, out)
}

// replayValues compares what was to be written with what the ends of the writes say.
func (a *auditing) replayValues(ctx context.Context, portal crm.PortalID, after int64, limit int, out *web.AuditReplayed) error {
	for {
		page, err := a.KeptValues(ctx, portal, after, replayPage)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, v := range page {
			if limit != math.MaxInt && v.Seq > out.Last {
				return nil
			}
			switch v.Keeping {
			case store.Kept:
				out.Values.Kept++
			case store.Erased:
				out.Values.Erased++
			case store.Missing, store.Altered:
				fault(web.AuditReplay{Seq: v.Seq, Proposal: v.Proposal, Change: v.Change, Property: v.Property, Fault: string(v.Keeping), What: "value"}, out)
			case store.Unstated:
			}
		}
		after = page[len(page)-1].Seq
	}
}

// replayRuns looks for the texts of the runs of the same entries.
func (a *auditing) replayRuns(ctx context.Context, portal crm.PortalID, after int64, limit int, out *web.AuditReplayed) error {
	for {
		page, err := a.KeptRuns(ctx, portal, after, replayPage)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, r := range page {
			if limit != math.MaxInt && r.Seq > out.Last {
				return nil
			}
			out.Runs++
			for what, k := range map[string]store.Keeping{"prompt": r.Prompt, "reply": r.Reply, "read": r.Read} {
				switch k {
				case store.Kept:
					out.Texts.Kept++
				case store.Erased:
					out.Texts.Erased++
				case store.Missing, store.Altered:
					fault(web.AuditReplay{Seq: r.Seq, Proposal: r.Proposal, Fault: string(k), What: what}, out)
				case store.Unstated:
				}
			}
		}
		after = page[len(page)-1].Seq
	}
}
