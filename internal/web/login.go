package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

type loginPage struct {
	frame
	Message string
	Next    string
}

// askToken shows the log-in form; next is the page that was asked for.
func (s *server) askToken(c *gin.Context, status int, message string) {
	var next string
	if c.Request.Method == http.MethodGet {
		next = nextPage(c.Request.URL.RequestURI())
	} else {
		next = nextPage(c.PostForm("next"))
	}
	s.show(c, status, "login", loginPage{s.frame(c, "Log in"), message, next})
}

func (s *server) showLogin(c *gin.Context) { s.askToken(c, http.StatusOK, "") }

// login opens a session for the holder of an API token. The token comes in the body, never in an address.
func (s *server) login(c *gin.Context) {
	token := strings.TrimSpace(c.PostForm("token"))
	who, err := Identity{}, crm.ErrNotFound
	if isToken(token) {
		who, err = s.Access.Identify(c.Request.Context(), token)
	}
	if isUnknown(err) {
		s.askToken(c, http.StatusUnauthorized, "That token is unknown or revoked. It begins with "+tokenPrefix+".")
		return
	}
	if err == nil {
		err = s.openSession(c, who)
	}
	if err != nil {
		s.failPage(c, fmt.Errorf("log in: %w", err))
		return
	}
	redirect(c, nextPage(c.PostForm("next")))
}

// start opens a session by a one-time link. It is the one GET that has an effect: it uses the link up.
func (s *server) start(c *gin.Context) {
	c.Header("Referrer-Policy", "no-referrer") // the address holds the link's word
	if c.GetHeader("Sec-Purpose") != "" {
		s.failPage(c, &statusError{http.StatusForbidden, "this link is not for fetching ahead"})
		return
	}
	q := queryOf(c, "token")
	if q.err != nil {
		s.failPage(c, q.err)
		return
	}
	who, err := Identity{}, crm.ErrNotFound
	if once := q.text("token"); once != "" && len(once) <= maxTokenSize {
		who, err = s.Access.Redeem(c.Request.Context(), once)
	}
	if isUnknown(err) {
		c.Request.URL = &url.URL{Path: "/"} // where to go after logging in by other means
		s.askToken(c, http.StatusUnauthorized, "This one-time link was already used, or is not one of ours.")
		return
	}
	if err == nil {
		err = s.openSession(c, who)
	}
	if err != nil {
		s.failPage(c, fmt.Errorf("log in: %w", err))
		return
	}
	if site := c.GetHeader("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		// The browser would not send a Strict cookie along a redirect that another site began; a step of our own page is ours.
		f := s.frame(c, "Logged in")
		f.Continue = "/"
		s.show(c, http.StatusOK, "started", f)
		return
	}
	redirect(c, "/")
}

// nextPage is where to go after logging in: one of our own pages, or the first one.
func nextPage(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.IsAbs() || u.Host != "" || strings.ContainsAny(s, "\\\r\n\t") || strings.HasPrefix(s, "//") {
		return "/"
	}
	if slices.Contains([]string{"/", "/calibration", "/locked", "/status"}, u.Path) || strings.HasPrefix(u.Path, "/calibration/") && strings.Count(u.Path, "/") == 3 || strings.HasPrefix(u.Path, "/suggestions/") && strings.Count(u.Path, "/") == 2 || strings.HasPrefix(u.Path, "/activities/") {
		return u.RequestURI()
	}
	return "/"
}
