// Package hubsim is a HubSpot portal in memory: it answers HubSpot's paths as HubSpot does, sends signed webhooks, and can be told to misbehave.
//
// It owns the portal's objects with the history of every property, their associations, the property definitions, the queue of webhooks and the log of writes.
// People act on it through the control door (/_sim/…), applications through the API. The demo, the tests and the load tests all run against it.
package hubsim

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Options describe the portal and how strict it is. The zero value is the demo's portal with HubSpot's own limits.
type Options struct {
	Portal       crm.PortalID // 0: the demo's portal id
	Token        string       // bearer token of the one installed app; "": "demo-token"
	ClientSecret string       // signs webhooks and authenticates token refreshes; "": "demo-client-secret"
	RefreshToken string       // accepted by the OAuth token endpoint; "": "demo-refresh-token"
	AppID        int64        // the app that owns Token; 0: 424242
	Scopes       []string     // granted scopes; nil: all of them

	RateLimit                int           // requests per rolling ten seconds; 0: 190, negative: no limit
	DailyLimit               int           // requests per day of the portal; 0: 625,000, negative: no limit
	SearchLimit              int           // searches per second; 0: 5, negative: no limit
	IndexLag                 time.Duration // how far search is behind; HubSpot's is a few seconds
	RefuseUniqueOnActivities bool          // answer 400 to hasUniqueValue on notes, tasks, calls, …

	Rules []Rule // validation rules of the portal's administrator, enforced on API writes

	WebhookURL     string        // where events go; "": nobody has subscribed, events are not queued
	WebhookBatch   int           // events per request; 0: 100, which is also the maximum
	WebhookWindow  time.Duration // how long events gather before they are sent; 0: 20 ms, negative: not at all
	WebhookTimeout time.Duration // 0: 5 s
	RetryDelay     time.Duration // before the first retry, doubling each time; 0: 200 ms (HubSpot spreads ten attempts over a day)
	Attempts       int           // deliveries of one batch before it is given up; 0: 10

	Seed  uint64           // of every random choice: duplicates, shuffles, faults
	Now   time.Time        // the portal's time at start; zero: the demo's own time for LoadDemo, else Clock's
	Clock func() time.Time // wall clock; nil: time.Now
}

// Server is one portal. Its methods are safe for concurrent use.
type Server struct {
	opt     Options
	portal  portal
	handler http.Handler
	client  *http.Client

	mu      sync.Mutex
	rng     *rand.Rand
	started time.Time     // Clock at New or at the last change of base
	base    time.Time     // the portal's time at started
	ahead   time.Duration // sum of all advances

	tables      map[crm.ObjectType]*table
	labels      map[int]*label // association labels defined in this portal, by type id
	transcripts map[int64]*transcript
	nextScript  int64
	correlation uint64
	imports     int
	tokens      map[string]time.Time // OAuth access tokens handed out, with their expiry

	limits    limits
	faults    []*fault
	log       []Write
	hooks     hooks
	demo      demo
	documents []Document
}

// New makes an empty portal with the demo's owners and pipelines. It panics when the embedded portal description is broken.
func New(opt Options) *Server {
	p := embeddedPortal()
	opt = opt.withDefaults(p)
	s := &Server{
		opt: opt, portal: p, rng: rand.New(rand.NewPCG(opt.Seed, 7)),
		tables: map[crm.ObjectType]*table{}, labels: map[int]*label{}, transcripts: map[int64]*transcript{}, nextScript: 880001, tokens: map[string]time.Time{},
		limits: limits{burst: opt.RateLimit, daily: opt.DailyLimit, search: opt.SearchLimit, zone: p.location},
		hooks:  newHooks(opt),
	}
	s.started = opt.Clock()
	s.base = s.started
	if !opt.Now.IsZero() {
		s.base = opt.Now
	}
	for _, t := range append(crm.RecordTypes(), crm.ActivityTypes()...) {
		s.tables[t] = newTable(t, s.base)
	}
	s.client = &http.Client{
		Timeout:       opt.WebhookTimeout,
		Transport:     &http.Transport{MaxIdleConnsPerHost: maxInFlight, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	s.handler = s.routes()
	return s
}

func (o Options) withDefaults(p portal) Options {
	or := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	for v, d := range map[*string]string{&o.Token: "demo-token", &o.ClientSecret: "demo-client-secret", &o.RefreshToken: "demo-refresh-token"} {
		if *v == "" {
			*v = d
		}
	}
	for v, d := range map[*time.Duration]time.Duration{&o.WebhookWindow: 20 * time.Millisecond, &o.WebhookTimeout: 5 * time.Second, &o.RetryDelay: 200 * time.Millisecond} {
		if *v == 0 {
			*v = d
		}
	}
	or(&o.RateLimit, 190)
	or(&o.DailyLimit, 625_000)
	or(&o.SearchLimit, 5)
	or(&o.Attempts, 10)
	or(&o.WebhookBatch, 100)
	o.WebhookBatch = min(o.WebhookBatch, 100)
	if o.AppID == 0 {
		o.AppID = 424242
	}
	if o.Portal == 0 {
		o.Portal = p.ID
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return o
}

// Options are the options in force, with every default filled in.
func (s *Server) Options() Options { return s.opt }

// Handler serves HubSpot's paths and the control door.
func (s *Server) Handler() http.Handler { return s.handler }

// Now is the portal's time: it runs with the wall clock from wherever the portal was started and jumps with Advance.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// Advance moves the portal's time, and with it retries, rate limits and token expiry. Signatures keep wall time.
func (s *Server) Advance(d time.Duration) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead += d
	s.hooks.rouse()
	return s.now()
}

func (s *Server) now() time.Time {
	return s.base.Add(s.opt.Clock().Sub(s.started)).Add(s.ahead).UTC().Truncate(time.Millisecond)
}

// elapsed is the clock of time-outs: wall time plus all advances, independent of the portal's calendar.
func (s *Server) elapsed() time.Time { return s.opt.Clock().Add(s.ahead) }

// setNow moves the calendar without moving time-outs. Called by loaders, before the portal is used.
func (s *Server) setNow(t time.Time) {
	if s.opt.Now.IsZero() {
		s.started, s.base, s.ahead = s.opt.Clock(), t, 0
	}
}

// Run sends webhooks until ctx ends, then waits for the requests in flight and returns nil. What was not acknowledged stays queued for the next Run.
func (s *Server) Run(ctx context.Context) error {
	s.send(ctx)
	return nil
}
