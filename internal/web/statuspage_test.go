package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/web"
)

func TestStatusPage(t *testing.T) {
	w := newWorld()
	h := handler(w)
	admin := logIn(t, h, "admin")
	page := request{method: "GET", path: "/status", cookie: admin}.do(t, h).Body.String()
	mustContain(t, page, "Nothing is stopped", "on 10 % of the records", "0 of 2 needed", "waits for 2 more approvals", "ai_lead_score", "without asking", "<td>medium</td>", "from confidence 0.85 on", "9 received", "Indexed calls", "<strong>ollama/m</strong> does not answer and is tried again by itself: connection refused", "Churn risk has not looked at 4100 companies yet: it would cost about $",
		"Lead score has not looked at 7 contacts yet: nobody has said what anthropic/m costs.", "100 %",
		strings.Repeat("ab", 32), "$19.50 in 2026-11 of $20.00")
	for _, c := range []struct {
		path, who string
		form      url.Values
		want      int
		stops     int
	}{
		{"stop", "reviewer", url.Values{"reason": {"x"}, "sure": {"yes"}}, 403, 0},
		{"stop", "approver", url.Values{"reason": {"odd scores"}}, 400, 0},
		{"stop", "approver", url.Values{"reason": {" "}, "sure": {"yes"}}, 400, 0},
		{"stop", "approver", url.Values{"reason": {"odd scores"}, "sure": {"yes"}, "all": {"yes"}}, 403, 0},
		{"stop", "approver", url.Values{"reason": {"odd scores"}, "sure": {"yes"}}, 303, 1},
		{"resume", "approver", url.Values{"sure": {"yes"}}, 403, 1},
		{"resume", "admin", url.Values{}, 400, 1},
		{"resume", "admin", url.Values{"sure": {"yes"}}, 303, 0},
		{"resume", "admin", url.Values{"sure": {"yes"}}, 404, 0},
		{"stop", "every", url.Values{"reason": {"odd scores"}, "sure": {"yes"}, "all": {"yes"}}, 303, 1},
		{"resume", "admin", url.Values{"sure": {"yes"}, "all": {"yes"}}, 403, 1},
		{"resume", "every", url.Values{"sure": {"yes"}, "all": {"yes"}}, 303, 0},
	} {
		got := decideForm("/status/"+c.path, c.form, logIn(t, h, c.who)).do(t, h)
		if got.Code != c.want || len(w.stopped) != c.stops {
			t.Errorf("%s by %s %v: %d, %d stops", c.path, c.who, c.form, got.Code, len(w.stopped))
		}
		if got.Code == 400 && c.path == "stop" && c.form.Get("reason") == "odd scores" {
			mustContain(t, got.Body.String(), ">\nodd scores</textarea>", "Nothing was done: tick that you are sure")
		}
		if c.stops == 1 {
			mustContain(t, request{method: "GET", path: "/", cookie: admin}.do(t, h).Body.String(), "<strong>Stopped.</strong> Writing to HubSpot is stopped", "odd scores", "by "+w.stopped[0].By.ID)
		}
	}
	for form, want := range map[string]int{"": 400, "sha256=" + strings.Repeat("ab", 32): 400, "sure=yes&sha256=" + strings.Repeat("00", 32): 409, "sure=yes&sha256=" + strings.Repeat("ab", 32): 303} {
		values, err := url.ParseQuery(form)
		if got := decideForm("/status/policy", values, admin).do(t, h); err != nil || got.Code != want {
			t.Errorf("approve %q: %d, want %d", form, got.Code, want)
		}
	}
	page = request{method: "GET", path: "/status?done=approve", cookie: admin}.do(t, h).Body.String()
	mustContain(t, page, "Your approval of the policy is recorded", "1 of 2 needed", "waits for 1 more approval.", "by admin")
	if strings.Contains(page, "/status/policy") {
		t.Error("the same administrator is asked twice")
	}
}

func TestLockedPage(t *testing.T) {
	w := newWorld()
	h := handler(w)
	cookie := logIn(t, h, "approver")
	mustContain(t, request{method: "GET", path: "/locked", cookie: cookie}.do(t, h).Body.String(), "Ana Diaz", "contacts/7", "ai_lead_score", "Changed first, so that nothing was written, by <strong>HubSpot user 12</strong>", "<del>71</del>", "<ins>3</ins>",
		"somebody in HubSpot", `name="record" value="contacts/8"`)
	for _, c := range []struct {
		form url.Values
		want int
	}{
		{url.Values{"record": {"contacts/7"}, "property": {"ai_lead_score"}}, 303}, {url.Values{"record": {"contacts/7"}, "property": {"amount"}}, 400}, {url.Values{"record": {"calls/7"}, "property": {"ai_lead_score"}}, 400},
		{url.Values{"record": {"x"}, "property": {"ai_lead_score"}}, 400}, {url.Values{"record": {"contacts/7"}, "property": {"ai_nobody"}}, 409},
	} {
		got := decideForm("/locked/release", c.form, cookie).do(t, h)
		if got.Code != c.want || c.want != 303 && !strings.Contains(got.Body.String(), "Nothing was released") {
			t.Errorf("%v: %d", c.form, got.Code)
		}
	}
	if !slices.Equal(w.released, []string{"4711 contacts/7.ai_lead_score by approver"}) {
		t.Errorf("released %q", w.released)
	}
	mustContain(t, request{method: "GET", path: "/locked?done=release", cookie: cookie}.do(t, h).Body.String(), "Released.")
}

