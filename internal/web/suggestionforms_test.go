package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

const openPage = "2026-11-02T09:29:30Z" // half a minute ago

func TestFormsDecide(t *testing.T) {
	w := newWorld()
	w.proposals = append(w.proposals, proposal("p4", crm.Pending))
	h := handler(w)
	cookie := logIn(t, h, "approver")
	tag := w.proposals[0].ETag()
	for _, c := range []struct {
		verb, to string
		form     url.Values
	}{
		{"approve", "/suggestions/p1?done=approve", url.Values{"seen": {tag}, "change": {"c1"}, "reason": {""}, "shown": {openPage}}},
		{"reject", "/suggestions/p4?done=reject&was=p1", url.Values{"seen": {tag}, "change": {"c1", "c2"}, "reason": {"not_useful"}, "comment": {"no"}, "back": {"//evil.example"}}},
		{"approve", "/?assignee=me&done=approve&was=p1", url.Values{"seen": {tag}, "change": {"c1", "c2"}, "edit.c1": {"2027-04-01"}, "edit.c2": {"Renewal in March.\r\n"}, "back": {"assignee=me"}}},
		{"approve", "/suggestions/p4?done=approve&was=p1", url.Values{"seen": {tag}, "change": {"c1", "c2"}, "next": {"p4"}}},
		{"approve", "/suggestions/p4?done=approve&was=p1", url.Values{"seen": {tag}, "change": {"c1", "c2"}, "next": {"p2"}}},
		{"approve", "/suggestions/p1?done=approve&state=all", url.Values{"seen": {tag}, "change": {"c1", "c2"}, "edit.c2": {"Renewal in\r\nApril."}, "back": {"state=all"}}},
	} {
		got := decideForm("/suggestions/p1/"+c.verb, c.form, cookie).do(t, h)
		if got.Code != http.StatusSeeOther || got.Header().Get("Location") != c.to {
			t.Errorf("%v: %d %q %s", c.form, got.Code, got.Header().Get("Location"), got.Body)
		}
	}
	base := crm.Decision{Portal: portal, Proposal: "p1", Approve: true, Changes: []string{"c1", "c2"}, Actor: crm.Actor{Kind: crm.TokenActor, ID: "approver"}, Seen: tag, At: now}
	one, no, edited, note := base, base, base, base
	one.Changes, one.Seconds = []string{"c1"}, 30
	no.Approve, no.Reason, no.Comment = false, "not_useful", "no"
	edited.Edits, note.Edits = map[string]string{"c1": "2027-04-01"}, map[string]string{"c2": "Renewal in\nApril."}
	if want := []crm.Decision{one, no, edited, base, base, note}; !reflect.DeepEqual(w.decisions, want) {
		t.Errorf("got  %+v\nwant %+v", w.decisions, want)
	}
	for what, c := range map[string]struct {
		path   string
		form   url.Values
		status int
	}{
		"moved":           {"approve", url.Values{"seen": {`"p1.1"`}, "change": {"c1"}}, 409},
		"unseen":          {"approve", url.Values{"change": {"c1"}}, 428},
		"no change":       {"approve", url.Values{"seen": {tag}}, 400},
		"edit not ticked": {"approve", url.Values{"seen": {tag}, "change": {"c1"}, "edit.c2": {"other"}}, 400},
		"no reason":       {"reject", url.Values{"seen": {tag}, "change": {"c1"}, "reason": {""}}, 400},
		"bad reason":      {"reject", url.Values{"seen": {tag}, "change": {"c1"}, "reason": {"x"}}, 400},
		"long remark":     {"reject", url.Values{"seen": {tag}, "change": {"c1"}, "reason": {"other"}, "comment": {strings.Repeat("x", 4001)}}, 400},
		"too large":       {"reject", url.Values{"seen": {strings.Repeat("x", 1<<20)}}, 413},
	} {
		got := decideForm("/suggestions/p1/"+c.path, c.form, cookie).do(t, h)
		if got.Code != c.status {
			t.Errorf("%s: %d, want %d", what, got.Code, c.status)
		}
	}
	w.err = crm.ErrStopped
	got := decideForm("/suggestions/p1/approve", url.Values{"seen": {tag}, "change": {"c1"}}, cookie).do(t, h)
	if got.Code != http.StatusConflict {
		t.Error(got.Code)
	}
	mustContain(t, got.Body.String(), "Stopped by an operator")
	if len(w.decisions) != 6 {
		t.Errorf("%d decisions", len(w.decisions))
	}
}

