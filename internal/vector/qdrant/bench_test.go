package qdrant_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	pb "github.com/qdrant/go-client/qdrant"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/vector/qdrant"
	"github.com/contextd/contextd/internal/vector/qdrant/qdranttest"
)

// The benchmarks run against the double, so that they compare what the adapter adds to the bare client; they say nothing about a server.

const (
	benchDim      = 256
	benchChunks   = 20_000
	benchAccounts = 100
)

func benchVector(r *rand.Rand) []float32 {
	v := make([]float32, benchDim)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

// benchBatches are activities of four chunks of about forty words, sixty-four in a batch as the indexer hands them over.
func benchBatches(size int) [][]crm.Kept {
	r := rand.New(rand.NewPCG(1, 2))
	var all []crm.Kept
	for i := range benchChunks / 4 {
		a := crm.Ref{Portal: 1, Type: crm.Notes, ID: strconv.Itoa(i)}
		k := crm.Kept{Activity: crm.Activity{Ref: a, Modified: start}, Accounts: []crm.Ref{{Portal: 1, Type: crm.Companies, ID: strconv.Itoa(i % benchAccounts)}}, Digest: "d"}
		for pos := range 4 {
			sum := sha256.Sum256(fmt.Append(nil, a, pos))
			k.Chunks = append(k.Chunks, crm.Chunk{ID: hex.EncodeToString(sum[:16]), Activity: a, Pos: pos, Kind: crm.Note, Time: start, Created: start, Vector: benchVector(r)})
			var terms []crm.TermCount
			for w := range 40 {
				terms = append(terms, crm.TermCount{Term: fmt.Sprint("term", w, "-", r.IntN(500)), Count: 1})
			}
			k.Terms = append(k.Terms, terms)
		}
		all = append(all, k)
	}
	return slices.Collect(slices.Chunk(all, size))
}

type bench struct {
	store *qdrant.Store
	index *qdrant.Index
	bare  *pb.Client
}

func newBench(b *testing.B) bench {
	b.Helper()
	double := server(b, qdranttest.Options{})
	s := open(b, at(b, double.Addr()))
	b.Cleanup(func() { check(b, s.Close()) })
	host, port, err := net.SplitHostPort(double.Addr())
	check(b, err)
	n, err := strconv.Atoi(port)
	check(b, err)
	c, err := pb.NewClient(&pb.Config{Host: host, Port: n, PoolSize: 3, SkipCompatibilityCheck: true})
	check(b, err)
	b.Cleanup(func() { check(b, c.Close()) })
	check(b, s.Create(b.Context(), crm.Generation{Name: "g1", Fingerprint: "bench", Dimension: benchDim, Created: start}))
	check(b, s.Swap(b.Context(), "g1"))
	x, err := s.Open(b.Context(), "g1")
	check(b, err)
	return bench{s, x, c}
}

// filled loads once for all search benchmarks of a run.
func (x bench) fill(b *testing.B) {
	b.Helper()
	for _, batch := range benchBatches(1000) {
		check(b, x.index.Replace(b.Context(), batch))
	}
}

// median reports the p50 beside the mean.
func median(b *testing.B, ask func(i int)) {
	b.Helper()
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		from := time.Now()
		ask(i)
		took = append(took, time.Since(from))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
}

func benchAccount(i int) crm.Ref {
	return crm.Ref{Portal: 1, Type: crm.Companies, ID: strconv.Itoa(i % benchAccounts)}
}

func BenchmarkSearchAdapter(b *testing.B) {
	x := newBench(b)
	x.fill(b)
	q := benchVector(rand.New(rand.NewPCG(9, 9)))
	median(b, func(i int) {
		hits, err := x.index.Nearest(b.Context(), q, crm.ItemView, crm.Filter{Portal: 1, Account: benchAccount(i)}, 10)
		if err != nil || len(hits) != 10 {
			b.Fatal(len(hits), err)
		}
	})
}

// BenchmarkSearchBare is the least that a caller of the client must do: filter by portal and account, ten hits, exact.
func BenchmarkSearchBare(b *testing.B) {
	x := newBench(b)
	x.fill(b)
	q := benchVector(rand.New(rand.NewPCG(9, 9)))
	median(b, func(i int) {
		hits, err := x.bare.Query(b.Context(), &pb.QueryPoints{CollectionName: "contextd_main_g1", Query: pb.NewQueryDense(q), Using: pb.PtrOf("item"), Limit: pb.PtrOf(uint64(10)),
			Params: &pb.SearchParams{Exact: pb.PtrOf(true)},
			Filter: &pb.Filter{Must: []*pb.Condition{pb.NewMatch("portal_id", "1"), pb.NewMatch("accounts", benchAccount(i).Path())}}})
		if err != nil || len(hits) != 10 {
			b.Fatal(len(hits), err)
		}
	})
}

// BenchmarkLoadAdapter fills an empty generation by batches of 64 activities from four workers, much as the indexer does.
func BenchmarkLoadAdapter(b *testing.B) {
	batches := benchBatches(64)
	for b.Loop() {
		b.StopTimer()
		x := newBench(b)
		b.StartTimer()
		workers(b, len(batches), func(i int) error { return x.index.Replace(b.Context(), batches[i]) })
	}
	b.ReportMetric(benchChunks*float64(b.N)/b.Elapsed().Seconds(), "chunks/s")
}

// BenchmarkLoadBare upserts the same points, with the same payload and made beforehand, by as many workers and in requests of the same size.
func BenchmarkLoadBare(b *testing.B) {
	var parts [][]*pb.PointStruct
	for _, batch := range benchBatches(64) {
		parts = append(parts, barePoints(batch))
	}
	for b.Loop() {
		b.StopTimer()
		x := newBench(b)
		b.StartTimer()
		workers(b, len(parts), func(i int) error {
			_, err := x.bare.Upsert(b.Context(), &pb.UpsertPoints{CollectionName: "contextd_main_g1", Wait: pb.PtrOf(true), Points: parts[i]})
			return err
		})
	}
	b.ReportMetric(benchChunks*float64(b.N)/b.Elapsed().Seconds(), "chunks/s")
}

func workers(b *testing.B, n int, do func(i int) error) {
	b.Helper()
	next := make(chan int)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range next {
				if err := do(i); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

func barePoints(batch []crm.Kept) []*pb.PointStruct {
	var out []*pb.PointStruct
	for _, k := range batch {
		for i, c := range k.Chunks {
			indices, values := make([]uint32, len(k.Terms[i])), make([]float32, len(k.Terms[i]))
			for j := range indices {
				indices[j], values[j] = uint32(1000*i+j), 1
			}
			out = append(out, &pb.PointStruct{Id: pb.NewIDUUID(c.ID), Payload: pb.NewValueMap(map[string]any{
				"portal_id": "1", "activity": k.Activity.Ref.Path(), "modified": start.UnixMicro(), "digest": k.Digest, "accounts": []any{k.Accounts[0].Path()}, "chunks": len(k.Chunks),
				"kind": string(c.Kind), "created": start.UnixMicro(), "generated": false, "pos": c.Pos, "people": []any{}, "time": start.UnixMicro(),
			}), Vectors: pb.NewVectorsMap(map[string]*pb.Vector{"item": pb.NewVectorDense(c.Vector), "bm25": pb.NewVectorSparse(indices, values)})})
		}
	}
	return out
}
