package hubsim

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
)

// input is one object to create, update or find, in single calls and in batches.
type input struct {
	ID           flexID         `json:"id"`
	IDProperty   string         `json:"idProperty"`
	Properties   map[string]any `json:"properties"`
	Associations []struct {
		To    struct{ ID flexID } `json:"to"`
		Types []struct {
			Category string `json:"associationCategory"`
			ID       int    `json:"associationTypeId"`
		} `json:"types"`
	} `json:"associations"`
	TraceID string `json:"objectWriteTraceId"`
}

// flexID is an id given as a string or as a number.
type flexID string

// UnmarshalJSON accepts "12" and 12.
func (f *flexID) UnmarshalJSON(b []byte) error {
	if len(b) > 1 && b[0] == '"' {
		s, err := strconv.Unquote(string(b))
		*f = flexID(s)
		return err
	}
	*f = flexID(b)
	return nil
}

// query are the read options of get and list.
type query struct {
	props, history []string
	inline         []crm.ObjectType
	archived       bool
}

func readQuery(c *call) (query, *reply) {
	v := c.URL.Query()
	q := query{props: list(v["properties"]), history: list(v["propertiesWithHistory"]), archived: v.Get("archived") == "true"}
	for _, name := range list(v["associations"]) {
		t, known := hubspot.ParseType(name)
		if !known {
			r := badRequest("Unable to infer object type from: %s", name)
			return q, &r
		}
		q.inline = append(q.inline, t)
	}
	return q, nil
}

func (s *Server) show(o *object, q query) *record {
	r := s.render(o, q.props, q.history)
	s.inline(r, o, q.inline)
	return r
}

func (s *Server) listObjects(c *call) reply {
	q, bad := readQuery(c)
	if bad != nil {
		return *bad
	}
	limit, most := 10, 100
	if len(q.history) > 0 {
		most = 50
	}
	if v := c.URL.Query().Get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > most {
			return badRequest("Invalid value for limit: %s. The limit must be between 1 and %d.", v, most)
		}
		limit = n
	}
	after := int64(0)
	if v := c.URL.Query().Get("after"); v != "" {
		n, valid := parseID(v)
		if !valid {
			return badRequest("Invalid value for after: %s", v)
		}
		after = n
	}
	tb, results, last := s.tables[c.typ], []any{}, int64(0)
	i, found := slices.BinarySearch(tb.ids, after)
	if found {
		i++
	}
	for ; i < len(tb.ids); i++ {
		o := tb.rows[tb.ids[i]]
		if o.archived != q.archived {
			continue
		}
		if len(results) == limit {
			next := strconv.FormatInt(last, 10)
			return ok(map[string]any{"results": results, "paging": map[string]any{"next": map[string]string{"after": next,
				"link": fmt.Sprintf("https://api.hubapi.com/crm/v3/objects/%s?after=%s", c.typ, next)}}})
		}
		results = append(results, s.show(o, q))
		last = o.id
	}
	return ok(map[string]any{"results": results})
}

// locate finds the object of a path: by id, through aliases of merged records, or by a unique property.
func (s *Server) locate(t crm.ObjectType, id, idProperty string, follow bool) (*object, *reply) {
	tb := s.tables[t]
	if idProperty != "" && idProperty != "hs_object_id" {
		if def := tb.props[idProperty]; def == nil || !def.HasUniqueValue {
			r := badRequest("idProperty %s is not a unique property of %s", idProperty, t)
			return nil, &r
		}
		if o := tb.byUnique(idProperty, id); o != nil {
			return o, nil
		}
	} else if n, valid := parseID(id); valid {
		if o := tb.live(n, follow); o != nil {
			return o, nil
		}
	}
	r := notFound(string(t), id)
	return nil, &r
}

func (s *Server) readObject(c *call) reply {
	q, bad := readQuery(c)
	if bad != nil {
		return *bad
	}
	id := c.PathValue("id")
	if n, valid := parseID(id); valid && q.archived {
		if o := s.tables[c.typ].rows[n]; o != nil && o.archived {
			return ok(s.show(o, q))
		}
	}
	o, missing := s.locate(c.typ, id, c.URL.Query().Get("idProperty"), true)
	if missing != nil || q.archived {
		return notFound(string(c.typ), id)
	}
	return ok(s.show(o, q))
}

func (s *Server) updateObject(c *call) reply {
	var in input
	if bad := c.decode(&in); bad != nil {
		return *bad
	}
	o, missing := s.locate(c.typ, c.PathValue("id"), c.URL.Query().Get("idProperty"), true)
	if missing != nil {
		return *missing
	}
	r, refused := s.change(c, o, in)
	if refused != nil {
		return *refused
	}
	return ok(r)
}

// change checks and applies one update and logs the write, a repeat when it changed nothing.
func (s *Server) change(c *call, o *object, in input) (*record, *reply) {
	values, warns, bad := s.normalise(o.typ, in.Properties)
	if len(bad) > 0 {
		r := s.invalidValues(bad)
		return nil, &r
	}
	for name, v := range values {
		values[name] = appended(o.raw(name), v)
	}
	if r := s.clash(o.typ, o, values); r != nil {
		return nil, r
	}
	if r := s.obey(o.typ, o, values); r != nil {
		return nil, r
	}
	before, after, changed := s.set(c.actor, o, values)
	s.wrote(c, Write{Object: o.path(), Before: before, After: after, Repeat: !changed})
	r := s.render(o, sortedKeys(values), nil)
	r.Warnings, r.TraceID = warns, in.TraceID
	return r, nil
}

// archiveObject answers 204 also for what is already gone.
func (s *Server) archiveObject(c *call) reply {
	id, _ := parseID(c.PathValue("id"))
	s.discard(c, id)
	return reply{status: 204}
}

func (s *Server) discard(c *call, id int64) {
	o := s.tables[c.typ].live(id, true)
	w := Write{Object: string(c.typ) + "/" + strconv.FormatInt(id, 10), Before: map[string]string{"archived": "false"}, After: map[string]string{"archived": "true"}, Repeat: o == nil}
	if o != nil {
		s.archive(c.actor, o)
	} else {
		w.Before = w.After
	}
	s.wrote(c, w)
}
