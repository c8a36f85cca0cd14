package vectortest

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

// clustered makes a vector near one of forty centres, as texts about the same matters are.
func clustered(seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 11))
	v := vector(RecallDim, r.Uint64N(40))
	for i, n := range vector(RecallDim, 1_000_000+seed) {
		v[i] += .9 * n
	}
	return unit(v)
}

// recall fills a portal with 6,000 chunks and another with 6, both in the same clusters.
func recall(t *testing.T, s *space) {
	ctx := t.Context()
	check(t, s.Create(ctx, crm.Generation{Name: "g2", Fingerprint: "suite@2", Dimension: RecallDim, Created: start.Add(1)}))
	x := openIndex(t, s, "g2")
	var w world
	for i := range 300 {
		ref, account := note(i), company(i%10)
		if i == 150 {
			ref, account = abroad(ref), abroad(account)
		}
		k := activity(ref, 20, start.AddDate(0, 0, i%30), account)
		if ref.Portal == 2 {
			k.Chunks = k.Chunks[:6]
		}
		for j := range k.Chunks {
			k.Chunks[j].Vector = clustered(uint64(1000*i + j))
		}
		w = append(w, k)
	}
	for part := range slices.Chunk(w, 100) {
		check(t, x.Replace(ctx, part))
	}
	for name, f := range map[string]crm.Filter{"portal": wide(1), "window": {Portal: 1, Wide: true, Since: start.AddDate(0, 0, 28)}, "account": in(company(3)), "small portal": wide(2)} {
		found, wanted := 0, 0
		for q := range uint64(25) {
			want := w.nearest(clustered(7_000_000+q), crm.ItemView, f, 10)
			got, err := x.Nearest(ctx, clustered(7_000_000+q), crm.ItemView, f, 10)
			check(t, err)
			if len(got) != len(want) {
				t.Fatalf("%s: %d hits, want %d", name, len(got), len(want))
			}
			wanted += len(want)
			for _, h := range got { // a chunk as near as the last of the exact answer is as good
				if h.Score >= want[len(want)-1].Score-slack/10 {
					found++
				}
			}
		}
		if share := float64(found) / float64(wanted); share < .99 {
			t.Errorf("%s: recall@10 %.4f, want ≥ .99", name, share)
		}
	}
}
