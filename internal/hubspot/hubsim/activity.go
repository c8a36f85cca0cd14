package hubsim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"html"
	"maps"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
)

func cutPath(path string) (crm.ObjectType, string, bool) {
	t, key, found := strings.Cut(path, "/")
	return crm.ObjectType(t), key, found
}

// activities schedules every activity of the story and what happened to it later.
func (l *loader) activities() error {
	for _, it := range l.f.Activities {
		t, _ := hubspot.ParseType(it.Type) // checked when ids were reserved
		path := l.places[it.Key]
		at := l.s.loggedAt(it, l.birth)
		err := l.s.happen(at, it.Replay, path, func(silent bool) error {
			a, err := l.person(it.Owner, at, silent)
			if err != nil {
				return err
			}
			return l.log(a, t, path, it)
		})
		if err != nil {
			return err
		}
		for _, change := range it.Later {
			err := l.s.happen(change.At, it.Replay, path+" later", func(silent bool) error {
				a, err := l.person(it.Owner, change.At, silent)
				if err != nil {
					return err
				}
				return l.amend(a, l.s.tables[t].rows[l.ids[path]], it, change)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// log brings one activity into the portal.
func (l *loader) log(a actor, t crm.ObjectType, path string, it storyItem) error {
	props, err := l.content(t, it)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	props["hs_timestamp"] = stamp(it.At)
	o, err := l.born(a, path, t, l.properties(it.Owner, props, nil))
	if err != nil {
		return err
	}
	if t == crm.Emails {
		h := fnv.New32a()
		_, _ = h.Write([]byte(l.f.Name + "/" + it.Thread)) // a hash never fails to write
		if it.Thread != "" {
			l.s.note(o, a, "hs_email_thread_id", strconv.Itoa(int(h.Sum32())))
		}
		l.s.note(o, a, "hs_email_message_id", "<"+it.Key+"."+l.f.Name+"@mail.fieldnote.example>")
	}
	l.speak(a, o, it)
	return l.connectAll(a, o, map[crm.ObjectType][]string{crm.Companies: it.Companies, crm.Contacts: it.Contacts, crm.Deals: it.Deals, crm.Tickets: it.Tickets})
}

// speak attaches a call's transcript.
func (l *loader) speak(a actor, o *object, it storyItem) {
	if o.typ == crm.Calls && it.Transcript != "" {
		language := map[string]string{"de": "de-DE", "fr": "fr-FR", "es": "es-ES"}[l.f.Language]
		if language == "" {
			language = "en-US"
		}
		l.s.attach(a, o, "HUBSPOT_GENERATED", spread(parseTurns(it.Transcript), time.Duration(max(it.Minutes, 1))*time.Minute, language, l.address))
	}
}

// content are the properties that carry what an activity says.
func (l *loader) content(t crm.ObjectType, it storyItem) (map[string]any, error) {
	body := it.HTML
	if body == "" {
		body = paragraphs(it.Text)
	}
	switch t {
	case crm.Notes:
		return map[string]any{"hs_note_body": body}, nil
	case crm.Tasks:
		return map[string]any{"hs_task_subject": it.Title, "hs_task_body": body, "hs_task_status": it.Status, "hs_task_priority": it.Priority, "hs_task_type": "TODO"}, nil
	case crm.Communications:
		return map[string]any{"hs_communication_channel_type": it.Channel, "hs_communication_logged_from": "CRM", "hs_communication_body": body}, nil
	case crm.Calls:
		direction, err := oneOf(it.Direction, map[string]string{"in": "INBOUND", "out": "OUTBOUND"})
		return map[string]any{"hs_call_title": it.Title, "hs_call_body": body, "hs_call_direction": direction, "hs_call_status": cmp.Or(it.Status, "COMPLETED"),
			"hs_call_duration": strconv.FormatInt((time.Duration(it.Minutes) * time.Minute).Milliseconds(), 10)}, err
	case crm.Meetings:
		outcome := "COMPLETED"
		if it.At.After(l.s.portal.Now) {
			outcome = "SCHEDULED"
		}
		return map[string]any{"hs_meeting_title": it.Title, "hs_meeting_body": body + spoken(it.Transcript), "hs_meeting_outcome": outcome, "hs_meeting_start_time": stamp(it.At),
			"hs_meeting_end_time": stamp(it.At.Add(time.Duration(it.Minutes) * time.Minute))}, nil
	}
	return l.mailContent(it)
}

func (l *loader) mailContent(it storyItem) (map[string]any, error) {
	direction, err := oneOf(it.Direction, map[string]string{"in": "INCOMING_EMAIL", "out": "EMAIL", "forwarded": "FORWARDED_EMAIL"})
	if err != nil {
		return nil, err
	}
	from, err := l.participant(it.From)
	if err != nil {
		return nil, err
	}
	h := headers{From: from, Sender: from, To: []participant{}, CC: []participant{}, BCC: []participant{}}
	for i, list := range [][]string{it.To, it.CC} {
		for _, who := range list {
			p, err := l.participant(who)
			if err != nil {
				return nil, err
			}
			if i == 0 {
				h.To = append(h.To, p)
			} else {
				h.CC = append(h.CC, p)
			}
		}
	}
	raw, err := json.Marshal(h)
	return map[string]any{"hs_email_subject": it.Title, "hs_email_text": it.Text, "hs_email_html": it.HTML, "hs_email_direction": direction, "hs_email_status": "SENT",
		"hs_email_headers": string(raw), "hs_email_logged_from": "CRM"}, err
}

func oneOf(v string, words map[string]string) (string, error) {
	if w := words[v]; w != "" {
		return w, nil
	}
	return "", fmt.Errorf("direction %q: want one of %v", v, slices.Sorted(maps.Keys(words)))
}

// paragraphs is plain text as HubSpot's editor would have stored it: blank lines part paragraphs, other line ends are kept.
func paragraphs(text string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if part = strings.TrimSpace(part); part != "" {
			b.WriteString("<p>" + strings.ReplaceAll(escapeText(part), "\n", "<br>") + "</p>")
		}
	}
	return b.String()
}

// spoken is a meeting's transcript as note takers paste it: one paragraph per turn.
func spoken(transcript string) string {
	var b strings.Builder
	for _, t := range parseTurns(transcript) {
		b.WriteString("<p><strong>" + escapeText(t.Speaker) + ":</strong> " + escapeText(t.Text) + "</p>")
	}
	return b.String()
}

// escapeText escapes what HTML needs in text and leaves quotes as they are.
func escapeText(s string) string {
	return strings.NewReplacer("&#39;", "'", "&#34;", `"`).Replace(html.EscapeString(s))
}

// participant resolves a contact's key, an owner's key, or a written address.
func (l *loader) participant(who string) (participant, error) {
	for _, c := range l.f.Contacts {
		if c.Key == who {
			return participant{scalar(c.Other["email"]), scalar(c.Other["firstname"]), scalar(c.Other["lastname"])}, nil
		}
	}
	if o := l.s.portal.owner(who); o != nil {
		return participant{o.Email, o.FirstName, o.LastName}, nil
	}
	a, err := mail.ParseAddress(who)
	if err != nil {
		return participant{}, fmt.Errorf("participant %q is neither a contact, an owner nor an address: %w", who, err)
	}
	first, last, _ := strings.Cut(a.Name, " ")
	return participant{a.Address, first, last}, nil
}

// address finds a speaker's e-mail address by name, "" when nobody has that name.
func (l *loader) address(name string) string {
	for _, c := range l.f.Contacts {
		if scalar(c.Other["firstname"])+" "+scalar(c.Other["lastname"]) == name {
			return scalar(c.Other["email"])
		}
	}
	for _, o := range l.s.portal.Owners {
		if o.FirstName+" "+o.LastName == name {
			return o.Email
		}
	}
	return ""
}

// amend is what happened to an activity after it was logged.
func (l *loader) amend(a actor, o *object, it storyItem, c later) error {
	switch {
	case o == nil:
		return fmt.Errorf("%s changes before it exists", it.Key)
	case c.Delete:
		l.s.archive(a, o)
	case c.Move != nil:
		return l.move(a, o, *c.Move)
	case c.Edit != nil:
		return l.edit(a, o, it, *c.Edit)
	default:
		return fmt.Errorf("%s: later says neither delete, move nor edit", it.Key)
	}
	return nil
}

// move replaces the links of every type that the story names.
func (l *loader) move(a actor, o *object, m storyMove) error {
	for t, keys := range map[crm.ObjectType][]string{crm.Companies: m.Companies, crm.Contacts: m.Contacts, crm.Deals: m.Deals, crm.Tickets: m.Tickets} {
		if keys == nil {
			continue
		}
		for _, id := range slices.Clone(o.linked(t).ids) {
			if !slices.ContainsFunc(keys, func(k string) bool { return l.ids[string(t)+"/"+k] == id }) {
				l.s.unlink(a, o, l.s.tables[t].rows[id])
			}
		}
		if err := l.connectAll(a, o, map[crm.ObjectType][]string{t: keys}); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) edit(a actor, o *object, it storyItem, e storyEdit) error {
	if e.Title != "" {
		it.Title = e.Title
	}
	if e.Text != "" {
		it.Text, it.HTML = e.Text, ""
	}
	if e.HTML != "" {
		it.HTML, it.Text = e.HTML, ""
	}
	if e.Transcript != "" {
		it.Transcript = e.Transcript
		l.speak(a, o, it)
	}
	props, err := l.content(o.typ, it)
	if err != nil {
		return err
	}
	values, _, bad := l.s.normalise(o.typ, props)
	if len(bad) > 0 {
		return fmt.Errorf("%s: %s", o.path(), bad[0].message)
	}
	l.s.set(a, o, values)
	return nil
}
