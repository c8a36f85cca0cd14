package hubsim

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
)

const searchCap = 10_000 // results that one query can reach

type filter struct {
	Property  string   `json:"propertyName"`
	Operator  string   `json:"operator"`
	Value     any      `json:"value"`
	HighValue any      `json:"highValue"`
	Values    []string `json:"values"`
}

type searchBody struct {
	Groups []struct {
		Filters []filter `json:"filters"`
	} `json:"filterGroups"`
	Sorts      []json.RawMessage `json:"sorts"`
	Query      string            `json:"query"`
	Properties []string          `json:"properties"`
	Limit      *int              `json:"limit"`
	After      flexID            `json:"after"`
}

// order is the one sort of a search.
type order struct {
	Property  string `json:"propertyName"`
	Direction string `json:"direction"`
}

// search sees objects as they were IndexLag ago and never archived ones.
func (s *Server) search(c *call) reply {
	rep := s.searchReply(c)
	rep.plain = true
	return rep
}

func (s *Server) searchReply(c *call) reply {
	var b searchBody
	if n := utf8.RuneCount(c.body); n > 3_000 {
		return badRequest("The request body is too long: %d characters, the limit is 3000", n)
	}
	if bad := c.decode(&b); bad != nil {
		return *bad
	}
	limit, offset, bad := b.page()
	if bad == nil {
		bad = s.checkFilters(c.typ, b)
	}
	if bad != nil {
		return *bad
	}
	by, bad := b.sort()
	if bad != nil {
		return *bad
	}
	seen := s.now().Add(-s.opt.IndexLag)
	var hits []*object
	for _, id := range s.tables[c.typ].ids {
		o := s.tables[c.typ].rows[id]
		if !o.archived && !o.created.After(seen) && s.matches(o, b, seen) {
			hits = append(hits, o)
		}
	}
	if by.Property != "" {
		s.sortBy(hits, by, seen)
	}
	body := map[string]any{"total": len(hits)}
	results := []any{}
	for _, o := range hits[min(offset, len(hits)):min(offset+limit, len(hits))] {
		results = append(results, s.render(o, b.Properties, nil))
	}
	body["results"] = results
	if offset+limit < len(hits) {
		body["paging"] = map[string]any{"next": map[string]string{"after": strconv.Itoa(offset + limit)}}
	}
	return ok(body)
}

func (b *searchBody) page() (limit, offset int, bad *reply) {
	limit = 10
	if b.Limit != nil {
		limit = *b.Limit
	}
	if b.After != "" {
		n, err := strconv.Atoi(string(b.After))
		if err != nil || n < 0 {
			r := badRequest("Invalid value for after: %s", b.After)
			return 0, 0, &r
		}
		offset = n
	}
	var r reply
	switch {
	case limit < 0 || limit > 200:
		r = badRequest("Invalid value for limit: %d. The limit must be between 0 and 200.", limit)
	case offset+limit > searchCap:
		r = badRequest("The search can only page through %d results; after=%d with limit=%d is beyond", searchCap, offset, limit)
	default:
		return limit, offset, nil
	}
	return 0, 0, &r
}

func (b *searchBody) sort() (order, *reply) {
	var by order
	if len(b.Sorts) == 0 {
		return by, nil
	}
	if len(b.Sorts) > 1 {
		r := badRequest("Only one sort is allowed, got %d", len(b.Sorts))
		return by, &r
	}
	var name string
	if json.Unmarshal(b.Sorts[0], &name) == nil { // the short form: "createdate" or "-createdate"
		by.Property, by.Direction = strings.TrimPrefix(name, "-"), "ASCENDING"
		if strings.HasPrefix(name, "-") {
			by.Direction = "DESCENDING"
		}
		return by, nil
	}
	if err := json.Unmarshal(b.Sorts[0], &by); err != nil || by.Property == "" {
		r := badRequest("Invalid sort: %s", b.Sorts[0])
		return by, &r
	}
	return by, nil
}

var operators = []string{"EQ", "NEQ", "LT", "LTE", "GT", "GTE", "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"}

// Not filterable in search (search guide).
var unfilterable = []string{"hs_body_preview_html", "hs_email_html"}

