package hubsim

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
)

// Document says where a document of an evaluation set went: which activity, and for transcripts which utterances of it (0-based, Last included).
type Document struct {
	ID       string `json:"id"`
	Activity string `json:"activity"`
	First    *int   `json:"first,omitempty"`
	Last     *int   `json:"last,omitempty"`
}

// timeUnknown marks activities whose time the set does not tell.
const timeUnknown = "ctx_time_unknown"

// setLine is one line of a set's corpus.jsonl.
type setLine struct {
	ID        string `json:"id"`
	Account   string `json:"account"`
	Kind      string `json:"kind"`
	Timestamp string `json:"timestamp"`
	Speaker   string `json:"speaker"`
	Session   string `json:"session"`
	Pos       *int   `json:"pos"`
	Title     string `json:"title"`
	Text      string `json:"text"`
}

// setLoader turns one set into a portal: accounts are companies, documents without a position one activity each, those with one the turns of their session's call.
type setLoader struct {
	s         *Server
	companies map[string]*object
	speakers  map[string]*object // account, name → contact
	clock     time.Time          // of what has no time: ascending in the order of the file
	sessions  map[string][]setLine
	order     []string
}

// LoadSet fills the portal with the evaluation set in dir (corpus.jsonl). Documents tells afterwards what became of each document.
func (s *Server) LoadSet(dir string) error {
	lines, err := readSet(filepath.Join(dir, "corpus.jsonl"))
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.defineTimeUnknown()
	l := &setLoader{s: s, companies: map[string]*object{}, speakers: map[string]*object{}, sessions: map[string][]setLine{}, clock: time.Date(2024, 1, 1, 8, 0, 0, 0, time.UTC)}
	for i, line := range lines {
		if line.Pos != nil {
			key := line.Account + "\x00" + line.Session
			if l.sessions[key] == nil {
				l.order = append(l.order, key)
			}
			l.sessions[key] = append(l.sessions[key], line)
			continue
		}
		if err := l.single(line); err != nil {
			return fmt.Errorf("%s: line %d: document %s: %w", dir, i+1, line.ID, err)
		}
	}
	for _, key := range l.order {
		if err := l.session(l.sessions[key]); err != nil {
			return fmt.Errorf("%s: session %q: %w", dir, key, err)
		}
	}
	return nil
}

func readSet(name string) ([]setLine, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var lines []setLine
	in := bufio.NewScanner(f)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var line setLine
		if err := json.Unmarshal(in.Bytes(), &line); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", name, len(lines)+1, err)
		}
		if line.ID == "" || line.Account == "" {
			return nil, fmt.Errorf("%s: line %d: no id or no account", name, len(lines)+1)
		}
		lines = append(lines, line)
	}
	return lines, in.Err()
}

func (s *Server) defineTimeUnknown() {
	at := stamp(s.now())
	for _, t := range crm.ActivityTypes() {
		p := &property{Name: timeUnknown, Label: "Time unknown", Type: "bool", FieldType: "booleancheckbox", GroupName: standardGroup(t),
			Options: []option{{Label: "Yes", Value: "true"}, {Label: "No", Value: "false", DisplayOrder: 1}}, DataSensitivity: "non_sensitive", CreatedAt: at, UpdatedAt: at}
		p.Modification = modification(p)
		s.tables[t].define(p)
	}
}

// actor is the first owner, silently, at a time.
func (l *setLoader) actor(at time.Time) actor {
	a := l.s.person(l.s.portal.Owners[0].User, at)
	a.silent = true
	return a
}

