package hubsim

import (
	"fmt"
)

func (s *Server) listProperties(c *call) reply {
	tb, results := s.tables[c.typ], []any{}
	want := c.URL.Query().Get("dataSensitivity")
	if want == "" {
		want = "non_sensitive"
	}
	if c.URL.Query().Get("archived") == "true" {
		for _, name := range sortedKeys(tb.dropped) {
			results = append(results, tb.dropped[name])
		}
		return ok(map[string]any{"results": results})
	}
	for _, name := range tb.order {
		if p := tb.props[name]; p != nil && p.DataSensitivity == want {
			results = append(results, p)
		}
	}
	return ok(map[string]any{"results": results})
}

func (s *Server) readProperty(c *call) reply {
	if p := s.tables[c.typ].props[c.PathValue("name")]; p != nil {
		return ok(p)
	}
	return noProperty(c.PathValue("name"))
}

func noProperty(name string) reply {
	return fail(404, "OBJECT_NOT_FOUND", fmt.Sprintf("No property found with name: %s", name))
}

func (s *Server) createProperty(c *call) reply {
	var p property
	if bad := c.decode(&p); bad != nil {
		return *bad
	}
	return s.defineProperty(c, &p)
}

// defineProperty adds one definition, or brings an archived one of the same name back.
func (s *Server) defineProperty(c *call, p *property) reply {
	tb := s.tables[c.typ]
	if tb.props[p.Name] != nil {
		r := fail(409, "OBJECT_ALREADY_EXISTS", fmt.Sprintf("A property named '%s' already exists.", p.Name))
		r.body.(*errorBody).SubCategory = "Properties.PROPERTY_WITH_NAME_EXISTS"
		return r
	}
	if r, fine := s.check(tb, p); !fine {
		return r
	}
	at := stamp(s.now())
	p.CreatedAt, p.UpdatedAt, p.HubSpotDefined, p.Calculated, p.Archived, p.readOnly = at, at, false, false, false, false
	if p.Options == nil {
		p.Options = []option{}
	}
	if p.DataSensitivity == "" {
		p.DataSensitivity = "non_sensitive"
	}
	p.Modification = modification(p)
	delete(tb.dropped, p.Name)
	tb.define(p)
	s.wrote(c, Write{Object: "properties/" + string(c.typ) + "/" + p.Name, Before: map[string]string{}, After: map[string]string{}})
	return reply{status: 201, body: p}
}

func (s *Server) updateProperty(c *call) reply {
	p := s.tables[c.typ].props[c.PathValue("name")]
	if p == nil {
		return noProperty(c.PathValue("name"))
	}
	next := *p
	var in struct {
		Label, GroupName, Type, FieldType, Description *string
		HasUniqueValue, Hidden, FormField              *bool
		DisplayOrder                                   *int
		Options                                        *[]option
	}
	if bad := c.decode(&in); bad != nil {
		return *bad
	}
	if p.HubSpotDefined || in.HasUniqueValue != nil && *in.HasUniqueValue != p.HasUniqueValue {
		return failDetail(400, "VALIDATION_ERROR", "The definition of "+p.Name+" is read only, or hasUniqueValue was to be changed, which is immutable", detail{Message: "read only definition", Code: "READ_ONLY_DEFINITION"})
	}
	assign(&next.Label, in.Label)
	assign(&next.GroupName, in.GroupName)
	assign(&next.Type, in.Type)
	assign(&next.FieldType, in.FieldType)
	assign(&next.Description, in.Description)
	assign(&next.Hidden, in.Hidden)
	assign(&next.FormField, in.FormField)
	assign(&next.DisplayOrder, in.DisplayOrder)
	assign(&next.Options, in.Options) // the full list is replaced
	tb := s.tables[c.typ]
	next.HasUniqueValue = false // known to be allowed: it was when the property was made
	if r, fine := s.check(tb, &next); !fine {
		return r
	}
	next.HasUniqueValue, next.UpdatedAt = p.HasUniqueValue, stamp(s.now())
	tb.props[p.Name] = &next
	s.wrote(c, Write{Object: "properties/" + string(c.typ) + "/" + p.Name, Before: map[string]string{}, After: map[string]string{}})
	return ok(&next)
}

