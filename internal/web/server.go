// Package web owns the HTTP doors of contextd: HubSpot's webhooks, the API, the review page, health and, on a listener of its own, metrics and profiles. It decides
// who may call what and how answers look; what they say comes from the ports in ports.go. Text of customers and models is shown as text, never as markup, and
// never logged.
package web

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// Server is what the public handler stands on. The ports Verifier to Backfills, and at least one portal, are required; the rest has good zero values.
type Server struct {
	Verifier    Verifier
	Inbox       Inbox
	Access      Access
	Tokens      Tokens
	Retriever   Retriever
	Similar     Similar
	History     History
	Suggestions Suggestions
	Decider     Decider
	Desk        Desk
	Stops       Stops
	Policies    Policies
	Runs        Runs
	Audit       Audit
	Work        Work
	Status      StatusReader
	Usage       Usage
	Prompts     Prompts
	Calibration Calibration
	Generations Generations
	Backfills   Backfills

	Portals   []crm.PortalID // the configured ones; a token for every portal stands for the only one
	PublicURL string         // as browsers see us; https makes the session cookie Secure and host-bound
	Checks    []Check        // of /readyz
	Writing   bool           // whether approved suggestions are written to HubSpot
	Version   string         // of the program; "": dev
	Log       *slog.Logger   // nil: slog.Default
	Now       func() time.Time
	RecordURL func(record crm.Ref) string // a record's page in HubSpot, "" for none; nil: none

	DeliverTimeout time.Duration // until a delivery that is not durable is answered 503; 0: 900 ms, below HubSpot's shortest documented limit of 1 s
	SessionLife    time.Duration // of a browser session; 0: 12 h
}

// server is a Server with its defaults filled in and what it keeps between requests.
type server struct {
	Server
	sessions *scs.SessionManager
	origins  *http.CrossOriginProtection
	secure   bool
	views    *views
}

// New returns the public handler. It panics when a required port is missing: that is a mistake of the program, not of its user.
func New(s Server) http.Handler {
	srv := newServer(s)
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false
	if err := e.SetTrustedProxies(nil); err != nil {
		panic(err) // nil is always accepted
	}
	e.Use(srv.observe, srv.recover, srv.limitBody)
	e.NoRoute(func(c *gin.Context) { refuse(c, http.StatusNotFound, "there is no such route") })
	e.NoMethod(func(c *gin.Context) {
		refuse(c, http.StatusMethodNotAllowed, "this route does not take "+c.Request.Method)
	})
	for _, r := range srv.routes() {
		e.Handle(r.method, r.path, append(srv.guards(r), r.handle)...)
	}
	return e
}

func newServer(s Server) *server {
	s.require()
	if s.Log == nil {
		s.Log = slog.Default()
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.RecordURL == nil {
		s.RecordURL = func(crm.Ref) string { return "" }
	}
	if s.Version == "" {
		s.Version = "dev"
	}
	if s.DeliverTimeout == 0 {
		s.DeliverTimeout = 900 * time.Millisecond
	}
	if s.SessionLife == 0 {
		s.SessionLife = 12 * time.Hour
	}
	srv := &server{Server: s, origins: http.NewCrossOriginProtection(), views: loadViews()}
	if u, err := url.Parse(s.PublicURL); err == nil && u.Host != "" {
		srv.secure = u.Scheme == "https"
		if err := srv.origins.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			panic("web: public URL: " + err.Error())
		}
	} else if s.PublicURL != "" {
		panic("web: public URL is not absolute")
	}
	srv.sessions = srv.newSessions()
	return srv
}

func (s Server) require() {
	var missing []string
	for name, absent := range map[string]bool{
		"Verifier": s.Verifier == nil, "Inbox": s.Inbox == nil, "Access": s.Access == nil, "Tokens": s.Tokens == nil, "Retriever": s.Retriever == nil,
		"History": s.History == nil, "Suggestions": s.Suggestions == nil, "Decider": s.Decider == nil, "Desk": s.Desk == nil, "Stops": s.Stops == nil, "Runs": s.Runs == nil, "Audit": s.Audit == nil,
		"Work": s.Work == nil, "Status": s.Status == nil, "Usage": s.Usage == nil, "Backfills": s.Backfills == nil, "Generations": s.Generations == nil, "Similar": s.Similar == nil, "Portals": len(s.Portals) == 0,
	} {
		if absent {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		panic("web: missing " + strings.Join(missing, ", "))
	}
}

// HTTPServer gives a handler the time and size limits of every listener: 5 s for a header of at most 16 KiB, 10 s for a request, 30 s for an answer.
func HTTPServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
}
