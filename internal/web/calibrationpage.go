package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"
)

// fieldRow is a field in the overview: what decides about it, and how good that is.
type fieldRow struct {
	Workflow, Field, URL string
	Open                 bool
	State                string // open, closed, closed again, no budget
	Why                  string
	Needed               int
	Threshold            string
	Outcomes, Wrong      int
	Version              int
	Brier                string
}

type calibrationPage struct {
	frame
	Budget   string // in words; "" without one
	Explore  string
	Mode     string
	Sections []calibrationSection
}

type calibrationSection struct {
	Workflow string
	Fields   []fieldRow
}

// calibrationPage lists, by workflow, how far the confidences of each field may be trusted.
func (s *server) calibrationPage(c *gin.Context) {
	if q := queryOf(c); q.err != nil {
		s.failPage(c, q.err)
		return
	}
	fields, err := s.Calibration.CalibratedFields(c.Request.Context(), portalOf(c), "")
	if err != nil {
		s.failPage(c, fmt.Errorf("list calibration: %w", err))
		return
	}
	policy, err := s.Policies.Policy(c.Request.Context(), portalOf(c))
	if err != nil {
		s.failPage(c, fmt.Errorf("policy: %w", err))
		return
	}
	page := calibrationPage{frame: s.frame(c, "Calibration"), Budget: budgetWords(CalibrationBudget{policy.ErrorBudget, policy.BudgetConfidence}), Explore: exploreWords(policy), Mode: policy.Mode}
	for _, f := range fields {
		if n := len(page.Sections); n == 0 || page.Sections[n-1].Workflow != words(f.Workflow) {
			page.Sections = append(page.Sections, calibrationSection{Workflow: words(f.Workflow)})
		}
		last := &page.Sections[len(page.Sections)-1]
		last.Fields = append(last.Fields, fieldRowOf(f))
	}
	s.show(c, http.StatusOK, "calibration", page)
}

func fieldRowOf(f CalibratedField) fieldRow {
	out := fieldRow{Workflow: words(f.Workflow), Field: f.Field, URL: fieldURL(f.Workflow, f.Field), Open: f.Open, State: fieldState(f), Why: f.Why, Needed: f.Needed, Threshold: percent(f.Threshold),
		Outcomes: f.Outcomes, Wrong: f.Wrong, Version: f.Version, Brier: brierWords(f.Reliability)}
	return out
}

// fieldState says in two words whether a field may be written without a person.
func fieldState(f CalibratedField) string {
	wasOpen := slices.ContainsFunc(f.Fits, func(fit CalibrationFit) bool { return fit.Open && !fit.TakenBack })
	takenBack := slices.ContainsFunc(f.Fits, func(fit CalibrationFit) bool { return fit.TakenBack })
	switch {
	case f.Budget.Wrong == 0:
		return "no error budget"
	case f.Open:
		return "open"
	case wasOpen:
		return "closed again"
	case takenBack:
		return "taken back"
	}
	return "not open yet"
}

func budgetWords(b CalibrationBudget) string {
	if b.Wrong == 0 {
		return ""
	}
	return fmt.Sprintf("at most %s of the automatic writes wrong, with %s confidence", percentage(b.Wrong), percentage(b.Confidence))
}

func exploreWords(p Policy) string {
	if p.ErrorBudget == 0 {
		return ""
	}
	return fmt.Sprintf("%s of what is let through is shown to a person all the same", percentage(p.Explore))
}

func brierWords(r Reliability) string {
	if r.Count == 0 {
		return "–"
	}
	return strconv.FormatFloat(r.Brier, 'f', 3, 64)
}

func fieldURL(workflow, field string) string {
	return "/calibration/" + url.PathEscape(workflow) + "/" + url.PathEscape(field)
}

type fitRow struct {
	Version       int
	At            moment
	Outcomes      int
	Fitted        bool
	Open          bool
	Threshold     string
	Tested, Wrong int
	Most          string
	State         string
}

type fieldPage struct {
	frame
	Row       fieldRow
	Name      string
	Budget    string
	Explore   string
	Looks     int
	NextLevel string
	Fitted    bool
	Diagram   diagram
	Fits      []fitRow
	Versions  []choice // that can be rolled back to
	MayAdmin  bool
	Action    string
	Done      string
	Problem   string
}

// fieldPage shows one field: its reliability diagram, what is in force and why, and every version of the fit.
func (s *server) fieldPage(c *gin.Context) {
	q := queryOf(c, "done")
	if q.err != nil {
		s.failPage(c, q.err)
		return
	}
	s.showField(c, http.StatusOK, fieldDoneWords[q.text("done")], "")
}

