package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// fact is a line of a page that says how something stands.
type fact struct{ Name, Value string }

type approvalRow struct {
	Who string
	At  moment
}

type policyFieldRow struct {
	Field, Class, Risk, Threshold, Why string
}

type policySection struct {
	Workflow string
	Fields   []policyFieldRow
}

type statusPage struct {
	frame
	Stopped        []stopRow
	MayStop        bool
	MayStopAll     bool
	Waiting        string // for approvals
	Policy         []fact
	SHA256         string
	Rules          []string
	Core           []string
	Approvals      []approvalRow
	MayApprove     bool
	Fields         []policySection
	Service        []fact
	Coverage       []meterRow
	Paused         []Paused
	Failing        []Paused
	Held           []string
	HubSpot        string // what is the matter with it
	Done, Problem  string
	Reason         string // typed
	ReviewWaits    string
	OldestSeconds  string
	WaitingForCash bool
}

type stopRow struct {
	Words     string
	All       bool
	MayResume bool
}

// meterRow is a share with a bar.
type meterRow struct {
	Name, Value string
	Bar         int
}

// statusPage shows what may be written without a person and who has approved that, the stop button, and how the service stands.
func (s *server) statusPage(c *gin.Context) {
	q := queryOf(c, "done")
	if q.err != nil {
		s.failPage(c, q.err)
		return
	}
	s.showStatus(c, http.StatusOK, statusPage{Done: statusDone[q.text("done")]})
}

// statusDone are the only things that the page says because its address says so.
var statusDone = map[string]string{
	"stop":    "Stopped. No write to HubSpot begins any more; what was approved waits.",
	"resume":  "Writing goes on. What was approved meanwhile is being written.",
	"approve": "Your approval of the policy is recorded.",
}

func (s *server) showStatus(c *gin.Context, status int, page statusPage) {
	page.frame = s.frame(c, "Status and policy")
	who := callerOf(c)
	page.MayStop, page.MayStopAll = who.Role.May(Approver), who.Role.May(Approver) && who.Portal == 0
	stoppedHere := false
	for _, stop := range s.stopsOf(who.portal) {
		all := stop.Portal == 0
		stoppedHere = stoppedHere || !all
		page.Stopped = append(page.Stopped, stopRow{stopWords(stop), all, who.Role.May(Administrator) && (!all || who.Portal == 0)})
	}
	page.MayStop = page.MayStop && (!stoppedHere || page.MayStopAll)
	if err := s.policyOf(c, &page); err != nil {
		s.failPage(c, err)
		return
	}
	if err := s.serviceOf(c, &page); err != nil {
		s.failPage(c, err)
		return
	}
	s.show(c, status, "status", page)
}

func (s *server) policyOf(c *gin.Context, page *statusPage) error {
	p, err := s.Policies.Policy(c.Request.Context(), portalOf(c))
	if err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	bound := func(n int) string {
		if n == 0 {
			return "any number of writes"
		}
		return fmt.Sprintf("at most %d writes", n)
	}
	mode := modeWords[p.Mode]
	if p.Mode == string(crm.GateCanary) {
		mode = fmt.Sprintf(mode, percentage(p.Canary))
		if len(p.CanaryOwners) > 0 {
			mode += ", and on those of the owners " + strings.Join(p.CanaryOwners, ", ")
		}
	}
	page.SHA256, page.Rules, page.Core = p.SHA256, p.Rules, p.Core
	page.Policy = []fact{{"Writing to HubSpot", p.Write}, {"Mode", mode}, {"Caps", fmt.Sprintf("without a person %s in an hour, and %s to one record in a day", bound(p.MaxPerHour), bound(p.MaxPerRecordPerDay))}}
	if p.ErrorBudget != 0 {
		page.Policy = append(page.Policy, fact{"Error budget", budgetWords(CalibrationBudget{p.ErrorBudget, p.BudgetConfidence}) + "; " + exploreWords(p)})
	} else {
		page.Policy = append(page.Policy, fact{"Error budget", "none: the fixed thresholds decide"})
	}
	who, mine := callerOf(c), false
	for _, a := range p.Approvals {
		mine = mine || a.By == who.Actor()
		page.Approvals = append(page.Approvals, approvalRow{actorWords(a.By), momentOf(a.At)})
	}
	if p.ApprovalsNeeded > 0 {
		page.Policy = append(page.Policy, fact{"Approved by", fmt.Sprintf("%d of %d needed", len(p.Approvals), p.ApprovalsNeeded)})
	}
	if left := p.ApprovalsNeeded - len(p.Approvals); left > 0 {
		page.Waiting = fmt.Sprintf("This policy waits for %s. Until then nothing is written without a person.", count(left, "more approval"))
	}
	page.MayApprove = who.Role.May(Administrator) && !mine && (p.ApprovalsNeeded > 0)
	for _, f := range p.Fields {
		if n := len(page.Fields); n == 0 || page.Fields[n-1].Workflow != words(f.Workflow) {
			page.Fields = append(page.Fields, policySection{Workflow: words(f.Workflow)})
		}
		last := &page.Fields[len(page.Fields)-1]
		last.Fields = append(last.Fields, policyFieldRow{f.Field, f.Class, string(f.Risk), percent(f.Threshold), f.Why})
	}
	return nil
}

// modeWords say what each mode of the gate means; the canary's has a place for its share.
var modeWords = map[string]string{
	string(crm.GateOff):    "off: every change waits for a person",
	string(crm.GateShadow): "shadow: the gate decides and marks what it would have written; a person decides",
	string(crm.GateCanary): "canary: what the policy lets through is written on %s of the records, and marked on the others",
	string(crm.GateOn):     "on: what the policy lets through is written without a person",
}

