package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/gin-gonic/gin"
)

// identityKey is the only thing a session remembers: whose it is. Role and portal are read anew with every request.
const identityKey = "identity"

// newSessions keeps sessions in this process: a restart ends them. The manager is built by hand because scs.New starts a goroutine that nothing can stop.
func (s *server) newSessions() *scs.SessionManager {
	name := "contextd_session"
	if s.secure {
		name = "__Host-contextd_session"
	}
	return &scs.SessionManager{
		Lifetime: s.SessionLife, Store: &sessionStore{}, Codec: scs.GobCodec{}, HashTokenInStore: true,
		Cookie: scs.SessionCookie{Name: name, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: s.secure},
	}
}

// session lets a request through whose browser is logged in with the route's role; others get the log-in page.
func (s *server) session(needed Role) gin.HandlerFunc {
	return func(c *gin.Context) {
		ctx, err := s.loadSession(c)
		if err != nil {
			s.failPage(c, err)
			return
		}
		id := s.sessions.GetString(ctx, identityKey)
		if id == "" {
			s.askToken(c, http.StatusUnauthorized, "")
			return
		}
		who, err := s.Access.Identity(ctx, id)
		if isUnknown(err) {
			s.askToken(c, http.StatusUnauthorized, "Your token was revoked. Log in with another one.")
			return
		}
		if err == nil {
			err = s.admit(c, who, needed)
		}
		if err != nil {
			s.failPage(c, err)
		}
	}
}

// loadSession puts the browser's session, or a new empty one, into the request's context.
func (s *server) loadSession(c *gin.Context) (context.Context, error) {
	var token string
	if cookie, err := c.Request.Cookie(s.sessions.Cookie.Name); err == nil {
		token = cookie.Value
	}
	ctx, err := s.sessions.Load(c.Request.Context(), token)
	if err != nil {
		return nil, fmt.Errorf("load session: %w", err)
	}
	c.Request = c.Request.WithContext(ctx)
	return ctx, nil
}

// openSession logs a browser in under a new session id, so that an id planted before is worth nothing.
func (s *server) openSession(c *gin.Context, who Identity) error {
	if err := s.admit(c, who, Viewer); err != nil {
		return err
	}
	ctx, err := s.loadSession(c)
	if err != nil {
		return err
	}
	if err := s.sessions.RenewToken(ctx); err != nil {
		return fmt.Errorf("renew session: %w", err)
	}
	s.sessions.Put(ctx, identityKey, who.ID)
	token, expires, err := s.sessions.Commit(ctx)
	if err != nil {
		return fmt.Errorf("keep session: %w", err)
	}
	s.sessions.WriteSessionCookie(ctx, c.Writer, token, expires)
	return nil
}

func (s *server) logout(c *gin.Context) {
	ctx := c.Request.Context()
	if err := s.sessions.Destroy(ctx); err != nil {
		s.failPage(c, fmt.Errorf("end session: %w", err))
		return
	}
	s.sessions.WriteSessionCookie(ctx, c.Writer, "", time.Time{})
	c.Header("Clear-Site-Data", `"cache"`)
	redirect(c, "/login")
}

// sameOrigin refuses unsafe requests that another site's page caused. The session cookie's SameSite=Strict is the second wall.
func (s *server) sameOrigin(c *gin.Context) {
	err := s.origins.Check(c.Request)
	if err == nil && s.secure && strings.HasPrefix(c.GetHeader("Origin"), "http://") && !isSafe(c.Request.Method) {
		err = errors.New("request from an unencrypted page")
	}
	if err != nil {
		s.failPage(c, &statusError{http.StatusForbidden, "this request did not come from one of our own pages: " + err.Error()})
	}
}

func isSafe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// redirect sends the browser on with a GET.
func redirect(c *gin.Context, to string) {
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, to)
}
