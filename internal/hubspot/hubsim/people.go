package hubsim

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
)

// made is an object that a person, or an import, makes.
type made struct {
	as
	Type         string         `json:"type"`
	Properties   map[string]any `json:"properties"`
	Associations []ref          `json:"associations"`
	Transcript   string         `json:"transcript"` // calls: "Speaker: text" lines
	Minutes      int            `json:"minutes"`    // length of the transcript; 0: 20
}

// make checks and stores one object. Timestamps that are left out are now.
func (s *Server) make(a actor, t crm.ObjectType, m made) (*object, *reply) {
	m.apply(&a)
	if m.Properties == nil {
		m.Properties = map[string]any{}
	}
	if t.IsActivity() && m.Properties["hs_timestamp"] == nil {
		m.Properties["hs_timestamp"] = stamp(a.at)
	}
	values, _, bad := s.normalise(t, m.Properties)
	if len(bad) > 0 {
		r := s.invalidValues(bad)
		return nil, &r
	}
	if r := s.required(t, values); r != nil {
		return nil, r
	}
	if r := s.clash(t, nil, values); r != nil {
		return nil, r
	}
	var peers []*object
	for _, link := range m.Associations {
		peer, missing := s.resolve(link)
		if missing != nil {
			return nil, missing
		}
		if hubspot.AssociationType(t, peer.typ) == 0 {
			r := badRequest("There is no default association between %s and %s", t, peer.typ)
			return nil, &r
		}
		peers = append(peers, peer)
	}
	o := s.create(a, t, 0, values)
	for _, peer := range peers {
		s.link(a, o, peer, hubspot.AssociationType(t, peer.typ))
	}
	if m.Transcript != "" && t == crm.Calls {
		length := time.Duration(max(m.Minutes, 0)) * time.Minute
		if length == 0 {
			length = 20 * time.Minute
		}
		s.attach(a, o, "HUBSPOT_GENERATED", spread(parseTurns(m.Transcript), length, "en-US", nil))
	}
	return o, nil
}

func (s *Server) doorCreate(c *call) reply {
	var m made
	if bad := c.decode(&m); bad != nil {
		return *bad
	}
	o, refused := s.make(c.actor, c.typ, m)
	if refused != nil {
		return *refused
	}
	return reply{status: 201, body: s.render(o, sortedKeys(m.Properties), nil)}
}

func (s *Server) doorUpdate(c *call) reply {
	var m made
	if bad := c.decode(&m); bad != nil {
		return *bad
	}
	o, missing := s.locate(c.typ, c.PathValue("id"), "", true)
	if missing != nil {
		return *missing
	}
	m.apply(&c.actor)
	values, _, bad := s.normalise(c.typ, m.Properties)
	if len(bad) > 0 {
		return s.invalidValues(bad)
	}
	for name, v := range values {
		values[name] = appended(o.raw(name), v)
	}
	if r := s.clash(c.typ, o, values); r != nil {
		return *r
	}
	s.set(c.actor, o, values)
	return ok(s.render(o, sortedKeys(m.Properties), nil))
}

// doorDelete archives; with ?gdpr=true it purges a contact.
func (s *Server) doorDelete(c *call) reply {
	o, missing := s.locate(c.typ, c.PathValue("id"), "", true)
	if missing != nil {
		return *missing
	}
	if c.URL.Query().Get("gdpr") == "true" {
		if c.typ != crm.Contacts {
			return badRequest("only contacts can be deleted for privacy")
		}
		s.purge(c.actor, o)
	} else {
		s.archive(c.actor, o)
	}
	return reply{status: 204}
}

func (s *Server) doorRestore(c *call) reply {
	id, _ := parseID(c.PathValue("id"))
	o := s.tables[c.typ].rows[id]
	if o == nil || !o.archived {
		return notFound(string(c.typ), c.PathValue("id"))
	}
	s.restore(c.actor, o)
	return ok(s.render(o, nil, nil))
}

