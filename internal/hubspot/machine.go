package hubspot

import (
	"slices"
	"strings"
)

// machineSources are the words of hs_object_source for what HubSpot's own bots and AI features write. Workflows and sequences are not among them: they send what a person wrote.
var machineSources = []string{"BOT", "CUSTOMER_AGENT", "PROSPECTING_AGENT", "BREEZE_AGENT", "HELP_DESK_AI", "DATA_ENRICHMENT", "CONVERSATIONAL_ENRICHMENT", "SMART_DATA_CAPTURE"}

// agentPrefix begins the actor id of an AI agent, as appPrefix begins that of an application.
const (
	agentPrefix = "L-"
	appPrefix   = "I-"
)

// byMachine reports whether an activity was written by a machine that is not this application.
func byMachine(o wireObject) bool {
	return slices.ContainsFunc([]string{"hs_object_source", "hs_object_source_label"}, func(name string) bool { return slices.Contains(machineSources, strings.ToUpper(o.text(name))) }) ||
		strings.HasPrefix(o.text("hs_object_source_id"), agentPrefix)
}
