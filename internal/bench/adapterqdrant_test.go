package bench

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	pb "github.com/qdrant/go-client/qdrant"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/vector/qdrant"
	"github.com/contextd/contextd/internal/vector/qdrant/qdranttest"
)

// qdrantServer is the real server that CONTEXTD_TEST_QDRANT names, or the double in this process, which says nothing about a server's own speed.
func qdrantServer(b *testing.B) (o qdrant.Options, what string) {
	b.Helper()
	addr, what := os.Getenv("CONTEXTD_TEST_QDRANT"), "bare client, real Qdrant"
	if addr == "" {
		double, err := qdranttest.New(qdranttest.Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(double.Close)
		addr, what = double.Addr(), "bare client, double of Qdrant in this process"
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		b.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		b.Fatal(err)
	}
	return qdrant.Options{Host: host, Port: n, Prefix: "bench" + strconv.FormatInt(time.Now().Unix(), 36)}, what
}

// upsertLimit is the most points that one request may bring to a collection of ours: its strict mode says so.
const upsertLimit = 500

// BenchmarkAdapterQdrant compares with the least that a caller of the client must do: an exact query with a filter, upserts of points made beforehand.
func BenchmarkAdapterQdrant(b *testing.B) {
	o, what := qdrantServer(b)
	st, err := qdrant.Open(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	client, err := pb.NewClient(&pb.Config{Host: o.Host, Port: o.Port, PoolSize: 3, SkipCompatibilityCheck: true})
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	s := newVectorSet(adapterChunks)
	parts := loaded(s)
	points := make([][]*pb.PointStruct, len(parts))
	for i, part := range parts {
		points[i] = barePoints(part)
	}
	n := 0
	place := func() (name string, x *qdrant.Index) { // one that is new and empty; the one before the last goes
		if n++; n > 3 {
			if err := st.Drop(b.Context(), fmt.Sprint("g", n-2)); err != nil {
				b.Fatal(err)
			}
		}
		name = fmt.Sprint("g", n)
		if err := st.Create(b.Context(), crm.Generation{Name: name, Fingerprint: "bench", Dimension: vectorDim}); err != nil {
			b.Fatal(err)
		}
		x, err := st.Open(b.Context(), name)
		if err != nil {
			b.Fatal(err)
		}
		return "contextd_" + o.Prefix + "_" + name, x
	}
	first, x := place()
	parallel(b, parts, func(part []crm.Kept) error { return x.Replace(b.Context(), part) })
	alternateAdapter(b, adapter{line: "qdrant", how: what,
		question: s.question,
		search: func(q adapterQuestion) error {
			hits, err := x.Nearest(b.Context(), q.vector, crm.ItemView, crm.Filter{Portal: portal, Account: q.account}, nearest)
			return enough(len(hits), err)
		},
		bare: func(q adapterQuestion) error {
			hits, err := client.Query(b.Context(), &pb.QueryPoints{CollectionName: first, Query: pb.NewQueryDense(q.vector), Using: pb.PtrOf("item"), Limit: pb.PtrOf(uint64(nearest)),
				Params: &pb.SearchParams{Exact: pb.PtrOf(true)},
				Filter: &pb.Filter{Must: []*pb.Condition{pb.NewMatch("portal_id", portal.String()), pb.NewMatch("accounts", q.account.Path())}}})
			return enough(len(hits), err)
		},
		load: func() func([]crm.Kept) error {
			_, next := place()
			return func(part []crm.Kept) error { return next.Replace(b.Context(), part) }
		},
		bareLoad: func() func(int) error {
			name, _ := place()
			return func(part int) error {
				for some := range slices.Chunk(points[part], upsertLimit) {
					if _, err := client.Upsert(b.Context(), &pb.UpsertPoints{CollectionName: name, Wait: pb.PtrOf(true), Points: some}); err != nil {
						return err
					}
				}
				return nil
			}
		}}, parts)
}

// barePoints carry what the adapter's carry.
func barePoints(part []crm.Kept) (out []*pb.PointStruct) {
	for _, k := range part {
		for i, c := range k.Chunks {
			indices, values := make([]uint32, len(k.Terms[i])), make([]float32, len(k.Terms[i]))
			for j := range indices {
				indices[j], values[j] = uint32(1000*i+j), 1
			}
			id := c.ID[:8] + "-" + c.ID[8:12] + "-" + c.ID[12:16] + "-" + c.ID[16:20] + "-" + c.ID[20:]
			out = append(out, &pb.PointStruct{Id: pb.NewIDUUID(id), Payload: pb.NewValueMap(map[string]any{
				"portal_id": portal.String(), "activity": k.Activity.Ref.Path(), "modified": int64(0), "digest": k.Digest, "accounts": []any{k.Accounts[0].Path()}, "chunks": len(k.Chunks),
				"kind": string(c.Kind), "created": c.Created.UnixMicro(), "generated": false, "pos": c.Pos, "people": []any{}, "time": c.Time.UnixMicro(),
			}), Vectors: pb.NewVectorsMap(map[string]*pb.Vector{"item": pb.NewVectorDense(c.Vector), "bm25": pb.NewVectorSparse(indices, values)})})
		}
	}
	return out
}
