package web

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// lockedRow is a field that a person has changed, as the page lists it.
type lockedRow struct {
	Name, Record, Property string
	Label                  string // of the property
	How                    string
	Wrote, Present         string
	Who                    string
	At                     moment
	Suggestion             string // address
	Workflow               string
}

type lockedPage struct {
	frame
	Rows       []lockedRow
	Next       string
	Done       string
	Problem    string
	MayRelease bool
}

// lockWords say how a person came to have the last word; who follows.
var lockWords = map[crm.Lock]string{crm.LockEdited: "Changed since by", crm.LockConflict: "Changed first, so that nothing was written, by", crm.LockUndone: "Taken back by"}

// lockedPage lists the fields that are not written without asking because a person has changed them.
func (s *server) lockedPage(c *gin.Context) {
	q := queryOf(c, "cursor", "done")
	cursor := q.cursor("locked")
	if q.err != nil {
		s.failPage(c, q.err)
		return
	}
	done := ""
	if q.text("done") != "" {
		done = "Released. The next value is written as the policy says."
	}
	s.lockedList(c, http.StatusOK, cursor, done, "")
}

func (s *server) lockedList(c *gin.Context, status int, cursor, done, problem string) {
	fields, next, err := s.Desk.Locked(c.Request.Context(), portalOf(c), cursor, rowsPerPage)
	if err != nil {
		s.failPage(c, fmt.Errorf("list locked fields: %w", err))
		return
	}
	page := lockedPage{frame: s.frame(c, "Locked fields"), Done: done, Problem: problem, MayRelease: callerOf(c).Role.May(Approver), Rows: each(fields, lockedRowOf)}
	if next != "" {
		page.Next = "/locked?" + url.Values{"cursor": {*pageOf("locked", []int{}, next, func(i int) int { return i }).Next}}.Encode()
	}
	s.show(c, status, "locked", page)
}

func lockedRowOf(f crm.LockedField) lockedRow {
	out := lockedRow{Name: f.RecordName, Record: f.Record.Path(), Property: f.Property, Label: words(f.Property), How: lockWords[f.How], Wrote: f.Wrote, Present: f.Present, Who: sourceWords(f.By), At: momentOf(f.At),
		Suggestion: suggestionURL(f.Proposal), Workflow: words(f.Workflow)}
	if out.Name == "" {
		out.Name = out.Record
	}
	return out
}

// releaseForm gives a field back to the gate.
func (s *server) releaseForm(c *gin.Context) {
	form, err := readForm(c)
	var record crm.Ref
	if err == nil {
		record, err = crm.ParsePath(portalOf(c), form.Get("record"))
	}
	if err == nil && !record.Type.IsRecord() {
		err = fmt.Errorf("%s is not a record: %w", record.Path(), crm.ErrInvalid)
	}
	if err == nil && !ownProperty.MatchString(form.Get("property")) {
		err = fmt.Errorf("%q is no property that contextd writes: %w", form.Get("property"), crm.ErrInvalid)
	}
	if err == nil {
		err = s.Desk.Release(c.Request.Context(), record, form.Get("property"), callerOf(c).Actor())
	}
	if err == nil {
		redirect(c, "/locked?done=release")
		return
	}
	s.refuseForm(c, err, "Nothing was released", func(status int, problem string) { s.lockedList(c, status, "", "", problem) })
}
