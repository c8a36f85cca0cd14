package hubsim

import (
	"cmp"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
)

// loader puts one story into the portal. Every object's id is reserved in the order of the file, whenever it comes into being.
type loader struct {
	s       *Server
	f       storyFile
	ids     map[string]int64    // "contacts/mira" → id
	places  map[string]string   // activity key → "calls/first-discovery"
	waiting map[string][]func() // links to objects that the last day brings
	birth   time.Time           // when the account's first company came
}

func (s *Server) loadStory(f storyFile) error {
	l := &loader{s: s, f: f, ids: map[string]int64{}, places: map[string]string{}, waiting: map[string][]func(){}, birth: time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)}
	if len(f.Companies) > 0 {
		l.birth = f.Companies[0].Created
	}
	if err := l.reserve(); err != nil {
		return err
	}
	for _, step := range []func() error{l.companies, l.contacts, l.deals, l.tickets, l.activities} {
		if err := step(); err != nil {
			return err
		}
	}
	st, err := l.story()
	if err != nil {
		return err
	}
	s.demo.stories = append(s.demo.stories, st)
	return nil
}

func (l *loader) reserve() error {
	add := func(t crm.ObjectType, key string) error {
		path := string(t) + "/" + key
		if key == "" || l.ids[path] != 0 {
			return fmt.Errorf("%s: the key is empty or taken", path)
		}
		l.ids[path] = l.s.tables[t].reserve()
		return nil
	}
	for _, r := range l.f.Companies {
		if err := add(crm.Companies, r.Key); err != nil {
			return err
		}
	}
	for _, r := range l.f.Contacts {
		if err := add(crm.Contacts, r.Key); err != nil {
			return err
		}
	}
	for _, r := range l.f.Deals {
		if err := add(crm.Deals, r.Key); err != nil {
			return err
		}
	}
	for _, r := range l.f.Tickets {
		if err := add(crm.Tickets, r.Key); err != nil {
			return err
		}
	}
	for _, it := range l.f.Activities {
		t, known := hubspot.ParseType(it.Type)
		if !known || !t.IsActivity() {
			return fmt.Errorf("activity %s: unknown type %q", it.Key, it.Type)
		}
		if err := add(t, it.Key); err != nil {
			return err
		}
		if l.places[it.Key] != "" {
			return fmt.Errorf("activity %s: the key is taken", it.Key)
		}
		l.places[it.Key] = string(t) + "/" + it.Key
	}
	return nil
}

// person is the owner acting at a time; silent while history is loaded.
func (l *loader) person(key string, at time.Time, silent bool) (actor, error) {
	o := l.s.portal.owner(key)
	if o == nil {
		return actor{}, fmt.Errorf("owner %q does not exist", key)
	}
	a := l.s.person(o.User, at)
	a.silent = silent
	return a, nil
}

// born creates an object with checked values and links what was waiting for it.
func (l *loader) born(a actor, path string, t crm.ObjectType, props map[string]any) (*object, error) {
	values, _, bad := l.s.normalise(t, props)
	if len(bad) > 0 {
		return nil, fmt.Errorf("%s: %s", path, bad[0].message)
	}
	if r := l.s.required(t, values); r != nil {
		return nil, fmt.Errorf("%s: %s", path, r.body.(*errorBody).Message)
	}
	if r := l.s.clash(t, nil, values); r != nil {
		return nil, fmt.Errorf("%s: %s", path, r.body.(*errorBody).Message)
	}
	o := l.s.create(a, t, l.ids[path], values)
	for _, f := range l.waiting[path] {
		f()
	}
	delete(l.waiting, path)
	return o, nil
}

// connect links o to a record of the story, now or as soon as that exists.
func (l *loader) connect(a actor, o *object, t crm.ObjectType, key string) error {
	path := string(t) + "/" + key
	id := l.ids[path]
	if id == 0 {
		return fmt.Errorf("%s: no such record in the story", path)
	}
	tie := func() { l.s.link(a, o, l.s.tables[t].rows[id], hubspot.AssociationType(o.typ, t)) }
	if l.s.tables[t].rows[id] != nil {
		tie()
		return nil
	}
	l.waiting[path] = append(l.waiting[path], tie)
	return nil
}

func (l *loader) connectAll(a actor, o *object, links map[crm.ObjectType][]string) error {
	for _, t := range crm.RecordTypes() {
		for _, key := range links[t] {
			if err := l.connect(a, o, t, key); err != nil {
				return err
			}
		}
	}
	return nil
}

// record schedules one company, deal or ticket.
func (l *loader) record(t crm.ObjectType, r storyRecord, extra map[string]any) error {
	path := string(t) + "/" + r.Key
	return l.s.happen(r.Created, r.Replay, path, func(silent bool) error {
		a, err := l.person(r.Owner, r.Created, silent)
		if err != nil {
			return err
		}
		o, err := l.born(a, path, t, l.properties(r.Owner, r.Other, extra))
		if err != nil {
			return err
		}
		links := map[crm.ObjectType][]string{crm.Contacts: r.Contacts}
		if r.Company != "" {
			links[crm.Companies] = []string{r.Company}
		}
		if err := l.connectAll(a, o, links); err != nil {
			return err
		}
		return l.changes(t, r)
	})
}

