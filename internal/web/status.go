package web

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// EventCounts says where a portal's events stand. Each counts once: Received = Done + InReview + Dead + Open + the sum of Ignored.
type EventCounts struct {
	Received int
	Done     int
	InReview int
	Dead     int
	Open     int            // under way
	Ignored  map[string]int // by reason
}

// Status is how a portal stands. Coverage is the share (0…1) of each object type's known objects that are indexed.
type Status struct {
	Events        EventCounts
	Work          map[string]int // unfinished rows that are not buried, by lane name
	OldestSeconds float64        // age of the oldest change that is not worked off; 0: none
	Undecoded     int            // deliveries that wait to be decoded
	Coverage      map[string]float64
	Paused        []Paused
	Failing       []Paused // without Next: it is tried again by itself
	Held          []Held
	HubSpot       HubSpot
}

// HubSpot is how this service stands with HubSpot in one portal.
type HubSpot struct {
	Problem string    // why it is not let in or does not get through, where, and how that is mended; "": it is, as far as is known
	Since   time.Time // of the problem
	Apps    []OwnApp  // under which its own writes are known
}

// OwnApp is an app of HubSpot whose changes are contextd's own. LearnedAt is zero for the configured one.
type OwnApp struct {
	ID        string
	LearnedAt time.Time
}

// Held is what a workflow does not look at of itself because its model costs money, or nobody has said what it costs. CostUSD is about what it would cost at most; nil: nobody knows.
type Held struct {
	Workflow string
	Type     string // of the records
	Records  int
	Model    string
	CostUSD  *float64
}

// Paused is a model that is not asked until a person has acted, but for a trial at Next. What it would have been asked waits in work.
type Paused struct {
	Model     string
	Workflows []string // that it writes for; empty: all that have no model of their own, or it is the embedder
	Cause     string
	Since     time.Time
	Next      time.Time
}

// StatusReader reads the status of one portal.
type StatusReader interface {
	Status(ctx context.Context, portal crm.PortalID) (Status, error)
}

type statusJSON struct {
	Events    eventsJSON         `json:"events"`
	Work      map[string]int     `json:"work"`
	Oldest    float64            `json:"oldest_seconds"`
	Undecoded int                `json:"undecoded"`
	Coverage  map[string]float64 `json:"coverage"`
	Paused    []pausedJSON       `json:"paused"`
	Failing   []failingJSON      `json:"failing"` // models whose server fails to answer: their work waits and goes on by itself
	Held      []heldJSON         `json:"held"`    // first looks that wait because they would cost money
	Budget    budgetJSON         `json:"budget"`
	Usage     []usageJSON        `json:"usage"` // of this month, by task, workflow and model
	HubSpot   hubspotJSON        `json:"hubspot"`
	Stops     []crm.Stop         `json:"stops"`
	Write     string             `json:"write"`
	Version   string             `json:"version"`
}

type pausedJSON struct {
	Model     string    `json:"model"`
	Workflows []string  `json:"workflows"`
	Cause     string    `json:"cause"`
	Since     time.Time `json:"since"`
	Next      time.Time `json:"next"`
}

type failingJSON struct {
	Model     string    `json:"model"`
	Workflows []string  `json:"workflows"`
	Cause     string    `json:"cause"`
	Since     time.Time `json:"since"`
}

type heldJSON struct {
	Workflow string   `json:"workflow"`
	Type     string   `json:"type"`
	Records  int      `json:"records"`
	Model    string   `json:"model"`
	CostUSD  *float64 `json:"cost_usd"` // about, at most; null: no price is set
}

type hubspotJSON struct {
	Problem string       `json:"problem"` // "": none
	Since   *time.Time   `json:"since,omitempty"`
	Apps    []ownAppJSON `json:"apps"`
}

type ownAppJSON struct {
	ID        string     `json:"id"`
	LearnedAt *time.Time `json:"learned_at,omitempty"` // absent: it is configured
}

func hubspotOf(h HubSpot) hubspotJSON {
	return hubspotJSON{h.Problem, utc(h.Since), each(h.Apps, func(a OwnApp) ownAppJSON { return ownAppJSON{a.ID, utc(a.LearnedAt)} })}
}

type eventsJSON struct {
	Received int            `json:"received"`
	Done     int            `json:"done"`
	InReview int            `json:"in_review"`
	Dead     int            `json:"dead"`
	Open     int            `json:"open"`
	Ignored  map[string]int `json:"ignored"`
}

// status says how the caller's portal stands.
func (s *server) status(c *gin.Context) {
	if q := queryOf(c); q.err != nil {
		s.fail(c, q.err)
		return
	}
	st, err := s.Status.Status(c.Request.Context(), portalOf(c))
	if err != nil {
		s.fail(c, fmt.Errorf("status: %w", err))
		return
	}
	budget, lines, err := s.spending(c, s.Now(), false)
	if err != nil {
		s.fail(c, fmt.Errorf("status: %w", err))
		return
	}
	out := statusJSON{Budget: budget, Usage: lines,
		Events: eventsJSON{st.Events.Received, st.Events.Done, st.Events.InReview, st.Events.Dead, st.Events.Open, dict(st.Events.Ignored)},
		Work:   map[string]int{}, Oldest: st.OldestSeconds, Undecoded: st.Undecoded, Coverage: dict(st.Coverage),
		Paused: each(st.Paused, func(p Paused) pausedJSON {
			return pausedJSON{p.Model, list(p.Workflows), p.Cause, p.Since.UTC(), p.Next.UTC()}
		}), Failing: each(st.Failing, func(p Paused) failingJSON { return failingJSON{p.Model, list(p.Workflows), p.Cause, p.Since.UTC()} }), Held: each(st.Held, func(h Held) heldJSON { return heldJSON(h) }), HubSpot: hubspotOf(st.HubSpot), Stops: s.stopsOf(portalOf(c)), Write: writeWord(s.Writing), Version: s.Version,
	}
	for _, lane := range crm.Lanes() {
		out.Work[lane.String()] = st.Work[lane.String()]
	}
	s.reply(c, http.StatusOK, out)
}

func writeWord(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