func assign[T any](dst *T, v *T) {
	if v != nil {
		*dst = *v
	}
}

func (s *Server) archiveProperty(c *call) reply {
	tb, name := s.tables[c.typ], c.PathValue("name")
	p := tb.props[name]
	switch {
	case p == nil:
		return noProperty(name)
	case p.HubSpotDefined:
		return failDetail(400, "VALIDATION_ERROR", "Property "+name+" is defined by HubSpot and can not be deleted", detail{Message: "read only definition", Code: "READ_ONLY_DEFINITION"})
	}
	p.Archived = true
	delete(tb.props, name)
	tb.order = without(tb.order, name)
	tb.dropped[name] = p
	s.wrote(c, Write{Object: "properties/" + string(c.typ) + "/" + name, Before: map[string]string{}, After: map[string]string{}})
	return reply{status: 204}
}

func (s *Server) createProperties(c *call) reply {
	var b struct {
		Inputs []*property `json:"inputs"`
	}
	if bad := c.decode(&b); bad != nil {
		return *bad
	}
	var m multi
	for _, p := range b.Inputs {
		r := s.defineProperty(c, p)
		if r.status == 201 {
			m.results = append(m.results, p)
			continue
		}
		m.errors = append(m.errors, of(r, map[string][]string{"name": {p.Name}}))
	}
	return m.reply(201, stamp(s.now()))
}

func (s *Server) readProperties(c *call) reply {
	var b struct {
		Inputs []struct{ Name string } `json:"inputs"`
	}
	if bad := c.decode(&b); bad != nil {
		return *bad
	}
	var m multi
	for _, in := range b.Inputs {
		if p := s.tables[c.typ].props[in.Name]; p != nil {
			m.results = append(m.results, p)
			continue
		}
		m.errors = append(m.errors, of(noProperty(in.Name), map[string][]string{"name": {in.Name}}))
	}
	return m.reply(200, stamp(s.now()))
}

func (s *Server) listGroups(c *call) reply {
	tb, results := s.tables[c.typ], []any{}
	for _, name := range sortedKeys(tb.groups) {
		results = append(results, tb.groups[name])
	}
	return ok(map[string]any{"results": results})
}

func (s *Server) readGroup(c *call) reply {
	if g := s.tables[c.typ].groups[c.PathValue("group")]; g != nil {
		return ok(g)
	}
	return fail(404, "OBJECT_NOT_FOUND", "No property group found with name: "+c.PathValue("group"))
}

func (s *Server) createGroup(c *call) reply {
	var g group
	if bad := c.decode(&g); bad != nil {
		return *bad
	}
	tb := s.tables[c.typ]
	switch {
	case !propertyName.MatchString(g.Name) || g.Label == "":
		return badRequest("A property group needs a label and a name of lowercase letters, numbers and underscores, got %q", g.Name)
	case tb.groups[g.Name] != nil:
		return fail(409, "OBJECT_ALREADY_EXISTS", fmt.Sprintf("A property group named '%s' already exists.", g.Name))
	}
	tb.groups[g.Name] = &g
	s.wrote(c, Write{Object: "groups/" + string(c.typ) + "/" + g.Name, Before: map[string]string{}, After: map[string]string{}})
	return reply{status: 201, body: &g}
}

func (s *Server) archiveGroup(c *call) reply {
	tb, name := s.tables[c.typ], c.PathValue("group")
	if tb.groups[name] == nil {
		return fail(404, "OBJECT_NOT_FOUND", "No property group found with name: "+name)
	}
	for _, p := range tb.props {
		if p.GroupName == name {
			r := fail(400, "VALIDATION_ERROR", "The property group "+name+" has active properties")
			r.body.(*errorBody).SubCategory = "PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES"
			return r
		}
	}
	delete(tb.groups, name)
	s.wrote(c, Write{Object: "groups/" + string(c.typ) + "/" + name, Before: map[string]string{}, After: map[string]string{}})
	return reply{status: 204}
}

// customProperties are the names defined by apps, with their types, for the state of the control door.
func (s *Server) customProperties() []string {
	seen := map[string]bool{}
	for _, t := range allTypes {
		for name, p := range s.tables[t].props {
			if !p.HubSpotDefined {
				seen[name] = true
			}
		}
	}
	return sortedKeys(seen)
}
