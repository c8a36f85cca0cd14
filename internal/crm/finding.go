package crm

import (
	"slices"
	"strings"
	"time"
)

// Finding is what code states beside the texts of a history: properties of a record, or since when nobody has written. A claim may say it, and quotes it whole, under its
// citation id; what it stands on is Evidence.
type Finding struct {
	ID       string    `json:"id"`   // citation id inside one run: "F1", "F2" …
	Name     string    `json:"name"` // what the workflow calls it
	Kind     string    `json:"kind"` // record, silence or source
	Text     string    `json:"text"`
	Language string    `json:"language"`
	Number   float64   `json:"number"`        // what rules compare: a value, days or percent, as the kind of the workflow's finding says
	Time     time.Time `json:"time,omitzero"` // when the newest property was set, or the last activity took place
	Evidence []Evidence
}

// Dated is a day that a stretch of a passage's text names, as its author meant it on the day of writing.
type Dated struct {
	Passage    string
	Start, End int // byte offsets in the passage's text
	Day        time.Time
}

// Value is what a property held from a moment on. "" is a property that was emptied.
type Value struct {
	Value string    `json:"value"`
	At    time.Time `json:"at"`
}

// SetAt is when a property got the value that it has now; zero when its history is not known.
func (r Record) SetAt(property string) time.Time {
	if h := r.History[property]; len(h) > 0 && h[0].Value == r.Properties[property] {
		return h[0].At
	}
	return time.Time{}
}

// Held reports whether a property has a value, or had it from that moment on as its history tells. A zero moment asks of the present value alone.
func (r Record) Held(property, value string, at time.Time) bool {
	if value == "" {
		return false
	}
	if slices.ContainsFunc(r.History[property], func(v Value) bool { return v.Value == value && v.At.Equal(at) }) {
		return true
	}
	return r.Properties[property] == value && (at.IsZero() || len(r.History[property]) == 0)
}

// Before is the record as it was known before a moment. A property whose history is known has its value of then. The others are there only if nothing of the record was
// changed since: whatever may have been set later is left out. The name is made of properties, and shares their lot.
func (r Record) Before(at time.Time) Record {
	unchanged := !r.Modified.IsZero() && r.Modified.Before(at)
	was := Record{Ref: r.Ref, Created: r.Created, Links: r.Links, MergedIDs: r.MergedIDs, Properties: map[string]string{}, History: map[string][]Value{}}
	if unchanged {
		was.Name, was.Modified = r.Name, r.Modified
		for name, value := range r.Properties {
			if len(r.History[name]) == 0 {
				was.Properties[name] = value
			}
		}
	}
	if made := r.Properties["createdate"]; made != "" && r.Created.Before(at) {
		was.Properties["createdate"] = made // it says the same as Created
	}
	for name, values := range r.History {
		i := slices.IndexFunc(values, func(v Value) bool { return v.At.Before(at) })
		if i < 0 {
			continue
		}
		was.History[name] = values[i:]
		if values[i].Value != "" {
			was.Properties[name] = values[i].Value
		}
	}
	if !unchanged {
		was.Name = was.called()
	}
	return was
}

// called is the name that the record's properties give it, "" when they do not.
func (r Record) called() string {
	p := r.Properties
	switch r.Ref.Type {
	case Companies:
		return p["name"]
	case Contacts:
		return strings.TrimSpace(p["firstname"] + " " + p["lastname"])
	case Deals:
		return p["dealname"]
	case Tickets:
		return p["subject"]
	}
	return ""
}
