package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/web"
)

func TestPageShowsWhatADecisionNeeds(t *testing.T) {
	w := newWorld()
	w.proposals[0].Changes[0].Features, w.proposals[0].Changes[0].Would = map[string]float64{"age_days": 2.5}, true
	w.proposals[0].Changes[0].Preflight = "it is no date"
	h := handler(w)
	got := request{method: "GET", path: "/suggestions/p1", cookie: logIn(t, h, "approver")}.do(t, h)
	if got.Code != http.StatusOK || !strings.HasPrefix(got.Header().Get("Content-Type"), "text/html") || got.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", got.Code, got.Header())
	}
	page := got.Body.String()
	mustContain(t, page, "Northwind", "companies/123", "Call summary", "AI renewal date <code>ai_renewal_date</code>", "removed: </span>2026-12-01", "added: </span>2027-03-01", "0.78", "0.85",
		"a person decides", "Below threshold", "The renewal moved to March.", "We renew in March", "Ana Diaz", "call", "2 Nov 2026, 08:30 UTC", "built-in extractive writer",
		"/activities/calls/9101?end=24&amp;start=7&amp;version=v2#quote", "not supported, not written", "no such amount in the quote", `value="&#34;p1.4&#34;"`,
		`formaction="/suggestions/p1/approve"`, `formaction="/suggestions/p1/reject"`, "Wrong fact", "Exactly as it would be written", "&lt;b&gt;March&lt;/b&gt;", "Renewal in March.",
		"contradicted", "a newer statement says April instead of March", "We renew in April", "this call came in or was changed", "call_summary, version 3", "900 tokens in, 80 out", "Age days", "2.5",
		`href="#claim-1">1</a>`, "the threshold 0.85 of a field of medium risk", `id="claim-1"`, "HubSpot would refuse it: it is no date", "With the gate on it would have been written without asking", "about p1")
	checkClean(t, page)
	csp := got.Header().Get("Content-Security-Policy")
	if csp != "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'" {
		t.Error(csp)
	}
	w.proposals[0].Changes[0].Failure, w.proposals[1].Changes[0].Failure = "jobtitle is required", "changed by CRM_UI"
	mustContain(t, request{method: "GET", path: "/suggestions/p1", cookie: logIn(t, h, "viewer")}.do(t, h).Body.String(), "It was not written: jobtitle is required")
	mustContain(t, request{method: "GET", path: "/suggestions/p2", cookie: logIn(t, h, "viewer")}.do(t, h).Body.String(), "It was not undone: changed by CRM_UI")
	if applied := (request{method: "GET", path: "/suggestions/p2", cookie: logIn(t, h, "approver")}).do(t, h).Body.String(); strings.Contains(applied, `formaction="/suggestions/p2`) || !strings.Contains(applied, "/suggestions/p2/undo") {
		t.Error("an applied suggestion can be decided, or not be undone")
	}
	s := w.server()
	s.RecordURL = func(record crm.Ref) string { return "https://hubspot.example/" + record.Path() }
	in := web.New(s)
	mustContain(t, request{method: "GET", path: "/suggestions/p1", cookie: logIn(t, in, "viewer")}.do(t, in).Body.String(), `href="https://hubspot.example/companies/123" target="_blank" rel="noopener noreferrer"`)
	if strings.Contains(page, "Open in HubSpot") {
		t.Error("a link to nowhere")
	}
	w.proposals[0].Features = map[string]float64{"flags": 1}
	mustContain(t, request{method: "GET", path: "/suggestions/p1", cookie: logIn(t, h, "viewer")}.do(t, h).Body.String(), "is addressed to software")
}

