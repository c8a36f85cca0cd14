package qdrant

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	pb "github.com/qdrant/go-client/qdrant"

	"github.com/contextd/contextd/internal/crm"
)

// chunkUUID writes a chunk id, 32 hex digits, as the UUID that the server wants; the portal is part of what the id is a hash of.
func chunkUUID(id string) string {
	return id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
}

func chunkID(id *pb.PointId) string {
	u := id.GetUuid()
	if len(u) != 36 {
		return u
	}
	return u[:8] + u[9:13] + u[14:18] + u[19:23] + u[24:]
}

// checkKept refuses what must not reach the server, which would store a NaN without a word.
func checkKept(k *crm.Kept, g *generation) error {
	a := k.Activity.Ref
	if err := checkRefs(a.Portal, a); err != nil {
		return err
	}
	if err := checkRefs(a.Portal, k.Accounts...); err != nil {
		return err
	}
	if len(k.Terms) > 0 && len(k.Terms) != len(k.Chunks) {
		return fmt.Errorf("qdrant: %s: terms of %d chunks for %d: %w", a, len(k.Terms), len(k.Chunks), crm.ErrInvalid)
	}
	for i := range k.Chunks {
		if err := checkChunk(&k.Chunks[i], a.Portal, g); err != nil {
			return err
		}
	}
	return nil
}

func checkChunk(c *crm.Chunk, portal crm.PortalID, g *generation) error {
	if raw, err := hex.DecodeString(c.ID); err != nil || len(raw) != 16 || hex.EncodeToString(raw) != c.ID {
		return fmt.Errorf("qdrant: chunk id %q: want 32 lower-case hex digits: %w", c.ID, crm.ErrInvalid)
	}
	if !crm.ValidVector(c.Vector, g.Dimension) {
		return fmt.Errorf("qdrant: chunk %s: vector of %d: want %d finite numbers that are not all zero: %w", c.ID, len(c.Vector), g.Dimension, crm.ErrInvalid)
	}
	if g.Windows && !crm.ValidVector(c.Window, g.Dimension) || !g.Windows && len(c.Window) > 0 {
		return fmt.Errorf("qdrant: chunk %s: window of %d: generation %s has windows: %t: %w", c.ID, len(c.Window), g.Name, g.Windows, crm.ErrInvalid)
	}
	return checkRefs(portal, c.People...)
}

// checkRefs wants references of this portal.
func checkRefs(portal crm.PortalID, refs ...crm.Ref) error {
	for _, r := range refs {
		if r.Portal != portal || portal <= 0 || r.Type == "" || strings.Contains(string(r.Type), "/") || r.ID == "" {
			return fmt.Errorf("qdrant: %s is no reference in portal %s: %w", r, portal, crm.ErrInvalid)
		}
	}
	return nil
}

// points are an activity's chunks as the server stores them. What chunks have in common is made once: nearly all have the same facets.
func points(k *crm.Kept, g *generation) []*pb.PointStruct {
	out := make([]*pb.PointStruct, len(k.Chunks))
	var common map[string]*pb.Value
	for i := range k.Chunks {
		c := &k.Chunks[i]
		if i == 0 || !alike(c, &k.Chunks[i-1]) {
			common = facets(k, c)
		}
		payload := maps.Clone(common)
		payload[posField] = pb.NewValueInt(int64(c.Pos))
		vectors := make(map[string]*pb.Vector, 3)
		vectors[itemVector] = pb.NewVectorDense(c.Vector)
		if g.Windows {
			vectors[windowVector] = pb.NewVectorDense(c.Window)
		}
		if len(k.Terms) > 0 && len(k.Terms[i]) > 0 {
			vectors[termVector] = pb.NewVectorSparse(termEntries(k.Terms[i], g.AverageLength))
		}
		out[i] = &pb.PointStruct{Id: pb.NewIDUUID(chunkUUID(c.ID)), Payload: payload, Vectors: pb.NewVectorsMap(vectors)}
	}
	return out
}

func alike(a, b *crm.Chunk) bool {
	return a.Kind == b.Kind && a.Generated == b.Generated && a.Time.Equal(b.Time) && a.Created.Equal(b.Created) && slices.Equal(a.People, b.People)
}

// facets is the payload of a chunk without its position.
func facets(k *crm.Kept, c *crm.Chunk) map[string]*pb.Value {
	v := map[string]*pb.Value{
		portalField: pb.NewValueString(k.Activity.Ref.Portal.String()), activityField: pb.NewValueString(k.Activity.Ref.Path()),
		modifiedField: pb.NewValueInt(micros(k.Activity.Modified)), digestField: pb.NewValueString(k.Digest), chunksField: pb.NewValueInt(int64(len(k.Chunks))),
		accountsField: paths(k.Accounts), peopleField: paths(c.People), kindField: pb.NewValueString(string(c.Kind)),
		createdField: pb.NewValueInt(micros(c.Created)), generatedField: pb.NewValueBool(c.Generated),
	}
	if !c.Time.IsZero() {
		v[timeField] = pb.NewValueInt(micros(c.Time))
	}
	return v
}

func ids(points []*pb.PointStruct) []*pb.PointId {
	out := make([]*pb.PointId, len(points))
	for i, p := range points {
		out[i] = p.GetId()
	}
	return out
}

// paths is a list of references within the portal, each once.
func paths(refs []crm.Ref) *pb.Value {
	values := make([]*pb.Value, 0, len(refs))
	seen := make(map[crm.Ref]bool, len(refs))
	for _, r := range refs {
		if !seen[r] {
			seen[r] = true
			values = append(values, pb.NewValueString(r.Path()))
		}
	}
	return pb.NewValueFromList(values...)
}

// refs reads what paths wrote.
func refs(portal crm.PortalID, v *pb.Value) ([]crm.Ref, error) {
	var out []crm.Ref
	for _, e := range v.GetListValue().GetValues() {
		r, err := stored(portal, e)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// stored reads one path. It takes every id that was written: what HubSpot may hand out is not this package's to judge.
func stored(portal crm.PortalID, v *pb.Value) (crm.Ref, error) {
	typ, id, ok := strings.Cut(v.GetStringValue(), "/")
	if !ok || typ == "" || id == "" {
		return crm.Ref{}, fmt.Errorf("qdrant: the server holds %q instead of a reference", v.GetStringValue())
	}
	return crm.Ref{Portal: portal, Type: crm.ObjectType(typ), ID: id}, nil
}
