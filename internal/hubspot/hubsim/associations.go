package hubsim

import (
	"encoding/base64"
	"fmt"
	"strconv"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
)

const (
	linksPerPage = 500   // of one object in one answer
	readCap      = 1_000 // inputs of batch/read
	writeCap     = 2_000 // inputs of batch/create
)

func cursor(id int64) string {
	return base64.StdEncoding.EncodeToString([]byte(strconv.FormatInt(id, 10)))
}

func uncursor(s string) (int64, bool) {
	if s == "" {
		return 0, true
	}
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return 0, false
	}
	return parseID(string(raw))
}

// linkPage renders one page of an object's associations: ids as numbers, types with labels, and where to go on.
func (s *Server) linkPage(o *object, to crm.ObjectType, after int64, limit int) ([]any, map[string]any) {
	ids, out := s.liveLinks(o, to, after), []any{}
	var paging map[string]any
	if len(ids) > limit {
		ids = ids[:limit]
		next := cursor(ids[limit-1])
		paging = map[string]any{"next": map[string]string{"after": next, "link": "https://api.hubapi.com/crm/v4/objects/" + o.path() + "/associations/" + string(to) + "?after=" + next}}
	}
	for _, id := range ids {
		out = append(out, map[string]any{"toObjectId": id, "associationTypes": s.associationTypes(o.typ, to, o.links[to].types[id])})
	}
	return out, paging
}

func (s *Server) listAssociations(c *call) reply {
	o, missing := s.locate(c.typ, c.PathValue("id"), "", true)
	if missing != nil {
		return *missing
	}
	limit := linksPerPage
	if v := c.URL.Query().Get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > linksPerPage {
			return badRequest("Invalid value for limit: %s. The limit must be between 1 and %d.", v, linksPerPage)
		}
		limit = n
	}
	after, valid := uncursor(c.URL.Query().Get("after"))
	if !valid {
		return badRequest("Invalid value for after")
	}
	results, paging := s.linkPage(o, c.to, after, limit)
	body := map[string]any{"results": results}
	if paging != nil {
		body["paging"] = paging
	}
	return ok(body)
}

func (s *Server) readAssociations(c *call) reply {
	var b struct {
		Inputs []struct {
			ID    flexID `json:"id"`
			After string `json:"after"`
		} `json:"inputs"`
	}
	if bad := c.decode(&b); bad != nil {
		return *bad
	}
	if len(b.Inputs) == 0 || len(b.Inputs) > readCap {
		return badRequest("The number of inputs must be between 1 and %d, got %d", readCap, len(b.Inputs))
	}
	var m multi
	for _, in := range b.Inputs {
		if refused := s.spoilt(c, func() *reply { return nil }); refused != nil {
			m.errors = append(m.errors, of(*refused, map[string][]string{"fromObjectId": {string(in.ID)}}))
			continue
		}
		after, valid := uncursor(in.After)
		id, _ := parseID(string(in.ID))
		o := s.tables[c.typ].live(id, true)
		if valid && o != nil {
			if to, paging := s.linkPage(o, c.to, after, linksPerPage); len(to) > 0 {
				item := map[string]any{"from": map[string]string{"id": string(in.ID)}, "to": to}
				if paging != nil {
					item["paging"] = paging
				}
				m.results = append(m.results, item)
				continue
			}
		}
		from, target := hubspot.Singular(c.typ), hubspot.Singular(c.to)
		m.errors = append(m.errors, itemError{Status: "error", Category: "OBJECT_NOT_FOUND", SubCategory: "crm.associations.NO_ASSOCIATIONS_FOUND",
			Message: fmt.Sprintf("No %s is associated with %s %s.", target, from, in.ID),
			Context: map[string][]string{"fromObjectId": {string(in.ID)}, "fromObjectType": {from}, "toObjectType": {target}}})
	}
	return m.reply(200, stamp(s.now()))
}

// typed is an association type in a request.
type typed struct {
	Category string `json:"associationCategory"`
	ID       int    `json:"associationTypeId"`
}

type ends struct {
	From  struct{ ID flexID } `json:"from"`
	To    struct{ ID flexID } `json:"to"`
	Types []typed             `json:"types"`
}

