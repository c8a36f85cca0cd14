package hubsim

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
)

// actor is who changes something and when: it becomes the history's source and the webhook's changeSource.
type actor struct {
	source string // CRM_UI, INTEGRATION, IMPORT, …
	id     string // "userId:7101" for people, the app id for applications
	user   int64
	at     time.Time
	silent bool // history being loaded: nobody is told
}

func (s *Server) app() actor {
	return actor{source: "INTEGRATION", id: strconv.FormatInt(s.opt.AppID, 10), at: s.now()}
}

func (s *Server) person(user int64, at time.Time) actor {
	return actor{source: "CRM_UI", id: "userId:" + strconv.FormatInt(user, 10), user: user, at: at}
}

// create stores a new object with normalised values; id 0 takes the next one.
func (s *Server) create(a actor, t crm.ObjectType, id int64, values map[string]string) *object {
	tb := s.tables[t]
	if id == 0 {
		id = tb.reserve()
	}
	at := a.at.UTC().Truncate(time.Millisecond)
	o := &object{typ: t, id: id, values: make(map[string][]version, len(values)+4), created: at, updated: at}
	tb.insert(o)
	s.note(o, a, "hs_object_source", a.source)
	s.note(o, a, "hs_object_source_id", a.id)
	s.note(o, a, "hs_object_source_label", a.source)
	if a.user != 0 {
		s.note(o, a, "hs_created_by_user_id", strconv.FormatInt(a.user, 10))
	}
	if a.source == "IMPORT" {
		s.note(o, a, "hs_was_imported", "true")
	}
	s.emit(a, event{SubscriptionType: "object.creation", ObjectID: id, object: o, ChangeFlag: "CREATED"})
	s.set(a, o, values)
	return o
}

// note stores a value that HubSpot fills in itself, without an event.
func (s *Server) note(o *object, a actor, name, value string) {
	o.values[name] = append(o.values[name], version{value, a.at.UTC().Truncate(time.Millisecond), a.source, a.id, a.user})
}

// set writes normalised values and returns what they were and are; nothing else happens when nothing changes.
func (s *Server) set(a actor, o *object, values map[string]string) (before, after map[string]string, changed bool) {
	before, after = map[string]string{}, map[string]string{}
	tb := s.tables[o.typ]
	at := a.at.UTC().Truncate(time.Millisecond)
	for _, name := range sortedKeys(values) {
		value, old := values[name], o.raw(name)
		if name == "lifecyclestage" && backwards(old, value) {
			value = old // HubSpot's lifecycle stage only moves forward; clearing it first is the way back
		}
		before[name], after[name] = old, value
		if value == old {
			continue
		}
		changed = true
		def := tb.props[name]
		if def != nil && def.HasUniqueValue {
			if m := tb.unique[name]; m[uniqueKey(name, old)] == o.id {
				delete(m, uniqueKey(name, old))
			}
			if value != "" {
				tb.index(o, name, value)
			}
		}
		o.values[name] = append(o.values[name], version{value, at, a.source, a.id, a.user})
		s.derive(a, o, name, value)
		if def == nil || def.subscribable(o.typ) {
			s.emit(a, event{SubscriptionType: "object.propertyChange", ObjectID: o.id, object: o, PropertyName: name, PropertyValue: s.shown(def, value), IsSensitive: ptr(def.sensitive())})
		}
	}
	if changed && at.After(o.updated) {
		o.updated = at
	}
	return before, after, changed
}

// derive fills in what HubSpot calculates from a written value.
func (s *Server) derive(a actor, o *object, name, value string) {
	switch {
	case name == "hs_email_headers":
		for k, v := range headerProperties(value) {
			s.note(o, a, k, v)
		}
	case name == "hs_task_status":
		done := ""
		if value == "COMPLETED" {
			done = stamp(a.at)
		}
		s.note(o, a, "hs_task_completion_date", done)
	case name == "hs_pipeline_stage" && o.typ == crm.Tickets:
		closed := ""
		if st := s.portal.stage(o.typ, value); st != nil && st.Closed {
			closed = stamp(a.at)
		}
		s.note(o, a, "closed_date", closed)
	}
}

