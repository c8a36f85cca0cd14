package hubsim

import (
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// Rule is a validation rule of the portal's administrator, as 2026-09 enforces them on API writes: Property must have a value when an object of Type is created
// or, if When is set, on any write that leaves When with the value Is.
type Rule struct {
	Type     crm.ObjectType
	Property string
	When, Is string // "": the rule is about creates only
}

// obey checks the rules against the object as the write would leave it.
func (s *Server) obey(t crm.ObjectType, o *object, values map[string]string) *reply {
	after := func(name string) string {
		if v, written := values[name]; written || o == nil {
			return v
		}
		return o.raw(name)
	}
	var broken []detail
	for _, r := range s.opt.Rules {
		if r.Type != t || after(r.Property) != "" {
			continue
		}
		context := map[string][]string{"propertyName": {r.Property}}
		switch {
		case r.When == "" && o == nil:
			broken = append(broken, detail{Message: r.Property + " is required", Code: "MISSING_REQUIRED_PROPERTY", Context: context})
		case r.When != "" && after(r.When) == r.Is:
			broken = append(broken, detail{Message: fmt.Sprintf("%s is required when %s is %s", r.Property, r.When, r.Is), Code: "MISSING_CONDITIONAL_REQUIRED_PROPERTY", Context: context})
		}
	}
	if len(broken) == 0 {
		return nil
	}
	r := failDetail(400, "VALIDATION_ERROR", "Property values were not valid", broken...)
	return &r
}
