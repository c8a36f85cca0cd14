package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// readForm parses a form; what is too large or none is refused.
func readForm(c *gin.Context) (url.Values, error) {
	err := c.Request.ParseForm()
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &statusError{http.StatusRequestEntityTooLarge, "the form is larger than 1 MiB"}
	case err != nil:
		return nil, fmt.Errorf("the form cannot be read: %w", crm.ErrInvalid)
	}
	return c.Request.PostForm, nil
}

// act carries out a form about a suggestion against the version that its page showed. What cannot be done is said on the page of the suggestion as it is now, with all that was
// typed.
func (s *server) act(c *gin.Context, name func(form url.Values) string, do func(ctx context.Context, who caller, form url.Values, seen string) (crm.Proposal, error)) {
	form, err := readForm(c)
	if err == nil && form.Get("seen") == "" {
		err = &statusError{http.StatusPreconditionRequired, "the form does not say which version was shown"}
	}
	if err != nil {
		s.failPage(c, err)
		return
	}
	p, err := do(c.Request.Context(), callerOf(c), form, form.Get("seen"))
	if err != nil {
		s.refused(c, form, fmt.Errorf("suggestion %q: %w", c.Param("id"), err))
		return
	}
	f, action := backTo(form.Get("back")), name(form)
	goesOn := action == "snooze" || (action == "approve" || action == "reject") && !slices.ContainsFunc(p.Changes, func(ch crm.Change) bool { return ch.State == crm.Pending })
	if f.state != "" || !goesOn {
		redirect(c, f.address(suggestionURL(p.ID), "done", action))
		return
	}
	to := "/"
	if next := s.goOn(c, form.Get("next"), p.ID, f); next != "" {
		to = suggestionURL(next)
	}
	redirect(c, f.address(to, "done", action, "was", p.ID))
}

// goOn is the suggestion that work goes on with: the one that the page named as the next if it still waits, else the first of the queue; "" when nothing waits, or when that
// cannot be told: what was decided is decided all the same.
func (s *server) goOn(c *gin.Context, next, decided string, f queueFilter) string {
	if next != "" && next != decided {
		if p, err := s.Suggestions.Proposal(c.Request.Context(), portalOf(c), next); err == nil && p.State == crm.Pending {
			return next
		}
	}
	all, _, err := s.Suggestions.Proposals(c.Request.Context(), f.filter(callerOf(c)), "", 2)
	if err != nil {
		return ""
	}
	for _, p := range all {
		if p.ID != decided {
			return p.ID
		}
	}
	return ""
}

// always is the name of a form that does one thing.
func always(action string) func(url.Values) string {
	return func(url.Values) string { return action }
}

// refused shows the suggestion as it is now, says why nothing was done and what has changed, and gives back what was typed.
func (s *server) refused(c *gin.Context, form url.Values, cause error) {
	status, detail := statusOf(cause)
	p, err := s.proposal(c)
	if err != nil {
		s.failPage(c, cause)
		return
	}
	page, err := s.draft(c, p, backTo(form.Get("back")))
	if err != nil {
		s.failPage(c, err)
		return
	}
	_ = c.Error(cause) // read by observe
	page.Heading, page.Problem, page.Moved = heading(status), sentence(named(p, plainly(detail))), form.Get("seen") != p.ETag() && form.Get("just") == ""
	page.Title = page.Heading + ": " + page.Title
	page.Typed.read(form)
	page.keep(form)
	for _, ch := range p.Changes {
		if strings.Contains(detail, "change "+ch.ID+" ") || strings.Contains(detail, "change "+ch.ID+":") {
			page.Bad[ch.ID] = page.Problem
		}
	}
	if page.Moved {
		since, err := time.Parse(time.RFC3339Nano, form.Get("shown"))
		if err != nil {
			since = time.Time{}
		}
		page.Problem = "This suggestion has changed since you opened it. What you see now is how it stands; what you typed is still here."
		if page.Happened, err = s.happened(c, p, since); err == nil {
			page.Newer, err = s.newer(c, p)
		}
		if err != nil {
			s.failPage(c, err)
			return
		}
	}
	s.show(c, status, "suggestion", page)
}

func (t *typed) read(form url.Values) {
	t.Reason, t.Comment, t.Text, t.Until = form.Get("reason"), form.Get("comment"), form.Get("text"), form.Get("until")
	if form.Has("assignee") {
		t.Assignee = form.Get("assignee")
	}
	if form.Has("change") || form.Has("comment") { // the forms that have ticks
		t.Ticked = map[string]bool{}
		for _, id := range form["change"] {
			t.Ticked[id] = true
		}
	}
	for name := range form {
		if id, ok := strings.CutPrefix(name, editPrefix); ok {
			t.Edits[id] = lines(form.Get(name))
		}
	}
}

