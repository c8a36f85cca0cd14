package hubsim

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
)

// control adds the control door: people's changes, faults, webhooks and the clock, without authentication, on the same listener.
func (s *Server) control(mux *http.ServeMux) {
	door := func(pattern string, h func(*call) reply) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<20))
			if err != nil {
				http.Error(w, "body: "+err.Error(), http.StatusRequestEntityTooLarge)
				return
			}
			c := &call{Request: r, body: body}
			s.mu.Lock()
			rep := s.enter(c)
			if rep.status == 0 {
				rep = h(c)
			}
			s.mu.Unlock()
			write(w, rep)
		})
	}
	door("GET /_sim/state", func(*call) reply { return ok(s.state()) })
	door("GET /_sim/writes", s.doorWrites)
	door("GET /_sim/deliveries", s.doorDeliveries)
	door("GET /_sim/documents", func(*call) reply { return ok(map[string]any{"items": append([]Document{}, s.documents...)}) })
	door("POST /_sim/objects/{type}", s.doorCreate)
	door("PATCH /_sim/objects/{type}/{id}", s.doorUpdate)
	door("DELETE /_sim/objects/{type}/{id}", s.doorDelete)
	door("POST /_sim/objects/{type}/{id}/restore", s.doorRestore)
	door("POST /_sim/associations", s.doorAssociate)
	door("POST /_sim/merge", s.doorMerge)
	door("POST /_sim/import", s.doorImport)
	door("POST /_sim/faults", s.doorFault)
	door("DELETE /_sim/faults", func(*call) reply { s.faults = nil; return reply{status: 204} })
	door("POST /_sim/webhooks", s.doorWebhooks)
	door("POST /_sim/clock", s.doorClock)
	door("GET /_sim/clock", func(*call) reply { return ok(map[string]string{"now": stamp(s.now())}) })
}

// enter resolves {type} and makes the call a person's.
func (s *Server) enter(c *call) reply {
	if v := c.PathValue("type"); v != "" {
		t, known := hubspot.ParseType(v)
		if !known {
			return badRequest("Unable to infer object type from: %s", v)
		}
		c.typ = t
	}
	c.actor = s.person(s.portal.Owners[0].User, s.now())
	return reply{}
}

// State counts what the portal holds; archived objects are not counted. Associations are counted once, not per direction.
type State struct {
	Companies    int              `json:"companies"`
	Contacts     int              `json:"contacts"`
	Deals        int              `json:"deals"`
	Tickets      int              `json:"tickets"`
	Activities   map[crm.Kind]int `json:"activities"`
	Associations int              `json:"associations"`
	Properties   []string         `json:"properties"`
	RateLimited  int              `json:"rate_limited"` // 429 answers sent
	Writes       int              `json:"writes"`
	Now          time.Time        `json:"now"`
}

// State counts the portal's content.
func (s *Server) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state()
}

func (s *Server) state() State {
	st := State{Activities: map[crm.Kind]int{}, Properties: s.customProperties(), RateLimited: s.limits.refused, Writes: len(s.log), Now: s.now()}
	count := map[crm.ObjectType]int{}
	for _, t := range allTypes {
		for _, o := range s.tables[t].rows {
			if o.archived {
				continue
			}
			count[t]++
			for _, l := range o.links {
				st.Associations += len(l.ids)
			}
		}
	}
	for _, t := range crm.ActivityTypes() {
		st.Activities[t.Kind()] = count[t]
	}
	st.Associations /= 2
	st.Companies, st.Contacts, st.Deals, st.Tickets = count[crm.Companies], count[crm.Contacts], count[crm.Deals], count[crm.Tickets]
	return st
}

// doorWrites takes since as a sequence number or as a time.
func (s *Server) doorWrites(c *call) reply {
	items, since := s.log, c.URL.Query().Get("since")
	if n, err := strconv.Atoi(since); err == nil {
		items = items[min(max(n, 0), len(items)):]
	} else if at, valid := parseTime(since); valid {
		for len(items) > 0 && !items[0].Time.After(at) {
			items = items[1:]
		}
	} else if since != "" {
		return badRequest("since is neither a sequence number nor a time: %s", since)
	}
	return ok(map[string]any{"items": append([]Write{}, items...)})
}

