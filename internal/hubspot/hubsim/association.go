package hubsim

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
)

// linkSet holds what one object is associated with in one other type: ids ascending and the association type ids of each.
type linkSet struct {
	ids   []int64
	types map[int64][]int
}

// label is an association label defined in this portal; the two directions are two labels.
type label struct {
	ID       int
	From, To crm.ObjectType
	Text     string
	Inverse  int
}

// add merges type ids into the entry for id and reports those that were new.
func (l *linkSet) add(id int64, types []int) (fresh []int) {
	if i, found := slices.BinarySearch(l.ids, id); !found {
		l.ids = slices.Insert(l.ids, i, id)
	}
	for _, t := range types {
		if !slices.Contains(l.types[id], t) {
			l.types[id] = append(l.types[id], t)
			fresh = append(fresh, t)
		}
	}
	return fresh
}

func (o *object) linked(t crm.ObjectType) *linkSet {
	if o.links == nil {
		o.links = map[crm.ObjectType]*linkSet{}
	}
	l := o.links[t]
	if l == nil {
		l = &linkSet{types: map[int64][]int{}}
		o.links[t] = l
	}
	return l
}

// inverse is the type id of the same association seen from the other end.
func (s *Server) inverse(from, to crm.ObjectType, id int) int {
	switch {
	case id == hubspot.AssociationType(from, to):
		return hubspot.AssociationType(to, from)
	case id == hubspot.PrimaryType(from, to):
		return hubspot.PrimaryType(to, from)
	}
	if l := s.labels[id]; l != nil && l.From == from && l.To == to {
		return l.Inverse
	}
	return 0
}

// allowed reports whether the type id names an association in this direction.
func (s *Server) allowed(from, to crm.ObjectType, id int) bool {
	return id != 0 && s.inverse(from, to, id) != 0
}

// targetOf finds the type that an association type id of one object type leads to.
func (s *Server) targetOf(from crm.ObjectType, id int) (crm.ObjectType, bool) {
	for _, to := range append(crm.RecordTypes(), crm.ActivityTypes()...) {
		if s.allowed(from, to, id) {
			return to, true
		}
	}
	return "", false
}

// tie stores both directions without events and returns the type ids that were new, seen from a.
func (s *Server) tie(a, b *object, types []int) []int {
	types = slices.Clone(types)
	if def := hubspot.AssociationType(a.typ, b.typ); def != 0 && !slices.Contains(types, def) {
		types = append(types, def) // every labelled association is also the plain one
	}
	back := make([]int, len(types))
	for i, t := range types {
		back[i] = s.inverse(a.typ, b.typ, t)
	}
	fresh := a.linked(b.typ).add(b.id, types)
	b.linked(a.typ).add(a.id, back)
	return fresh
}

// cut removes the given type ids (nil: all) in both directions without events and returns those that were there, seen from a.
func (s *Server) cut(a, b *object, types []int) (gone []int) {
	if a == nil || b == nil {
		return nil
	}
	la, lb := a.linked(b.typ), b.linked(a.typ)
	if types == nil || slices.Contains(types, hubspot.AssociationType(a.typ, b.typ)) {
		types = slices.Clone(la.types[b.id])
	}
	for _, t := range types {
		if !slices.Contains(la.types[b.id], t) {
			continue
		}
		gone = append(gone, t)
		la.types[b.id] = without(la.types[b.id], t)
		lb.types[a.id] = without(lb.types[a.id], s.inverse(a.typ, b.typ, t))
	}
	la.drop(b.id)
	lb.drop(a.id)
	return gone
}

func (l *linkSet) drop(id int64) {
	if len(l.types[id]) > 0 {
		return
	}
	delete(l.types, id)
	if i, found := slices.BinarySearch(l.ids, id); found {
		l.ids = slices.Delete(l.ids, i, i+1)
	}
}

// link associates two objects as HubSpot does: the first company of a record becomes its primary one, and a new primary one takes the label from the old.
// It reports whether anything changed.
func (s *Server) link(a actor, from, to *object, types ...int) bool {
	if from.typ == crm.Companies && to.typ != crm.Companies && hubspot.PrimaryType(to.typ, from.typ) != 0 {
		back := make([]int, len(types))
		for i, t := range types {
			back[i] = s.inverse(from.typ, to.typ, t)
		}
		return s.link(a, to, from, back...)
	}
	primary := hubspot.PrimaryType(from.typ, to.typ)
	if primary != 0 {
		old := from.primary(primary, to.typ)
		if old == 0 && !slices.Contains(types, primary) {
			types = append(slices.Clone(types), primary)
		}
		if old != 0 && old != to.id && slices.Contains(types, primary) {
			peer := s.tables[to.typ].rows[old]
			s.associated(a, from, peer, s.cut(from, peer, []int{primary}), true)
		}
	}
	fresh := s.tie(from, to, types)
	s.associated(a, from, to, fresh, false)
	if primary != 0 && slices.Contains(fresh, primary) {
		s.joined(a, from, to.key())
	}
	return len(fresh) > 0
}

