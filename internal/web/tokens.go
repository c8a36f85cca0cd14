package web

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// Token is an API token as operators see it. The secret is shown once, when it is made.
type Token struct {
	Name      string
	Role      Role
	Portal    crm.PortalID
	CreatedAt time.Time
	UsedAt    time.Time // zero: never
	RevokedAt time.Time // zero: valid
}

// Tokens makes and ends API tokens of one portal; every change is audited.
type Tokens interface {
	// CreateToken returns the secret of a new token with one of Roles. crm.ErrConflict when a valid token has that name.
	CreateToken(ctx context.Context, portal crm.PortalID, name, role string, by crm.Actor) (secret string, err error)
	// PortalTokens lists the portal's tokens, revoked ones included; there are few.
	PortalTokens(ctx context.Context, portal crm.PortalID) ([]Token, error)
	// RevokeToken ends the portal's token of that name at once; crm.ErrNotFound.
	RevokeToken(ctx context.Context, portal crm.PortalID, name string, by crm.Actor) error
}

// tokenName keeps names fit for a path, an audit entry and a log.
var tokenName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

type tokenJSON struct {
	Name      string     `json:"name"`
	Role      Role       `json:"role"`
	CreatedAt *time.Time `json:"created_at"`
	UsedAt    *time.Time `json:"used_at"`
	RevokedAt *time.Time `json:"revoked_at"`
}

func showToken(t Token) tokenJSON {
	return tokenJSON{t.Name, t.Role, utc(t.CreatedAt), utc(t.UsedAt), utc(t.RevokedAt)}
}

// listTokens lists the portal's tokens, never their secrets.
func (s *server) listTokens(c *gin.Context) {
	if q := queryOf(c); q.err != nil {
		s.fail(c, q.err)
		return
	}
	tokens, err := s.Tokens.PortalTokens(c.Request.Context(), portalOf(c))
	if err != nil {
		s.fail(c, fmt.Errorf("list tokens: %w", err))
		return
	}
	s.reply(c, http.StatusOK, pageOf("tokens", tokens, "", showToken))
}

type newTokenBody struct {
	Name string `json:"name"`
	Role string `json:"role"`
}

// createToken makes a token of the caller's own portal, whatever the caller's token is for, and shows its secret this once.
func (s *server) createToken(c *gin.Context) {
	var body newTokenBody
	if err := readJSON(c, &body); err != nil {
		s.fail(c, err)
		return
	}
	role, err := ParseRole(body.Role)
	if err == nil && !tokenName.MatchString(body.Name) {
		err = fmt.Errorf("name %q: want 1 to 64 letters, digits, dots, dashes or underscores: %w", body.Name, crm.ErrInvalid)
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	who := callerOf(c)
	secret, err := s.Tokens.CreateToken(c.Request.Context(), who.portal, body.Name, role.String(), who.Actor())
	if err != nil {
		s.fail(c, fmt.Errorf("create token %q: %w", body.Name, err))
		return
	}
	s.reply(c, http.StatusCreated, gin.H{"name": body.Name, "role": role, "token": secret})
}

// revokeToken ends a token and every session that was opened with it.
func (s *server) revokeToken(c *gin.Context) {
	name, who := c.Param("name"), callerOf(c)
	if err := s.Tokens.RevokeToken(c.Request.Context(), who.portal, name, who.Actor()); err != nil {
		s.fail(c, fmt.Errorf("revoke token %q: %w", name, err))
		return
	}
	c.Status(http.StatusNoContent)
}
