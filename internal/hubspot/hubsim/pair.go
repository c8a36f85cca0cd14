package hubsim

import (
	"slices"

	"github.com/contextd/contextd/internal/hubspot"
)

func (s *Server) putDefault(c *call) reply {
	a, b, missing := s.both(c, c.PathValue("id"), c.PathValue("toId"))
	if missing == nil {
		missing = s.joinTypes(c, a, b, nil)
	}
	if missing != nil {
		return *missing
	}
	return ok(map[string]any{"status": "COMPLETE", "results": []any{
		map[string]any{"from": map[string]string{"id": a.key()}, "to": map[string]string{"id": b.key()},
			"associationSpec": typed{"HUBSPOT_DEFINED", hubspot.AssociationType(a.typ, b.typ)}}}})
}

// putLabels replaces the labels of a pair: what is not sent again is gone.
func (s *Server) putLabels(c *call) reply {
	a, b, missing := s.both(c, c.PathValue("id"), c.PathValue("toId"))
	if missing != nil {
		return *missing
	}
	var types []typed
	if bad := c.decode(&types); bad != nil {
		return *bad
	}
	if len(types) == 0 {
		return badRequest("At least one association type is needed")
	}
	if bad := s.joinTypes(c, a, b, types); bad != nil {
		return *bad
	}
	for _, id := range slices.Clone(a.linked(b.typ).types[b.id]) {
		kept := slices.ContainsFunc(types, func(t typed) bool { return t.ID == id })
		if !kept && id != hubspot.AssociationType(a.typ, b.typ) && id != hubspot.PrimaryType(a.typ, b.typ) {
			s.unlink(c.actor, a, b, id)
		}
	}
	return reply{status: 201, body: s.pairView(a, b)}
}

func (s *Server) deleteAssociation(c *call) reply {
	a, b, missing := s.both(c, c.PathValue("id"), c.PathValue("toId"))
	if missing != nil {
		return *missing
	}
	s.parted(c, a, b)
	return reply{status: 204}
}

func (s *Server) listLabels(c *call) reply {
	results := []any{}
	for _, id := range []int{hubspot.PrimaryType(c.typ, c.to), hubspot.AssociationType(c.typ, c.to)} {
		if id != 0 {
			results = append(results, map[string]any{"category": "HUBSPOT_DEFINED", "typeId": id, "label": s.labelText(c.typ, c.to, id)})
		}
	}
	for id := 37; id < 37+len(s.labels); id++ {
		if l := s.labels[id]; l.From == c.typ && l.To == c.to {
			results = append(results, map[string]any{"category": "USER_DEFINED", "typeId": id, "label": l.Text})
		}
	}
	return ok(map[string]any{"results": results})
}

func (s *Server) createLabel(c *call) reply {
	var in struct {
		Label   string `json:"label"`
		Inverse string `json:"inverseLabel"`
		Name    string `json:"name"`
	}
	if bad := c.decode(&in); bad != nil {
		return *bad
	}
	if in.Label == "" || in.Name == "" {
		return badRequest("Some required fields were not set: [label, name]")
	}
	if in.Inverse == "" {
		in.Inverse = in.Label
	}
	a, b := s.defineLabel(c.typ, c.to, in.Label, in.Inverse)
	view := func(l *label) any { return map[string]any{"category": "USER_DEFINED", "typeId": l.ID, "label": l.Text} }
	return ok(map[string]any{"results": []any{view(a), view(b)}})
}
