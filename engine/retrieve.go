package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// defaultBudget is how many tokens of passages a prompt gets when the workflow does not say.
const defaultBudget = 4000

// retrieve asks the account's history: the activity in question whole, then the workflow's questions one by one. What comes back is checked against the store
// before anything is shown to a model: another portal's, another account's, deleted, our own and other machines' texts are left out. What was deleted after the moment that a run is about was
// there then.
func (r *run) retrieve(ctx context.Context) error {
	questions := r.w.Retrieve.Questions
	if len(questions) == 0 {
		questions = []string{r.w.Title}
	}
	budget := r.w.Retrieve.Budget
	if budget <= 0 {
		budget = defaultBudget
	}
	var all [][]crm.Passage
	for i, text := range questions {
		q := crm.Question{Filter: crm.Filter{Portal: r.subject.Portal, Account: r.account, Kinds: r.w.Retrieve.Kinds, AsOf: r.asOf, Human: true}, Text: text, Budget: budget}
		q.Since = r.since()
		if i == 0 {
			q.Focus = r.focus.Ref
		} else {
			q.Budget = max(budget/len(questions), 1)
		}
		got, err := r.Retriever.Retrieve(ctx, q)
		if err != nil {
			return fmt.Errorf("retrieve: %w", err)
		}
		r.coverage += got.Coverage / float64(len(questions))
		r.margin += got.Answerable / float64(len(questions))
		all = append(all, got.Passages)
	}
	first := map[crm.Ref]bool{r.focus.Ref: !r.focus.Ref.IsZero()}
	fresh, err := r.retrieveFresh(ctx, questions[0], budget/2)
	if err != nil {
		return err
	}
	for _, p := range fresh {
		first[p.Activity] = true
	}
	if err := r.admit(ctx, mixed(append([][]crm.Passage{fresh}, all...), first), budget); err != nil {
		return err
	}
	if len(r.passages) == 0 {
		return nothing("the account has no history to work from")
	}
	return nil
}

// since is how far back the workflow looks; zero: everything.
func (r *run) since() time.Time {
	if m := r.w.Retrieve.Months; m > 0 {
		return cmp.Or(r.asOf, r.proposal.ReadAt).AddDate(0, -m, 0)
	}
	return time.Time{}
}

// mixed orders passages by importance: those of the activities that come first, then the best of every question in turn, each chunk once.
func mixed(all [][]crm.Passage, first map[crm.Ref]bool) []crm.Passage {
	var out []crm.Passage
	seen := map[string]bool{}
	add := func(p crm.Passage) {
		if key := p.Activity.String() + "|" + p.Chunk + "|" + strconv.Itoa(p.Start); !seen[key] {
			seen[key] = true
			out = append(out, p)
		}
	}
	most := 0
	for i, ps := range all {
		ps = slices.Clone(ps)
		for _, p := range ps {
			if first[p.Activity] {
				add(p)
			}
		}
		slices.SortStableFunc(ps, func(a, b crm.Passage) int { return cmp.Compare(b.Score, a.Score) })
		all[i] = ps
		most = max(most, len(ps))
	}
	for n := range most {
		for _, ps := range all {
			if n < len(ps) {
				add(ps[n])
			}
		}
	}
	return out
}

// admit keeps, within the budget, what the store confirms, in chronological order under citation ids of this run.
func (r *run) admit(ctx context.Context, candidates []crm.Passage, budget int) error {
	known := map[crm.Ref]crm.Stored{}
	texts := map[string]string{}
	used := 0
	kept := []Source{}
	drafts, err := r.drafts(ctx)
	if err != nil {
		return err
	}
	for _, p := range candidates {
		cost := tokens(p.Text)
		if used+cost > budget && len(kept) > 0 {
			continue
		}
		src, ok, err := r.confirm(ctx, p, known, texts)
		if err != nil {
			return err
		}
		if ok {
			used += cost
			kept = append(kept, r.divide(src, known[p.Activity], drafts)...)
		}
	}
	order := make([]int, len(kept)) // of kept, which is in the order of value
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := kept[i], kept[j]
		return cmp.Or(a.Time.Compare(b.Time), a.Activity.Compare(b.Activity), cmp.Compare(a.Start, b.Start))
	})
	for i, rank := range order {
		src := kept[rank]
		src.ID = "P" + strconv.Itoa(i+1)
		r.passages = append(r.passages, src.Passage)
		r.sources[src.ID] = src
		r.rank[src.ID] = rank
	}
	return nil
}

// confirm reads a passage's activity and text again: the index is a cache, the store decides.
func (r *run) confirm(ctx context.Context, p crm.Passage, known map[crm.Ref]crm.Stored, texts map[string]string) (Source, bool, error) {
	if p.Activity.Portal != r.subject.Portal {
		r.log().Error("retriever returned a foreign passage", "portal", r.subject.Portal, "activity", p.Activity.String())
		return Source{}, false, nil
	}
	a, ok := known[p.Activity]
	if !ok {
		var err error
		a, err = r.activity(ctx, p.Activity)
		if err != nil && !errors.Is(err, crm.ErrNotFound) {
			return Source{}, false, fmt.Errorf("read %s: %w", p.Activity.Path(), err)
		}
		known[p.Activity] = a // zero when gone
	}
	if a.Ref != p.Activity || a.Ours || a.Generated || r.asOf.IsZero() && a.DeletedAt != nil || !slices.Contains(a.Accounts, r.account) {
		return Source{}, false, nil
	}
	key := p.Activity.String() + "@" + p.Version
	text, ok := texts[key]
	if !ok {
		var err error
		text, err = r.History.Text(ctx, p.Activity, p.Version)
		if err != nil && !errors.Is(err, crm.ErrNotFound) {
			return Source{}, false, fmt.Errorf("text of %s: %w", p.Activity.Path(), err)
		}
		texts[key] = text
	}
	if p.Start < 0 || p.End > len(text) || p.Start > p.End || text[p.Start:p.End] != p.Text {
		return Source{}, false, nil // erased or changed since it was indexed
	}
	r.untimed[p.Activity] = a.TimeUnknown
	src := Source{Passage: p, Stored: text, Accounts: a.Accounts, Theirs: theirWords(p, a)}
	if a.Document.Version == p.Version {
		src.Turns, src.Seq = a.Document.Turns, a.Seq
		src.New = r.before.unknown(a)
	}
	return src, true, nil
}

// tokens estimates how much of the budget a passage takes: four bytes a token, and its heading.
func tokens(text string) int { return len(text)/4 + 16 }

// focusWhole reports whether the passages hold all but a few bytes of the activity in question.
func (r *run) focusWhole() bool {
	if r.focus.Ref.IsZero() {
		return true
	}
	have := 0
	for _, p := range r.passages {
		if p.Activity == r.focus.Ref {
			have += p.End - p.Start
		}
	}
	return have*10 >= len(r.focus.Document.Text)*9
}
