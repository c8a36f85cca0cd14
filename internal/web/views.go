package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"

	"github.com/gin-gonic/gin"
)

//go:embed ui
var ui embed.FS

// views are the parsed pages and the style sheet with its address, which changes with its content.
type views struct {
	pages map[string]*template.Template
	style []byte
	hash  string
}

// loadViews reads what is compiled in; a template that does not parse is a mistake of the program.
func loadViews() *views {
	style, err := ui.ReadFile("ui/style.css")
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(style)
	v := &views{pages: map[string]*template.Template{}, style: style, hash: hex.EncodeToString(sum[:8])}
	for _, name := range []string{"home", "suggestion", "activity", "login", "started", "problem"} {
		v.pages[name] = template.Must(template.ParseFS(ui, "ui/layout.html", "ui/card.html", "ui/"+name+".html"))
	}
	return v
}

// frame is what the layout needs of every page.
type frame struct {
	Title    string
	Style    string // address of the style sheet
	Who      string // "" when nobody is logged in
	Role     Role
	Portal   string
	Writing  bool
	Version  string
	Continue string // where to go by itself, or ""
}

func (s *server) frame(c *gin.Context, title string) frame {
	who := callerOf(c)
	f := frame{Title: title, Style: "/static/style.css?v=" + s.views.hash, Writing: s.Writing, Version: s.Version}
	if who.portal != 0 {
		f.Who, f.Role, f.Portal = who.Name, who.Role, who.portal.String()
	}
	return f
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
	page := problemPage{frame: s.frame(c, http.StatusText(status)), Status: status, Heading: heading(status), Detail: detail, RequestID: requestID(c), Back: "/"}
	if id := c.Param("id"); id != "" && c.Param("type") == "" && status == http.StatusConflict {
		page.Back = suggestionURL(id)
	}
	s.show(c, status, "problem", page)
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

// style serves the style sheet; under its hashed address it may be kept for ever.
func (s *server) style(c *gin.Context) {
	if c.Query("v") == s.views.hash {
		c.Header("Cache-Control", "public, max-age=31536000, immutable")
	}
	c.Data(http.StatusOK, "text/css; charset=utf-8", s.views.style)
}