// pairs decodes the inputs of an association batch.
func (c *call) pairs() ([]ends, *reply) {
	var b struct {
		Inputs []ends `json:"inputs"`
	}
	if bad := c.decode(&b); bad != nil {
		return nil, bad
	}
	if len(b.Inputs) == 0 || len(b.Inputs) > writeCap {
		r := badRequest("The number of inputs must be between 1 and %d, got %d", writeCap, len(b.Inputs))
		return nil, &r
	}
	return b.Inputs, nil
}

// both finds the two ends of an association.
func (s *Server) both(c *call, from, to string) (*object, *object, *reply) {
	a, missing := s.locate(c.typ, from, "", true)
	if missing != nil {
		return nil, nil, missing
	}
	b, missing := s.locate(c.to, to, "", true)
	return a, b, missing
}

// joinTypes checks types and links two objects; no types means the default one.
func (s *Server) joinTypes(c *call, a, b *object, types []typed) *reply {
	var ids []int
	for _, t := range types {
		if !s.allowed(c.typ, c.to, t.ID) {
			r := wrongType(c.typ, c.to, t.ID)
			return &r
		}
		ids = append(ids, t.ID)
	}
	if len(ids) == 0 {
		def := hubspot.AssociationType(c.typ, c.to)
		if def == 0 {
			r := badRequest("There is no default association between %s and %s", c.typ, c.to)
			return &r
		}
		ids = []int{def}
	}
	changed := s.link(c.actor, a, b, ids...)
	s.wrote(c, Write{Object: a.path(), Before: map[string]string{}, After: map[string]string{}, Associations: []string{b.path()}, Repeat: !changed})
	return nil
}

func (s *Server) createAssociations(c *call) reply { return s.associateAll(c, 201, true) }
func (s *Server) createDefaults(c *call) reply     { return s.associateAll(c, 200, false) }

func (s *Server) associateAll(c *call, full int, labelled bool) reply {
	inputs, bad := c.pairs()
	if bad != nil {
		return *bad
	}
	var m multi
	for _, in := range inputs {
		var a, b *object
		refused := s.spoilt(c, func() (refused *reply) {
			if a, b, refused = s.both(c, string(in.From.ID), string(in.To.ID)); refused != nil {
				return refused
			}
			if !labelled {
				in.Types = nil
			}
			return s.joinTypes(c, a, b, in.Types)
		})
		if refused != nil {
			m.errors = append(m.errors, of(*refused, map[string][]string{"fromObjectId": {string(in.From.ID)}, "toObjectId": {string(in.To.ID)}}))
			continue
		}
		m.results = append(m.results, s.pairView(a, b))
	}
	return m.reply(full, stamp(s.now()))
}

func (s *Server) pairView(a, b *object) map[string]any {
	return map[string]any{"fromObjectTypeId": hubspot.TypeID(a.typ), "fromObjectId": a.id, "toObjectTypeId": hubspot.TypeID(b.typ), "toObjectId": b.id, "labels": s.texts(a, b)}
}

func (s *Server) texts(a, b *object) []string {
	out := []string{}
	for _, id := range a.linked(b.typ).types[b.id] {
		if text, isText := s.labelText(a.typ, b.typ, id).(string); isText {
			out = append(out, text)
		}
	}
	return out
}

// parted removes associations and logs it.
func (s *Server) parted(c *call, a, b *object, types ...int) {
	changed := s.unlink(c.actor, a, b, types...)
	s.wrote(c, Write{Object: a.path(), Before: map[string]string{}, After: map[string]string{}, Associations: []string{b.path()}, Repeat: !changed})
}

func (s *Server) archiveAssociations(c *call) reply {
	var b struct {
		Inputs []struct {
			From struct{ ID flexID }   `json:"from"`
			To   []struct{ ID flexID } `json:"to"`
		} `json:"inputs"`
	}
	if bad := c.decode(&b); bad != nil {
		return *bad
	}
	for _, in := range b.Inputs {
		for _, to := range in.To {
			if x, y, missing := s.both(c, string(in.From.ID), string(to.ID)); missing == nil {
				s.parted(c, x, y)
			}
		}
	}
	return reply{status: 204}
}

func (s *Server) archiveLabels(c *call) reply {
	inputs, bad := c.pairs()
	if bad != nil {
		return *bad
	}
	for _, in := range inputs {
		a, b, missing := s.both(c, string(in.From.ID), string(in.To.ID))
		if missing != nil {
			continue
		}
		for _, t := range in.Types {
			s.parted(c, a, b, t.ID)
		}
	}
	return reply{status: 204}
}
