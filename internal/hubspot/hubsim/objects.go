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

func (s *Server) createObject(c *call) reply {
	var in input
	if bad := c.decode(&in); bad != nil {
		return *bad
	}
	p, refused := s.prepare(c, in)
	if refused != nil {
		return *refused
	}
	return reply{status: 201, body: s.commit(c, p)}
}

// prepared is a create that has passed every check.
type prepared struct {
	in     input
	values map[string]string
	warns  []warning
	links  []plannedLink
}

type plannedLink struct {
	to    *object
	types []int
}

// prepare checks one create without storing anything.
func (s *Server) prepare(c *call, in input) (prepared, *reply) {
	values, warns, bad := s.normalise(c.typ, in.Properties)
	if len(bad) > 0 {
		r := s.invalidValues(bad)
		return prepared{}, &r
	}
	if r := s.required(c.typ, values); r != nil {
		return prepared{}, r
	}
	if r := s.clash(c.typ, nil, values); r != nil {
		return prepared{}, r
	}
	p := prepared{in: in, values: values, warns: warns}
	for _, a := range in.Associations {
		for _, at := range a.Types {
			to, known := s.targetOf(c.typ, at.ID)
			if !known {
				r := badRequest("association type %d is invalid from object type %s", at.ID, hubspot.TypeID(c.typ))
				return p, &r
			}
			id, _ := parseID(string(a.To.ID))
			peer := s.tables[to].live(id, true)
			if peer == nil {
				r := badRequest("One or more associations are not valid: %s %s does not exist", hubspot.Singular(to), a.To.ID)
				return p, &r
			}
			p.links = append(p.links, plannedLink{peer, []int{at.ID}})
		}
	}
	return p, nil
}

// commit stores a prepared create and logs the write.
func (s *Server) commit(c *call, p prepared) *record {
	o := s.create(c.actor, c.typ, 0, p.values)
	w := Write{Object: o.path(), Before: map[string]string{}, After: p.values}
	for _, l := range p.links {
		s.link(c.actor, o, l.to, l.types...)
		w.Associations = append(w.Associations, l.to.path())
	}
	s.wrote(c, w)
	r := s.render(o, sortedKeys(p.values), nil)
	r.Warnings, r.TraceID = p.warns, p.in.TraceID
	return r
}

// required checks what HubSpot asks for on create and fills in the default pipelines.
func (s *Server) required(t crm.ObjectType, v map[string]string) *reply {
	var names []string
	switch t {
	case crm.Companies:
		if v["name"] == "" && v["domain"] == "" {
			names = []string{"name", "domain"}
		}
	case crm.Deals:
		if v["pipeline"] == "" {
			v["pipeline"] = "default"
		}
		names = []string{"dealname", "dealstage"}
	case crm.Tickets:
		if v["hs_pipeline"] == "" {
			v["hs_pipeline"] = "0"
		}
		names = []string{"subject", "hs_pipeline_stage"}
	case crm.Emails:
		names = []string{"hs_timestamp", "hs_email_direction"}
	case crm.Communications:
		names = []string{"hs_timestamp", "hs_communication_channel_type"}
	case crm.Calls, crm.Meetings, crm.Notes, crm.Tasks:
		names = []string{"hs_timestamp"}
	}
	missing := slices.DeleteFunc(names, func(n string) bool { return v[n] != "" })
	if len(missing) == 0 {
		return nil
	}
	r := fail(400, "VALIDATION_ERROR", fmt.Sprintf("Error creating %s. Some required properties were not set.", asciiUpper(hubspot.Singular(t))))
	r.body.(*errorBody).Context = map[string][]string{"properties": missing}
	return &r
}

// clash refuses a unique value that another object has.
func (s *Server) clash(t crm.ObjectType, self *object, values map[string]string) *reply {
	for _, name := range sortedKeys(values) {
		def := s.tables[t].props[name]
		if def == nil || !def.HasUniqueValue || values[name] == "" {
			continue
		}
		other := s.tables[t].byUnique(name, values[name])
		if other == nil || other == self {
			continue
		}
		r := fail(409, "CONFLICT", fmt.Sprintf("Contact already exists. Existing ID: %d", other.id))
		if name != "email" {
			msg := fmt.Sprintf("%s already has that value.", other.key())
			r = s.invalidValues([]invalid{{name, "CONFLICTING_UNIQUE_VALUE", msg}})
		}
		return &r
	}
	return nil
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
