package web

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// Bounds of a decision about many.
const (
	maxPicks    = 100
	maxFailures = 3 // after so many, the rest is left alone
)

// pick is a suggestion that a list showed under an ETag.
type pick struct{ id, etag string }

// leftOut is a ticked suggestion that nothing is decided about, and why.
type leftOut struct{ Name, URL, Why string }

type bulkPage struct {
	frame
	Verb, Done string // approve, approved
	Path       string
	Rows       []row
	Left       []leftOut
	Count      int
	Digest     string
	Reason     choice
	Comment    string
	QueueURL   string
	BackQuery  string
	Problem    string
	Typed      string
}

type bulkDonePage struct {
	frame
	Done     string // approved or rejected
	Rows     []row  // that were decided
	Left     []leftOut
	Writing  bool // what was approved is being written
	QueueURL string
}

func (s *server) bulkApprove(c *gin.Context) { s.bulk(c, "approve") }
func (s *server) bulkReject(c *gin.Context)  { s.bulk(c, "reject") }

// bulk decides about many: it shows what would be decided with a digest of it, and decides when as many are confirmed and none of them has moved since.
func (s *server) bulk(c *gin.Context, verb string) {
	form, err := readForm(c)
	var picks []pick
	if err == nil {
		picks, err = readPicks(form)
	}
	reason := form.Get("reason")
	if err == nil && verb == "reject" {
		if reason == "" {
			err = fmt.Errorf("choose a reason for the rejection: %w", crm.ErrInvalid)
		} else {
			err = checkReason(reason)
		}
	}
	comment := lines(form.Get("comment"))
	if err == nil {
		err = approveBody{Comment: comment}.check()
	}
	if err != nil {
		s.failPage(c, err)
		return
	}
	f := backTo(form.Get("back"))
	page := bulkPage{frame: s.frame(c, words(verb)+" many"), Verb: verb, Done: bulkDone[verb], Path: "/bulk/" + verb, Reason: choice{reason, words(reason)}, Comment: comment, QueueURL: f.address("/"),
		BackQuery: f.values().Encode(), Typed: form.Get("confirm")}
	found, err := s.lookAt(c, picks, f, &page)
	if err != nil {
		s.failPage(c, err)
		return
	}
	status := http.StatusOK
	switch n, err := strconv.Atoi(strings.TrimSpace(page.Typed)); {
	case !form.Has("digest"):
	case form.Get("digest") != page.Digest:
		status, page.Problem, page.Typed = http.StatusConflict, "Some of them have changed since you looked: nothing was decided. Look again.", ""
	case err != nil || n != page.Count:
		status, page.Problem = http.StatusBadRequest, fmt.Sprintf("You typed %q, and these are %s: nothing was decided.", page.Typed, count(page.Count, "suggestion"))
	case page.Count > 0:
		s.decideAll(c, crm.Decision{Approve: verb == "approve", Reason: reason, Comment: comment}, found, page, f)
		return
	}
	s.show(c, status, "bulk", page)
}

// bulkDone is the word for what was done.
var bulkDone = map[string]string{"approve": "approved", "reject": "rejected"}

func readPicks(form url.Values) ([]pick, error) {
	all := form["pick"]
	if len(all) == 0 {
		return nil, fmt.Errorf("tick at least one suggestion: %w", crm.ErrInvalid)
	}
	if len(all) > maxPicks {
		return nil, fmt.Errorf("%d suggestions at once: at most %d: %w", len(all), maxPicks, crm.ErrInvalid)
	}
	seen, out := map[string]bool{}, []pick{}
	for _, word := range all {
		id, etag, ok := strings.Cut(word, " ")
		if !ok || id == "" || etag == "" {
			return nil, fmt.Errorf("the form does not say which version was shown: %w", crm.ErrInvalid)
		}
		if !seen[id] {
			seen[id] = true
			out = append(out, pick{id, etag})
		}
	}
	return out, nil
}

// lookAt reads what was ticked as it is now, leaves out what has moved or is decided, and makes the digest of the rest.
func (s *server) lookAt(c *gin.Context, picks []pick, f queueFilter, page *bulkPage) (found []crm.Proposal, err error) {
	sum := sha256.New()
	for _, want := range picks {
		p, err := s.Suggestions.Proposal(c.Request.Context(), portalOf(c), want.id)
		if errors.Is(err, crm.ErrNotFound) {
			page.Left = append(page.Left, leftOut{Name: want.id, URL: suggestionURL(want.id), Why: "it is not here"})
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("suggestion %q: %w", want.id, err)
		}
		r := rowOf(p, f, s.Now())
		switch {
		case p.State != crm.Pending:
			page.Left = append(page.Left, leftOut{r.Name, r.URL, "it is " + string(p.State) + " already"})
			continue
		case p.ETag() != want.etag:
			page.Left = append(page.Left, leftOut{r.Name, r.URL, "it has changed since it was shown"})
			continue
		}
		page.Rows, found = append(page.Rows, r), append(found, p)
		fmt.Fprintf(sum, "%s\n", p.ETag())
	}
	page.Count, page.Digest = len(found), hex.EncodeToString(sum.Sum(nil))[:16]
	return found, nil
}

// decideAll carries out what was confirmed, each against the version that was looked at, until too many have failed.
func (s *server) decideAll(c *gin.Context, d crm.Decision, all []crm.Proposal, looked bulkPage, f queueFilter) {
	who := callerOf(c)
	page := bulkDonePage{frame: looked.frame, Done: looked.Done, Left: looked.Left, Writing: d.Approve, QueueURL: f.address("/")}
	failures := 0
	for i, p := range all {
		r := looked.Rows[i]
		if failures >= maxFailures {
			page.Left = append(page.Left, leftOut{r.Name, r.URL, "not tried any more after the failures"})
			continue
		}
		d.Portal, d.Proposal, d.Seen, d.Actor, d.At = who.portal, p.ID, p.ETag(), who.Actor(), s.Now().UTC()
		got, err := s.Decider.Decide(c.Request.Context(), d)
		if err != nil {
			_ = c.Error(err) // read by observe
			failures++
			_, detail := statusOf(err)
			page.Left = append(page.Left, leftOut{r.Name, r.URL, plainly(detail)})
			continue
		}
		page.Rows = append(page.Rows, rowOf(got, f, s.Now()))
	}
	page.Title = fmt.Sprintf("%d %s", len(page.Rows), page.Done)
	s.show(c, http.StatusOK, "bulkdone", page)
}
