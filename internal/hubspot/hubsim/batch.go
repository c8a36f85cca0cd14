package hubsim

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/contextd/contextd/internal/hubspot"
)

// batchBody is the body of every object batch call.
type batchBody struct {
	Properties []string `json:"properties"`
	History    []string `json:"propertiesWithHistory"`
	IDProperty string   `json:"idProperty"`
	Inputs     []input  `json:"inputs"`
}

// inputs decodes a batch and checks its size.
func (c *call) inputs() (batchBody, *reply) {
	var b batchBody
	if bad := c.decode(&b); bad != nil {
		return b, bad
	}
	if len(b.Inputs) == 0 {
		r := badRequest("Some required fields were not set: [inputs]")
		return b, &r
	}
	if len(b.Inputs) > 100 {
		r := badRequest("The maximum number of inputs supported in a batch request is 100, got %d", len(b.Inputs))
		return b, &r
	}
	return b, nil
}

func (s *Server) batchRead(c *call) reply {
	b, bad := c.inputs()
	if bad != nil {
		return *bad
	}
	if len(b.History) > 0 && len(b.Inputs) > 50 {
		return badRequest("The maximum number of inputs supported in a batch request for property histories is 50, got %d", len(b.Inputs))
	}
	archived := c.URL.Query().Get("archived") == "true"
	found := map[int64]*object{}
	var missing []string
	var m multi
	for _, in := range b.Inputs {
		id := string(in.ID)
		if refused := s.spoilt(c, func() *reply { return nil }); refused != nil {
			m.errors = append(m.errors, of(*refused, itemContext(in)))
			continue
		}
		var o *object
		if n, valid := parseID(id); valid && archived && b.IDProperty == "" {
			if o = s.tables[c.typ].rows[n]; o != nil && !o.archived {
				o = nil
			}
		} else if !archived {
			var refused *reply
			if o, refused = s.locate(c.typ, id, b.IDProperty, false); refused != nil && refused.status == 400 {
				return *refused
			}
		}
		if o == nil {
			missing = append(missing, id)
			continue
		}
		found[o.id] = o
	}
	// By id, once each: results do not line up with inputs.
	for _, o := range slices.SortedFunc(maps.Values(found), func(a, b *object) int { return cmp.Compare(a.id, b.id) }) {
		m.results = append(m.results, s.render(o, b.Properties, b.History))
	}
	if len(missing) > 0 {
		name := strings.ToUpper(hubspot.Singular(c.typ))
		m.errors = append(m.errors, itemError{Status: "error", Category: "OBJECT_NOT_FOUND", Context: map[string][]string{"ids": missing},
			Message: "Could not get some " + name + " objects, they may be deleted or not exist. Check that ids are valid."})
	}
	return m.reply(200, stamp(s.now()))
}

// batchCreate is all or nothing, unless every input has its own objectWriteTraceId; then the failures are told apart by it.
func (s *Server) batchCreate(c *call) reply {
	b, bad := c.inputs()
	if bad != nil {
		return *bad
	}
	traces := map[string]bool{}
	for _, in := range b.Inputs {
		if in.TraceID != "" {
			traces[in.TraceID] = true
		}
	}
	partial := len(traces) == len(b.Inputs)
	var m multi
	var plans []prepared
	taken := map[string]bool{} // unique values within the batch
	for _, in := range b.Inputs {
		p, refused := s.prepare(c, in)
		if refused == nil {
			refused = s.repeated(c, p.values, taken)
		}
		switch {
		case refused == nil:
			plans = append(plans, p)
		case !partial:
			return *refused
		default:
			m.errors = append(m.errors, of(*refused, map[string][]string{"objectWriteTraceId": {in.TraceID}}))
		}
	}
	for _, p := range plans {
		m.results = append(m.results, s.commit(c, p))
	}
	return m.reply(201, stamp(s.now()))
}

// repeated refuses a unique value that an earlier input of the batch has.
func (s *Server) repeated(c *call, values map[string]string, taken map[string]bool) *reply {
	for name, v := range values {
		if def := s.tables[c.typ].props[name]; def == nil || !def.HasUniqueValue || v == "" {
			continue
		}
		key := name + "=" + uniqueKey(name, v)
		if taken[key] {
			r := fail(409, "CONFLICT", "Duplicate value of "+name+" within the batch: "+v)
			return &r
		}
		taken[key] = true
	}
	return nil
}

// duplicates are ids that a batch names twice, which updates and upserts refuse.
func duplicates(inputs []input) *reply {
	seen := map[flexID]bool{}
	for _, in := range inputs {
		if seen[in.ID] {
			r := badRequest("Duplicate IDs found in batch input: [%s]. IDs must be unique", in.ID)
			return &r
		}
		seen[in.ID] = true
	}
	return nil
}