// TestNothingTypedIsLost: a form that is refused comes back as the page of the suggestion as it is now, with all that was typed and why nothing was done.
func TestNothingTypedIsLost(t *testing.T) {
	w := newWorld()
	call := w.proposals[0].Subject.Path()
	w.entries = []crm.AuditEntry{
		{Time: now, Action: "review.assign", Actors: []crm.Actor{{Kind: crm.TokenActor, ID: "ann"}}, Subject: call, IDs: map[string]string{"proposal": "p1"}},
		{Time: now.Add(-time.Hour), Action: "review.snooze", Actors: []crm.Actor{{Kind: crm.TokenActor, ID: "old"}}, Subject: call, IDs: map[string]string{"proposal": "p1"}},
		{Time: now, Action: "review.approve", Actors: []crm.Actor{{Kind: crm.TokenActor, ID: "other"}}, Subject: call, IDs: map[string]string{"proposal": "p9"}},
	}
	h := handler(w)
	cookie := logIn(t, h, "approver")
	form := url.Values{"seen": {`"p1.3"`}, "shown": {openPage}, "change": {"c2"}, "edit.c1": {"2027-05-01"}, "edit.c2": {"<b>Renewal</b> & more"}, "comment": {"asked Mira"}, "reason": {"tone_or_policy"}}
	got := decideForm("/suggestions/p1/approve", form, cookie).do(t, h)
	page := got.Body.String()
	if got.Code != http.StatusConflict {
		t.Error(got.Code)
	}
	mustContain(t, page, "This suggestion has changed since you opened it", "assigned by ann", ">\n2027-05-01</textarea>", ">\n&lt;b&gt;Renewal&lt;/b&gt; &amp; more</textarea>", ">\nasked Mira</textarea>",
		"Tone or policy <span class=\"path\">(you chose this)", `name="change" value="c2" checked`, `value="&#34;p1.4&#34;"`, `role="alert"`)
	for _, absent := range []string{"by old", "by other", `value="c1" checked`} {
		if strings.Contains(page, absent) {
			t.Errorf("%q is on the page", absent)
		}
	}
	checkClean(t, page)

	form.Set("seen", `"p2.3"`)
	w.proposals = append(w.proposals, proposal("p4", crm.Pending))
	page = decideForm("/suggestions/p2/reject", form, logIn(t, h, "reviewer")).do(t, h).Body.String()
	mustContain(t, page, "Your correction of the ai_renewal_date", "<pre>2027-05-01</pre>", "Your correction of the note", "<pre>&lt;b&gt;Renewal&lt;/b&gt; &amp; more</pre>", "<pre>asked Mira</pre>", "waits in its place")

	w.refuse = map[string]error{"p1": fmt.Errorf("decide suggestion p1: change c1 of ai_renewal_date: want a day such as 2026-01-31: %w", crm.ErrInvalid)}
	got = decideForm("/suggestions/p1/approve", url.Values{"seen": {`"p1.4"`}, "change": {"c1", "c2"}, "edit.c1": {"soon"}}, cookie).do(t, h)
	if got.Code != http.StatusBadRequest {
		t.Error(got.Code)
	}
	mustContain(t, got.Body.String(), "That did not work", `aria-invalid="true" aria-describedby="bad-c1"`, `id="bad-c1">ai_renewal_date: want a day such as 2026-01-31.</p>`, ">\nsoon</textarea>")
	w.refuse["p1"] = fmt.Errorf("decide suggestion p1: ai_renewal_date of companies/123 was changed by CRM_UI:userId:12 at 2026-11-02T10:00:00Z: %w", crm.ErrConflict)
	got = decideForm("/suggestions/p1/approve", url.Values{"seen": {`"p1.4"`}, "change": {"c1", "c2"}}, cookie).do(t, h)
	mustContain(t, got.Body.String(), "<strong>Nothing was done.</strong> ai_renewal_date of companies/123 was changed by HubSpot user 12 at 2 Nov 2026, 10:00 UTC.")
	w.refuse["p1"] = fmt.Errorf("decide suggestion p1: token:ann stopped writing in this portal at 2026-11-02T10:00:00Z (odd scores): contextd resume ends it: %w", crm.ErrStopped)
	got = decideForm("/suggestions/p1/approve", url.Values{"seen": {`"p1.4"`}, "change": {"c1", "c2"}}, cookie).do(t, h)
	mustContain(t, got.Body.String(), "Ann stopped writing in this portal at 2 Nov 2026, 10:00 UTC (odd scores): contextd resume ends it.")
	got = decideForm("/suggestions/p1/approve", url.Values{"seen": {`"p1.4"`}, "change": {"c1"}, "edit.c2": {"x"}}, cookie).do(t, h)
	mustContain(t, got.Body.String(), "<strong>That did not work.</strong> The note: you have corrected it, and it is not ticked")
	got = decideForm("/suggestions/p1/comment", url.Values{"seen": {`"p1.1"`}, "text": {"look again"}}, cookie).do(t, h)
	mustContain(t, got.Body.String(), ">\nlook again</textarea>")
}

