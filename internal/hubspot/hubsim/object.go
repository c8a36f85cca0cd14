package hubsim

import (
	"slices"
	"strconv"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// firstID is where every type starts to count: beyond 32 bits, as HubSpot's ids are, and the same for all types, since ids are unique only within one.
const firstID = 40_000_000_001

// version is one value a property had, from at on.
type version struct {
	value    string
	at       time.Time
	source   string // CRM_UI, INTEGRATION, IMPORT, …
	sourceID string
	user     int64
}

// object is one record or activity. Values keep their history, oldest first; "" means cleared.
type object struct {
	typ        crm.ObjectType
	id         int64
	values     map[string][]version
	created    time.Time
	updated    time.Time
	archived   bool
	archivedAt time.Time
	links      map[crm.ObjectType]*linkSet
}

func (o *object) key() string  { return strconv.FormatInt(o.id, 10) }
func (o *object) path() string { return string(o.typ) + "/" + o.key() }
func (o *object) raw(p string) string {
	if v := o.values[p]; len(v) > 0 {
		return v[len(v)-1].value
	}
	return ""
}

// rawAt is the value at time t, "" before the first.
func (o *object) rawAt(p string, t time.Time) string {
	v := o.values[p]
	for i := len(v) - 1; i >= 0; i-- {
		if !v[i].at.After(t) {
			return v[i].value
		}
	}
	return ""
}

// table holds all objects of one type and their property definitions.
type table struct {
	typ     crm.ObjectType
	rows    map[int64]*object
	ids     []int64 // ascending, archived ones included
	next    int64
	alias   map[int64]int64             // merged id → surviving id
	unique  map[string]map[string]int64 // property → value → id, live objects only
	props   map[string]*property
	groups  map[string]*group
	order   []string // property names in order of definition
	dropped map[string]*property
}

func newTable(t crm.ObjectType, at time.Time) *table {
	tb := &table{
		typ: t, rows: map[int64]*object{}, next: firstID, alias: map[int64]int64{}, unique: map[string]map[string]int64{},
		props: map[string]*property{}, groups: map[string]*group{}, dropped: map[string]*property{},
	}
	tb.defineStandard(at)
	return tb
}

// reserve hands out the next id of the type.
func (t *table) reserve() int64 {
	id := t.next
	t.next++
	return id
}

func (t *table) insert(o *object) {
	t.rows[o.id] = o
	if i, found := slices.BinarySearch(t.ids, o.id); !found {
		t.ids = slices.Insert(t.ids, i, o.id)
	}
}

func (t *table) remove(o *object) {
	t.unindex(o)
	delete(t.rows, o.id)
	if i, found := slices.BinarySearch(t.ids, o.id); found {
		t.ids = slices.Delete(t.ids, i, i+1)
	}
}

// live is the object with that id unless it is archived; aliases of merged records are followed only when follow is set.
func (t *table) live(id int64, follow bool) *object {
	if to, ok := t.alias[id]; ok && follow {
		id = to
	}
	if o := t.rows[id]; o != nil && !o.archived {
		return o
	}
	return nil
}

// byUnique finds a live object by a unique property; nil when there is none.
func (t *table) byUnique(prop, value string) *object {
	id, ok := t.unique[prop][uniqueKey(prop, value)]
	if !ok {
		return nil
	}
	return t.rows[id]
}

func (t *table) index(o *object, prop, value string) {
	m := t.unique[prop]
	if m == nil {
		m = map[string]int64{}
		t.unique[prop] = m
	}
	m[uniqueKey(prop, value)] = o.id
}

func (t *table) unindex(o *object) {
	for name, m := range t.unique {
		k := uniqueKey(name, o.raw(name))
		if m[k] == o.id {
			delete(m, k)
		}
	}
}

func (t *table) reindex(o *object) {
	for name, def := range t.props {
		if v := o.raw(name); def.HasUniqueValue && v != "" {
			t.index(o, name, v)
		}
	}
}

// uniqueKey makes e-mail addresses equal whatever their case; other values compare as they are.
func uniqueKey(prop, value string) string {
	if prop == "email" {
		return lower(value)
	}
	return value
}

func (s *Server) find(t crm.ObjectType, id int64) *object { return s.tables[t].live(id, false) }
