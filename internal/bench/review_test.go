package bench

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/internal/web"
)

const (
	waiting   = 5000 // suggestions in the queue
	decisions = 300  // of one run
)

// reviewed is the store as the review pages ask for it. A decision is the store's own: what it asks HubSpot before an approval is HubSpot's time, and is left out.
type reviewed struct{ *store.DB }

func (r reviewed) Proposals(ctx context.Context, f web.SuggestionFilter, cursor string, limit int) ([]crm.Proposal, string, error) {
	return r.Suggestions(ctx, store.SuggestionFilter(f), cursor, limit)
}

func (r reviewed) Beside(ctx context.Context, f web.SuggestionFilter, id string) (before, behind string, err error) {
	return r.DB.Beside(ctx, store.SuggestionFilter(f), id)
}

func (r reviewed) Policy(context.Context, crm.PortalID) (web.Policy, error) { return web.Policy{}, nil }

func (r reviewed) PortalTokens(context.Context, crm.PortalID) ([]web.Token, error) { return nil, nil }

func (r reviewed) CreateToken(context.Context, crm.PortalID, string, string, crm.Actor) (string, error) {
	return "", crm.ErrForbidden
}

func (r reviewed) RevokeToken(context.Context, crm.PortalID, string, crm.Actor) error {
	return crm.ErrForbidden
}

func (r reviewed) Stops() []crm.Stop { return nil }

// reviewer is the one who is logged in.
type reviewer struct{}

var rep = web.Identity{ID: "1", Name: "rep", Role: web.Approver, Portal: portal}

func (reviewer) Identify(context.Context, string) (web.Identity, error) { return rep, nil }
func (reviewer) Identity(context.Context, string) (web.Identity, error) { return rep, nil }
func (reviewer) Redeem(context.Context, string) (web.Identity, error)   { return rep, nil }

// BenchmarkReview works a long queue off as the pages do: a decision is sent, the browser is sent on, and the next suggestion is shown. p95-ms is the time of these two requests
// in this process; the goal is 50.
func BenchmarkReview(b *testing.B) {
	db := openStore(b, b.TempDir())
	for i := range waiting {
		ref := crm.Ref{Portal: portal, Type: crm.Contacts, ID: fmt.Sprint(i + 1)}
		evidence := crm.Evidence{Activity: crm.Ref{Portal: portal, Type: crm.Calls, ID: "1"}, Version: "v", Kind: crm.Call, Time: time.Now(), Person: "Ana Diaz", Quote: strings.Repeat("We renew in March. ", 10), End: 190}
		p := crm.Proposal{ID: fmt.Sprintf("p%05d", i), Portal: portal, Workflow: "lead_score", Prompt: crm.PromptRef{Name: "lead_score", Version: 1, SHA256: "abc"}, Model: "m", Subject: ref, Record: ref,
			RecordName: fmt.Sprint("Contact ", i), Account: ref, Confidence: .7, Fingerprint: fmt.Sprint(i)}
		for j := range 8 {
			p.Claims = append(p.Claims, crm.ClaimText{Text: fmt.Sprint("Claim ", j), Supported: true, Evidence: []crm.Evidence{evidence}})
		}
		for j := range 5 {
			p.Changes = append(p.Changes, crm.Change{ID: fmt.Sprint("c", j), Kind: crm.PropertyKind, Target: ref, Property: fmt.Sprint("ai_", j), After: "72", Claims: []int{0, 1, 2, 3}, Confidence: .7,
				Features: map[string]float64{"version": 4, "quoted": 3, "age_days": 2}, Threshold: .85, Verdict: crm.Review, Reasons: []string{"below_threshold"}})
		}
		if added, err := db.Propose(b.Context(), p, crm.Raw{}); err != nil || !added {
			b.Fatal(added, err)
		}
	}
	s, all := ports(db), reviewed{db}
	s.Access, s.Suggestions, s.Desk, s.Decider, s.Tokens, s.Stops, s.Policies, s.Audit = reviewer{}, all, db, deciding{db}, all, all, all, struct{ web.Audit }{}
	s.Log, s.Writing = slog.New(slog.NewTextHandler(io.Discard, nil)), true
	h := web.New(s)
	var cookie *http.Cookie
	ask := func(method, path string, form url.Values) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(b.Context(), method, publicURL+path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		if cookie != nil {
			r.AddCookie(cookie)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	cookie = ask(http.MethodPost, "/login", url.Values{"token": {"contextd_pat_x"}}).Result().Cookies()[0]
	field := regexp.MustCompile(`<input type="hidden" name="(seen|shown|next)" value="([^"]*)"`)
	for b.Loop() {
		first := regexp.MustCompile(`href="(/suggestions/[^"]+)" data-key="n"`).FindStringSubmatch(ask(http.MethodGet, "/", nil).Body.String())
		if first == nil {
			b.Fatal("nothing waits")
		}
		at, page := first[1], ask(http.MethodGet, first[1], nil).Body.String()
		var took []time.Duration
		for i := range decisions {
			form := url.Values{"change": {"c0", "c1", "c2", "c3", "c4"}, "reason": {"not_useful"}}
			for _, m := range field.FindAllStringSubmatch(page, -1) {
				form.Set(m[1], strings.ReplaceAll(m[2], "&#34;", `"`))
			}
			verb := "approve"
			if i%4 == 3 {
				verb = "reject"
			}
			path, _, _ := strings.Cut(at, "?")
			start := time.Now()
			sent := ask(http.MethodPost, path+"/"+verb, form)
			at = sent.Header().Get("Location")
			if sent.Code != http.StatusSeeOther || !strings.HasPrefix(at, "/suggestions/") {
				b.Fatalf("%d to %q: %s", sent.Code, at, sent.Body)
			}
			page = ask(http.MethodGet, at, nil).Body.String()
			took = append(took, time.Since(start))
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
		b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	}
}

// deciding is the store's part of a decision.
type deciding struct{ *store.DB }
