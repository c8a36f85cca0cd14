package qdranttest_test

import (
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/contextd/contextd/internal/vector/qdrant/qdranttest"
)

// The rows of this file are what a real server 1.18.3 was seen to answer.

func client(t *testing.T, addr string) *pb.Client {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	check(t, err)
	n, err := strconv.Atoi(port)
	check(t, err)
	c, err := pb.NewClient(&pb.Config{Host: host, Port: n, PoolSize: 1, SkipCompatibilityCheck: true})
	check(t, err)
	t.Cleanup(func() { check(t, c.Close()) })
	return c
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wants(t *testing.T, name string, err error, code codes.Code) {
	t.Helper()
	if status.Code(err) != code {
		t.Errorf("%s: %v, want %s", name, err, code)
	}
}

func id(n int) *pb.PointId { return pb.NewIDUUID(fmt.Sprintf("00000000-0000-0000-0000-%012d", n)) }

func point(n int, portal string, dense []float32, sparse ...uint32) *pb.PointStruct {
	vectors := map[string]*pb.Vector{}
	if dense != nil {
		vectors["dense"] = pb.NewVectorDense(dense)
	}
	if sparse != nil {
		values := make([]float32, len(sparse))
		for i := range values {
			values[i] = 1
		}
		vectors["words"] = pb.NewVectorSparse(sparse, values)
	}
	return &pb.PointStruct{Id: id(n), Vectors: pb.NewVectorsMap(vectors), Payload: pb.NewValueMap(map[string]any{"portal": portal, "size": n, "loose": portal})}
}

// world is a strict collection "c" with three points of two portals and an alias "a".
func world(t *testing.T) *pb.Client {
	t.Helper()
	c := client(t, qdranttest.Start(t))
	fill(t, c, "c")
	check(t, c.CreateAlias(t.Context(), "a", "c"))
	return c
}

func fill(t *testing.T, c *pb.Client, name string) {
	t.Helper()
	ctx := t.Context()
	check(t, c.CreateCollection(ctx, &pb.CreateCollection{CollectionName: name,
		VectorsConfig:       pb.NewVectorsConfigMap(map[string]*pb.VectorParams{"dense": {Size: 2, Distance: pb.Distance_Cosine}}),
		SparseVectorsConfig: pb.NewSparseVectorsConfig(map[string]*pb.SparseVectorParams{"words": {Modifier: pb.Modifier_Idf.Enum()}}),
		StrictModeConfig: &pb.StrictModeConfig{Enabled: pb.PtrOf(true), UnindexedFilteringRetrieve: pb.PtrOf(false), UnindexedFilteringUpdate: pb.PtrOf(false),
			MaxQueryLimit: pb.PtrOf(uint32(100)), UpsertMaxBatchsize: pb.PtrOf(uint64(5))},
		Metadata: pb.NewValueMap(map[string]any{"made": "by the test"})}))
	index(t, c, name, "portal", pb.FieldType_FieldTypeKeyword)
	index(t, c, name, "size", pb.FieldType_FieldTypeInteger)
	check(t, upsert(t, c, name, point(1, "p", []float32{3, 0}, 1), point(2, "p", []float32{0, 1}, 1, 2), point(3, "q", []float32{1, 1}, 2)))
}

func index(t *testing.T, c *pb.Client, name, field string, as pb.FieldType) {
	t.Helper()
	_, err := c.CreateFieldIndex(t.Context(), &pb.CreateFieldIndexCollection{CollectionName: name, FieldName: field, FieldType: as.Enum()})
	check(t, err)
}

func upsert(t *testing.T, c *pb.Client, name string, ps ...*pb.PointStruct) error {
	t.Helper()
	r, err := c.Upsert(t.Context(), &pb.UpsertPoints{CollectionName: name, Wait: pb.PtrOf(true), Points: ps})
	if err == nil && r.GetStatus() != pb.UpdateStatus_Completed {
		t.Errorf("status %s", r.GetStatus())
	}
	return err
}

func count(t *testing.T, c *pb.Client, f *pb.Filter) int {
	t.Helper()
	n, err := c.Count(t.Context(), &pb.CountPoints{CollectionName: "c", Filter: f})
	check(t, err)
	return int(n)
}

func query(t *testing.T, c *pb.Client, q *pb.QueryPoints) ([]*pb.ScoredPoint, error) {
	t.Helper()
	if q.CollectionName == "" {
		q.CollectionName = "c"
	}
	if q.Using == nil {
		q.Using = pb.PtrOf("dense")
	}
	if q.Query == nil {
		q.Query = pb.NewQuery(1, 0)
	}
	return c.Query(t.Context(), q)
}

func must(conditions ...*pb.Condition) *pb.Filter { return &pb.Filter{Must: conditions} }

func TestQuery(t *testing.T) {
	c := world(t)
	nan := float32(math.NaN())
	for _, row := range []struct {
		name string
		q    *pb.QueryPoints
		code codes.Code
		hits int
	}{
		{"missing collection", &pb.QueryPoints{CollectionName: "none"}, codes.NotFound, 0},
		{"by the alias", &pb.QueryPoints{CollectionName: "a"}, codes.OK, 3},
		{"wrong dimension", &pb.QueryPoints{Query: pb.NewQuery(1, 2, 3)}, codes.InvalidArgument, 0},
		{"unknown vector name", &pb.QueryPoints{Using: pb.PtrOf("other")}, codes.InvalidArgument, 0},
		{"limit 0", &pb.QueryPoints{Limit: pb.PtrOf(uint64(0))}, codes.InvalidArgument, 0},
		{"limit above the strict maximum", &pb.QueryPoints{Limit: pb.PtrOf(uint64(101))}, codes.InvalidArgument, 0},
		{"NaN", &pb.QueryPoints{Query: pb.NewQuery(nan, 1)}, codes.OK, 3},
		{"zero", &pb.QueryPoints{Query: pb.NewQuery(0, 0)}, codes.OK, 3},
		{"unindexed field", &pb.QueryPoints{Filter: must(pb.NewMatch("loose", "p"))}, codes.InvalidArgument, 0},
		{"keyword matched with an integer", &pb.QueryPoints{Filter: must(pb.NewMatchInt("portal", 1))}, codes.OK, 0},
		{"any of an empty list", &pb.QueryPoints{Filter: must(pb.NewMatchKeywords("portal"))}, codes.OK, 0},
		{"has_id of an empty list", &pb.QueryPoints{Filter: must(pb.NewHasID())}, codes.OK, 0},
		{"has_id", &pb.QueryPoints{Filter: must(pb.NewHasID(id(3), id(9)))}, codes.OK, 1},
		{"no filter: everybody", &pb.QueryPoints{}, codes.OK, 3},
		{"an empty filter: everybody", &pb.QueryPoints{Filter: &pb.Filter{}}, codes.OK, 3},
		{"a portal", &pb.QueryPoints{Filter: must(pb.NewMatch("portal", "p"))}, codes.OK, 2},
		{"must not", &pb.QueryPoints{Filter: &pb.Filter{MustNot: []*pb.Condition{pb.NewMatch("portal", "p")}}}, codes.OK, 1},
		{"should", &pb.QueryPoints{Filter: &pb.Filter{Should: []*pb.Condition{pb.NewMatch("portal", "q"), pb.NewHasID(id(1))}}}, codes.OK, 2},
		{"range", &pb.QueryPoints{Filter: must(pb.NewRange("size", &pb.Range{Gte: pb.PtrOf(2.), Lt: pb.PtrOf(3.)}))}, codes.OK, 1},
		{"the limit comes after the filter", &pb.QueryPoints{Filter: must(pb.NewMatch("portal", "q")), Limit: pb.PtrOf(uint64(1))}, codes.OK, 1},
		{"a sparse query of an unknown index", &pb.QueryPoints{Using: pb.PtrOf("words"), Query: pb.NewQuerySparse([]uint32{77}, []float32{1})}, codes.OK, 0},
		{"sparse: repeated index", &pb.QueryPoints{Using: pb.PtrOf("words"), Query: pb.NewQuerySparse([]uint32{1, 1}, []float32{1, 1})}, codes.InvalidArgument, 0},
		{"sparse: lengths differ", &pb.QueryPoints{Using: pb.PtrOf("words"), Query: pb.NewQuerySparse([]uint32{1, 2}, []float32{1})}, codes.InvalidArgument, 0},
		{"sparse: unsorted", &pb.QueryPoints{Using: pb.PtrOf("words"), Query: pb.NewQuerySparse([]uint32{2, 1}, []float32{1, 1})}, codes.OK, 3},
		{"sparse: empty", &pb.QueryPoints{Using: pb.PtrOf("words"), Query: pb.NewQuerySparse(nil, nil)}, codes.OK, 0},
	} {
		hits, err := query(t, c, row.q)
		wants(t, row.name, err, row.code)
		if len(hits) != row.hits {
			t.Errorf("%s: %d hits, want %d", row.name, len(hits), row.hits)
		}
	}
	hits, err := query(t, c, &pb.QueryPoints{Query: pb.NewQuery(7, 0), WithPayload: pb.NewWithPayloadInclude("portal")})
	check(t, err)
	if math.Abs(float64(hits[0].GetScore())-1) > 1e-6 || !slices.IsSortedFunc(hits, func(a, b *pb.ScoredPoint) int { return int(1e6 * (b.Score - a.Score)) }) {
		t.Errorf("parallel vectors of any length score 1, best first: %v", hits)
	}
	if p := hits[0].GetPayload(); len(p) != 1 || p["portal"].GetStringValue() != "p" {
		t.Errorf("asked for one field, have %v", p)
	}
}

func TestUpsert(t *testing.T) {
	c := world(t)
	nan := float32(math.NaN())
	many := make([]*pb.PointStruct, 6)
	for i := range many {
		many[i] = point(100+i, "p", []float32{1, 0})
	}
	strange := point(0, "p", []float32{1, 0})
	strange.Id = pb.NewIDUUID("not a uuid")
	unknown := point(50, "p", nil)
	unknown.Vectors = pb.NewVectorsMap(map[string]*pb.Vector{"other": pb.NewVector(1, 0)})
	for _, row := range []struct {
		name   string
		points []*pb.PointStruct
		code   codes.Code
		more   int
	}{
		{"NaN", []*pb.PointStruct{point(10, "p", []float32{nan, 0})}, codes.OK, 1},
		{"zero", []*pb.PointStruct{point(11, "p", []float32{0, 0})}, codes.OK, 1},
		{"one bad point of three", []*pb.PointStruct{point(12, "p", []float32{1, 0}), point(13, "p", []float32{1, 0, 0}), point(14, "p", []float32{1, 0})}, codes.InvalidArgument, 0},
		{"empty list", nil, codes.InvalidArgument, 0},
		{"unknown vector name", []*pb.PointStruct{unknown}, codes.InvalidArgument, 0},
		{"id that is no UUID", []*pb.PointStruct{strange}, codes.InvalidArgument, 0},
		{"above the strict batch size", many, codes.InvalidArgument, 0},
		{"without any vector", []*pb.PointStruct{point(15, "p", nil)}, codes.OK, 1},
		{"the same id again", []*pb.PointStruct{point(1, "p", []float32{1, 0})}, codes.OK, 0},
		{"repeated index", []*pb.PointStruct{point(16, "p", nil, 4, 4)}, codes.InvalidArgument, 0},
		{"unsorted indices", []*pb.PointStruct{point(17, "p", nil, 9, 4)}, codes.OK, 1},
		{"empty sparse vector", []*pb.PointStruct{point(18, "p", nil, []uint32{}...)}, codes.OK, 1},
	} {
		before := count(t, c, nil)
		wants(t, row.name, upsert(t, c, "c", row.points...), row.code)
		if got := count(t, c, nil) - before; got != row.more {
			t.Errorf("%s: %d points more, want %d", row.name, got, row.more)
		}
	}
	wants(t, "missing collection", upsert(t, c, "none", point(1, "p", []float32{1, 0})), codes.NotFound)
	if hits, err := query(t, c, &pb.QueryPoints{Filter: must(pb.NewHasID(id(15)))}); err != nil || len(hits) != 0 {
		t.Errorf("a point without vectors is found: %v %v", hits, err)
	}
}

func TestUpdateFilterAndModes(t *testing.T) {
	c := world(t)
	put := func(n int, portal string, filter *pb.Filter, mode pb.UpdateMode) {
		t.Helper()
		_, err := c.Upsert(t.Context(), &pb.UpsertPoints{CollectionName: "c", Points: []*pb.PointStruct{point(n, portal, []float32{1, 0})}, UpdateFilter: filter, UpdateMode: mode.Enum()})
		check(t, err) // never an error, whatever happened
	}
	portal := func(n int) string {
		hits, err := query(t, c, &pb.QueryPoints{Filter: must(pb.NewHasID(id(n))), WithPayload: pb.NewWithPayload(true)})
		check(t, err)
		if len(hits) == 0 {
			return ""
		}
		return hits[0].GetPayload()["portal"].GetStringValue()
	}
	put(1, "new", must(pb.NewRange("size", &pb.Range{Gt: pb.PtrOf(1.)})), pb.UpdateMode_Upsert)
	if portal(1) != "p" {
		t.Error("a filter that does not match has not kept the point")
	}
	put(1, "new", must(pb.NewRange("size", &pb.Range{Lte: pb.PtrOf(1.)})), pb.UpdateMode_Upsert)
	put(20, "new", must(pb.NewMatch("portal", "nobody")), pb.UpdateMode_Upsert)
	if portal(1) != "new" || portal(20) != "new" {
		t.Error("a point that matches, or does not exist, was not written")
	}
	put(2, "new", nil, pb.UpdateMode_InsertOnly)
	put(30, "new", nil, pb.UpdateMode_UpdateOnly)
	if portal(2) != "p" || portal(30) != "" {
		t.Error("the update modes are ignored")
	}
	_, err := c.Upsert(t.Context(), &pb.UpsertPoints{CollectionName: "c", Points: []*pb.PointStruct{point(1, "p", []float32{1, 0})}, UpdateFilter: must(pb.NewMatch("loose", "p"))})
	wants(t, "an update filter without index", err, codes.InvalidArgument)
}

func TestDeleteAndSetPayload(t *testing.T) {
	c := world(t)
	remove := func(sel *pb.PointsSelector) error {
		_, err := c.Delete(t.Context(), &pb.DeletePoints{CollectionName: "c", Points: sel})
		return err
	}
	set := func(sel *pb.PointsSelector) error {
		_, err := c.SetPayload(t.Context(), &pb.SetPayloadPoints{CollectionName: "c", PointsSelector: sel, Payload: pb.NewValueMap(map[string]any{"portal": []any{"p", "r"}})})
		return err
	}
	wants(t, "filter without index", remove(pb.NewPointsSelectorFilter(must(pb.NewMatch("loose", "p")))), codes.InvalidArgument)
	wants(t, "a missing id", remove(pb.NewPointsSelector(id(99))), codes.OK)
	wants(t, "payload of a missing id", set(pb.NewPointsSelector(id(99))), codes.NotFound)
	wants(t, "payload by a filter that finds nothing", set(pb.NewPointsSelectorFilter(must(pb.NewMatch("portal", "z")))), codes.OK)
	wants(t, "payload by a filter", set(pb.NewPointsSelectorFilter(must(pb.NewMatch("portal", "p")))), codes.OK)
	if n, q := count(t, c, must(pb.NewMatch("portal", "r"))), count(t, c, must(pb.NewMatch("portal", "q"))); n != 2 || q != 1 {
		t.Errorf("%d points are of r, %d of q, want 2 and 1: a list matches by any element", n, q)
	}
	wants(t, "by filter", remove(pb.NewPointsSelectorFilter(must(pb.NewMatch("portal", "q")))), codes.OK)
	if n := count(t, c, nil); n != 2 {
		t.Errorf("%d points are left, want 2", n)
	}
	wants(t, "an empty filter", remove(pb.NewPointsSelectorFilter(&pb.Filter{})), codes.OK)
	if n := count(t, c, nil); n != 0 {
		t.Errorf("an empty filter deletes every point, but %d are left", n)
	}
}

func TestCollectionsAndAliases(t *testing.T) {
	c, ctx := world(t), t.Context()
	create := func(name string) error { return c.CreateCollection(ctx, &pb.CreateCollection{CollectionName: name}) }
	wants(t, "an existing collection", create("c"), codes.AlreadyExists)
	wants(t, "a collection named like an alias", create("a"), codes.InvalidArgument)
	wants(t, "an alias to a missing collection", c.CreateAlias(ctx, "b", "none"), codes.NotFound)
	if err := c.DeleteCollection(ctx, "none"); err == nil || !strings.Contains(err.Error(), "failed to delete collection") {
		t.Errorf("deleting a missing collection: %v", err)
	}
	fill(t, c, "d")
	check(t, upsert(t, c, "d", point(4, "p", []float32{1, 0})))
	wants(t, "a swap to a missing collection", c.UpdateAliases(ctx, []*pb.AliasOperations{pb.NewAliasDelete("a"), pb.NewAliasCreate("a", "none")}), codes.NotFound)
	if hits, err := query(t, c, &pb.QueryPoints{CollectionName: "a"}); err != nil || len(hits) != 3 {
		t.Errorf("a failed swap changed the alias: %d hits, %v", len(hits), err)
	}
	check(t, c.UpdateAliases(ctx, []*pb.AliasOperations{pb.NewAliasDelete("a"), pb.NewAliasCreate("a", "d")}))
	if hits, err := query(t, c, &pb.QueryPoints{CollectionName: "a"}); err != nil || len(hits) != 4 {
		t.Errorf("after the swap: %d hits, %v", len(hits), err)
	}
	names, err := c.ListCollections(ctx)
	check(t, err)
	if slices.Sort(names); !slices.Equal(names, []string{"c", "d"}) {
		t.Errorf("collections are %v", names)
	}
	info, err := c.GetCollectionInfo(ctx, "c")
	check(t, err)
	if info.GetConfig().GetMetadata()["made"].GetStringValue() != "by the test" || info.GetPointsCount() != 3 || info.GetPayloadSchema()["size"].GetDataType() != pb.PayloadSchemaType_Integer {
		t.Errorf("info is %v", info)
	}
	check(t, c.DeleteCollection(ctx, "d")) // although an alias points to it
	_, err = query(t, c, &pb.QueryPoints{CollectionName: "a"})
	wants(t, "the alias went with its collection", err, codes.NotFound)
	index(t, c, "c", "portal", pb.FieldType_FieldTypeInteger) // replaces the keyword index without a word
	_, err = query(t, c, &pb.QueryPoints{Filter: must(pb.NewMatch("portal", "p"))})
	wants(t, "a keyword filter on a field whose index was replaced", err, codes.InvalidArgument)
}

func TestIDFCorpus(t *testing.T) {
	score := func(addr string) (p, all float32) {
		c := client(t, addr)
		fill(t, c, "c")
		check(t, upsert(t, c, "c", point(4, "q", nil, 1), point(5, "q", nil, 1), point(6, "p", nil, 3)))
		ask := func(corpus *pb.IdfParams) float32 {
			hits, err := query(t, c, &pb.QueryPoints{Using: pb.PtrOf("words"), Query: pb.NewQuerySparse([]uint32{1}, []float32{1}), Filter: must(pb.NewHasID(id(1))),
				Params: &pb.SearchParams{Idf: corpus}})
			check(t, err)
			return hits[0].GetScore()
		}
		return ask(&pb.IdfParams{Corpus: must(pb.NewMatch("portal", "p"))}), ask(nil)
	}
	idf := func(n, with float64) float32 { return float32(math.Log((n-with+.5)/(with+.5) + 1)) }
	if p, all := score(qdranttest.Start(t)); math.Abs(float64(p-idf(3, 2))) > 1e-5 || math.Abs(float64(all-idf(6, 4))) > 1e-5 {
		t.Errorf("idf %v in the portal, %v in all, want %v, %v", p, all, idf(3, 2), idf(6, 4))
	}
	old, err := qdranttest.New(qdranttest.Options{Version: "1.18.3"})
	check(t, err)
	t.Cleanup(old.Close)
	if p, all := score(old.Addr()); p != all {
		t.Errorf("a server before 1.19 knows no corpus, but scores %v and %v", p, all)
	}
}

func TestScroll(t *testing.T) {
	c := world(t)
	check(t, upsert(t, c, "c", point(7, "p", []float32{1, 0}), point(4, "p", []float32{1, 0})))
	var got []string
	req := &pb.ScrollPoints{CollectionName: "c", Filter: must(pb.NewMatch("portal", "p")), Limit: pb.PtrOf(uint32(3)), WithVectors: pb.NewWithVectorsInclude("dense")}
	for pages := 1; ; pages++ {
		points, next, err := c.ScrollAndOffset(t.Context(), req)
		check(t, err)
		for _, p := range points {
			got = append(got, p.GetId().GetUuid()[34:])
			if v := p.GetVectors().GetVectors().GetVectors(); len(v) != 1 || len(v["dense"].GetDenseVector().GetData()) != 2 {
				t.Errorf("vectors %v", v)
			}
		}
		if next == nil {
			if pages != 2 {
				t.Errorf("%d pages, want 2", pages)
			}
			break
		}
		req.Offset = next
	}
	if !slices.Equal(got, []string{"01", "02", "04", "07"}) {
		t.Errorf("scrolled %v, want each once, by id", got)
	}
}

func TestBatchAppliesInOrder(t *testing.T) {
	c := world(t)
	op := func(n int) *pb.PointsUpdateOperation {
		return pb.NewPointsUpdateUpsert(&pb.PointsUpdateOperation_PointStructList{Points: []*pb.PointStruct{point(n, "p", []float32{1, 0})}})
	}
	all := pb.NewPointsUpdateDeletePoints(&pb.PointsUpdateOperation_DeletePoints{Points: pb.NewPointsSelectorFilter(&pb.Filter{})})
	rs, err := c.UpdateBatch(t.Context(), &pb.UpdateBatchPoints{CollectionName: "c", Operations: []*pb.PointsUpdateOperation{op(50), all, op(51)}})
	check(t, err)
	if n := count(t, c, nil); n != 1 || len(rs) != 3 {
		t.Errorf("%d points, %d results, want 1 and 3", n, len(rs))
	}
}

func TestLife(t *testing.T) {
	s, err := qdranttest.New(qdranttest.Options{Record: true})
	check(t, err)
	t.Cleanup(s.Close)
	c := client(t, s.Addr())
	fill(t, c, "c")
	s.Interrupt()
	_, err = c.Count(t.Context(), &pb.CountPoints{CollectionName: "c"})
	wants(t, "an interrupted server", err, codes.Unavailable)
	check(t, s.Resume())
	again := client(t, s.Addr())
	if n := count(t, again, nil); n != 3 {
		t.Errorf("%d points after the interruption, want 3", n)
	}
	calls := s.Requests()
	if last := calls[len(calls)-1]; last.Method != "Count" || last.Request.(*pb.CountPoints).GetCollectionName() != "c" {
		t.Errorf("the last recorded call is %+v", last)
	}
}