func TestDeskForms(t *testing.T) {
	w := newWorld()
	w.proposals = append(w.proposals, proposal("p4", crm.Pending))
	h := handler(w)
	cookie := logIn(t, h, "approver")
	for _, c := range []struct {
		path, to string
		form     url.Values
	}{
		{"p1/snooze", "/suggestions/p4?done=snooze&was=p1", url.Values{"for": {"3"}}},
		{"p1/snooze", "/suggestions/p4?done=snooze&was=p1", url.Values{"until": {"2026-12-01"}}},
		{"p1/snooze", "/suggestions/p1?done=wake", url.Values{"for": {"0"}}},
		{"p1/assign", "/suggestions/p1?done=assign", url.Values{"assignee": {"ann"}}},
		{"p1/assign", "/suggestions/p1?done=assign", url.Values{"assignee": {""}, "mine": {"yes"}}},
		{"p1/assign", "/suggestions/p1?done=drop", url.Values{"assignee": {""}}},
		{"p1/comment", "/suggestions/p1?done=comment", url.Values{"text": {" ask\r\nMira "}}},
		{"p2/undo", "/suggestions/p2?done=undo", url.Values{"change": {"c1"}, "comment": {"was wrong"}}},
	} {
		c.form.Set("seen", fmt.Sprintf("%q", c.path[:2]+".4"))
		got := decideForm("/suggestions/"+c.path, c.form, cookie).do(t, h)
		if got.Code != http.StatusSeeOther || got.Header().Get("Location") != c.to {
			t.Errorf("%s %v: %d %q", c.path, c.form, got.Code, got.Header().Get("Location"))
		}
	}
	want := []string{"snooze 2026-11-05 by approver", "snooze 2026-12-01 by approver", "snooze 0001-01-01 by approver", `assign "ann" by approver`, `assign "approver" by approver`, `assign "" by approver`,
		`comment "ask\nMira" by approver`, "undo [c1] by approver", `comment "was wrong" by approver`}
	if !reflect.DeepEqual(w.desked, want) {
		t.Errorf("got  %q\nwant %q", w.desked, want)
	}
	w.desked = nil
	for path, form := range map[string]url.Values{
		"p1/snooze": {"until": {"2020-01-01"}}, "p1/snooze?": {"until": {"2099-01-01"}}, "p1/snooze?a": {"until": {"soon"}}, "p1/snooze?b": {"for": {"-1"}}, "p1/snooze?c": {"for": {"400"}},
		"p1/assign": {"assignee": {"nobody of ours"}}, "p1/assign?": {"assignee": {"gone"}}, "p1/assign?a": {"assignee": {"ci"}}, "p1/comment": {"text": {" "}}, "p2/undo": {}, "p1/comment?": {"text": {strings.Repeat("x", 4001)}},
	} {
		form.Set("seen", fmt.Sprintf("%q", path[:2]+".4"))
		if got := decideForm("/suggestions/"+path, form, cookie).do(t, h); got.Code != http.StatusBadRequest {
			t.Errorf("%s %v: %d", path, form, got.Code)
		}
	}
	if len(w.desked) > 0 {
		t.Errorf("%q", w.desked)
	}
	w.entries = []crm.AuditEntry{{Time: now, Action: "review.reject", Actors: []crm.Actor{{Kind: crm.TokenActor, ID: "ann"}}, IDs: map[string]string{"proposal": "p3", "reason": "wrong_fact"}}}
	mustContain(t, request{method: "GET", path: "/suggestions/p3", cookie: cookie}.do(t, h).Body.String(), "What became of it", "rejected (wrong fact) by ann")
	w.proposals[1].DecidedAt = now.AddDate(0, 0, -31)
	page := request{method: "GET", path: "/suggestions/p2", cookie: cookie}.do(t, h).Body.String()
	if !strings.Contains(page, "more than 30 days ago") || strings.Contains(page, `"/suggestions/p2/undo"`) {
		t.Error("an old write can be undone")
	}
}
