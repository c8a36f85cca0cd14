package engine

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/contextd/contextd/internal/calibration"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/prompts"
)

// Policy is what an administrator sets for the gate. The zero value writes nothing.
type Policy struct {
	Write              bool // hubspot.write is on
	Mode               crm.GateMode
	Canary             float64            // in canary mode: the share of the records that are written to without asking, 0 to 1
	Threshold          float64            // gate.threshold; 0: DefaultThreshold
	CanaryOwners       []string           // in canary mode: the HubSpot owner ids whose records are written to beside that share
	HumanOnly          []string           // properties, or "note" and "task", that always need a person
	Never              []string           // the same, never touched
	LowRisk            []string           // the same, in the class of low risk, whatever their workflow says
	HighRisk           []string           // the same, of high risk
	MaxPerHour         int                // writes without a person in the portal, at most; 0: no bound
	MaxPerRecordPerDay int                // the same to one record
	Rules              []Rule             // all must hold
	Budget             calibration.Budget // how much of what is written without a person may be wrong; Wrong 0: no budget, the threshold alone decides
	Explore            float64            // share of what a budget lets through that is shown to a person all the same, 0 to 1
	Unapproved         string             // why nothing goes by it without a person yet, ""; no part of the hash
	SHA256             string             // of all of it and of what workflows set for themselves: names this policy in the audit
}

// CoreFields are properties of HubSpot's own that mean money, ownership or progress. They are for people at the most, whatever a policy says; and as Allowed knows
// only ai_* properties, no change of them is even proposed.
func CoreFields() []string {
	return []string{"amount", "closedate", "dealstage", "hs_lead_status", "hs_pipeline", "hs_pipeline_stage", "hubspot_owner_id", "lifecyclestage", "pipeline"}
}

// Digest is the hash of everything that an administrator has set for the gate: the policy, and what each workflow sets for itself. Lists of names count as sets.
func (p Policy) Digest(workflows []prompts.Workflow) string {
	type field struct {
		Name      string
		Threshold float64
		Verdict   string
		Risk      crm.Risk `json:",omitempty"`
	}
	type workflow struct {
		Name      string
		Mode      crm.GateMode
		Threshold float64
		Fields    []field
	}
	doc := struct {
		Write                          bool
		Mode                           crm.GateMode
		Canary, Threshold              float64
		CanaryOwners                   []string `json:",omitempty"`
		HumanOnly, Never, Rules        []string
		LowRisk, HighRisk              []string `json:",omitempty"`
		MaxPerHour, MaxPerRecordPerDay int
		Workflows                      []workflow
		Budget                         calibration.Budget `json:",omitzero"`
		Explore                        float64            `json:",omitzero"`
	}{Write: p.Write, Mode: p.Mode, Canary: p.Canary, Threshold: Threshold(p.Threshold), CanaryOwners: set(p.CanaryOwners), HumanOnly: set(p.HumanOnly), Never: set(p.Never), LowRisk: set(p.LowRisk), HighRisk: set(p.HighRisk), MaxPerHour: p.MaxPerHour,
		MaxPerRecordPerDay: p.MaxPerRecordPerDay, Budget: p.Budget, Explore: p.Explore}
	for _, r := range p.Rules {
		doc.Rules = append(doc.Rules, r.String())
	}
	for _, w := range workflows {
		one := workflow{Name: w.Name, Mode: w.Policy.Mode, Threshold: w.Policy.Threshold}
		for _, c := range w.Changes {
			f := field{Name: fieldOf(c), Threshold: c.Threshold, Risk: c.Risk}
			if c.Verdict != nil {
				f.Verdict = c.Verdict.String()
			}
			one.Fields = append(one.Fields, f)
		}
		doc.Workflows = append(doc.Workflows, one)
	}
	slices.SortFunc(doc.Workflows, func(a, b workflow) int { return cmp.Compare(a.Name, b.Name) })
	text, err := json.Marshal(doc)
	if err != nil { // a number that is none: no two such policies are told apart by more than their words
		text = fmt.Appendf(nil, "%+v", doc)
	}
	hash := sha256.Sum256(text)
	return hex.EncodeToString(hash[:])
}