// checkClean: no page has what the content security policy forbids; the one script that it loads is ours.
func checkClean(t *testing.T, page string) {
	t.Helper()
	page = ourScript.ReplaceAllString(page, "")
	for _, bad := range []string{"<script", " style=", " onclick", "<style", "javascript:"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
}

var ourScript = regexp.MustCompile(`<script src="/static/keys\.js\?v=[0-9a-f]{16}" defer(="")?>(</script>)?`)

// TestControlsByRole: what a role may not do is not offered; the routes refuse it, too (TestEveryRouteLetsInWhomItShould).
func TestControlsByRole(t *testing.T) {
	w := newWorld()
	w.stopped = []crm.Stop{{Portal: portal, At: now, By: crm.Actor{Kind: crm.TokenActor, ID: "ann"}, Reason: "odd scores"}}
	w.field = openField()
	h := handler(w)
	for _, c := range []struct {
		path, mark string
		least      web.Role
	}{
		{"/", "/bulk/approve", web.Approver}, {"/", "/bulk/reject", web.Reviewer}, {"/", `name="pick"`, web.Reviewer},
		{"/suggestions/p1", "/approve", web.Approver}, {"/suggestions/p1", `name="edit.c1"`, web.Approver}, {"/suggestions/p1", "/reject", web.Reviewer}, {"/suggestions/p1", `"/suggestions/p1/snooze"`, web.Reviewer},
		{"/suggestions/p1", `"/suggestions/p1/assign"`, web.Reviewer}, {"/suggestions/p1", `"/suggestions/p1/comment"`, web.Reviewer}, {"/suggestions/p2", `"/suggestions/p2/undo"`, web.Approver},
		{"/locked", "/locked/release", web.Approver}, {"/status", "/status/resume", web.Administrator}, {"/status", "/status/policy", web.Administrator},
		{"/calibration/lead_score/ai_lead_score", "/fit", web.Administrator}, {"/calibration/lead_score/ai_lead_score", "/rollback", web.Administrator},
	} {
		for _, role := range web.Roles() {
			page := request{method: "GET", path: c.path, cookie: logIn(t, h, role.String())}.do(t, h).Body.String()
			checkClean(t, page)
			if got, want := strings.Contains(page, c.mark), role.May(c.least); got != want {
				t.Errorf("%s: %s is offered to a %s: %v", c.path, c.mark, role, got)
			}
		}
	}
}

func decideForm(path string, form url.Values, cookie *http.Cookie) request {
	return request{method: "POST", path: path, form: form, cookie: cookie}.with("Sec-Fetch-Site", "same-origin")
}

// foreignMarkup is the first tag of a page that none of our templates writes, as a browser reads it.
func foreignMarkup(page string) string {
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return ""
		case html.CommentToken:
			return z.Token().String()
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			if ourScript.FindString(t.String()) == t.String() {
				continue
			}
			if slices.Contains([]string{"script", "img", "iframe", "math", "mglyph", "base", "style", "b", "object", "embed"}, t.Data) {
				return t.String()
			}
			for _, a := range t.Attr {
				value := strings.ToLower(strings.TrimSpace(a.Val))
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || t.Data == "meta" && a.Key == "http-equiv" ||
					slices.Contains([]string{"href", "src", "action", "formaction"}, a.Key) && (strings.HasPrefix(value, "javascript:") || strings.Contains(strings.SplitN(value, "?", 2)[0], "//")) {
					return t.String()
				}
			}
		}
	}
}

// What customers and models wrote is text on every page, wherever it stands.
func TestPayloadsAreShownAsText(t *testing.T) {
	payloads := []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</textarea><svg/onload=alert(1)>`, `<img src="https://evil.example/p.png?d=SECRET">`,
		`javascript:alert(1)`, `' onmouseover='alert(1)`, `</title></style></script><iframe src=//evil.example>`, `{{.Portal}}`, `<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>`,
		`<![CDATA[<b>]]>`, `<!--`, `&lt;script&gt;`, "\u202eevil", `<a href="https://evil.example">x</a>`, `<base href=//evil.example>`, `<meta http-equiv=refresh content=0;url=//evil.example>`,
	}
	for _, x := range payloads {
		w := newWorld()
		w.tokens[pat+"approver"] = web.Identity{ID: "id-approver", Name: x, Role: web.Administrator, Portal: portal}
		p := &w.proposals[0]
		p.RecordName, p.Model, p.Workflow, p.Reasons, p.Prompt.Name = x, x, x, []string{x}, x
		p.Claims[0].Text, p.Claims[1].Why, p.Claims[0].Evidence[0].Quote, p.Claims[0].Evidence[0].Person, p.Claims[0].Evidence[0].Version = x, x, x, x, x
		p.Changes[0].Before, p.Changes[0].After, p.Changes[0].Property, p.Changes[0].Reasons = &x, x, x, []string{x}
		p.Changes[1].After, p.Changes[1].Fields = x, map[string]string{"hs_task_subject": x}
		p.Assignee, p.Changes[0].Preflight, p.Changes[0].Features = x, x, map[string]float64{x: 1}
		w.comments, w.stopped = []crm.Comment{{Text: x, Actor: crm.Actor{Kind: crm.TokenActor, ID: x}}}, []crm.Stop{{Portal: portal, Reason: x, By: crm.Actor{Kind: crm.TokenActor, ID: x}}}
		ref := crm.Ref{Portal: portal, Type: crm.Calls, ID: "9101"}
		a := w.activities[ref]
		a.Subject, a.Document.Text, a.People = x, "before "+x+" after", []crm.Person{{Name: x, Email: x, Role: x}}
		w.activities[ref] = a
		h := handler(w)
		cookie := logIn(t, h, "approver")
		for _, path := range []string{"/", "/suggestions/p1", "/activities/calls/9101", "/activities/calls/9101?version=v2&start=7&end=" + strconv.Itoa(7+len(x)), "/?done=" + url.QueryEscape(x),
			"/?state=" + url.QueryEscape(x), "/activities/calls/9101?version=" + url.QueryEscape(x), "/suggestions/" + url.PathEscape(x), "/login?x=" + url.QueryEscape(x),
			"/status", "/locked", "/calibration", "/calibration/lead_score/ai_lead_score", "/calibration/" + url.PathEscape(x) + "/y", "/?workflow=" + url.QueryEscape(x) + "&assignee=" + url.QueryEscape(x), "/suggestions/p1?done=approve&was=" + url.QueryEscape(x)} {
			page := request{method: "GET", path: path, cookie: cookie}.do(t, h).Body.String()
			if found := foreignMarkup(page); found != "" {
				t.Errorf("%s with %q: markup %q", path, x, found)
			}
		}
		for path, form := range map[string]url.Values{
			"/suggestions/p1/approve": {"seen": {"old"}, "change": {"c1"}, "edit.c1": {x}, "comment": {x}, "back": {x}}, "/suggestions/p1/comment": {"seen": {"old"}, "text": {x}},
			"/suggestions/p2/reject": {"seen": {"old"}, "change": {"c1"}, "reason": {x}, "comment": {x}, "edit.c1": {x}}, "/bulk/reject": {"pick": {"p1 " + p.ETag()}, "reason": {"other"}, "comment": {x}, "confirm": {x}, "digest": {x}},
			"/status/stop": {"reason": {x}}, "/locked/release": {"record": {x}, "property": {x}},
		} {
			if found := foreignMarkup(decideForm(path, form, cookie).do(t, h).Body.String()); found != "" {
				t.Errorf("form to %s with %q: markup %q", path, x, found)
			}
		}
	}
}