// changes lets happen what is set on a record after it was made, in the order of the file.
func (l *loader) changes(t crm.ObjectType, r storyRecord) error {
	path, last := string(t)+"/"+r.Key, r.Created
	for _, c := range r.Later {
		if !c.At.After(last) {
			return fmt.Errorf("%s: the change of %s is not after what was before it (%s)", path, stamp(c.At), stamp(last))
		}
		last = c.At
		err := l.s.happen(c.At, false, path, func(silent bool) error {
			a, err := l.person(cmp.Or(c.Owner, r.Owner), c.At, silent)
			if err != nil {
				return err
			}
			values, _, bad := l.s.normalise(t, l.properties("", c.Other, nil))
			if len(bad) > 0 {
				return fmt.Errorf("%s: %s", path, bad[0].message)
			}
			l.s.set(a, l.s.tables[t].rows[l.ids[path]], values)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// properties are the story's own names, dates as days, with the owner's id.
func (l *loader) properties(owner string, other, extra map[string]any) map[string]any {
	props := map[string]any{}
	for k, v := range other {
		if d, isTime := v.(time.Time); isTime {
			v = stamp(d)
		}
		props[k] = v
	}
	maps.Copy(props, extra)
	if o := l.s.portal.owner(owner); o != nil {
		props["hubspot_owner_id"] = strconv.FormatInt(o.ID, 10)
	}
	for k, v := range props {
		if v == "" {
			delete(props, k)
		}
	}
	return props
}

func (l *loader) companies() error {
	for _, r := range l.f.Companies {
		if err := l.record(crm.Companies, r, nil); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) deals() error {
	for _, r := range l.f.Deals {
		if err := l.record(crm.Deals, r, map[string]any{"deal_currency_code": r.Currency, "hs_priority": lower(r.Priority)}); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) tickets() error {
	for _, r := range l.f.Tickets {
		if err := l.record(crm.Tickets, r, map[string]any{"hs_pipeline_stage": r.Stage, "hs_ticket_priority": r.Priority}); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) contacts() error {
	for _, c := range l.f.Contacts {
		path := "contacts/" + c.Key
		err := l.s.happen(c.Created, c.Replay, path, func(silent bool) error {
			a, err := l.person(c.Owner, c.Created, silent)
			if err != nil {
				return err
			}
			o, err := l.born(a, path, crm.Contacts, l.properties(c.Owner, c.Other, map[string]any{"hs_language": c.Language}))
			if err != nil {
				return err
			}
			return l.employ(a, o, c)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// employ goes through the contact's companies in order, so that the history of associatedcompanyid tells who worked where and when.
func (l *loader) employ(a actor, o *object, c storyContact) error {
	for _, w := range c.Was {
		if err := l.connect(a, o, crm.Companies, w.Company); err != nil {
			return err
		}
		a.at = w.Until
		former := l.s.find(crm.Companies, l.ids["companies/"+w.Company])
		if former == nil {
			return fmt.Errorf("%s: earlier company %s does not exist yet", o.path(), w.Company)
		}
		l.s.unlink(a, o, former)
	}
	if c.Company == "" {
		return nil
	}
	return l.connect(a, o, crm.Companies, c.Company)
}

// story resolves everything that the story says about itself.
func (l *loader) story() (Story, error) {
	st := Story{Name: l.f.Name, Situation: l.f.Situation, Language: l.f.Language, Refs: map[string]string{}}
	for path, id := range l.ids {
		t, _, _ := cutPath(path)
		st.Refs[path] = string(t) + "/" + strconv.FormatInt(id, 10)
	}
	activity := func(key string) (string, error) {
		if r := st.Refs[l.places[key]]; r != "" {
			return r, nil
		}
		return "", fmt.Errorf("activity %q does not exist", key)
	}
	for _, f := range l.f.Facts {
		r, err := activity(f.Activity)
		if err != nil {
			return st, fmt.Errorf("fact %s: %w", f.ID, err)
		}
		f.Activity = r
		st.Facts = append(st.Facts, f)
	}
	for _, q := range l.f.Questions {
		refs := make([]string, 0, len(q.Evidence))
		for _, key := range q.Evidence {
			r, err := activity(key)
			if err != nil {
				return st, fmt.Errorf("question %q: %w", q.Ask, err)
			}
			refs = append(refs, r)
		}
		q.Evidence = refs
		st.Questions = append(st.Questions, q)
	}
	for _, d := range l.f.Decisions {
		if st.Refs[d.Subject] == "" {
			return st, fmt.Errorf("decision on %q: no such record or activity", d.Subject)
		}
		d.Subject = st.Refs[d.Subject]
		st.Decisions = append(st.Decisions, d)
	}
	return st, nil
}