// doorDeliveries answers the counters and, with since, the requests after that sequence number.
func (s *Server) doorDeliveries(c *call) reply {
	type view struct {
		Deliveries
		Items []Attempt `json:"items,omitempty"`
	}
	v := view{Deliveries: s.hooks.counts}
	if since := c.URL.Query().Get("since"); since != "" {
		n, err := strconv.Atoi(since)
		if err != nil {
			return badRequest("since is not a sequence number: %s", since)
		}
		v.Items = append([]Attempt{}, s.hooks.attempts[min(max(n, 0), len(s.hooks.attempts)):]...)
	}
	return ok(v)
}

func (s *Server) doorFault(c *call) reply {
	var f fault
	if bad := c.decode(&f); bad != nil {
		return *bad
	}
	if !f.valid() || f.Rate < 0 || f.Rate > 1 || f.Count < 0 {
		return badRequest("a fault needs kind status (with status 400–599), delay (with delay_ms), drop_after_apply, truncate, rate_limit, input or forget_unique, and a rate from 0 to 1")
	}
	s.faults = append(s.faults, &f)
	return reply{status: 201, body: &f}
}

func (s *Server) doorWebhooks(c *call) reply {
	var in struct {
		URL           *string  `json:"url"`
		Paused        *bool    `json:"paused"`
		DuplicateRate *float64 `json:"duplicate_rate"`
		Shuffle       *bool    `json:"shuffle"`
		DropRate      *float64 `json:"drop_rate"`
		Signature     *string  `json:"signature"`
	}
	if bad := c.decode(&in); bad != nil {
		return *bad
	}
	if in.Signature != nil && !slices.Contains([]string{"", "wrong", "old"}, *in.Signature) {
		return badRequest("signature is wrong, old or empty, not %q", *in.Signature)
	}
	h := &s.hooks
	assign(&h.signature, in.Signature)
	assign(&h.url, in.URL)
	assign(&h.paused, in.Paused)
	assign(&h.duplicate, in.DuplicateRate)
	assign(&h.shuffle, in.Shuffle)
	assign(&h.drop, in.DropRate)
	h.rouse()
	return ok(map[string]any{"url": h.url, "paused": h.paused, "duplicate_rate": h.duplicate, "shuffle": h.shuffle, "drop_rate": h.drop, "signature": h.signature})
}

func (s *Server) doorClock(c *call) reply {
	var in struct {
		Advance string `json:"advance"`
	}
	if bad := c.decode(&in); bad != nil {
		return *bad
	}
	d, err := time.ParseDuration(in.Advance)
	if err != nil || d < 0 {
		return badRequest("advance is not a positive duration: %q", in.Advance)
	}
	s.ahead += d
	s.hooks.rouse()
	return ok(map[string]string{"now": stamp(s.now())})
}

// ref names an object as "contacts/12" or as {"type":"contacts","id":"12"}.
type ref struct {
	Type string `json:"type"`
	ID   flexID `json:"id"`
}

// UnmarshalJSON accepts both forms.
func (r *ref) UnmarshalJSON(b []byte) error {
	var path string
	if json.Unmarshal(b, &path) == nil {
		t, id, _ := strings.Cut(path, "/")
		r.Type, r.ID = t, flexID(id)
		return nil
	}
	type plain ref
	return json.Unmarshal(b, (*plain)(r))
}

func (s *Server) resolve(r ref) (*object, *reply) {
	t, known := hubspot.ParseType(r.Type)
	if !known {
		bad := badRequest("Unable to infer object type from: %s", r.Type)
		return nil, &bad
	}
	return s.locate(t, string(r.ID), "", true)
}

// as lets a control call act as another user or source: {"user": 7102} or {"changeSource": "INTEGRATION", "sourceId": "9"}.
type as struct {
	User   int64  `json:"user"`
	Source string `json:"changeSource"`
	ID     string `json:"sourceId"`
}

func (a as) apply(to *actor) {
	if a.User != 0 {
		to.user, to.id = a.User, "userId:"+strconv.FormatInt(a.User, 10)
	}
	if a.Source != "" {
		to.source, to.id, to.user = a.Source, cmp.Or(a.ID, to.id), 0
	}
}
