package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

//go:embed ui
var ui embed.FS

// views are the parsed pages, and what they load.
type views struct {
	pages         map[string]*template.Template
	style, script asset
}

// asset is a file that pages load. Its address changes with its content.
type asset struct {
	kind, url string
	content   []byte
}

func loadAsset(name, kind string) asset {
	content, err := ui.ReadFile("ui/" + name)
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(content)
	return asset{kind, "/static/" + name + "?v=" + hex.EncodeToString(sum[:8]), content}
}

// loadViews reads what is compiled in; a template that does not parse is a mistake of the program.
func loadViews() *views {
	v := &views{pages: map[string]*template.Template{}, style: loadAsset("style.css", "text/css"), script: loadAsset("keys.js", "text/javascript")}
	more := template.FuncMap{"add": func(a, b int) int { return a + b }}
	for _, name := range []string{"queue", "bulk", "bulkdone", "suggestion", "calibration", "field", "locked", "status", "activity", "login", "started", "problem"} {
		v.pages[name] = template.Must(template.New(name).Funcs(more).ParseFS(ui, "ui/layout.html", "ui/parts.html", "ui/"+name+".html"))
	}
	return v
}

// frame is what the layout needs of every page.
type frame struct {
	Title    string
	Style    string // address of the style sheet
	Script   string // address of the script
	Who      string // "" when nobody is logged in
	Role     Role
	Portal   string
	Writing  bool
	Version  string
	Continue string // where to go by itself, or ""
	Nav      []tab
	Stops    []string // where writing is stopped, by whom and why
	OnStatus bool     // the page says so itself
}

// tab is one of several pages or views that are beside each other.
type tab struct {
	Label, URL string
	Current    bool
}

func (s *server) frame(c *gin.Context, title string) frame {
	who := callerOf(c)
	f := frame{Title: title, Style: s.views.style.url, Script: s.views.script.url, Writing: s.Writing, Version: s.Version}
	if who.portal != 0 {
		f.Who, f.Role, f.Portal = who.Name, who.Role, who.portal.String()
		for _, n := range []tab{{"Review", "/", false}, {"Calibration", "/calibration", false}, {"Locked fields", "/locked", false}, {"Status and policy", "/status", false}} {
			n.Current = c.FullPath() == n.URL || n.URL != "/" && strings.HasPrefix(c.FullPath(), n.URL+"/") || n.URL == "/" && strings.HasPrefix(c.FullPath(), "/suggestions/")
			f.Nav = append(f.Nav, n)
		}
		f.OnStatus = c.FullPath() == "/status"
		for _, stop := range s.stopsOf(who.portal) {
			f.Stops = append(f.Stops, stopWords(stop))
		}
	}
	return f
}

// stopWords says that writing is stopped, by whom and why.
func stopWords(stop crm.Stop) string {
	where := "in this portal"
	if stop.Portal == 0 {
		where = "in every portal"
	}
	return fmt.Sprintf("Writing to HubSpot is stopped %s since %s by %s: %s", where, momentOf(stop.At).Human, actorWords(stop.By), stop.Reason)
}

// show renders a page whole before anything is sent, so that a mistake in it is an error and not half a page.
func (s *server) show(c *gin.Context, status int, name string, data any) {
	var body bytes.Buffer
	if err := s.views.pages[name].ExecuteTemplate(&body, "layout", data); err != nil {
		_ = c.Error(fmt.Errorf("render page %s: %w", name, err)) // for the log
		refuse(c, http.StatusInternalServerError, "this page cannot be shown; the log has the cause under this request id")
		return
	}
	c.Abort() // a page is an answer: guards use it to refuse
	c.Header("Cache-Control", "no-store")
	c.Data(status, "text/html; charset=utf-8", body.Bytes())
}

type problemPage struct {
	frame
	Status    int
	Heading   string
	Detail    string
	RequestID string
	Back      string
}

// failPage is fail for people: the same statuses, as a page.
func (s *server) failPage(c *gin.Context, err error) {
	status, detail := statusOf(err)
	_ = c.Error(err) // read by observe
	if status == http.StatusServiceUnavailable {
		setRetryAfter(c, retryAfter)
	}
	page := problemPage{frame: s.frame(c, http.StatusText(status)), Status: status, Heading: heading(status), Detail: sentence(plainly(detail)), RequestID: requestID(c), Back: "/"}
	s.show(c, status, "problem", page)
}

// refuseForm says why a form was not carried out on the page that it stands on, which again shows: what is not the person's to mend is a page of its own.
func (s *server) refuseForm(c *gin.Context, err error, what string, again func(status int, problem string)) {
	status, detail := statusOf(err)
	if !slices.Contains([]int{http.StatusBadRequest, http.StatusConflict, http.StatusNotFound}, status) {
		s.failPage(c, err)
		return
	}
	_ = c.Error(err) // read by observe
	again(status, what+": "+plainly(detail)+".")
}

func heading(status int) string {
	switch status {
	case http.StatusNotFound:
		return "This is not here"
	case http.StatusForbidden:
		return "You may not do this"
	case http.StatusConflict:
		return "Nothing was done"
	case http.StatusBadRequest:
		return "That did not work"
	case http.StatusServiceUnavailable:
		return "Not right now"
	}
	return http.StatusText(status)
}

// serve answers with an asset; under its address it may be kept for ever.
func serve(a asset) gin.HandlerFunc {
	return func(c *gin.Context) {
		if c.Request.URL.RequestURI() == a.url {
			c.Header("Cache-Control", "public, max-age=31536000, immutable")
		}
		c.Data(http.StatusOK, a.kind+"; charset=utf-8", a.content)
	}
}