func TestQuoteIsMarkedByItsOffsets(t *testing.T) {
	w := newWorld()
	h := handler(w)
	cookie := logIn(t, h, "viewer")
	show := func(query string) string {
		return request{method: "GET", path: "/activities/calls/9101" + query, cookie: cookie}.do(t, h).Body.String()
	}
	mustContain(t, show("?version=v2&start=7&end=24"), `Hello. <mark id="quote" tabindex="-1">We renew in March</mark>, not in December`, "Ana Diaz &lt;ana@northwind.example&gt; (from)", "Renewal call")
	mustContain(t, show("?version=v1&start=7&end=15"), `<mark id="quote" tabindex="-1">We renew</mark> in December`, "earlier version")
	if page := show(""); strings.Contains(page, "<mark") || strings.Contains(page, "earlier version") || strings.Contains(page, "not at the given place") {
		t.Error(page)
	}
	ref := crm.Ref{Portal: portal, Type: crm.Calls, ID: "9101"}
	a := w.activities[ref]
	a.Document.Text = "Zürich"
	w.activities[ref] = a
	for _, query := range []string{"?start=0&end=99", "?start=-1&end=2", "?start=3&end=3", "?start=x&end=2", "?start=2&end=4", "?start=0&end=2", "?start=1"} {
		if page := show(query); strings.Contains(page, "<mark") || !strings.Contains(page, "not at the given place") || !strings.Contains(page, "Zürich") {
			t.Errorf("%s: %s", query, page)
		}
	}
	if page := show("?start=1&end=3"); !strings.Contains(page, "Z<mark id=\"quote\" tabindex=\"-1\">ü</mark>rich") {
		t.Error(page)
	}
}

func TestAssets(t *testing.T) {
	h := handler(newWorld())
	page := request{method: "GET", path: "/", cookie: logIn(t, h, "viewer")}.do(t, h).Body.String()
	for kind, link := range map[string]string{"text/css": `rel="stylesheet" href="([^"]+)"`, "text/javascript": `<script src="([^"]+)"`} {
		href := regexp.MustCompile(link).FindStringSubmatch(page)
		if href == nil {
			t.Fatal(page)
		}
		got := get(href[1], "").do(t, h)
		if got.Code != http.StatusOK || got.Header().Get("Content-Type") != kind+"; charset=utf-8" || !strings.Contains(got.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%d %v", got.Code, got.Header())
		}
		if old := get(href[1]+"0", "").do(t, h); old.Code != http.StatusOK || strings.Contains(old.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("another version of %s: %d %v", href[1], old.Code, old.Header())
		}
		if text := got.Body.String(); strings.Contains(text, "url(") || strings.Contains(text, "@import") || strings.Contains(text, "import ") || strings.Contains(text, "fetch(") {
			t.Errorf("%s loads something", href[1])
		}
	}
}
