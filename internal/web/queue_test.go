package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

func TestQueueListsWhatWaitsFirst(t *testing.T) {
	w := newWorld()
	h := handler(w)
	page := request{method: "GET", path: "/", cookie: logIn(t, h, "approver")}.do(t, h).Body.String()
	mustContain(t, page, "Northwind", "Call summary", "calls/9101", "removed: </span>2026-12-01", "added: </span>2027-03-01", "0.78", "We renew in March", "contradicted", "1 not supported", "Decided lately",
		`href="/suggestions/p1">Start with the first`, `value="p1 &#34;p1.4&#34;"`, "3 wait for a decision", "Given to", "worth of a look")
	if strings.Index(page, `id="s-p1"`) > strings.Index(page, `id="s-p2"`) {
		t.Error("pending is not first")
	}
	if strings.Contains(page, `value="p2 `) {
		t.Error("an applied suggestion can be ticked")
	}
	if all := (request{method: "GET", path: "/?ticked=true", cookie: logIn(t, h, "approver")}).do(t, h).Body.String(); !strings.Contains(all, `value="p1 &#34;p1.4&#34;" checked`) {
		t.Error("nothing is ticked")
	}
}

func TestQueueFilters(t *testing.T) {
	w := newWorld()
	w.proposals = append(w.proposals, proposal("p4", crm.Pending), proposal("p5", crm.Pending), proposal("p6", crm.Pending))
	w.proposals[3].Assignee, w.proposals[4].SnoozedTill, w.proposals[5].Workflow = "viewer", now.Add(time.Hour), "lead_score"
	h := handler(w)
	cookie := logIn(t, h, "viewer")
	shown := regexp.MustCompile(`id="s-(p\d)"`)
	for path, want := range map[string]string{
		"/": "p1 p4 p6 p2 p3", "/?state=rejected": "p3", "/?state=all": "p1 p2 p3 p4 p5 p6", "/?assignee=me": "p4", "/?assignee=viewer": "p4", "/?snoozed=true": "p5", "/?workflow=lead_score": "p6", "/?order=oldest": "p6 p4 p1",
		"/?state=applied&order=oldest": "p2", "/?assignee=nobody": "",
	} {
		got := request{method: "GET", path: path, cookie: cookie}.do(t, h)
		var ids []string
		for _, m := range shown.FindAllStringSubmatch(got.Body.String(), -1) {
			ids = append(ids, m[1])
		}
		if got.Code != 200 || strings.Join(ids, " ") != want {
			t.Errorf("%s: %d %v, want %s", path, got.Code, ids, want)
		}
	}
	mustContain(t, request{method: "GET", path: "/?state=rejected", cookie: cookie}.do(t, h).Body.String(), `aria-current="page">Rejected`, `<option value="rejected" selected>`)
	mustContain(t, request{method: "GET", path: "/?assignee=me", cookie: cookie}.do(t, h).Body.String(), `href="/suggestions/p4?assignee=me"`, "Given to you")
	for path, status := range map[string]int{"/?state=open": 400, "/?x=1": 400, "/?cursor=zz": 400, "/?order=random": 400, "/?snoozed=yes": 400, "/suggestions/p1": 200, "/suggestions/p1?assignee=me": 200, "/suggestions/nope": 404,
		"/suggestions/p1?x=1": 400, "/suggestions/p1?state=open": 400} {
		if got := (request{method: "GET", path: path, cookie: cookie}).do(t, h); got.Code != status || !strings.Contains(got.Body.String(), "<h1") {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
}

func TestQueueTurnsPages(t *testing.T) {
	w := newWorld()
	w.proposals = nil
	for i := range 95 {
		w.proposals = append(w.proposals, proposal(fmt.Sprintf("n%02d", i), crm.Pending))
	}
	h := handler(w)
	cookie := logIn(t, h, "approver")
	link := regexp.MustCompile(`href="(/\?[^"]*cursor=[^"]*)" rel="next"`)
	for _, first := range []string{"/", "/?order=oldest"} {
		path, total := first, 0
		for range 3 {
			page := request{method: "GET", path: path, cookie: cookie}.do(t, h).Body.String()
			total += strings.Count(page, `<li class="row">`)
			next := link.FindStringSubmatch(page)
			if next == nil {
				break
			}
			path = strings.ReplaceAll(next[1], "&amp;", "&")
		}
		if total != 95 {
			t.Errorf("%s: %d suggestions on all pages", first, total)
		}
	}
	first := request{method: "GET", path: "/", cookie: cookie}.do(t, h).Body.String()
	other := strings.ReplaceAll(link.FindStringSubmatch(first)[1], "&amp;", "&") + "&order=oldest"
	if code := (request{method: "GET", path: other, cookie: cookie}).do(t, h).Code; code != http.StatusBadRequest {
		t.Errorf("a cursor of another order: %d", code)
	}
}

// TestBulk: many are decided after a look at exactly them, when as many are confirmed and none has moved; after three failures the rest is left alone.
func TestBulk(t *testing.T) {
	w := newWorld()
	for i := range 6 {
		w.proposals = append(w.proposals, proposal(fmt.Sprintf("b%d", i), crm.Pending))
	}
	h := handler(w)
	cookie := logIn(t, h, "approver")
	form := url.Values{"pick": {`p1 "p1.4"`, `b0 "b0.4"`, `b0 "b0.4"`, `b1 "b1.3"`, `p2 "p2.4"`, `nope "nope.1"`}}
	dry := decideForm("/bulk/approve", form, cookie).do(t, h)
	page := dry.Body.String()
	if dry.Code != 200 || len(w.decisions) != 0 {
		t.Fatalf("%d, %d decisions", dry.Code, len(w.decisions))
	}
	checkClean(t, page)
	mustContain(t, page, "Approve 2 suggestions?", "Nothing has been decided yet", "added: </span>2027-03-01", "it has changed since it was shown", "it is applied already", "it is not here", "Type <strong>2</strong>")
	digest := regexp.MustCompile(`name="digest" value="([0-9a-f]{16})"`).FindStringSubmatch(page)[1]
	form = url.Values{"pick": {`p1 "p1.4"`, `b0 "b0.4"`}, "digest": {digest}, "confirm": {"3"}, "comment": {"all fine"}}
	if got := decideForm("/bulk/approve", form, cookie).do(t, h); got.Code != 400 || !strings.Contains(got.Body.String(), `You typed &#34;3&#34;, and these are 2 suggestions`) || len(w.decisions) > 0 {
		t.Errorf("miscounted: %d %s", got.Code, got.Body)
	}
	form.Set("confirm", " 2 ")
	w.proposals[3].Rev++
	if got := decideForm("/bulk/approve", form, cookie).do(t, h); got.Code != 409 || !strings.Contains(got.Body.String(), "have changed since you looked") || len(w.decisions) > 0 {
		t.Errorf("moved: %d %s", got.Code, got.Body)
	}
	w.proposals[3].Rev--
	got := decideForm("/bulk/approve", form, cookie).do(t, h)
	mustContain(t, got.Body.String(), "<h1>2 approved</h1>", "being written")
	if len(w.decisions) != 2 || w.decisions[1].Proposal != "b0" || w.decisions[1].Seen != `"b0.4"` || !w.decisions[1].Approve || w.decisions[1].Comment != "all fine" || w.decisions[1].Actor.ID != "approver" {
		t.Errorf("%+v", w.decisions)
	}

	w.decisions, w.refuse = nil, map[string]error{}
	for i := range 3 {
		w.refuse[fmt.Sprintf("b%d", i)] = fmt.Errorf("decide suggestion b%d: ai_x of companies/1 was changed by CRM_UI:userId:12 at 2026-11-02T10:00:00Z: %w", i, crm.ErrConflict)
	}
	form = url.Values{"reason": {"other"}}
	for i := range 5 {
		form.Add("pick", fmt.Sprintf(`b%d "b%d.4"`, i, i))
	}
	reject := decideForm("/bulk/reject", form, logIn(t, h, "reviewer")).do(t, h).Body.String()
	form.Set("digest", regexp.MustCompile(`name="digest" value="([0-9a-f]{16})"`).FindStringSubmatch(reject)[1])
	form.Set("confirm", "5")
	got = decideForm("/bulk/reject", form, logIn(t, h, "reviewer")).do(t, h)
	mustContain(t, got.Body.String(), "<h1>0 rejected</h1>", "ai_x of companies/1 was changed by HubSpot user 12 at 2026-11-02T10:00:00Z</li>", "not tried any more")
	if n := strings.Count(got.Body.String(), "not tried any more"); n != 2 || len(w.decisions) != 0 {
		t.Errorf("%d left alone, %d decided", n, len(w.decisions))
	}
	for what, form := range map[string]url.Values{"nothing": {}, "no version": {"pick": {"p1"}}, "no reason": {"pick": {`p1 "p1.4"`}}, "bad reason": {"pick": {`p1 "p1.4"`}, "reason": {"x"}},
		"too many": {"reason": {"other"}, "pick": strings.Split(strings.Repeat(`p1 "p1.4",`, 101), ",")}} {
		if got := decideForm("/bulk/reject", form, cookie).do(t, h); got.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", what, got.Code)
		}
	}
}
