package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

func (s *server) approveForm(c *gin.Context) {
	s.decideForm(c, "approve", crm.Decision{Approve: true})
}

func (s *server) rejectForm(c *gin.Context) {
	s.decideForm(c, "reject", crm.Decision{})
}

// decideForm carries out the decision of a form: the ETag that the page showed, the changes that were ticked and, to reject, a reason.
func (s *server) decideForm(c *gin.Context, action string, d crm.Decision) {
	err := c.Request.ParseForm()
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		err = &statusError{http.StatusRequestEntityTooLarge, "the form is larger than 1 MiB"}
	case err != nil:
		err = fmt.Errorf("the form cannot be read: %w", crm.ErrInvalid)
	default:
		err = readDecision(c.Request.PostForm, &d)
	}
	if err == nil {
		_, err = s.carryOut(c, d)
	}
	if err != nil {
		s.failPage(c, err)
		return
	}
	values := url.Values{"done": {action}}
	if state, err := crm.ParseState(c.PostForm("back")); err == nil {
		values.Set("state", string(state))
	}
	redirect(c, "/?"+values.Encode())
}

func readDecision(form url.Values, d *crm.Decision) error {
	d.Seen, d.Changes, d.Comment = form.Get("seen"), form["change"], form.Get("comment")
	if d.Seen == "" {
		return &statusError{http.StatusPreconditionRequired, "the form does not say which version was shown"}
	}
	if len(d.Changes) == 0 {
		return fmt.Errorf("choose at least one change: %w", crm.ErrInvalid)
	}
	if !d.Approve {
		d.Reason = form.Get("reason")
		if d.Reason == "" {
			return fmt.Errorf("choose a reason: %w", crm.ErrInvalid)
		}
		if err := checkReason(d.Reason); err != nil {
			return err
		}
	}
	return approveBody{Changes: d.Changes, Comment: d.Comment}.check()
}
