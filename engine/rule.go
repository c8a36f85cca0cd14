package engine

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"github.com/contextd/contextd/internal/crm"
)

// Rule is a condition of an administrator's own that every automatic write must meet, in the language of github.com/expr-lang/expr. It is true or false by what RuleFacts
// says alone: it cannot ask for the time, read or write anything.
type Rule struct {
	text    string
	program *vm.Program
}

// RuleFacts are what a rule may ask about. Texts are "" where nothing is known.
type RuleFacts struct {
	Change struct {
		Kind     string `expr:"kind"`     // property, note or task
		Property string `expr:"property"` // "" for notes and tasks
		Before   string `expr:"before"`
		After    string `expr:"after"`
	} `expr:"change"`
	Record     map[string]string `expr:"record"` // the properties that are kept of the record, "" for all others
	Object     string            `expr:"object"` // what the record is: companies, contacts, deals or tickets
	Account    string            `expr:"account"`
	Workflow   string            `expr:"workflow"`
	Confidence float64           `expr:"confidence"`
	Time       time.Time         `expr:"time"` // in the portal's zone
}

// CompileRule checks a rule: its syntax, its names and their types, and that it says yes or no. crm.ErrInvalid with the place in it.
func CompileRule(text string) (Rule, error) {
	text = strings.TrimSpace(text)
	p, err := expr.Compile(text, expr.Env(RuleFacts{}), expr.AsBool(), expr.DisableBuiltin("now"), expr.MaxNodes(500))
	if err != nil {
		var at *file.Error
		if errors.As(err, &at) {
			return Rule{}, fmt.Errorf("%s at character %d: %w", at.Message, at.Column+1, crm.ErrInvalid)
		}
		return Rule{}, fmt.Errorf("%s: %w", strings.ReplaceAll(err.Error(), "\n", " "), crm.ErrInvalid)
	}
	return Rule{text: text, program: p}, nil
}

// String is the rule as it was written.
func (r Rule) String() string { return r.text }

// problem is why the rule keeps a change from being written without a person, "" when it does not.
func (r Rule) problem(f RuleFacts) string {
	if r.program == nil {
		return "a rule was never compiled"
	}
	ok, err := expr.Run(r.program, f)
	if err != nil {
		msg, _, _ := strings.Cut(err.Error(), "\n")
		return fmt.Sprintf("the rule %q cannot be judged: %s", r.text, msg)
	}
	if ok != true {
		return fmt.Sprintf("the rule %q does not hold", r.text)
	}
	return ""
}

// ruleFacts gathers what rules may ask about a change.
func ruleFacts(c crm.Change, s GateState) RuleFacts {
	f := RuleFacts{Record: s.Record.Properties, Object: string(s.Record.Ref.Type), Account: s.Account, Workflow: s.Workflow, Confidence: c.Confidence, Time: s.Now}
	f.Change.Kind, f.Change.After = string(c.Kind), c.After
	if c.Kind == crm.PropertyKind {
		f.Change.Property = c.Property
	}
	if c.Before != nil {
		f.Change.Before = *c.Before
	}
	return f
}