// unlink removes the given type ids, or all of them, and reports whether anything changed.
func (s *Server) unlink(a actor, from, to *object, types ...int) bool {
	if from.typ == crm.Companies && to.typ != crm.Companies && hubspot.PrimaryType(to.typ, from.typ) != 0 {
		back := make([]int, len(types))
		for i, t := range types {
			back[i] = s.inverse(from.typ, to.typ, t)
		}
		return s.unlink(a, to, from, back...)
	}
	if len(types) == 0 {
		types = nil
	}
	gone := s.cut(from, to, types)
	s.associated(a, from, to, gone, true)
	if p := hubspot.PrimaryType(from.typ, to.typ); p != 0 && slices.Contains(gone, p) {
		s.joined(a, from, "")
	}
	return len(gone) > 0
}

// joined keeps a contact's associatedcompanyid, whose history tells when people changed company.
func (s *Server) joined(a actor, o *object, company string) {
	if o.typ == crm.Contacts {
		s.set(a, o, map[string]string{"associatedcompanyid": company})
	}
}

// primary is the id of the object's primary company, 0 for none.
func (o *object) primary(typeID int, to crm.ObjectType) int64 {
	if l := o.links[to]; l != nil {
		for id, types := range l.types {
			if slices.Contains(types, typeID) {
				return id
			}
		}
	}
	return 0
}

// associated announces changed associations, one event per type and direction.
func (s *Server) associated(a actor, from, to *object, types []int, removed bool) {
	for _, t := range types {
		primary := t == hubspot.PrimaryType(from.typ, to.typ)
		s.emit(a, associationEvent(from, to, t, s.category(t), primary, removed))
		s.emit(a, associationEvent(to, from, s.inverse(from.typ, to.typ, t), s.category(t), primary, removed))
	}
}

func (s *Server) category(id int) string {
	if s.labels[id] != nil {
		return "USER_DEFINED"
	}
	return "HUBSPOT_DEFINED"
}

// associationTypes renders the types of one pair as the associations API does.
func (s *Server) associationTypes(from, to crm.ObjectType, ids []int) []any {
	out := make([]any, 0, len(ids))
	for _, id := range ids {
		out = append(out, map[string]any{"category": s.category(id), "typeId": id, "label": s.labelText(from, to, id)})
	}
	return out
}

func (s *Server) labelText(from, to crm.ObjectType, id int) any {
	if id == hubspot.PrimaryType(from, to) && id != 0 {
		return "Primary"
	}
	if l := s.labels[id]; l != nil {
		return l.Text
	}
	return nil
}

// defineLabel adds a label with its inverse and returns both ids.
func (s *Server) defineLabel(from, to crm.ObjectType, text, inverse string) (*label, *label) {
	n := 37 + len(s.labels)
	a := &label{ID: n, From: from, To: to, Text: text, Inverse: n + 1}
	b := &label{ID: n + 1, From: to, To: from, Text: inverse, Inverse: n}
	s.labels[a.ID], s.labels[b.ID] = a, b
	return a, b
}

// liveLinks are the ids that o is associated with in type t, without archived objects, after a cursor.
func (s *Server) liveLinks(o *object, t crm.ObjectType, after int64) []int64 {
	l := o.links[t]
	if l == nil {
		return nil
	}
	i, found := slices.BinarySearch(l.ids, after)
	if found {
		i++
	}
	out := make([]int64, 0, len(l.ids)-i)
	for _, id := range l.ids[i:] {
		if s.find(t, id) != nil {
			out = append(out, id)
		}
	}
	return out
}

func wrongType(from, to crm.ObjectType, id int) reply {
	return fail(400, "VALIDATION_ERROR", fmt.Sprintf("One or more associations are not valid: association type %s is not defined from object type %s to %s",
		strconv.Itoa(id), hubspot.TypeID(from), hubspot.TypeID(to)))
}