func (s *Server) checkFilters(t crm.ObjectType, b searchBody) *reply {
	total := 0
	refuse := func(format string, args ...any) *reply { r := badRequest(format, args...); return &r }
	if len(b.Groups) > 5 {
		return refuse("Too many filter groups: %d, the limit is 5", len(b.Groups))
	}
	for _, g := range b.Groups {
		if total += len(g.Filters); len(g.Filters) > 6 || total > 18 {
			return refuse("Too many filters: the limit is 6 per group and 18 in total")
		}
		for _, f := range g.Filters {
			if peer, isLink := strings.CutPrefix(f.Property, "associations."); isLink {
				if to, known := hubspot.ParseType(peer); !known || !to.IsRecord() {
					return refuse("Unknown association filter %s", f.Property)
				}
			} else if s.tables[t].props[f.Property] == nil {
				return refuse("There was a problem with the request: property %s does not exist", f.Property)
			}
			if !slices.Contains(operators, f.Operator) {
				return refuse("Invalid operator: %s", f.Operator)
			}
			if slices.Contains(unfilterable, f.Property) || t == crm.Emails && f.Property == "hs_body_preview" {
				return refuse("Property %s is not filterable", f.Property)
			}
		}
	}
	return nil
}

// matches is true when any group matches in all its filters, and the query's words are all found.
func (s *Server) matches(o *object, b searchBody, seen time.Time) bool {
	if b.Query != "" && !s.mentions(o, b.Query, seen) {
		return false
	}
	if len(b.Groups) == 0 {
		return true
	}
	return slices.ContainsFunc(b.Groups, func(g struct {
		Filters []filter `json:"filters"`
	}) bool {
		for _, f := range g.Filters {
			if !s.passes(o, f, seen) {
				return false
			}
		}
		return true
	})
}

// indexed is a value as the search index knows it.
func (s *Server) indexed(o *object, name string, seen time.Time) string {
	if len(o.values[name]) > 0 {
		return o.rawAt(name, seen)
	}
	return s.shownValue(o, name)
}

func (s *Server) passes(o *object, f filter, seen time.Time) bool {
	if peer, isLink := strings.CutPrefix(f.Property, "associations."); isLink {
		return s.linkedTo(o, peer, f)
	}
	def, v := s.tables[o.typ].props[f.Property], s.indexed(o, f.Property, seen)
	value, high := scalar(f.Value), scalar(f.HighValue)
	compare := func(other string) int { return compareValues(def, v, other) }
	switch f.Operator {
	case "HAS_PROPERTY":
		return v != ""
	case "NOT_HAS_PROPERTY":
		return v == ""
	case "NEQ":
		return compare(value) != 0
	case "NOT_IN":
		return !slices.ContainsFunc(f.Values, func(x string) bool { return compare(x) == 0 })
	case "NOT_CONTAINS_TOKEN":
		return !containsToken(v, value)
	}
	if v == "" {
		return false
	}
	switch f.Operator {
	case "EQ":
		return compare(value) == 0
	case "LT":
		return compare(value) < 0
	case "LTE":
		return compare(value) <= 0
	case "GT":
		return compare(value) > 0
	case "GTE":
		return compare(value) >= 0
	case "BETWEEN":
		return compare(value) >= 0 && compare(high) <= 0
	case "IN":
		return slices.ContainsFunc(f.Values, func(x string) bool { return compare(x) == 0 })
	}
	return containsToken(v, value) // CONTAINS_TOKEN, the only one left of operators
}

func (s *Server) linkedTo(o *object, peer string, f filter) bool {
	to, _ := hubspot.ParseType(peer) // checked before
	l := o.links[to]
	want := append(slices.Clone(f.Values), scalar(f.Value))
	return l != nil && slices.ContainsFunc(want, func(v string) bool {
		id, valid := parseID(v)
		return valid && len(l.types[id]) > 0
	})
}

// compareValues orders two values by the property's type; text compares without case.
func compareValues(def *property, a, b string) int {
	switch def.Type {
	case "number":
		x, errX := strconv.ParseFloat(a, 64)
		y, errY := strconv.ParseFloat(b, 64)
		if def.Name == "hs_object_id" { // ids do not fit a float
			i, _ := strconv.ParseInt(a, 10, 64)
			j, _ := strconv.ParseInt(b, 10, 64)
			return cmp.Compare(i, j)
		}
		if errX == nil && errY == nil {
			return cmp.Compare(x, y)
		}
	case "date", "datetime":
		x, okX := parseTime(a)
		y, okY := parseTime(b)
		if okX && okY {
			return x.Compare(y)
		}
	}
	return strings.Compare(lower(a), lower(b))
}

func (s *Server) sortBy(hits []*object, by order, seen time.Time) {
	if len(hits) == 0 {
		return
	}
	def := s.tables[hits[0].typ].props[by.Property]
	if def == nil {
		return
	}
	keys := make(map[*object]string, len(hits))
	for _, o := range hits {
		keys[o] = s.indexed(o, by.Property, seen)
	}
	slices.SortStableFunc(hits, func(a, b *object) int {
		n := compareValues(def, keys[a], keys[b])
		if by.Direction == "DESCENDING" {
			return -n
		}
		return n
	})
}
