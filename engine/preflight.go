package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/contextd/contextd/internal/crm"
)

// Definitions says what a portal's properties take.
type Definitions interface {
	// Definition of a property, as it was some minutes ago at most, or with fresh as it is now; crm.ErrNotFound when the portal has none of that name. Other errors: nobody can say.
	Definition(ctx context.Context, portal crm.PortalID, t crm.ObjectType, name string, fresh bool) (crm.Definition, error)
}

// preflight is why HubSpot would refuse a change, in words that say what to do; "" when nothing speaks against it. What is wrong is read again before it is said: somebody may
// have mended it since. What HubSpot tells nobody beforehand, such as an administrator's rules between properties, is found by the write.
func preflight(ctx context.Context, d Definitions, portal crm.PortalID, c crm.Change) string {
	if c.Kind != crm.PropertyKind {
		return tooLong(c.After)
	}
	if d == nil {
		return ""
	}
	why := ""
	for _, fresh := range []bool{false, true} {
		def, err := d.Definition(ctx, portal, c.Target.Type, c.Property, fresh)
		switch {
		case errors.Is(err, crm.ErrNotFound):
			why = fmt.Sprintf("%s have no property %s in HubSpot: run contextd setup hubspot", c.Target.Type, c.Property)
		case err != nil:
			return fmt.Sprintf("whether HubSpot takes %s cannot be said: %s", c.Property, err)
		default:
			why = Unfit(def, c.After)
		}
		if why == "" {
			break
		}
	}
	return why
}

// SignalProblem is why HubSpot would refuse to show on a record whether something waits for a decision; "" when nothing speaks against it.
func SignalProblem(ctx context.Context, d Definitions, record crm.Ref) string {
	return preflight(ctx, d, record.Portal, crm.Change{Kind: crm.PropertyKind, Target: record, Property: crm.ReviewStatus, After: crm.ReviewPending})
}

// Unfit is why a property does not take a value, "" when it does.
func Unfit(d crm.Definition, value string) string {
	switch {
	case d.Calculated:
		return fmt.Sprintf("HubSpot calculates %s itself", d.Name)
	case d.ReadOnly:
		return fmt.Sprintf("%s is read-only in HubSpot", d.Name)
	case value == "":
		return "" // clears it
	}
	takes := func(ok bool, what string) string {
		if ok {
			return ""
		}
		return fmt.Sprintf("%s takes %s in HubSpot, not %q", d.Name, what, shorten(value))
	}
	switch d.Type {
	case "number":
		f, err := strconv.ParseFloat(value, 64)
		return takes(err == nil && !math.IsNaN(f) && !math.IsInf(f, 0), "a number")
	case "bool":
		return takes(value == "true" || value == "false", "true or false")
	case "date":
		_, err := time.Parse(time.DateOnly, value)
		return takes(err == nil, "a day such as 2026-11-29")
	case "datetime":
		_, err := time.Parse(time.RFC3339, value)
		return takes(err == nil, "a time such as 2026-11-29T10:00:00Z")
	case "enumeration":
		if len(d.Options) == 0 {
			return "" // options that HubSpot keeps elsewhere, such as owners
		}
		values := []string{value}
		if d.Multiple {
			values = strings.Split(strings.Trim(value, ";"), ";")
		}
		for _, v := range values {
			if !slices.Contains(d.Options, v) {
				return takes(false, "one of "+strings.Join(d.Options, ", "))
			}
		}
	case "string":
		return tooLong(value)
	}
	return ""
}

func tooLong(value string) string {
	if n := utf8.RuneCountInString(value); n > maxValue {
		return fmt.Sprintf("the text has %d characters, HubSpot takes %d", n, maxValue)
	}
	return ""
}
