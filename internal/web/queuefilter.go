package web

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/contextd/contextd/internal/crm"
)

// queueFilter says which suggestions a page lists. It is the query of the queue's address, so that a view can be kept, sent on and gone back to.
type queueFilter struct {
	state    string // one of crm.States, or "all"; "": pending
	workflow string
	assignee string // "me" is whoever looks
	name     string // that the record's name contains
	snoozed  bool   // what is snoozed instead of what is not
	order    string // look, oldest or newest; "": look for what is pending, else newest
}

// queueParameters are the filter's words in an address.
var queueParameters = []string{"state", "workflow", "assignee", "name", "snoozed", "order"}

// me stands for whoever looks, so that one address is everybody's own queue.
const me = "me"

func readQueueFilter(q *query) queueFilter {
	f := queueFilter{state: q.text("state"), workflow: q.text("workflow"), assignee: q.text("assignee"), name: strings.TrimSpace(q.text("name")), snoozed: q.flag("snoozed"), order: q.text("order")}
	if f.state != "" && f.state != allStates {
		_, err := crm.ParseState(f.state)
		q.keep(err)
	}
	if utf8.RuneCountInString(f.name) > maxName {
		q.refuse("name", fmt.Sprintf("at most %d characters", maxName))
	}
	if !slices.Contains([]string{"", orderLook, orderOldest, orderNewest}, f.order) {
		q.refuse("order", "newest, oldest or look")
	}
	return f.normal()
}

// maxName is how many characters of a record's name can be searched for.
const maxName = 200

// The words of the filter that are no names of others.
const (
	allStates   = "all"
	orderLook   = "look"
	orderOldest = "oldest"
	orderNewest = "newest"
)

// normal leaves out what goes without saying, so that one view has one address.
func (f queueFilter) normal() queueFilter {
	if f.state == string(crm.Pending) {
		f.state = ""
	}
	if f.order == f.usual() || f.order == orderLook && f.state != "" {
		f.order = ""
	}
	return f
}

func (f queueFilter) usual() string {
	if f.state == "" {
		return orderLook
	}
	return orderNewest
}

func (f queueFilter) values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"state": f.state, "workflow": f.workflow, "assignee": f.assignee, "name": f.name, "order": f.order} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if f.snoozed {
		v.Set("snoozed", "true")
	}
	return v
}

// address is a page under this filter.
func (f queueFilter) address(path string, more ...string) string {
	v := f.values()
	for i := 0; i+1 < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// list names what a cursor belongs to.
func (f queueFilter) list() string { return "queue " + f.values().Encode() }

func (f queueFilter) filter(who caller) SuggestionFilter {
	out := SuggestionFilter{Portal: who.portal, Workflow: f.workflow, Assignee: f.assignee, Name: f.name, Snoozed: f.snoozed}
	if f.assignee == me {
		out.Assignee = who.Name
	}
	switch f.state {
	case "":
		out.State, out.Awake = crm.Pending, !f.snoozed
	case allStates:
	default:
		out.State = crm.State(f.state)
	}
	switch f.order {
	case "":
		out.ByLook = f.usual() == orderLook
	case orderOldest:
		out.Oldest = true
	}
	return out
}

// backTo reads the filter that a form was sent from; a made-up one is the whole queue.
func backTo(s string) queueFilter {
	values, err := url.ParseQuery(s)
	if err != nil {
		return queueFilter{}
	}
	q := &query{values: values}
	if f := readQueueFilter(q); q.err == nil {
		return f
	}
	return queueFilter{}
}

func (f queueFilter) tabs() []tab {
	plain := queueFilter{workflow: f.workflow, name: f.name, order: f.order}
	all, mine, away := plain, plain, plain
	mine.assignee, away.snoozed, all.state = me, true, allStates
	out := []tab{{"Waiting", plain.address("/"), f.state == "" && f.assignee == "" && !f.snoozed}, {"Mine", mine.address("/"), f.state == "" && f.assignee == me && !f.snoozed},
		{"Snoozed", away.address("/"), f.snoozed}, {"All", all.normal().address("/"), f.state == allStates}}
	if f.state != "" && f.state != allStates {
		out = append(out, tab{words(f.state), f.address("/"), true})
	}
	return out
}

// narrows says whether less than a whole view is listed.
func (f queueFilter) narrows() bool {
	return f.workflow != "" || f.name != "" || f.assignee != "" && f.assignee != me
}

// title says what is listed.
func (f queueFilter) title() string {
	switch {
	case f.snoozed:
		return "Snoozed"
	case f.state == "" && f.assignee == me:
		return "Assigned to you"
	case f.state == "":
		return "Waiting for a decision"
	case f.state == allStates:
		return "All suggestions"
	}
	return words(f.state)
}

// empty says what it means that nothing is listed.
func (f queueFilter) empty() string {
	switch {
	case f.narrows():
		return "Nothing fits these filters."
	case f.snoozed:
		return "Nothing is snoozed."
	case f.state == "" && f.assignee == me:
		return "Nothing that waits is assigned to you."
	case f.state == "":
		return "Nothing waits for a decision."
	case f.state == allStates:
		return "Nothing has been suggested yet. Suggestions come when something happens at an account that is indexed."
	}
	return fmt.Sprintf("Nothing is %s.", f.state)
}
