package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/contextd/contextd/internal/web"
)

func sessionOf(w *httptest.ResponseRecorder) *http.Cookie {
	for _, c := range w.Result().Cookies() {
		if strings.Contains(c.Name, "contextd_session") {
			return c
		}
	}
	return nil
}

func TestOneTimeLink(t *testing.T) {
	w := newWorld()
	h := handler(w)
	if got := get("/start?token=ONCE", "").with("Sec-Purpose", "prefetch").do(t, h); got.Code != http.StatusForbidden || sessionOf(got) != nil {
		t.Errorf("fetched ahead: %d", got.Code)
	}
	got := get("/start?token=ONCE", "").do(t, h)
	c := sessionOf(got)
	if got.Code != http.StatusSeeOther || got.Header().Get("Location") != "/" || c == nil || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" ||
		got.Header().Get("Referrer-Policy") != "no-referrer" {
		t.Fatalf("%d %v", got.Code, got.Header())
	}
	if page := (request{method: "GET", path: "/", cookie: c}).do(t, h); page.Code != http.StatusOK {
		t.Errorf("the session: %d", page.Code)
	}
	for _, path := range []string{"/start?token=ONCE", "/start?token=other", "/start", "/start?token=" + strings.Repeat("x", 300)} {
		got := get(path, "").do(t, h)
		if got.Code != http.StatusUnauthorized || sessionOf(got) != nil || !strings.Contains(got.Body.String(), `name="token"`) || strings.Contains(got.Body.String(), "ONCE") {
			t.Errorf("%s: %d %s", path, got.Code, got.Body)
		}
	}
	w.once["TWICE"] = w.tokens[pat+"viewer"]
	got = get("/start?token=TWICE", "").with("Sec-Fetch-Site", "cross-site").do(t, h)
	if got.Code != http.StatusOK || sessionOf(got) == nil {
		t.Errorf("from another site's link: %d", got.Code)
	}
	mustContain(t, got.Body.String(), `http-equiv="refresh" content="0; url=/"`)
}

func TestLogIn(t *testing.T) {
	w := newWorld()
	h := handler(w)
	page := get("/suggestions/p1", "").do(t, h)
	if page.Code != http.StatusUnauthorized {
		t.Errorf("without a session: %d", page.Code)
	}
	mustContain(t, page.Body.String(), `name="token"`, `name="next" value="/suggestions/p1"`)
	for token, status := range map[string]int{"": 401, "nonsense": 401, pat + "nobody": 401, pat + "odd": 403, pat + "foreign": 403, " " + pat + "viewer\n": 303} {
		got := request{method: "POST", path: "/login", form: url.Values{"token": {token}, "next": {"/suggestions/p1"}}}.do(t, h)
		if got.Code != status || (sessionOf(got) != nil) != (status == 303) || (status == 303 && got.Header().Get("Location") != "/suggestions/p1") {
			t.Errorf("%q: %d %v", token, got.Code, got.Header())
		}
	}
	if got := (request{method: "POST", path: "/login?token=" + pat + "viewer", form: url.Values{}}).do(t, h); got.Code != http.StatusUnauthorized {
		t.Errorf("a token in the address: %d", got.Code)
	}
	for _, next := range []string{"//evil.example", "https://evil.example/", `/\evil.example`, "/logout", "/suggestions/a/approve", "javascript:alert(1)", "", "/api/v1/status", "/start?token=x"} {
		got := request{method: "POST", path: "/login", form: url.Values{"token": {pat + "viewer"}, "next": {next}}}.do(t, h)
		if got.Header().Get("Location") != "/" {
			t.Errorf("%q leads to %q", next, got.Header().Get("Location"))
		}
	}
}

func TestSessionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		h := handler(w)
		home := func(c *http.Cookie) int { return request{method: "GET", path: "/", cookie: c}.do(t, h).Code }

		planted := &http.Cookie{Name: "contextd_session", Value: "planted"}
		got := request{method: "POST", path: "/login", form: url.Values{"token": {pat + "viewer"}}, cookie: planted}.do(t, h)
		if c := sessionOf(got); c.Value == "planted" || home(planted) != http.StatusUnauthorized || home(c) != http.StatusOK {
			t.Error("a planted session id is worth something")
		}

		c := logIn(t, h, "approver")
		again := request{method: "POST", path: "/login", form: url.Values{"token": {pat + "viewer"}}, cookie: c}.do(t, h)
		if sessionOf(again).Value == c.Value || home(c) != http.StatusUnauthorized {
			t.Error("a log-in keeps the session id before it")
		}

		c = logIn(t, h, "approver")
		out := decideForm("/logout", url.Values{}, c).do(t, h)
		if out.Code != http.StatusSeeOther || sessionOf(out) == nil || sessionOf(out).MaxAge >= 0 || home(c) != http.StatusUnauthorized {
			t.Errorf("log-out: %d, then %d", out.Code, home(c))
		}

		c = logIn(t, h, "approver")
		approve := decideForm("/suggestions/p1/approve", url.Values{"seen": {`"p1.4"`}, "change": {"c1"}}, c)
		w.tokens[pat+"approver"] = web.Identity{ID: "id-approver", Name: "approver", Role: web.Reviewer, Portal: portal}
		if code := approve.do(t, h).Code; code != http.StatusForbidden {
			t.Errorf("after the role was taken away: %d", code)
		}
		delete(w.tokens, pat+"approver")
		if code := home(c); code != http.StatusUnauthorized {
			t.Errorf("after the token was revoked: %d", code)
		}

		c = logIn(t, h, "viewer")
		<-time.After(12*time.Hour - time.Second) // the bubble's clock
		if home(c) != http.StatusOK {
			t.Error("ended early")
		}
		<-time.After(2 * time.Second)
		if home(c) != http.StatusUnauthorized {
			t.Error("never ends")
		}
	})
}

func TestSecureCookie(t *testing.T) {
	s := newWorld().server()
	s.PublicURL = "https://contextd.test"
	c := logIn(t, web.New(s), "viewer")
	if c.Name != "__Host-contextd_session" || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" {
		t.Errorf("%+v", c)
	}
}

// Requests that another site's page caused change nothing, even with the session's cookie.
func TestCrossSiteRequests(t *testing.T) {
	form := url.Values{"seen": {`"p1.4"`}, "change": {"c1"}, "reason": {"other"}, "token": {pat + "viewer"}}
	for _, secure := range []bool{false, true} {
		w := newWorld()
		s := w.server()
		scheme := "http"
		if secure {
			scheme = "https"
		}
		s.PublicURL = scheme + "://contextd.test"
		h := web.New(s)
		c := logIn(t, h, "admin")
		refused := map[string]map[string]string{
			"cross-site": {"Sec-Fetch-Site": "cross-site"}, "same-site": {"Sec-Fetch-Site": "same-site"}, "other origin": {"Origin": "https://evil.example"},
			"null": {"Origin": "null"}, "other port": {"Origin": scheme + "://contextd.test:81"}, "cross-site, own words": {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
		}
		if secure {
			refused["unencrypted page"] = map[string]string{"Origin": "http://contextd.test"}
		}
		for what, header := range refused {
			for _, path := range []string{"/suggestions/p1/approve", "/suggestions/p1/reject", "/logout", "/login"} {
				got := request{method: "POST", path: path, form: form, cookie: c, header: header}.do(t, h)
				if got.Code != http.StatusForbidden || sessionOf(got) != nil {
					t.Errorf("%s: POST %s: %d", what, path, got.Code)
				}
			}
		}
		for what, header := range map[string]map[string]string{"same-origin": {"Sec-Fetch-Site": "same-origin"}, "own origin": {"Origin": scheme + "://contextd.test"}, "none": {}} {
			got := request{method: "POST", path: "/suggestions/p1/reject", form: form, cookie: c, header: header}.do(t, h)
			if got.Code != http.StatusSeeOther {
				t.Errorf("%s: %d %s", what, got.Code, got.Body)
			}
		}
		if len(w.decisions) != 3 {
			t.Errorf("%d decisions", len(w.decisions))
		}
		if code := (request{method: "GET", path: "/", cookie: c}).do(t, h).Code; code != http.StatusOK {
			t.Errorf("the session did not survive: %d", code)
		}
	}
}

// Reading changes nothing: every GET is asked, and no port that writes is called.
func TestReadingChangesNothing(t *testing.T) {
	w := newWorld()
	h := handler(w)
	c := logIn(t, h, "admin")
	for name := range access {
		method, path, _ := strings.Cut(name, " ")
		if method == "POST" || method == "DELETE" || path == "/start" {
			continue
		}
		path = strings.NewReplacer("activities/:type/:id", "activities/calls/9101", "records/:type/:id", "records/deals/1", ":id", "p1").Replace(path)
		request{method: method, path: path, cookie: c, token: "admin"}.do(t, h)
	}
	if n := len(w.decisions) + len(w.started) + len(w.moved) + len(w.backfills) + len(w.created) + len(w.revoked) + len(w.bodies); n != 0 {
		t.Errorf("%d changes", n)
	}
	if len(w.tokens) != 7 || len(w.once) != 1 {
		t.Error("tokens changed")
	}
}
