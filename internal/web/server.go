// Package web owns the HTTP doors of contextd: HubSpot's webhooks, the API, the review page, health and, on a listener of its own, metrics and profiles. It decides
// who may call what and how answers look; what they say comes from the ports, interfaces that stand beside the handlers which ask them. Text of customers and models is shown as text, never as markup, and
// never logged.
package web

import (
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// Server is what the public handler stands on. The ports and at least one portal are required; the rest has good zero values.
//
// Every method of a port is safe for concurrent use. Errors are the kinds of package crm and are mapped in problem.go, nowhere else; any other error is ours (500). Error
// texts of kinds 4xx are shown to the caller, so they hold names and ids only. Lists return up to limit entries, newest first unless said otherwise; cursor is "" or the next of
// an earlier call, next is "" at the end, and a cursor that nobody gave out is crm.ErrInvalid.
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
	v := reflect.ValueOf(s)
	for i := range v.NumField() { // every field that is an interface is a port
		if f := v.Field(i); f.Kind() == reflect.Interface && f.IsNil() {
			missing = append(missing, v.Type().Field(i).Name)
		}
	}
	if len(s.Portals) == 0 {
		missing = append(missing, "Portals")
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
