package engine

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// ofSource states what the configured source says of the account in one of its fields, a finding per value. Whatever keeps the source from answering does not keep the run from its work:
// it goes on without, and says so.
func (r *run) ofSource(ctx context.Context, f prompts.Finding) ([]crm.Finding, error) {
	if err := r.askOutside(ctx); err != nil {
		return nil, err
	}
	var out []crm.Finding
	for _, fact := range r.outside.Facts {
		if fact.Field != f.Of || len(out) == cmp.Or(f.Max, defaultFindings) {
			continue
		}
		x := crm.Finding{Kind: sourceKind, Text: prompts.Fill(prompts.In(f.Text, r.textLanguage(f)), map[string]string{"source": r.outside.Source, "value": fact.Value}),
			Evidence: []crm.Evidence{{Record: r.account, Property: fact.Field, Source: r.outside.Source, Version: textHash(r.outside.Text), Quote: fact.Value, Start: fact.Start, End: fact.End}}}
		if n, err := strconv.ParseFloat(fact.Value, 64); err == nil {
			x.Number = n
		}
		out = append(out, x)
	}
	return out, nil
}

// sourceKind is the kind of a finding that is another server's word.
const sourceKind = "source"

// askOutside asks once a run. A run of the past does not ask: what the source knows now was not known then.
func (r *run) askOutside(ctx context.Context) error {
	if r.Outside == nil || r.askedOutside || !r.asOf.IsZero() || r.account.Type != crm.Companies {
		return nil
	}
	r.askedOutside = true
	rec, err := r.History.Record(ctx, r.account)
	if err != nil && !errors.Is(err, crm.ErrNotFound) {
		return err
	}
	q := crm.OutsideQuestion{Company: r.account, Domain: domainOf(rec.Properties["domain"]), Name: shortName(rec.Properties["name"])}
	if q.Domain == "" && q.Name == "" {
		return nil
	}
	switch r.outside, err = r.Outside.Company(ctx, q); {
	case err == nil:
		r.proposal.Reasons = append(r.proposal.Reasons, "asked "+r.outside.Source+" about the company")
	case ctx.Err() != nil:
		return fmt.Errorf("ask the source: %w", err)
	case !errors.Is(err, crm.ErrNotFound):
		r.outside = crm.OutsideAnswer{}
		r.proposal.Reasons = append(r.proposal.Reasons, "the run goes on without the source: "+oneLine(err.Error()))
		r.log().Warn("a source of facts did not answer", "portal", r.subject.Portal, "company", r.account.Path(), "error", err)
	default:
		r.outside = crm.OutsideAnswer{}
	}
	return nil
}

var hostName = expression(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$`)

// domainOf is a domain as it may be sent: a property that holds anything else says nothing.
func domainOf(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if len(s) > 253 || !hostName().MatchString(s) {
		return ""
	}
	return s
}

// longestName is how much of a company's name is sent.
const longestName = 200

func shortName(s string) string {
	if runes := []rune(oneLine(s)); len(runes) > longestName {
		return string(runes[:longestName])
	}
	return oneLine(s)
}

// outsideWords reports whether a change stands on another server's word, which no machine may write alone.
func (r *run) outsideWords(claims []int) bool {
	return slices.ContainsFunc(claims, func(i int) bool {
		return slices.ContainsFunc(r.judged[i].Evidence, func(e crm.Evidence) bool { return e.Source != "" })
	})
}

// answersKept are the texts that claims quote.
func (r *run) answersKept() []string {
	if slices.ContainsFunc(r.proposal.Claims, func(c crm.ClaimText) bool {
		return slices.ContainsFunc(c.Evidence, func(e crm.Evidence) bool { return e.Source != "" })
	}) {
		return []string{r.outside.Text}
	}
	return nil
}

func textHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