// keep saves what was typed for changes that nobody can decide about any more: their forms are not on the page.
func (p *suggestionPage) keep(form url.Values) {
	for _, ch := range p.Card.Changes {
		if text := lines(form.Get(editPrefix + ch.ID)); !ch.Pending && text != "" && strings.TrimSpace(text) != strings.TrimSpace(ch.After) {
			name := ch.Property
			if ch.Kind != string(crm.PropertyKind) {
				name = ch.Kind
			}
			p.Kept = append(p.Kept, choice{"Your correction of the " + name, text})
		}
	}
	if p.Card.Pending == 0 && !p.MayUndo && p.Typed.Comment != "" {
		p.Kept = append(p.Kept, choice{"Your comment", p.Typed.Comment})
	}
}

// editPrefix stands before the id of a change in the name of the field that its new value can be corrected in.
const editPrefix = "edit."

// lines ends lines as everywhere but in forms.
func lines(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

// edits are the values that differ from what the page showed. An edit of a change that is not ticked is refused: it would be lost.
func edits(p crm.Proposal, form url.Values, ticked []string) (map[string]string, error) {
	out := map[string]string{}
	for _, ch := range p.Changes {
		if !form.Has(editPrefix + ch.ID) {
			continue
		}
		text, shown := lines(form.Get(editPrefix+ch.ID)), ch.After
		if ch.Kind != crm.PropertyKind {
			shown = PlainText(ch.After)
		}
		switch {
		case strings.TrimSpace(text) == strings.TrimSpace(lines(shown)):
		case !slices.Contains(ticked, ch.ID):
			return nil, fmt.Errorf("change %s: you have corrected it, and it is not ticked: tick it, or put its text back: %w", ch.ID, crm.ErrInvalid)
		default:
			out[ch.ID] = text
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

// longestLook is how long a page may have been open for the time until the decision to count.
const longestLook = time.Hour

// seconds is how long a decision took, from shown to sent; 0 when that is unknown or the page was left open.
func seconds(form url.Values, now time.Time) float64 {
	shown, err := time.Parse(time.RFC3339Nano, form.Get("shown"))
	if took := now.Sub(shown); err == nil && took > 0 && took < longestLook {
		return took.Seconds()
	}
	return 0
}

var (
	errorPath = regexp.MustCompile(`^(?:(?:decide about|decide|undo|review\.[a-z]+) suggestion [^:\s]+: |suggestion [^:\s]+: )+`)
	errorKind = regexp.MustCompile(`(: (` + strings.Join(each([]error{crm.ErrConflict, crm.ErrInvalid, crm.ErrStopped, crm.ErrForbidden, crm.ErrNotFound}, func(e error) string { return regexp.QuoteMeta(e.Error()) }), "|") + `))+$`)
	exactTime = regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
	actorName = regexp.MustCompile(`\b(token|user|hubspot|system):([\w.@-]+)`)
	hubSource = regexp.MustCompile(`\b(CRM_UI\w*(?::\S+)?) at `)
)

// named is a text with the names of a suggestion's changes instead of their ids.
func named(p crm.Proposal, text string) string {
	for _, ch := range p.Changes {
		name := ch.Property
		if ch.Kind != crm.PropertyKind {
			name = "The " + string(ch.Kind)
		}
		text = strings.ReplaceAll(text, "change "+ch.ID+": "+ch.Property+" of ", ch.Property+" of ")
		text = strings.ReplaceAll(strings.ReplaceAll(text, "change "+ch.ID+" of "+ch.Property+": ", name+": "), "change "+ch.ID+": ", name+": ")
	}
	return text
}

// sentence begins with a capital letter, unless with a name of ours, and ends.
func sentence(s string) string {
	if first, _, _ := strings.Cut(s, " "); !strings.ContainsAny(first, "_/0123456789") {
		s = capital(s)
	}
	return s + "."
}

// plainly is an error without the way that it took through the program, and with people instead of HubSpot's names for them.
func plainly(detail string) string {
	detail = errorPath.ReplaceAllString(detail, "")
	if text := errorKind.ReplaceAllString(detail, ""); text != "" {
		detail = text
	}
	detail = exactTime.ReplaceAllStringFunc(detail, func(m string) string {
		at, err := time.Parse(time.RFC3339, m)
		if err != nil {
			return m
		}
		return momentOf(at).Human
	})
	detail = actorName.ReplaceAllStringFunc(detail, sourceWords)
	return hubSource.ReplaceAllStringFunc(detail, func(m string) string { return sourceWords(strings.TrimSuffix(m, " at ")) + " at " })
}