// openField is a field whose second fit is in force.
func openField() *web.CalibratedField {
	budget := web.CalibrationBudget{Wrong: .02, Confidence: .9}
	return &web.CalibratedField{Workflow: "lead_score", Field: "ai_lead_score", Budget: budget, Open: true, Threshold: .91, Outcomes: 300, Wrong: 4, Looks: 2, NextLevel: .0000125, Version: 2, Fitted: true,
		Reliability: web.Reliability{Count: 60, Brier: .0412, Bins: []web.ReliabilityBin{{From: .8, To: .9, Count: 20, Right: 18, Predicted: .86}, {From: .9, To: 1, Count: 40, Right: 40, Predicted: .95}}},
		Fits: []web.CalibrationFit{{Version: 2, At: now, Outcomes: 300, Budget: budget, Fitted: true, Open: true, Threshold: .91, Tested: 140, Most: .018, InForce: true},
			{Version: 1, At: now.Add(-time.Hour), Outcomes: 114, Budget: budget, Open: true, Threshold: .95, Tested: 114, Most: .02}}}
}

func TestCalibrationPages(t *testing.T) {
	w := newWorld()
	w.field = openField()
	h := handler(w)
	admin := logIn(t, h, "admin")
	mustContain(t, request{method: "GET", path: "/calibration", cookie: admin}.do(t, h).Body.String(), `href="/calibration/lead_score/ai_lead_score"`, ">open<", "0.91", "300", "0.041")
	const path = "/calibration/lead_score/ai_lead_score"
	page := request{method: "GET", path: path, cookie: admin}.do(t, h).Body.String()
	mustContain(t, page, "at most 2 % of the automatic writes wrong, with 90 % confidence", "proved by version 2 of the fit", "learned from outcomes", "300 count, 4 of them wrong; looked at 2 times", "0.041", `<circle class="dot" cx="306" cy="42" r="5"/>`,
		`<circle class="dot" cx="333" cy="12" r="5"/>`, `height="48"`, "0.8 to 0.9", "in force", `<option value="1">version 1 of 2 Nov 2026, threshold 0.95`, `<option value="0">none`)
	for _, c := range []struct {
		verb, form, to string
		want           int
	}{
		{"fit", "", path + "?done=fit", 303}, {"rollback", "version=1&sure=yes", path + "?done=rollback", 303}, {"rollback", "version=1", "", 400}, {"rollback", "sure=yes", "", 400}, {"rollback", "version=-1&sure=yes", "", 400},
		{"rollback", "version=9&sure=yes", "", 409},
	} {
		values, err := url.ParseQuery(c.form)
		got := decideForm(path+"/"+c.verb, values, admin).do(t, h)
		if err != nil || got.Code != c.want || got.Header().Get("Location") != c.to {
			t.Errorf("%s %s: %d %s", c.verb, c.form, got.Code, got.Header().Get("Location"))
		}
		if c.want == 409 {
			mustContain(t, got.Body.String(), "Nothing was done: version 9 opens nothing.")
		}
	}
	for _, c := range []struct {
		change func(*web.CalibratedField)
		want   []string
	}{
		{func(f *web.CalibratedField) {
			f.Open, f.Version, f.Why, f.Needed = false, 0, "the newest outcomes are worse", 114
		}, []string{"closed again", "the newest outcomes are worse", "<strong>114</strong> more right outcomes"}},
		{func(f *web.CalibratedField) { f.Open, f.Version, f.Fits, f.Needed = false, 0, nil, 1 }, []string{"not open yet", "<strong>1</strong> more right outcome ", "None yet"}},
		{func(f *web.CalibratedField) { f.Open, f.Fits[0].TakenBack, f.Fits[1].TakenBack = false, true, true }, []string{"taken back"}},
		{func(f *web.CalibratedField) { *f = web.CalibratedField{Workflow: f.Workflow, Field: f.Field} }, []string{"no error budget", "Nobody has decided about this field yet"}},
	} {
		w.field = openField()
		c.change(w.field)
		mustContain(t, request{method: "GET", path: path, cookie: admin}.do(t, h).Body.String(), c.want...)
	}
	for path, want := range map[string]int{"/calibration?x=1": 400, path + "?x=1": 400, "/calibration/nothing/x": 404, "/calibration/lead_score/other": 404} {
		if got := (request{method: "GET", path: path, cookie: admin}).do(t, h); got.Code != want || !strings.Contains(got.Body.String(), "<h1") {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
}

// TestPagesSayWhatIsWrong: an error of a port is a page of its own, on every page.
func TestPagesSayWhatIsWrong(t *testing.T) {
	w := newWorld()
	h := handler(w)
	cookie := logIn(t, h, "admin")
	w.err = fmt.Errorf("disk: %w", crm.ErrTemporary)
	for _, path := range []string{"/", "/suggestions/p1", "/calibration", "/calibration/lead_score/ai_lead_score", "/locked", "/status", "/activities/calls/9101"} {
		got := request{method: "GET", path: path, cookie: cookie}.do(t, h)
		if got.Code != http.StatusServiceUnavailable || !strings.Contains(got.Body.String(), "Not right now") || strings.Contains(got.Body.String(), "disk") {
			t.Errorf("%s: %d %s", path, got.Code, got.Body)
		}
	}
}
