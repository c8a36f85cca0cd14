package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/evals/retrieval"
	judged "github.com/contextd/contextd/internal/evals/similar"
	"github.com/contextd/contextd/retriever/similar"
)

func (p *program) evalSimilarCommand() *cobra.Command {
	var o evalOptions
	cmd := &cobra.Command{
		Use:   "similar [--set DIR …]",
		Short: "Measure the search for similar accounts",
		Long: `Measure the search for similar accounts, beside rankings by parts of it: words alone, meaning alone (the centroid), firmographics alone, and chance.

Without --set: the accounts of the demo portal, as they are on the morning of its last day, against a judgement of which of them are alike in their situation. "demo/abroad" asks for those
in other languages only. With --set: each account of an evaluation set is cut in two halves, and the first must find the second among the second halves of all.
--gate exits 6 when a figure of the ranking is lower than accepted; --accept writes them.`,
		Example: "  contextd eval similar\n  contextd eval similar --set sets/qmsum -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, err := p.output(cmd)
			if err != nil {
				return err
			}
			if o.gate && o.accept {
				return usagef("--gate and --accept contradict each other: leave one out")
			}
			if len(o.sets) == 0 && (cmd.Flags().Changed("vectors") || cmd.Flags().Changed("embedder") || cmd.Flags().Changed("embed-cache")) {
				return usagef("the demo portal is measured with the parts that are built in: leave out --vectors, --embedder and --embed-cache, or name a --set")
			}
			if o.backs, err = evalPlaces(o.vectors, o.embedder); err != nil {
				return err
			}
			if len(o.backs) > 1 {
				return usagef("--vectors: similar accounts are measured on one back end: name one")
			}
			return evalSimilar(cmd.Context(), out, o)
		},
	}
	f := cmd.Flags()
	o.common(cmd)
	f.BoolVar(&o.gate, "gate", false, "fail when a figure is lower than accepted")
	f.BoolVar(&o.accept, "accept", false, "accept the figures")
	f.StringVar(&o.accepted, "accepted", "internal/evals/similar/accepted.tsv", "`FILE` with the accepted figures")
	f.Float64Var(&o.tolerance, "tolerance", .005, "by how much a figure may be lower than accepted")
	return cmd
}

// similarReport is what is printed of one way to rank.
type similarReport struct {
	Set       string             `json:"set"`
	Ranking   string             `json:"ranking"`
	BackEnd   string             `json:"back_end"`
	Embedder  string             `json:"embedder"`
	Questions int                `json:"questions"`
	Measures  map[string]float64 `json:"measures"`
}

// The rankings that are compared. The first is that of the product.
var evalRankings = []string{"similar", "words", "meaning", "firmographics", "chance"}

// similarCase is one question: an account, which others may be found, and which of them are alike.
type similarCase struct {
	account  crm.Ref
	among    map[crm.Ref]bool
	relevant map[string]bool // by path of the reference
}

// similarWorld is a set of questions over the real parts.
type similarWorld struct {
	set, backEnd, embedder string
	finder                 *similar.Finder
	accounts               []crm.Ref // that have a profile in the index
	cases                  []similarCase
}

func evalSimilar(ctx context.Context, out *output, o evalOptions) error {
	var worlds []similarWorld
	var err error
	if len(o.sets) > 0 {
		var halves []*evalWorld
		worlds, halves, err = similarHalves(ctx, out, o)
		defer func() { closeWorlds(out, halves) }()
	} else {
		var closing func()
		worlds, closing, err = similarDemo(ctx, out)
		defer closing()
	}
	if err != nil {
		return err
	}
	var reports []similarReport
	for _, w := range worlds {
		r, err := w.measure(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", w.set, err)
		}
		reports = append(reports, r...)
	}
	if out.Format == formatLines {
		err = printList(out, nil, reports, nil)
	} else {
		err = out.Value(map[string]any{"items": reports}, func(w io.Writer) { showSimilar(w, reports) })
	}
	if err != nil {
		return err
	}
	return settleFigures(out, o, similarFigures(reports))
}

// similarFigures are those that are accepted and gated: what the product does.
func similarFigures(reports []similarReport) retrieval.Accepted {
	got := retrieval.Accepted{}
	for _, r := range reports {
		if r.Ranking != evalRankings[0] {
			continue
		}
		for m, v := range r.Measures {
			got[retrieval.Figure{Set: r.Set, Mode: r.Ranking, BackEnd: r.BackEnd, Embedder: r.Embedder, Measure: m}] = v
		}
	}
	return got
}

// measure ranks in every way.
func (w similarWorld) measure(ctx context.Context) ([]similarReport, error) {
	scores := make([][]judged.Scores, len(evalRankings))
	for _, c := range w.cases {
		rankings, err := w.rank(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.account, err)
		}
		for i, name := range evalRankings {
			if name == "chance" {
				scores[i] = append(scores[i], judged.Random(len(c.among), len(c.relevant)))
				continue
			}
			scores[i] = append(scores[i], judged.Judge(rankings[name], c.relevant))
		}
	}
	var out []similarReport
	for i, name := range evalRankings {
		out = append(out, similarReport{w.set, name, w.backEnd, w.embedder, len(w.cases), judged.Mean(scores[i]).Named()})
	}
	return out, nil
}

// rank answers one question in each way, as paths of accounts, best first.
func (w similarWorld) rank(ctx context.Context, c similarCase) (map[string][]string, error) {
	index, e := w.finder.Live()
	all := len(w.accounts)
	out := map[string][]string{}
	add := func(ranking string, r crm.Ref) {
		if c.among[r] {
			out[ranking] = append(out[ranking], r.Path())
		}
	}
	q := crm.SimilarQuestion{ProfileFilter: crm.ProfileFilter{Portal: c.account.Portal, Except: c.account}, Account: c.account, Limit: all}
	found, err := w.finder.Rank(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, n := range found {
		add("similar", n.Account)
	}
	own, err := w.finder.Build(ctx, e, c.account, q.AsOf, crm.Profile{})
	if err != nil {
		return nil, err
	}
	words, err := index.MatchProfiles(ctx, own.Terms, q.ProfileFilter, all)
	if err != nil {
		return nil, err
	}
	for _, h := range words {
		add("words", h.Account)
	}
	meaning, err := index.NearProfiles(ctx, own.Vector, q.ProfileFilter, all)
	if err != nil {
		return nil, err
	}
	for _, h := range meaning {
		add("meaning", h.Account)
	}
	profiles, err := index.Profiles(ctx, w.accounts)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(profiles, func(a, b crm.Profile) int {
		return cmp.Or(cmp.Compare(similar.Alike(own, b), similar.Alike(own, a)), a.Account.Compare(b.Account))
	})
	for _, p := range profiles {
		add("firmographics", p.Account)
	}
	return out, nil
}

// showSimilar writes the figures for people.
func showSimilar(w io.Writer, reports []similarReport) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	names := slices.Sorted(maps.Keys(judged.Scores{}.Named()))
	fmt.Fprintf(tw, "SET\tQUESTIONS\tRANKING\t%s\n", strings.Join(names, "\t"))
	for _, r := range reports {
		cells := []string{r.Set, fmt.Sprint(r.Questions), r.Ranking}
		for _, n := range names {
			cells = append(cells, fmt.Sprintf("%.4f", r.Measures[n]))
		}
		fmt.Fprintln(tw, strings.Join(cells, "\t"))
	}
	tw.Flush() // into memory: cannot fail
}
