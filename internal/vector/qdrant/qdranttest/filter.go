package qdranttest

import (
	"slices"

	pb "github.com/qdrant/go-client/qdrant"
)

func schemaType(p *pb.PayloadIndexParams) pb.PayloadSchemaType {
	switch p.GetIndexParams().(type) {
	case *pb.PayloadIndexParams_KeywordIndexParams:
		return pb.PayloadSchemaType_Keyword
	case *pb.PayloadIndexParams_IntegerIndexParams:
		return pb.PayloadSchemaType_Integer
	case *pb.PayloadIndexParams_FloatIndexParams:
		return pb.PayloadSchemaType_Float
	case *pb.PayloadIndexParams_BoolIndexParams:
		return pb.PayloadSchemaType_Bool
	}
	return pb.PayloadSchemaType_UnknownType
}

// admit refuses what the collection's strict mode refuses, and what the double does not know.
func (c *collection) admit(f *pb.Filter, allowUnindexed *bool) error {
	n := 0
	if err := c.walk(f, &n, c.strict() && allowUnindexed != nil && !*allowUnindexed); err != nil {
		return err
	}
	if limit := c.created.GetStrictModeConfig().FilterMaxConditions; c.strict() && limit != nil && uint64(n) > *limit {
		return invalid("Bad request: Filter has too many conditions: %d > %d", n, *limit)
	}
	return nil
}

func (c *collection) admitRead(f *pb.Filter) error {
	return c.admit(f, c.created.GetStrictModeConfig().UnindexedFilteringRetrieve)
}

func (c *collection) admitUpdate(f *pb.Filter) error {
	return c.admit(f, c.created.GetStrictModeConfig().UnindexedFilteringUpdate)
}

func (c *collection) walk(f *pb.Filter, n *int, indexed bool) error {
	if f.GetMinShould() != nil {
		return invalid("the double does not know min_should")
	}
	for _, cond := range slices.Concat(f.GetMust(), f.GetShould(), f.GetMustNot()) {
		*n++
		switch v := cond.GetConditionOneOf().(type) {
		case *pb.Condition_HasId:
			for _, id := range v.HasId.GetHasId() {
				if _, err := keyOf(id); err != nil {
					return err
				}
			}
		case *pb.Condition_Filter:
			if err := c.walk(v.Filter, n, indexed); err != nil {
				return err
			}
		case *pb.Condition_Field:
			if err := c.admitField(v.Field, indexed); err != nil {
				return err
			}
		default:
			return invalid("the double does not know the condition %T", v)
		}
	}
	return nil
}

// admitField asks for an index of the condition's kind. An integer matched against any index is let through and finds nothing, as observed for keyword fields.
func (c *collection) admitField(f *pb.FieldCondition, indexed bool) error {
	have := c.schema[f.GetKey()]
	var ok bool
	var want string
	switch {
	case f.GetRange() != nil:
		ok, want = have.GetFloatIndexParams() != nil, "integer, float"
		if p := have.GetIntegerIndexParams(); p != nil {
			ok = p.Range == nil || *p.Range
		}
	case f.GetMatch() != nil:
		switch v := f.GetMatch().GetMatchValue().(type) {
		case *pb.Match_Keyword, *pb.Match_Keywords:
			ok, want = have.GetKeywordIndexParams() != nil, "keyword, uuid"
		case *pb.Match_Integer, *pb.Match_Integers:
			ok, want = have != nil, "integer"
		case *pb.Match_Boolean:
			ok, want = have.GetBoolIndexParams() != nil, "bool"
		default:
			return invalid("the double does not know the match %T", v)
		}
	default:
		return invalid("the double does not know this field condition: %v", f)
	}
	if indexed && !ok {
		return invalid("Bad request: Index required but not found for \"%s\" of one of the following types: [%s]. "+
			"Help: Create an index for this key or use a different filter.", f.GetKey(), want)
	}
	return nil
}

// filter is a compiled filter: what a request sent is read once, not once per point.
type filter struct {
	must, should, mustNot []func(*point) bool
	keywords              []keywords // of must: candidates come from the smallest
}

type keywords struct {
	field  string
	values []string
}

func compile(f *pb.Filter) filter {
	var out filter
	for _, c := range f.GetMust() {
		out.must = append(out.must, condition(c))
		switch v := c.GetField().GetMatch().GetMatchValue().(type) {
		case *pb.Match_Keyword:
			out.keywords = append(out.keywords, keywords{c.GetField().GetKey(), []string{v.Keyword}})
		case *pb.Match_Keywords:
			out.keywords = append(out.keywords, keywords{c.GetField().GetKey(), v.Keywords.GetStrings()})
		}
	}
	for _, c := range f.GetShould() {
		out.should = append(out.should, condition(c))
	}
	for _, c := range f.GetMustNot() {
		out.mustNot = append(out.mustNot, condition(c))
	}
	return out
}

