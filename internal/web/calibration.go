package web

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// CalibratedField is how far the confidences of a field may be trusted, as it is shown.
type CalibratedField struct {
	Workflow    string            `json:"workflow"`
	Field       string            `json:"field"`
	Budget      CalibrationBudget `json:"budget"`
	Open        bool              `json:"open"`      // changes may be written without a person
	Why         string            `json:"why"`       // why it is not open; "" when it is
	Needed      int               `json:"needed"`    // about how many more right outcomes open it
	Threshold   float64           `json:"threshold"` // that holds now
	Outcomes    int               `json:"outcomes"`  // that count
	Wrong       int               `json:"wrong"`     // of these
	Looks       int               `json:"looks"`     // that were made at outcomes under this budget
	NextLevel   float64           `json:"next_level"`
	Version     int               `json:"version"`     // of the fit in force; 0: none
	Fitted      bool              `json:"fitted"`      // its curve was learned; else it is the conservative prior
	Reliability Reliability       `json:"reliability"` // of the curve that holds now
	Fits        []CalibrationFit  `json:"fits"`        // newest first
}

// CalibrationBudget is what is promised: at most this share of automatic writes is wrong, with this confidence. Wrong 0: nothing.
type CalibrationBudget struct {
	Wrong      float64 `json:"wrong"`
	Confidence float64 `json:"confidence"`
}

// Reliability is how well confidences agree with outcomes; Brier is the mean squared difference.
type Reliability struct {
	Count int              `json:"count"`
	Brier float64          `json:"brier"`
	Bins  []ReliabilityBin `json:"bins"`
}

// ReliabilityBin is a range of confidence: what was predicted in it on the average, and what came out right.
type ReliabilityBin struct {
	From      float64 `json:"from"`
	To        float64 `json:"to"`
	Count     int     `json:"count"`
	Right     int     `json:"right"`
	Predicted float64 `json:"predicted"`
}

// CalibrationFit is one version of what was learned about a field.
type CalibrationFit struct {
	Version   int               `json:"version"`
	At        time.Time         `json:"at"`
	Outcomes  int               `json:"outcomes"`
	Budget    CalibrationBudget `json:"budget"`
	Level     float64           `json:"level"` // how likely it was allowed to err
	Fitted    bool              `json:"fitted"`
	Open      bool              `json:"open"` // it proved the budget from its threshold on
	Threshold float64           `json:"threshold"`
	Tested    int               `json:"tested"` // outcomes at or above the threshold that was tested last
	Wrong     int               `json:"wrong"`  // of these
	Most      float64           `json:"most"`   // the largest share of wrong ones that they do not rule out
	InForce   bool              `json:"in_force"`
	TakenBack bool              `json:"taken_back"`
}

// Calibration governs what outcomes prove about confidences. crm.ErrNotFound for a field that no workflow writes; crm.ErrConflict without an error budget, and for what cannot be
// rolled back to.
type Calibration interface {
	// CalibratedFields lists all fields, or those of a workflow.
	CalibratedFields(ctx context.Context, portal crm.PortalID, workflow string) ([]CalibratedField, error)
	// FitField works off the outcomes of a field now; whether they are looked at is decided by how many there are, not by who asks.
	FitField(ctx context.Context, portal crm.PortalID, workflow, field string, by crm.Actor) (CalibratedField, error)
	// RollBackField puts an earlier fit in force, 0 for none, a negative number for the one before.
	RollBackField(ctx context.Context, portal crm.PortalID, workflow, field string, version int, by crm.Actor) (CalibratedField, error)
}

func (s *server) listCalibration(c *gin.Context) {
	q := queryOf(c, "workflow")
	workflow := q.text("workflow")
	if q.err != nil {
		s.fail(c, q.err)
		return
	}
	all, err := s.Calibration.CalibratedFields(c.Request.Context(), portalOf(c), workflow)
	if err != nil {
		s.fail(c, fmt.Errorf("list calibration: %w", err))
		return
	}
	s.reply(c, http.StatusOK, pageOf("calibration", all, "", func(f CalibratedField) CalibratedField { return f }))
}

func (s *server) fitField(c *gin.Context) {
	var body struct{}
	if err := readJSON(c, &body); err != nil {
		s.fail(c, err)
		return
	}
	f, err := s.Calibration.FitField(c.Request.Context(), portalOf(c), c.Param("workflow"), c.Param("field"), callerOf(c).Actor())
	s.answer(c, http.StatusOK, f, err, "fit a field")
}

func (s *server) rollBackField(c *gin.Context) {
	var body struct {
		Version *int `json:"version"`
	}
	if err := readJSON(c, &body); err != nil {
		s.fail(c, err)
		return
	}
	version := -1
	if body.Version != nil {
		if version = *body.Version; version < 0 {
			s.fail(c, fmt.Errorf("version %d: want 0 for none, or the number of a fit: %w", version, crm.ErrInvalid))
			return
		}
	}
	f, err := s.Calibration.RollBackField(c.Request.Context(), portalOf(c), c.Param("workflow"), c.Param("field"), version, callerOf(c).Actor())
	s.answer(c, http.StatusOK, f, err, "roll back a field")
}
