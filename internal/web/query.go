package web

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// Limits of every list, and of the words of a question.
const (
	defaultLimit = 50
	maxLimit     = 200
	maxQuestion  = 2000
)

// query reads a request's parameters; the first mistake is kept in err, and later reads are then of no use.
type query struct {
	values url.Values
	err    error
}

// queryOf refuses parameters that the route does not have, and repeated ones: an option that is ignored is a defect.
func queryOf(c *gin.Context, known ...string) *query {
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return &query{err: fmt.Errorf("the query cannot be read: %w", crm.ErrInvalid)}
	}
	for name, all := range values {
		if !slices.Contains(known, name) {
			return &query{err: fmt.Errorf("parameter %q is unknown here, known are [%s]: %w", name, strings.Join(known, " "), crm.ErrInvalid)}
		}
		if len(all) > 1 || !utf8.ValidString(all[0]) {
			return &query{err: fmt.Errorf("parameter %q: send it once, in UTF-8: %w", name, crm.ErrInvalid)}
		}
	}
	return &query{values: values}
}

// noQuery guards routes that take everything from their path and body.
func (s *server) noQuery(c *gin.Context) {
	if q := queryOf(c); q.err != nil {
		s.fail(c, q.err)
	}
}

func (q *query) refuse(name, want string) {
	if q.err == nil {
		q.err = fmt.Errorf("parameter %s: want %s: %w", name, want, crm.ErrInvalid)
	}
}

func (q *query) keep(err error) {
	if q.err == nil {
		q.err = err
	}
}

func (q *query) text(name string) string { return q.values.Get(name) }

// limit is 1 to most, or usual when it is absent.
func (q *query) limit(usual, most int) int {
	return q.number("limit", usual, most)
}

func (q *query) number(name string, usual, most int) int {
	s := q.text(name)
	if s == "" {
		return usual
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > most {
		q.refuse(name, fmt.Sprintf("a number from 1 to %d", most))
		return usual
	}
	return n
}

// moment is an RFC 3339 time in UTC; zero when absent.
func (q *query) moment(name string) time.Time {
	s := q.text(name)
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		q.refuse(name, "an RFC 3339 time such as 2026-01-31T00:00:00Z")
	}
	return t.UTC()
}

func (q *query) kinds(name string) (out []crm.Kind) {
	s := q.text(name)
	if s == "" {
		return nil
	}
	for word := range strings.SplitSeq(s, ",") {
		k, err := crm.ParseKind(word)
		if err != nil {
			q.keep(fmt.Errorf("parameter %s: %w", name, err))
		}
		out = append(out, k)
	}
	return out
}

// refs is a list of record or activity paths of the portal, separated by commas.
func (q *query) refs(name string, portal crm.PortalID, fits func(crm.ObjectType) bool) (out []crm.Ref) {
	s := q.text(name)
	if s == "" {
		return nil
	}
	for path := range strings.SplitSeq(s, ",") {
		ref, err := crm.ParsePath(portal, strings.TrimSpace(path))
		if err == nil && !fits(ref.Type) {
			err = fmt.Errorf("%s does not belong here: %w", path, crm.ErrInvalid)
		}
		if err != nil {
			q.keep(fmt.Errorf("parameter %s: %w", name, err))
		}
		out = append(out, ref)
	}
	return out
}

// lines is a text of several lines, without empty ones: the earlier questions and answers that a question follows on, oldest first.
func (q *query) lines(name string) (out []string) {
	s := q.text(name)
	if utf8.RuneCountInString(s) > 10*maxQuestion {
		q.refuse(name, fmt.Sprintf("at most %d characters", 10*maxQuestion))
	}
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// flag is true or false; false when absent.
func (q *query) flag(name string) bool {
	switch q.text(name) {
	case "", "false":
		return false
	case "true":
		return true
	}
	q.refuse(name, "true or false")
	return false
}

// cursor is the store's own cursor inside the opaque one; list names the list that it belongs to.
func (q *query) cursor(list string) string {
	s := q.text("cursor")
	if s == "" {
		return ""
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	inner, ok := strings.CutPrefix(string(raw), list+":")
	if err != nil || !ok || inner == "" {
		q.refuse("cursor", "the next of an earlier page of this list")
	}
	return inner
}

// page is one page of a list. Next is null at the end.
type page[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next"`
}

func pageOf[From, To any](list string, items []From, next string, show func(From) To) page[To] {
	out := page[To]{Items: make([]To, 0, len(items))}
	for _, item := range items {
		out.Items = append(out.Items, show(item))
	}
	if next != "" {
		s := base64.RawURLEncoding.EncodeToString([]byte(list + ":" + next))
		out.Next = &s
	}
	return out
}

// recordOf and activityOf read the reference in a path, inside the caller's portal.
func recordOf(c *gin.Context) (crm.Ref, error) {
	ref, err := crm.ParsePath(portalOf(c), c.Param("type")+"/"+c.Param("id"))
	if err == nil && !ref.Type.IsRecord() {
		err = fmt.Errorf("%s is not a record: want one of companies contacts deals tickets: %w", ref.Path(), crm.ErrInvalid)
	}
	return ref, err
}

func activityOf(c *gin.Context) (crm.Ref, error) {
	ref, err := crm.ParsePath(portalOf(c), c.Param("type")+"/"+c.Param("id"))
	if err == nil && !ref.Type.IsActivity() {
		err = fmt.Errorf("%s is not an activity: want one of calls meetings emails notes tasks communications: %w", ref.Path(), crm.ErrInvalid)
	}
	return ref, err
}
