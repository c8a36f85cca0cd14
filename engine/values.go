package engine

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// maxValue is HubSpot's limit of a string property, note and task body in characters.
const maxValue = 65536

// ValueRules say which values a property change may have: those of the workflow's change and of the answer's schema together.
type ValueRules struct {
	Type     string // number, enumeration, string, datetime
	Options  []string
	Min, Max *float64
}

// RulesOf reads the rules of one change of a workflow.
func RulesOf(w prompts.Workflow, c prompts.Change) ValueRules {
	r := ValueRules{Type: c.Type, Options: c.Options}
	var schema struct {
		Properties map[string]struct {
			limits
			Items struct {
				Properties map[string]limits `json:"properties"`
			} `json:"items"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(w.Schema, &schema); err == nil { // an unreadable schema was refused at load; its limits are then unknown, and the type still holds
		of := schema.Properties[c.Value].limits
		if c.Values != "" {
			of = schema.Properties[c.Values].Items.Properties["value"]
		}
		r.Min, r.Max = of.Minimum, of.Maximum
	}
	return r
}

// limits are those of a number in a schema.
type limits struct {
	Minimum *float64 `json:"minimum"`
	Maximum *float64 `json:"maximum"`
}

// Problem says why a value may not be written; "" when it may.
func (r ValueRules) Problem(value string) string {
	if n := utf8.RuneCountInString(value); n > maxValue {
		return fmt.Sprintf("the value has %d characters, HubSpot takes %d", n, maxValue)
	}
	if !utf8.ValidString(value) || hidesAnything(value) {
		return "the value holds invisible characters"
	}
	switch r.Type {
	case "number":
		return r.numberProblem(value)
	case "enumeration":
		if !slices.Contains(r.Options, value) {
			return fmt.Sprintf("%q is none of %s", shorten(value), strings.Join(r.Options, ", "))
		}
	case "datetime":
		if _, err := time.Parse(time.RFC3339, value); err != nil {
			return fmt.Sprintf("%q is no RFC 3339 time", shorten(value))
		}
	case "string":
		if strings.TrimSpace(value) == "" {
			return "the value is empty"
		}
	default:
		return fmt.Sprintf("type %q is unknown", r.Type)
	}
	return ""
}

func (r ValueRules) numberProblem(value string) string {
	f, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) || strings.ContainsAny(value, "xXpP_") {
		return fmt.Sprintf("%q is no number", shorten(value))
	}
	if r.Min != nil && f < *r.Min || r.Max != nil && f > *r.Max {
		return fmt.Sprintf("%s is out of range", value)
	}
	return ""
}

// jump is how far a number moves, as a share of its range: 0 of anything else or without an earlier number, never more than 1.
func (r ValueRules) jump(before *string, after string) float64 {
	if r.Type != "number" || before == nil {
		return 0
	}
	span := 100.0
	if r.Min != nil && r.Max != nil {
		span = *r.Max - *r.Min
	}
	a, errA := strconv.ParseFloat(*before, 64)
	b, errB := strconv.ParseFloat(after, 64)
	if errA != nil || errB != nil || a == b {
		return 0
	}
	if share := math.Abs(b-a) / span; share >= 0 && share <= 1 {
		return share
	}
	return 1 // NaN and a range of nothing, too
}

func sameValue(a, b string) bool { return crm.SameValue(a, b) }

// rulesFor finds the rules of a stored property change; ok is false when the workflow no longer has it.
func rulesFor(w prompts.Workflow, c crm.Change) (ValueRules, bool) {
	for _, pc := range w.Changes {
		if pc.Kind == crm.PropertyKind && pc.Property == c.Property {
			return RulesOf(w, pc), true
		}
	}
	return ValueRules{}, false
}