func set(names []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(names)))
}

// fieldOf is what policies call a workflow's change: the property, or note or task.
func fieldOf(c prompts.Change) string {
	if c.Kind == crm.PropertyKind {
		return c.Property
	}
	return string(c.Kind)
}

// RiskOf is the class of a workflow's field: the policy's word goes before the workflow's, and medium is that of a field that neither puts into one.
func (p Policy) RiskOf(c prompts.Change) crm.Risk {
	switch name := fieldOf(c); {
	case slices.Contains(p.HighRisk, name):
		return crm.RiskHigh
	case slices.Contains(p.LowRisk, name):
		return crm.RiskLow
	}
	return cmp.Or(c.Risk, crm.RiskMedium)
}

// At is the policy as it holds for fields of a class: what may be wrong, by its threshold and its error budget, is scaled. Thresholds that a workflow sets for itself or its
// field are not: they are about that field already. A threshold or budget that is none stays so.
func (p Policy) At(risk crm.Risk) Policy {
	if t := Threshold(p.Threshold); t > 0 && t < 1 {
		if scaled := 1 - risk.Tolerated(1-t); scaled > 0 && scaled != t {
			p.Threshold = scaled
		}
	}
	if b := risk.Tolerated(p.Budget.Wrong); p.Budget.Check() == nil && b < 1 {
		p.Budget.Wrong = b
	}
	return p
}

// canary says whether a record is among the share of all records that a canary policy writes to. It is the same for each record at all times, and a greater share
// holds all records of a smaller one.
func canary(record crm.Ref, share float64) bool {
	if record.IsZero() {
		return false
	}
	hash := sha256.Sum256([]byte("canary\x00" + record.Portal.String() + "\x00" + record.Path()))
	const whole = 1 << 53 // the integers that a float64 holds exactly
	return float64(binary.BigEndian.Uint64(hash[:8])>>11)/whole < share
}

// withheld is why the mode keeps the gate from writing by itself to a record, "" when it does not.
func (p Policy) withheld(s GateState) string {
	mode := p.Mode
	if s.Mode != "" {
		mode = mode.Within(s.Mode)
	}
	switch mode {
	case crm.GateOn:
		return ""
	case crm.GateCanary:
		if canary(s.Record.Ref, p.Canary) || slices.Contains(p.CanaryOwners, s.Record.Properties["hubspot_owner_id"]) {
			return ""
		}
		return "the record is not one of those that the canary policy writes to"
	case crm.GateShadow:
		return "the gate only watches: its mode is shadow"
	case crm.GateOff:
	}
	return "a person decides everything: the gate's mode is off"
}

// raised is the threshold that holds: outcomes may prove that a budget needs a higher one than is set, never that a lower one does.
func (p Policy) raised(set float64, proof calibration.Proof) float64 {
	if p.Budget.Wrong != 0 && proof.Open {
		return max(set, proof.Threshold)
	}
	return set
}

// unproved is why the budget keeps the gate from writing by itself, "" when it does not.
func (p Policy) unproved(proof calibration.Proof) string {
	if p.Budget.Wrong == 0 {
		return ""
	}
	if err := p.Budget.Check(); err != nil {
		return "the error budget is none: " + err.Error()
	}
	if !proof.Open {
		return fmt.Sprintf("that at most %.4g %% of such writes are wrong is not proved: %s", 100*p.Budget.Wrong, cmp.Or(proof.Why, "nothing is known about them"))
	}
	return ""
}

// Would is what the gate would decide if it were on, writing allowed, and nothing shown to people by chance: what shadow and canary modes are watched for.
func Would(p Policy, portal crm.PortalID, c crm.Change, s GateState) crm.Verdict {
	p.Write, p.Mode, p.Unapproved = true, crm.GateOn, ""
	s.Mode, s.Stopped, s.Explored = "", "", false
	v, _ := Gate(p, portal, c, s)
	return v
}