func (s *Server) archive(a actor, o *object) {
	s.tables[o.typ].unindex(o)
	o.archived, o.archivedAt = true, a.at.UTC().Truncate(time.Millisecond)
	s.emit(a, event{SubscriptionType: "object.deletion", ObjectID: o.id, object: o, ChangeFlag: "DELETED"})
}

func (s *Server) restore(a actor, o *object) {
	o.archived, o.archivedAt, o.updated = false, time.Time{}, a.at.UTC().Truncate(time.Millisecond)
	s.tables[o.typ].reindex(o)
	s.emit(a, event{SubscriptionType: "object.restore", ObjectID: o.id, object: o, ChangeFlag: "RESTORED"})
}

// purge is a privacy deletion: the contact is gone for good and two events say so, in the classic form, which is the only one there is.
func (s *Server) purge(a actor, o *object) {
	for t, set := range o.links {
		for _, id := range slices.Clone(set.ids) {
			s.cut(o, s.tables[t].rows[id], nil)
		}
	}
	s.tables[o.typ].remove(o)
	for _, kind := range []string{"contact.privacyDeletion", "contact.deletion"} {
		s.emit(a, event{SubscriptionType: kind, ObjectID: o.id, ChangeFlag: "DELETED"})
	}
}

// merge makes a new record of two (HubSpot does since January 2025); their ids become aliases of it.
func (s *Server) merge(a actor, primary, other *object) *object {
	tb := s.tables[primary.typ]
	at := a.at.UTC().Truncate(time.Millisecond)
	o := &object{typ: primary.typ, id: tb.reserve(), values: map[string][]version{}, created: primary.created, updated: at}
	for name, v := range primary.values {
		o.values[name] = slices.Clone(v)
	}
	moved := 0
	for name, v := range other.values {
		if o.raw(name) == "" && other.raw(name) != "" {
			o.values[name] = slices.Clone(v)
			moved++
		}
	}
	ids := strings.Split(strings.Join([]string{primary.raw("hs_merged_object_ids"), other.raw("hs_merged_object_ids"), primary.key(), other.key()}, ";"), ";")
	merged := slices.DeleteFunc(ids, func(v string) bool { return v == "" })
	s.note(o, a, "hs_merged_object_ids", strings.Join(merged, ";"))
	if o.typ == crm.Contacts {
		ms := ":" + strconv.FormatInt(at.UnixMilli(), 10)
		s.note(o, a, "hs_calculated_merged_vids", strings.Join(merged, ms+";")+ms)
	}
	s.adopt(a, o, primary, other)
	tb.remove(primary)
	tb.remove(other)
	tb.insert(o)
	tb.reindex(o)
	for from, to := range tb.alias {
		if to == primary.id || to == other.id {
			tb.alias[from] = o.id
		}
	}
	tb.alias[primary.id], tb.alias[other.id] = o.id, o.id
	s.emit(a, event{SubscriptionType: "object.merge", ObjectID: primary.id, object: o, PrimaryObjectID: primary.id, MergedObjectIDs: []int64{other.id},
		NewObjectID: o.id, NumberOfPropertiesMoved: moved, ChangeFlag: "MERGED"})
	return o
}

// adopt moves the links of the merged records to o, those of the primary first, so that its primary company wins.
func (s *Server) adopt(a actor, o *object, from ...*object) {
	for _, old := range from {
		for t, set := range old.links {
			for _, id := range slices.Clone(set.ids) {
				peer, labels := s.tables[t].rows[id], slices.Clone(set.types[id])
				s.cut(old, peer, nil)
				if slices.Contains(from, peer) {
					continue
				}
				if p := hubspot.PrimaryType(o.typ, t); p != 0 && o.primary(p, t) != 0 {
					labels = without(labels, p)
				}
				s.tie(o, peer, labels)
				if p := hubspot.PrimaryType(t, o.typ); t == crm.Contacts && p != 0 && peer.primary(p, o.typ) == o.id {
					s.joined(a, peer, o.key())
				}
			}
		}
	}
}

var lifecycle = []string{"subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer", "evangelist", "other"}

func backwards(old, value string) bool {
	i, j := slices.Index(lifecycle, old), slices.Index(lifecycle, value)
	return i >= 0 && j >= 0 && j < i
}