// doorAssociate links two objects, or parts them with remove; primary makes a company the primary one.
func (s *Server) doorAssociate(c *call) reply {
	var in struct {
		as
		From    ref  `json:"from"`
		To      ref  `json:"to"`
		Remove  bool `json:"remove"`
		Primary bool `json:"primary"`
	}
	if bad := c.decode(&in); bad != nil {
		return *bad
	}
	in.apply(&c.actor)
	a, missing := s.resolve(in.From)
	if missing != nil {
		return *missing
	}
	b, missing := s.resolve(in.To)
	if missing != nil {
		return *missing
	}
	types := []int{hubspot.AssociationType(a.typ, b.typ)}
	if types[0] == 0 {
		return badRequest("There is no default association between %s and %s", a.typ, b.typ)
	}
	if p := hubspot.PrimaryType(a.typ, b.typ); in.Primary && p != 0 {
		types = append(types, p)
	}
	changed := false
	if in.Remove {
		changed = s.unlink(c.actor, a, b)
	} else {
		changed = s.link(c.actor, a, b, types...)
	}
	return ok(map[string]bool{"changed": changed})
}

func (s *Server) doorMerge(c *call) reply {
	var in struct {
		as
		Type    string `json:"type"`
		Primary flexID `json:"primary"`
		Merged  flexID `json:"merged"`
	}
	if bad := c.decode(&in); bad != nil {
		return *bad
	}
	in.apply(&c.actor)
	a, missing := s.resolve(ref{in.Type, in.Primary})
	if missing != nil {
		return *missing
	}
	b, missing := s.resolve(ref{in.Type, in.Merged})
	if missing != nil {
		return *missing
	}
	if a == b || !a.typ.IsRecord() {
		return badRequest("two different records of one type can be merged")
	}
	return ok(s.render(s.merge(c.actor, a, b), nil, nil))
}

// doorImport takes lists of objects and activities, or just how many of each to make up.
func (s *Server) doorImport(c *call) reply {
	var in struct {
		Objects    json.RawMessage `json:"objects"`
		Activities json.RawMessage `json:"activities"`
	}
	if bad := c.decode(&in); bad != nil {
		return *bad
	}
	s.imports++
	c.actor.source, c.actor.id, c.actor.user = "IMPORT", strconv.Itoa(33000+s.imports), 0
	paths := []string{}
	var contacts []*object
	for i, raw := range []json.RawMessage{in.Objects, in.Activities} {
		list, bad := s.imported(raw, i == 1, contacts)
		if bad != nil {
			return *bad
		}
		for _, m := range list {
			t, known := hubspot.ParseType(m.Type)
			if !known {
				return badRequest("Unable to infer object type from: %s", m.Type)
			}
			o, refused := s.make(c.actor, t, m)
			if refused != nil {
				return *refused
			}
			if t == crm.Contacts {
				contacts = append(contacts, o)
			}
			paths = append(paths, o.path())
		}
	}
	return reply{status: 201, body: map[string]any{"created": paths}}
}

// imported reads a list of objects, or makes up as many as a number says: contacts, and notes on them.
func (s *Server) imported(raw json.RawMessage, activities bool, contacts []*object) ([]made, *reply) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var n int
	if json.Unmarshal(raw, &n) != nil {
		var list []made
		if err := json.Unmarshal(raw, &list); err != nil {
			r := badRequest("objects and activities are lists or numbers: %s", err)
			return nil, &r
		}
		return list, nil
	}
	list := make([]made, 0, max(n, 0))
	for i := range n {
		if !activities {
			next := s.tables[crm.Contacts].next + int64(i)
			list = append(list, made{Type: "contacts", Properties: map[string]any{"firstname": "Imported", "lastname": fmt.Sprint("Contact ", next), "email": fmt.Sprintf("imported%d@import.example", next)}})
			continue
		}
		m := made{Type: "notes", Properties: map[string]any{"hs_note_body": fmt.Sprintf("<p>Imported note %d: asked for an offer for %d seats.</p>", i+1, 10+i%90)}}
		if len(contacts) > 0 {
			m.Associations = []ref{{"contacts", flexID(contacts[i%len(contacts)].key())}}
		}
		list = append(list, m)
	}
	return list, nil
}
