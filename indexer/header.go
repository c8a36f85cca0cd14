package indexer

import (
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// Limits of the header line: it must stay small beside the chunk it introduces.
const (
	maxHeaderPeople = 6
	maxHeaderField  = 120 // runes of one field
)

// Header is the line of context in front of every chunk of an activity: accounts, people, date, kind and direction, subject. Only the dense arm reads it.
func Header(a crm.Activity, accounts []string) string {
	fields := []string{}
	add := func(s string) {
		if s = short(s); s != "" {
			fields = append(fields, s)
		}
	}
	add(strings.Join(accounts, ", "))
	add(strings.Join(people(a), ", "))
	if at := When(a); at.IsZero() {
		add("date unknown")
	} else {
		add(at.UTC().Format("2006-01-02"))
	}
	add(kindWords(a))
	add(a.Subject)
	return strings.Join(fields, " · ")
}

// short is a field on one line, cut at a limit.
func short(s string) string {
	s = strings.Join(strings.Fields(clean(s)), " ")
	runes := 0
	for i := range s {
		if runes++; runes > maxHeaderField {
			return s[:i] + "…"
		}
	}
	return s
}

// people are the participants' names, or their addresses, each once, the sender first.
func people(a crm.Activity) []string {
	var out []string
	for pass := range 2 {
		for _, p := range a.People {
			if (p.Role == "from" || p.Role == "speaker") != (pass == 0) {
				continue
			}
			name := p.Name
			if name == "" {
				name = p.Email
			}
			if name = short(name); name != "" && !slices.Contains(out, name) && len(out) < maxHeaderPeople {
				out = append(out, name)
			}
		}
	}
	return out
}

// author is who wrote a mail, message or note: the sender, else for mails and messages nobody, for notes and tasks the owner.
func author(a crm.Activity) string {
	kind := a.Ref.Type.Kind()
	if kind != crm.Email && kind != crm.Message {
		return ""
	}
	for _, p := range a.People {
		if p.Role == "from" {
			if p.Name != "" {
				return short(p.Name)
			}
			return short(p.Email)
		}
	}
	return ""
}

func kindWords(a crm.Activity) string {
	kind := string(a.Ref.Type.Kind())
	switch a.Direction {
	case crm.Incoming:
		return "incoming " + kind
	case crm.Outgoing:
		return "outgoing " + kind
	case crm.Forwarded:
		return "forwarded " + kind
	}
	return kind
}