// fieldDoneWords are the only things that the page says because its address says so.
var fieldDoneWords = map[string]string{"fit": "The outcomes were worked off.", "rollback": "Rolled back."}

func (s *server) showField(c *gin.Context, status int, done, problem string) {
	f, err := s.calibrated(c)
	if err != nil {
		s.failPage(c, err)
		return
	}
	policy, err := s.Policies.Policy(c.Request.Context(), portalOf(c))
	if err != nil {
		s.failPage(c, fmt.Errorf("policy: %w", err))
		return
	}
	page := fieldPage{frame: s.frame(c, f.Field+" of "+words(f.Workflow)), Row: fieldRowOf(f), Name: f.Field, Budget: budgetWords(f.Budget), Explore: exploreWords(policy), Looks: f.Looks, Fitted: f.Fitted,
		Diagram: diagramOf(f.Reliability), MayAdmin: callerOf(c).Role.May(Administrator) && f.Budget.Wrong != 0, Action: fieldURL(f.Workflow, f.Field), Done: done, Problem: problem}
	if f.NextLevel > 0 {
		page.NextLevel = strconv.FormatFloat(f.NextLevel, 'g', 3, 64)
	}
	for _, fit := range f.Fits {
		page.Fits = append(page.Fits, fitRowOf(fit))
		if f.Open && fit.Open && !fit.TakenBack && fit.Version < f.Version {
			page.Versions = append(page.Versions, choice{strconv.Itoa(fit.Version), fmt.Sprintf("version %d of %s, threshold %s", fit.Version, fit.At.UTC().Format("2 Jan 2006"), percent(fit.Threshold))})
		}
	}
	if f.Open {
		page.Versions = append(page.Versions, choice{"0", "none: everything of the field waits for a person"})
	}
	s.show(c, status, "field", page)
}

func (s *server) calibrated(c *gin.Context) (CalibratedField, error) {
	workflow, name := c.Param("workflow"), c.Param("field")
	fields, err := s.Calibration.CalibratedFields(c.Request.Context(), portalOf(c), workflow)
	if err != nil {
		return CalibratedField{}, fmt.Errorf("list calibration: %w", err)
	}
	i := slices.IndexFunc(fields, func(f CalibratedField) bool { return f.Field == name })
	if i < 0 {
		return CalibratedField{}, &statusError{http.StatusNotFound, fmt.Sprintf("no workflow %q writes %q", workflow, name)}
	}
	return fields[i], nil
}

func fitRowOf(fit CalibrationFit) fitRow {
	out := fitRow{Version: fit.Version, At: momentOf(fit.At), Outcomes: fit.Outcomes, Fitted: fit.Fitted, Open: fit.Open, Threshold: percent(fit.Threshold), Tested: fit.Tested, Wrong: fit.Wrong, Most: "–", State: "proved nothing"}
	if fit.Tested > 0 {
		out.Most = percentage(fit.Most)
	}
	switch {
	case fit.InForce:
		out.State = "in force"
	case fit.TakenBack:
		out.State = "taken back"
	case fit.Open:
		out.State = "proved it, not in force"
	}
	return out
}

// fitForm works off the outcomes of a field now; rollBackForm puts an earlier fit in force.
func (s *server) fitForm(c *gin.Context) {
	_, err := s.Calibration.FitField(c.Request.Context(), portalOf(c), c.Param("workflow"), c.Param("field"), callerOf(c).Actor())
	s.fieldDone(c, "fit", err)
}

func (s *server) rollBackForm(c *gin.Context) {
	form, err := readForm(c)
	version := 0
	if err == nil {
		version, err = strconv.Atoi(form.Get("version"))
		switch {
		case err != nil || version < 0:
			err = &statusError{http.StatusBadRequest, "choose a version"}
		case form.Get("sure") != "yes":
			err = &statusError{http.StatusBadRequest, "tick that you are sure"}
		}
	}
	if err == nil {
		_, err = s.Calibration.RollBackField(c.Request.Context(), portalOf(c), c.Param("workflow"), c.Param("field"), version, callerOf(c).Actor())
	}
	s.fieldDone(c, "rollback", err)
}

func (s *server) fieldDone(c *gin.Context, done string, err error) {
	if err == nil {
		redirect(c, fieldURL(c.Param("workflow"), c.Param("field"))+"?done="+done)
		return
	}
	s.refuseForm(c, err, "Nothing was done", func(status int, problem string) { s.showField(c, status, "", problem) })
}
