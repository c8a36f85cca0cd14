package web

import (
	"fmt"
	"net/http"
	"regexp"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

var ownProperty = regexp.MustCompile(`^ai_[a-z0-9_]{1,97}$`)

// release gives a property back to the gate that a person has changed or undone.
func (s *server) release(c *gin.Context) {
	var body struct {
		Property string `json:"property"`
	}
	record, err := recordOf(c)
	if err == nil {
		err = readJSON(c, &body)
	}
	if err == nil && !ownProperty.MatchString(body.Property) {
		err = fmt.Errorf("property: %q is none that contextd writes, such as ai_lead_score: %w", body.Property, crm.ErrInvalid)
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	err = s.Desk.Release(c.Request.Context(), record, body.Property, callerOf(c).Actor())
	s.answer(c, http.StatusOK, map[string]string{"record": record.Path(), "property": body.Property, "released_by": callerOf(c).Actor().String()}, err, "release a field")
}