// company makes the account with one open deal.
func (l *setLoader) company(name string) *object {
	if o := l.companies[name]; o != nil {
		return o
	}
	a := l.actor(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
	owner := strconv.FormatInt(l.s.portal.Owners[0].ID, 10)
	o := l.s.create(a, crm.Companies, 0, map[string]string{"name": name, "hubspot_owner_id": owner})
	deal := l.s.create(a, crm.Deals, 0, map[string]string{"dealname": name, "pipeline": "default", "dealstage": "qualifiedtobuy", "amount": "10000", "deal_currency_code": "EUR", "hubspot_owner_id": owner})
	l.s.link(a, deal, o, hubspot.AssociationType(crm.Deals, crm.Companies))
	l.companies[name] = o
	return o
}

// when is a document's time, or the next of the made-up ones.
func (l *setLoader) when(text string) (time.Time, bool) {
	if at, known := parseTime(text); known {
		return at, true
	}
	l.clock = l.clock.Add(time.Minute)
	return l.clock, false
}

func (l *setLoader) log(t crm.ObjectType, account, timestamp string, values map[string]string) *object {
	at, known := l.when(timestamp)
	values["hs_timestamp"] = stamp(at)
	if !known {
		values[timeUnknown] = "true"
	}
	a := l.actor(at)
	o := l.s.create(a, t, 0, values)
	c := l.company(account)
	l.s.link(a, o, c, hubspot.AssociationType(t, crm.Companies))
	return o
}

// single is a document that is an activity of its own.
func (l *setLoader) single(line setLine) error {
	var t crm.ObjectType
	var values map[string]string
	switch line.Kind {
	case "email":
		t, values = crm.Emails, map[string]string{"hs_email_direction": "INCOMING_EMAIL", "hs_email_status": "SENT", "hs_email_text": line.Text}
		if line.Title != "" {
			values["hs_email_subject"] = line.Title
		}
	case "note":
		t, values = crm.Notes, map[string]string{"hs_note_body": paragraphs(line.Text)}
	case "chat", "message":
		t, values = crm.Communications, map[string]string{"hs_communication_channel_type": "SMS", "hs_communication_logged_from": "CRM", "hs_communication_body": paragraphs(line.Text)}
	case "meeting":
		t, values = crm.Meetings, map[string]string{"hs_meeting_title": line.Title, "hs_meeting_body": paragraphs(line.Text)}
	default:
		return fmt.Errorf("unknown kind %q", line.Kind)
	}
	o := l.log(t, line.Account, line.Timestamp, values)
	l.s.documents = append(l.s.documents, Document{ID: line.ID, Activity: o.path()})
	return nil
}

// session is one call whose transcript holds the turns of its documents in order.
func (l *setLoader) session(lines []setLine) error {
	slices.SortStableFunc(lines, func(a, b setLine) int { return cmp.Compare(*a.Pos, *b.Pos) })
	var turns []turn
	spans := make([][2]int, len(lines))
	for i, line := range lines {
		spans[i][0] = len(turns)
		turns = append(turns, line.turns(turns)...)
		spans[i][1] = len(turns) - 1
		if len(turns) == spans[i][0] {
			return fmt.Errorf("document %s is empty", line.ID)
		}
	}
	first := lines[0]
	length := time.Duration(len(turns)) * 8 * time.Second
	o := l.log(crm.Calls, first.Account, first.Timestamp, map[string]string{"hs_call_title": first.Session, "hs_call_direction": "OUTBOUND", "hs_call_status": "COMPLETED",
		"hs_call_duration": strconv.FormatInt(length.Milliseconds(), 10)})
	a := l.actor(o.created)
	l.s.attach(a, o, "HUBSPOT_GENERATED", spread(turns, length, "en-US", nil))
	for _, t := range turns {
		l.s.link(a, o, l.speaker(first.Account, t.Speaker), hubspot.AssociationType(crm.Calls, crm.Contacts))
	}
	for i, line := range lines {
		l.s.documents = append(l.s.documents, Document{ID: line.ID, Activity: o.path(), First: &spans[i][0], Last: &spans[i][1]})
	}
	return nil
}

// turns are a document's lines; where the set names the speaker, the whole document is one turn. A first line without a speaker goes on with whoever spoke last.
func (line setLine) turns(before []turn) []turn {
	if line.Speaker != "" {
		text := strings.TrimPrefix(line.Text, line.Speaker+": ")
		if strings.TrimSpace(text) == "" {
			text = line.Text
		}
		return []turn{{line.Speaker, text}}
	}
	turns := parseTurns(line.Text)
	if len(before) > 0 && len(turns) > 0 && turns[0].Speaker == "Unknown" {
		for i := range turns {
			if turns[i].Speaker != "Unknown" {
				break
			}
			turns[i].Speaker = before[len(before)-1].Speaker
		}
	}
	return turns
}

// speaker is the account's contact of that name.
func (l *setLoader) speaker(account, name string) *object {
	key := account + "\x00" + name
	if o := l.speakers[key]; o != nil {
		return o
	}
	a := l.actor(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
	first, last, _ := strings.Cut(name, " ")
	values := map[string]string{"firstname": first}
	if last != "" {
		values["lastname"] = last
	}
	o := l.s.create(a, crm.Contacts, 0, values)
	l.s.link(a, o, l.company(account), hubspot.AssociationType(crm.Contacts, crm.Companies))
	l.speakers[key] = o
	return o
}

// Documents says what became of every document of the loaded set.
func (s *Server) Documents() []Document {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.documents)
}