func (s *server) serviceOf(c *gin.Context, page *statusPage) error {
	st, err := s.Status.Status(c.Request.Context(), portalOf(c))
	if err != nil {
		return fmt.Errorf("status: %w", err)
	}
	budget, _, err := s.spending(c, s.Now(), false)
	if err != nil {
		return fmt.Errorf("status: %w", err)
	}
	e, ignored := st.Events, 0
	for _, n := range e.Ignored {
		ignored += n
	}
	page.Service = []fact{{"Events", fmt.Sprintf("%d received: %d done, %d in review, %d dead, %d under way, %d ignored", e.Received, e.Done, e.InReview, e.Dead, e.Open, ignored)}}
	var work []string
	for _, lane := range crm.Lanes() {
		if n := st.Work[lane.String()]; n > 0 {
			work = append(work, fmt.Sprintf("%d %s", n, lane))
		}
	}
	if len(work) == 0 {
		work = []string{"nothing is left to do"}
	}
	page.Service = append(page.Service, fact{"Work", strings.Join(work, ", ")})
	if st.OldestSeconds > 0 {
		page.Service = append(page.Service, fact{"Oldest change", fmt.Sprintf("waits for %.0f s", st.OldestSeconds)})
	}
	if st.Undecoded > 0 {
		page.Service = append(page.Service, fact{"Deliveries", fmt.Sprintf("%d wait to be read", st.Undecoded)})
	}
	spent := fmt.Sprintf("$%.2f in %s", budget.SpentUSD, budget.Month)
	if budget.LeftUSD != nil {
		spent += fmt.Sprintf(" of $%.2f", budget.MonthlyUSD)
	}
	page.Service = append(page.Service, fact{"Cost of models", spent}, fact{"Own app in HubSpot", appsWords(st.HubSpot.Apps)}, fact{"Version", s.Version})
	page.WaitingForCash, page.Paused, page.Failing, page.Held = budget.Stopped, st.Paused, st.Failing, each(st.Held, heldWords)
	page.HubSpot = st.HubSpot.Problem
	for _, name := range sortedKeys(st.Coverage) {
		page.Coverage = append(page.Coverage, meterRow{name, percentage(st.Coverage[name]), share(st.Coverage[name])})
	}
	return nil
}

// heldWords say what a workflow leaves alone until somebody has looked at what it would cost.
func heldWords(h Held) string {
	cost := "nobody has said what " + h.Model + " costs"
	if h.CostUSD != nil {
		cost = fmt.Sprintf("it would cost about $%.2f at the most", *h.CostUSD)
	}
	return fmt.Sprintf("%s has not looked at %d %s yet: %s.", words(h.Workflow), h.Records, h.Type, cost)
}

// appsWords says under which apps our writes are known.
func appsWords(apps []OwnApp) string {
	if len(apps) == 0 {
		return "not known yet: it shows with the first write"
	}
	var out []string
	for _, a := range apps {
		word := a.ID + " (configured)"
		if !a.LearnedAt.IsZero() {
			word = a.ID + " (as HubSpot showed on " + a.LearnedAt.UTC().Format(time.DateOnly) + ")"
		}
		out = append(out, word)
	}
	return strings.Join(out, ", ")
}

// stopForm is the stop button; resumeForm ends a stop; approvePolicyForm approves the policy that was shown.
func (s *server) stopForm(c *gin.Context) {
	s.statusForm(c, "stop", func(ctx context.Context, who caller, form url.Values) error {
		reason := strings.TrimSpace(form.Get("reason"))
		if reason == "" || len(reason) > 500 {
			return fmt.Errorf("say in 1 to 500 bytes why, others will read it: %w", crm.ErrInvalid)
		}
		portal, err := s.stopPortal(who, form)
		if err != nil {
			return err
		}
		return s.Stops.Stop(ctx, portal, reason, who.Actor())
	})
}

func (s *server) resumeForm(c *gin.Context) {
	s.statusForm(c, "resume", func(ctx context.Context, who caller, form url.Values) error {
		portal, err := s.stopPortal(who, form)
		if err != nil {
			return err
		}
		return s.Stops.Resume(ctx, portal, who.Actor())
	})
}

// stopPortal is the portal that a form is about, 0 for every one. A form without the tick that somebody is sure does nothing.
func (s *server) stopPortal(who caller, form url.Values) (crm.PortalID, error) {
	switch {
	case form.Get("sure") != "yes":
		return 0, fmt.Errorf("tick that you are sure: %w", crm.ErrInvalid)
	case form.Get("all") != "yes":
		return who.portal, nil
	case who.Portal != 0:
		return 0, fmt.Errorf("your token is for portal %s only: %w", who.Portal, crm.ErrForbidden)
	}
	return 0, nil
}

func (s *server) approvePolicyForm(c *gin.Context) {
	s.statusForm(c, "approve", func(ctx context.Context, who caller, form url.Values) error {
		switch {
		case len(form.Get("sha256")) != 64:
			return fmt.Errorf("the form does not say which policy was shown: %w", crm.ErrInvalid)
		case form.Get("sure") != "yes":
			return fmt.Errorf("tick that you have read it: %w", crm.ErrInvalid)
		}
		return s.Policies.ApprovePolicy(ctx, who.portal, form.Get("sha256"), who.Actor())
	})
}

func (s *server) statusForm(c *gin.Context, done string, do func(ctx context.Context, who caller, form url.Values) error) {
	form, err := readForm(c)
	if err == nil {
		err = do(c.Request.Context(), callerOf(c), form)
	}
	if err == nil {
		redirect(c, "/status?done="+done)
		return
	}
	s.refuseForm(c, err, "Nothing was done", func(status int, problem string) {
		s.showStatus(c, status, statusPage{Problem: problem, Reason: form.Get("reason")})
	})
}
