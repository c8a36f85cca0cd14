package hubsim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
)

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
	if r := s.clash(c.typ, nil, values); r != nil && !c.forgetful() {
		return prepared{}, r
	}
	if r := s.obey(c.typ, nil, values); r != nil {
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
	r := fail(400, "VALIDATION_ERROR", fmt.Sprintf("Error creating %s. Some required properties were not set.", strings.ToUpper(hubspot.Singular(t))))
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