// matches is true for an empty filter: everybody's points.
func (f filter) matches(p *point) bool {
	for _, m := range f.must {
		if !m(p) {
			return false
		}
	}
	for _, m := range f.mustNot {
		if m(p) {
			return false
		}
	}
	return len(f.should) == 0 || slices.ContainsFunc(f.should, func(m func(*point) bool) bool { return m(p) })
}

func condition(c *pb.Condition) func(*point) bool {
	switch v := c.GetConditionOneOf().(type) {
	case *pb.Condition_HasId:
		ids := make(map[string]bool, len(v.HasId.GetHasId()))
		for _, id := range v.HasId.GetHasId() {
			if key, err := keyOf(id); err == nil { // walk has refused the others
				ids[key] = true
			}
		}
		return func(p *point) bool { return ids[p.key] }
	case *pb.Condition_Filter:
		inner := compile(v.Filter)
		return inner.matches
	case *pb.Condition_Field:
		return field(v.Field)
	}
	return func(*point) bool { return false }
}

// field compares by value and type: a text never equals a number. Of a list any element may match.
func field(f *pb.FieldCondition) func(*point) bool {
	test := func(*pb.Value) bool { return false }
	switch v := f.GetMatch().GetMatchValue().(type) {
	case *pb.Match_Keyword:
		test = func(e *pb.Value) bool { return text(e) && e.GetStringValue() == v.Keyword }
	case *pb.Match_Keywords:
		test = func(e *pb.Value) bool { return text(e) && slices.Contains(v.Keywords.GetStrings(), e.GetStringValue()) }
	case *pb.Match_Integer:
		test = func(e *pb.Value) bool { n, ok := integer(e); return ok && n == v.Integer }
	case *pb.Match_Integers:
		test = func(e *pb.Value) bool {
			n, ok := integer(e)
			return ok && slices.Contains(v.Integers.GetIntegers(), n)
		}
	case *pb.Match_Boolean:
		test = func(e *pb.Value) bool {
			b, ok := e.GetKind().(*pb.Value_BoolValue)
			return ok && b.BoolValue == v.Boolean
		}
	}
	if r := f.GetRange(); r != nil {
		test = func(e *pb.Value) bool { return within(r, e) }
	}
	return func(p *point) bool {
		for e := range elements(p.payload[f.GetKey()]) {
			if test(e) {
				return true
			}
		}
		return false
	}
}

func text(v *pb.Value) bool {
	_, ok := v.GetKind().(*pb.Value_StringValue)
	return ok
}

func integer(v *pb.Value) (int64, bool) {
	n, ok := v.GetKind().(*pb.Value_IntegerValue)
	if !ok {
		return 0, false
	}
	return n.IntegerValue, true
}

func within(r *pb.Range, v *pb.Value) bool {
	var x float64
	switch n := v.GetKind().(type) {
	case *pb.Value_IntegerValue:
		x = float64(n.IntegerValue)
	case *pb.Value_DoubleValue:
		x = n.DoubleValue
	default:
		return false
	}
	return (r.Lt == nil || x < *r.Lt) && (r.Lte == nil || x <= *r.Lte) && (r.Gt == nil || x > *r.Gt) && (r.Gte == nil || x >= *r.Gte)
}

// matching yields the shard's points that pass, in no order.
func (s *shard) matching(f filter) func(func(*point) bool) {
	sets := []map[string]*point{s.points}
	size := len(s.points)
	for _, k := range f.keywords {
		byValue, ok := s.values[k.field]
		if !ok {
			continue
		}
		var narrow []map[string]*point
		n := 0
		for _, v := range k.values {
			narrow = append(narrow, byValue[v])
			n += len(byValue[v])
		}
		if n < size {
			sets, size = narrow, n
		}
	}
	return func(yield func(*point) bool) {
		var seen map[string]bool
		if len(sets) > 1 {
			seen = make(map[string]bool, size) // a point may carry several of the values
		}
		for _, set := range sets {
			for key, p := range set {
				if seen[key] || !f.matches(p) {
					continue
				}
				if seen != nil {
					seen[key] = true
				}
				if !yield(p) {
					return
				}
			}
		}
	}
}
