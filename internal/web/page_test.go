package web_test

import (
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

func TestPageShowsWhatADecisionNeeds(t *testing.T) {
	w := newWorld()
	h := handler(w)
	got := request{method: "GET", path: "/", cookie: logIn(t, h, "approver")}.do(t, h)
	if got.Code != http.StatusOK || !strings.HasPrefix(got.Header().Get("Content-Type"), "text/html") || got.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", got.Code, got.Header())
	}
	page := got.Body.String()
	mustContain(t, page, "Northwind", "companies/123", "Call summary", "ai_renewal_date", "removed: </span>2026-12-01", "added: </span>2027-03-01", "0.78", "0.85",
		"a person decides", "Below threshold", "The renewal moved to March.", "We renew in March", "Ana Diaz", "call", "2 Nov 2026, 08:30 UTC", "built-in extractive writer",
		"/activities/calls/9101?end=24&amp;start=7&amp;version=v2#quote", "not supported, not written", "no such amount in the quote", `value="&#34;p1.4&#34;"`,
		`formaction="/suggestions/p1/approve"`, `formaction="/suggestions/p1/reject"`, "Wrong fact", "Exactly as it would be written", "&lt;b&gt;March&lt;/b&gt;", "Renewal in March.")
	if strings.Index(page, `id="s-p1"`) > strings.Index(page, `id="s-p2"`) {
		t.Error("pending is not first")
	}
	if strings.Contains(page, `formaction="/suggestions/p2`) {
		t.Error("an applied suggestion can be decided")
	}
	for _, bad := range []string{"<script", " style=", " onclick", "<style", "javascript:"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	csp := got.Header().Get("Content-Security-Policy")
	if csp != "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'" {
		t.Error(csp)
	}
}

func TestPageByState(t *testing.T) {
	w := newWorld()
	w.proposals[2].Model = "ollama/qwen3:8b"
	h := handler(w)
	cookie := logIn(t, h, "viewer")
	got := request{method: "GET", path: "/?state=rejected", cookie: cookie}.do(t, h).Body.String()
	mustContain(t, got, `id="s-p3"`, "ollama/qwen3:8b", `aria-current="page">Rejected`)
	if strings.Contains(got, `id="s-p1"`) || strings.Contains(got, "no language model") {
		t.Error("the filter lets others through")
	}
	got = request{method: "GET", path: "/", cookie: cookie}.do(t, h).Body.String()
	if strings.Contains(got, "formaction") {
		t.Error("a viewer is offered decisions")
	}
	for path, status := range map[string]int{"/?state=open": 400, "/?x=1": 400, "/?cursor=zz": 400, "/suggestions/p1": 200, "/suggestions/nope": 404, "/suggestions/p1?x=1": 400} {
		if got := (request{method: "GET", path: path, cookie: cookie}).do(t, h); got.Code != status || !strings.Contains(got.Body.String(), "<h1") {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
}

func TestPageTurnsPages(t *testing.T) {
	w := newWorld()
	w.proposals = nil
	for i := range 45 {
		w.proposals = append(w.proposals, proposal("n"+string(rune('A'+i/26))+string(rune('a'+i%26)), crm.Pending))
	}
	h := handler(w)
	cookie := logIn(t, h, "approver")
	link := regexp.MustCompile(`href="(/\?[^"]*cursor=[^"]*)" rel="next"`)
	path, total := "/", 0
	for range 3 {
		page := request{method: "GET", path: path, cookie: cookie}.do(t, h).Body.String()
		total += strings.Count(page, "<article")
		next := link.FindStringSubmatch(page)
		if next == nil {
			break
		}
		path = strings.ReplaceAll(next[1], "&amp;", "&")
	}
	if total != 45 {
		t.Errorf("%d suggestions on all pages", total)
	}
}

func decideForm(path string, form url.Values, cookie *http.Cookie) request {
	return request{method: "POST", path: path, form: form, cookie: cookie}.with("Sec-Fetch-Site", "same-origin")
}

func TestFormsDecide(t *testing.T) {
	w := newWorld()
	h := handler(w)
	cookie := logIn(t, h, "approver")
	tag := w.proposals[0].ETag()
	got := decideForm("/suggestions/p1/approve", url.Values{"seen": {tag}, "change": {"c1"}, "back": {"pending"}, "reason": {""}}, cookie).do(t, h)
	if got.Code != http.StatusSeeOther || got.Header().Get("Location") != "/?done=approve&state=pending" {
		t.Errorf("%d %q %s", got.Code, got.Header().Get("Location"), got.Body)
	}
	got = decideForm("/suggestions/p1/reject", url.Values{"seen": {tag}, "change": {"c1", "c2"}, "reason": {"not_useful"}, "comment": {"no"}, "back": {"//evil.example"}}, cookie).do(t, h)
	if got.Code != http.StatusSeeOther || got.Header().Get("Location") != "/?done=reject" {
		t.Errorf("%d %q %s", got.Code, got.Header().Get("Location"), got.Body)
	}
	actor := crm.Actor{Kind: crm.TokenActor, ID: "approver"}
	want := []crm.Decision{{Portal: portal, Proposal: "p1", Changes: []string{"c1"}, Approve: true, Actor: actor, Seen: tag, At: now},
		{Portal: portal, Proposal: "p1", Changes: []string{"c1", "c2"}, Reason: "not_useful", Comment: "no", Actor: actor, Seen: tag, At: now}}
	if !reflect.DeepEqual(w.decisions, want) {
		t.Errorf("got  %+v\nwant %+v", w.decisions, want)
	}
	for what, c := range map[string]struct {
		path   string
		form   url.Values
		status int
	}{
		"moved":      {"approve", url.Values{"seen": {`"p1.1"`}, "change": {"c1"}}, 409},
		"unseen":     {"approve", url.Values{"change": {"c1"}}, 428},
		"no change":  {"approve", url.Values{"seen": {tag}}, 400},
		"no reason":  {"reject", url.Values{"seen": {tag}, "change": {"c1"}, "reason": {""}}, 400},
		"bad reason": {"reject", url.Values{"seen": {tag}, "change": {"c1"}, "reason": {"x"}}, 400},
		"too large":  {"reject", url.Values{"seen": {strings.Repeat("x", 1<<20)}}, 413},
	} {
		got := decideForm("/suggestions/p1/"+c.path, c.form, cookie).do(t, h)
		if got.Code != c.status {
			t.Errorf("%s: %d, want %d", what, got.Code, c.status)
		}
	}
	w.err = crm.ErrStopped
	got = decideForm("/suggestions/p1/approve", url.Values{"seen": {tag}, "change": {"c1"}}, cookie).do(t, h)
	if got.Code != http.StatusConflict {
		t.Error(got.Code)
	}
	mustContain(t, got.Body.String(), "stopped by an operator", `href="/suggestions/p1"`)
	if len(w.decisions) != 2 {
		t.Errorf("%d decisions", len(w.decisions))
	}
}

// What customers and models wrote is text on every page, wherever it stands.
func TestPayloadsAreShownAsText(t *testing.T) {
	payloads := []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</textarea><svg/onload=alert(1)>`, `<img src="https://evil.example/p.png?d=SECRET">`,
		`javascript:alert(1)`, `' onmouseover='alert(1)`, `</title></style></script><iframe src=//evil.example>`, `{{.Portal}}`, `<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>`,
		`<![CDATA[<b>]]>`, `<!--`, `&lt;script&gt;`, "\u202eevil", `<a href="https://evil.example">x</a>`, `<base href=//evil.example>`, `<meta http-equiv=refresh content=0;url=//evil.example>`,
	}
	evil := regexp.MustCompile(`(?i)<(script|img|iframe|math|svg/|base|style|b>|meta http|a href="https?:)|<[^>]*\son[a-z]+=[^>]*>|href="javascript:`)
	for _, x := range payloads {
		w := newWorld()
		p := &w.proposals[0]
		p.RecordName, p.Model, p.Workflow, p.Reasons, p.Prompt.Name = x, x, x, []string{x}, x
		p.Claims[0].Text, p.Claims[1].Why, p.Claims[0].Evidence[0].Quote, p.Claims[0].Evidence[0].Person, p.Claims[0].Evidence[0].Version = x, x, x, x, x
		p.Changes[0].Before, p.Changes[0].After, p.Changes[0].Property, p.Changes[0].Reasons = &x, x, x, []string{x}
		p.Changes[1].After, p.Changes[1].Fields = x, map[string]string{"hs_task_subject": x}
		ref := crm.Ref{Portal: portal, Type: crm.Calls, ID: "9101"}
		a := w.activities[ref]
		a.Subject, a.Document.Text, a.People = x, "before "+x+" after", []crm.Person{{Name: x, Email: x, Role: x}}
		w.activities[ref] = a
		h := handler(w)
		cookie := logIn(t, h, "approver")
		for _, path := range []string{"/", "/suggestions/p1", "/activities/calls/9101", "/activities/calls/9101?version=v2&start=7&end=" + strconv.Itoa(7+len(x)), "/?done=" + url.QueryEscape(x),
			"/?state=" + url.QueryEscape(x), "/activities/calls/9101?version=" + url.QueryEscape(x), "/suggestions/" + url.PathEscape(x), "/login?x=" + url.QueryEscape(x)} {
			page := request{method: "GET", path: path, cookie: cookie}.do(t, h).Body.String()
			if found := evil.FindString(page); found != "" {
				t.Errorf("%s with %q: markup %q", path, x, found)
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

func TestStyleSheet(t *testing.T) {
	h := handler(newWorld())
	page := get("/login", "").do(t, h).Body.String()
	href := regexp.MustCompile(`rel="stylesheet" href="([^"]+)"`).FindStringSubmatch(page)
	if href == nil {
		t.Fatal(page)
	}
	got := get(href[1], "").do(t, h)
	if got.Code != http.StatusOK || got.Header().Get("Content-Type") != "text/css; charset=utf-8" || !strings.Contains(got.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("%d %v", got.Code, got.Header())
	}
	if strings.Contains(got.Body.String(), "url(") || strings.Contains(got.Body.String(), "@import") {
		t.Error("the style sheet loads something")
	}
}
