package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

const (
	tokenPrefix  = "contextd_pat_" // lets secret scanners find a leaked token
	callerKey    = "contextd.caller"
	maxTokenSize = 256
)

// caller is who calls, and the one portal that the call is about.
type caller struct {
	Identity
	portal crm.PortalID
}

// bearer lets a request through whose token has the route's role.
func (s *server) bearer(needed Role) gin.HandlerFunc {
	return func(c *gin.Context) {
		secret, ok := bearerToken(c.Request.Header)
		if !ok {
			refuse(c, http.StatusUnauthorized, "send one header: Authorization: Bearer "+tokenPrefix+"…")
			return
		}
		who, err := s.Access.Identify(c.Request.Context(), secret)
		if isUnknown(err) {
			refuse(c, http.StatusUnauthorized, "this token is unknown or revoked")
			return
		}
		if err == nil {
			err = s.admit(c, who, needed)
		}
		if err != nil {
			s.fail(c, err)
		}
	}
}

// isUnknown tells a wrong credential from a store that cannot say.
func isUnknown(err error) bool {
	return (errors.Is(err, crm.ErrNotFound) || errors.Is(err, crm.ErrForbidden)) && !errors.Is(err, crm.ErrTemporary)
}

// admit ties the request to its caller and portal. The portal comes from the identity and from nowhere else.
func (s *server) admit(c *gin.Context, who Identity, needed Role) error {
	portal := who.Portal
	if portal == 0 && len(s.Portals) == 1 {
		portal = s.Portals[0]
	}
	switch {
	case portal == 0:
		return fmt.Errorf("this token is for every portal and there are several: use one that was made for a portal: %w", crm.ErrForbidden)
	case !slices.Contains(s.Portals, portal):
		return fmt.Errorf("portal %s of this token is not configured: %w", portal, crm.ErrForbidden)
	case !who.Role.May(needed):
		return fmt.Errorf("this needs the role %s: %w", needed, crm.ErrForbidden)
	}
	c.Set(callerKey, caller{Identity: who, portal: portal})
	return nil
}

// bearerToken reads the one Authorization header. Two of them are nobody's.
func bearerToken(h http.Header) (string, bool) {
	values := h.Values("Authorization")
	if len(values) != 1 {
		return "", false
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return token, isToken(token)
}

// isToken accepts what could be a token, before anything is asked of the store.
func isToken(s string) bool {
	return strings.HasPrefix(s, tokenPrefix) && len(s) > len(tokenPrefix) && len(s) <= maxTokenSize && !strings.ContainsAny(s, " \t\r\n\x00")
}

// callerOf is the admitted caller; routes without one never ask.
func callerOf(c *gin.Context) caller {
	who, _ := c.Value(callerKey).(caller)
	return who
}

func portalOf(c *gin.Context) crm.PortalID { return callerOf(c).portal }
