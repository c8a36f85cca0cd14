package qdranttest

import (
	"fmt"

	pb "github.com/qdrant/go-client/qdrant"

	"github.com/google/uuid"
)

// shard holds points. Keyword fields with an index are also kept by value, so that a filter does not look at every point.
type shard struct {
	of     *collection
	points map[string]*point
	values map[string]map[string]map[string]*point // field → value → id → point
	born   uint64
}

// point is one stored point. Vectors are as stored: of unit length where the distance is cosine.
type point struct {
	key     string
	born    uint64
	id      *pb.PointId
	payload map[string]*pb.Value
	dense   map[string][]float32
	sparse  map[string]map[uint32]float32
}

func newShard(c *collection) *shard {
	return &shard{of: c, points: map[string]*point{}, values: map[string]map[string]map[string]*point{}}
}

// keyOf is the sort key of an id: numbers come first, then UUIDs in their canonical form.
func keyOf(id *pb.PointId) (string, error) {
	switch v := id.GetPointIdOptions().(type) {
	case *pb.PointId_Num:
		return fmt.Sprintf("#%020d", v.Num), nil
	case *pb.PointId_Uuid:
		u, err := uuid.Parse(v.Uuid)
		if err != nil {
			return "", invalid("Unable to parse UUID: %s", v.Uuid)
		}
		return u.String(), nil
	}
	return "", invalid("Missing point id")
}

func idOf(key string, id *pb.PointId) *pb.PointId {
	if _, ok := id.GetPointIdOptions().(*pb.PointId_Uuid); ok {
		return pb.NewIDUUID(key)
	}
	return id
}

func (s *shard) put(p *point) {
	s.remove(p.key)
	s.born++
	p.born = s.born
	s.points[p.key] = p
	s.enter(p)
}

func (s *shard) remove(key string) {
	if old := s.points[key]; old != nil {
		s.leave(old)
		delete(s.points, key)
	}
}

func (s *shard) enter(p *point) {
	for field, params := range s.of.schema {
		if params.GetKeywordIndexParams() == nil {
			continue
		}
		if s.values[field] == nil {
			s.values[field] = map[string]map[string]*point{}
		}
		for v := range words(p.payload[field]) {
			if s.values[field][v] == nil {
				s.values[field][v] = map[string]*point{}
			}
			s.values[field][v][p.key] = p
		}
	}
}

func (s *shard) leave(p *point) {
	for field, byValue := range s.values {
		for v := range words(p.payload[field]) {
			delete(byValue[v], p.key)
			if len(byValue[v]) == 0 {
				delete(byValue, v)
			}
		}
	}
}

// reindex builds the values of one field anew.
func (s *shard) reindex(field string) {
	delete(s.values, field)
	if s.of.schema[field].GetKeywordIndexParams() == nil {
		return
	}
	byValue := map[string]map[string]*point{}
	for key, p := range s.points {
		for v := range words(p.payload[field]) {
			if byValue[v] == nil {
				byValue[v] = map[string]*point{}
			}
			byValue[v][key] = p
		}
	}
	s.values[field] = byValue
}

// words yields the text values of a field: itself, or each of a list.
func words(v *pb.Value) func(func(string) bool) {
	return func(yield func(string) bool) {
		for e := range elements(v) {
			if t, ok := e.GetKind().(*pb.Value_StringValue); ok && !yield(t.StringValue) {
				return
			}
		}
	}
}

func elements(v *pb.Value) func(func(*pb.Value) bool) {
	return func(yield func(*pb.Value) bool) {
		if l, ok := v.GetKind().(*pb.Value_ListValue); ok {
			for _, e := range l.ListValue.GetValues() {
				if !yield(e) {
					return
				}
			}
			return
		}
		if v != nil {
			yield(v)
		}
	}
}
