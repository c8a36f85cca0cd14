package qdrant_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/vector/qdrant/qdranttest"
)

func TestSearchIsOneRequest(t *testing.T) {
	double := server(t, qdranttest.Options{Record: true})
	x := live(t, open(t, at(t, double.Addr())), generation("g1"))
	var batch []crm.Kept
	for i := range 10 {
		batch = append(batch, kept(ref(1, i), 5))
	}
	check(t, x.Replace(t.Context(), batch))
	for _, f := range []crm.Filter{{Portal: 1, Account: account(1)}, wide(1)} {
		double.Forget()
		_, err := x.Nearest(t.Context(), vector(1), crm.ItemView, f, 10)
		check(t, err)
		calls := double.Requests()
		if len(calls) != 1 {
			t.Fatalf("%d requests for one search: %v", len(calls), calls)
		}
		if exact := calls[0].Request.(*pb.QueryPoints).GetParams().GetExact(); exact == f.Wide {
			t.Errorf("wide %t is searched exactly: %t", f.Wide, exact)
		}
	}
}

// TestTies stores the same vector more often than one request asks for spare hits: the smallest ids must win.
func TestTies(t *testing.T) {
	double := server(t, qdranttest.Options{})
	x := live(t, open(t, at(t, double.Addr())), generation("g1"))
	k := kept(ref(1, 1), 200)
	var want []string
	for i := range k.Chunks {
		k.Chunks[i].Vector = vector(1)
		want = append(want, k.Chunks[i].ID)
	}
	slices.Sort(want)
	check(t, x.Replace(t.Context(), []crm.Kept{k}))
	for _, n := range []int{1, 5, 190, 199, 200, 500} {
		hits, err := x.Nearest(t.Context(), vector(1), crm.ItemView, wide(1), n)
		check(t, err)
		for i, h := range hits {
			if len(hits) != min(n, 200) || h.Chunk != want[i] {
				t.Fatalf("n %d: %d hits, place %d is %s, want %s", n, len(hits), i, h.Chunk, want[i])
			}
		}
	}
}

// TestShortGraphAnswerIsAskedAgain lets the approximate search find one hit where there are more.
func TestShortGraphAnswerIsAskedAgain(t *testing.T) {
	double := server(t, qdranttest.Options{})
	x := live(t, open(t, at(t, double.Addr())), generation("g1"))
	check(t, x.Replace(t.Context(), []crm.Kept{kept(ref(1, 1), 30)}))
	double.SetHook(func(_ context.Context, _ string, m proto.Message) error {
		if q, ok := m.(*pb.QueryPoints); ok && !q.GetParams().GetExact() {
			q.Limit = pb.PtrOf(uint64(1))
		}
		return nil
	})
	hits, err := x.Nearest(t.Context(), vector(1), crm.ItemView, wide(1), 20)
	if err != nil || len(hits) != 20 {
		t.Errorf("%d hits, %v, want 20", len(hits), err)
	}
}

func TestAnyNumberOfHits(t *testing.T) {
	double := server(t, qdranttest.Options{})
	x := live(t, open(t, at(t, double.Addr())), generation("g1"))
	check(t, x.Replace(t.Context(), []crm.Kept{kept(ref(1, 1), 30)}))
	for n, want := range map[int]int{math.MinInt: 0, -1: 0, 0: 0, 1: 1, 49_992: 30, 49_993: 30, 60_000: 30, math.MaxInt: 30} {
		hits, err := x.Nearest(t.Context(), vector(1), crm.ItemView, wide(1), n)
		if err != nil || len(hits) != want {
			t.Errorf("n %d: %d hits, %v, want %d", n, len(hits), err, want)
		}
		matched, err := x.Match(t.Context(), []string{"renew"}, wide(1), n)
		if err != nil || len(matched) != want {
			t.Errorf("n %d: %d matches, %v, want %d", n, len(matched), err, want)
		}
	}
	if hits, err := x.Nearest(t.Context(), vector(1), crm.ItemView, wide(9), math.MaxInt); err != nil || len(hits) != 0 {
		t.Errorf("an unknown portal: %v, %v", hits, err)
	}
	_, err := x.Nearest(t.Context(), []float32{1}, crm.ItemView, wide(1), 3)
	if !errors.Is(err, crm.ErrInvalid) {
		t.Errorf("a short vector: %v", err)
	}
}