func (s *Server) batchUpdate(c *call) reply {
	b, bad := c.inputs()
	if bad == nil {
		bad = duplicates(b.Inputs)
	}
	if bad != nil {
		return *bad
	}
	var m multi
	for _, in := range b.Inputs {
		var r *record
		refused := s.spoilt(c, func() *reply {
			o, refused := s.locate(c.typ, string(in.ID), in.IDProperty, false)
			if refused == nil {
				r, refused = s.change(c, o, in)
			}
			return refused
		})
		if refused != nil {
			m.errors = append(m.errors, of(*refused, itemContext(in)))
			continue
		}
		m.results = append(m.results, r)
	}
	return m.reply(200, stamp(s.now()))
}

func itemContext(in input) map[string][]string {
	c := map[string][]string{"ids": {string(in.ID)}}
	if in.TraceID != "" {
		c["objectWriteTraceId"] = []string{in.TraceID}
	}
	return c
}

// batchUpsert finds each input by its unique property and updates it, or creates it.
func (s *Server) batchUpsert(c *call) reply {
	b, bad := c.inputs()
	if bad == nil {
		bad = duplicates(b.Inputs)
	}
	if bad != nil {
		return *bad
	}
	var m multi
	for _, in := range b.Inputs {
		var r *record
		refused := s.spoilt(c, func() (refused *reply) {
			r, refused = s.upsert(c, in)
			return refused
		})
		if refused != nil {
			m.errors = append(m.errors, of(*refused, itemContext(in)))
			continue
		}
		m.results = append(m.results, r)
	}
	return m.reply(200, stamp(s.now()))
}

func (s *Server) upsert(c *call, in input) (*record, *reply) {
	if in.IDProperty == "" {
		r := badRequest("Some required fields were not set: [idProperty]")
		return nil, &r
	}
	o, refused := s.locate(c.typ, string(in.ID), in.IDProperty, true)
	switch {
	case refused == nil && (!c.forgetful() || in.IDProperty == "hs_object_id"):
		r, bad := s.change(c, o, in)
		if bad == nil {
			r.New = ptr(false)
		}
		return r, bad
	case refused != nil && refused.status != 404 || in.IDProperty == "hs_object_id":
		return nil, refused
	}
	if in.Properties == nil {
		in.Properties = map[string]any{}
	}
	if in.Properties[in.IDProperty] == nil {
		in.Properties[in.IDProperty] = string(in.ID)
	}
	p, bad := s.prepare(c, in)
	if bad != nil {
		return nil, bad
	}
	r := s.commit(c, p)
	r.New = ptr(true)
	return r, nil
}

func (s *Server) batchArchive(c *call) reply {
	b, bad := c.inputs()
	if bad != nil {
		return *bad
	}
	for _, in := range b.Inputs {
		id, _ := parseID(string(in.ID)) // an id that is none is as gone as a deleted one
		s.discard(c, id)
	}
	return reply{status: 204}
}

func (s *Server) mergeObjects(c *call) reply {
	var in struct {
		Primary flexID `json:"primaryObjectId"`
		Other   flexID `json:"objectIdToMerge"`
	}
	if bad := c.decode(&in); bad != nil {
		return *bad
	}
	if !c.typ.IsRecord() {
		return badRequest("Objects of type %s can not be merged", c.typ)
	}
	a, missing := s.locate(c.typ, string(in.Primary), "", true)
	if missing != nil {
		return *missing
	}
	b, missing := s.locate(c.typ, string(in.Other), "", true)
	if missing != nil {
		return *missing
	}
	if a == b {
		return badRequest("Cannot merge an object with itself")
	}
	o := s.merge(c.actor, a, b)
	s.wrote(c, Write{Object: o.path(), Before: map[string]string{}, After: map[string]string{"hs_merged_object_ids": o.raw("hs_merged_object_ids")}})
	return ok(s.render(o, nil, nil))
}

func (s *Server) gdprDelete(c *call) reply {
	var in struct {
		ObjectID   flexID `json:"objectId"`
		IDProperty string `json:"idProperty"`
	}
	if bad := c.decode(&in); bad != nil {
		return *bad
	}
	if s.tables[c.typ].props["email"] == nil {
		return fail(404, "", "resource not found")
	}
	o, refused := s.locate(c.typ, string(in.ObjectID), in.IDProperty, true)
	if refused != nil && refused.status == 400 {
		return *refused
	}
	if o == nil { // also a contact in the recycling bin is purged; an unknown address is only block-listed
		if id, valid := parseID(string(in.ObjectID)); valid {
			o = s.tables[c.typ].rows[id]
		}
	}
	if o != nil {
		s.purge(c.actor, o)
		s.wrote(c, Write{Object: string(c.typ) + "/" + strconv.FormatInt(o.id, 10), Before: map[string]string{}, After: map[string]string{"hs_gdpr_deleted": "true"}})
	}
	return reply{status: 204}
}
