package hubspot

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

func day(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }

func TestTimeOf(t *testing.T) {
	created := day(1)
	for _, c := range []struct {
		name    string
		t       time.Time
		flag    string
		want    time.Time
		unknown bool
	}{
		{"ordinary", day(2), "", day(2), false},
		{"old import", day(1).AddDate(-20, 0, 0), "", day(1).AddDate(-20, 0, 0), false},
		{"absent", time.Time{}, "", time.Time{}, true},
		{"1970", time.Unix(0, 0), "", time.Time{}, true},
		{"1989", time.Date(1989, 12, 31, 23, 0, 0, 0, time.UTC), "", time.Time{}, true},
		{"task due in two years", created.AddDate(2, 0, 0), "", created.AddDate(2, 0, 0), false},
		{"beyond two years", created.AddDate(2, 0, 1), "", time.Time{}, true},
		{"flagged", day(2), "true", day(2), true},
		{"flag says false", day(2), "FALSE", day(2), false},
	} {
		if got, unknown := timeOf(c.t, created, c.flag); !got.Equal(c.want) || unknown != c.unknown {
			t.Errorf("%s: %s %v", c.name, got, unknown)
		}
	}
}

func TestParseTime(t *testing.T) {
	want := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for _, s := range []string{"2026-11-23T09:00:00Z", "2026-11-23T09:00:00.000Z", "2026-11-23T10:00:00+01:00", "2026-11-23T09:00:00.000+0000", "1795424400000", " 1795424400000 "} {
		if got := parseTime(s); !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%q: %s", s, got)
		}
	}
	for _, s := range []string{"", "soon", "99999999999999999", "9223372036854775807", "null"} {
		if got := parseTime(s); !got.IsZero() {
			t.Errorf("%q: %s", s, got)
		}
	}
}

func TestActivityOf(t *testing.T) {
	object := func(kv ...string) wireObject {
		o := wireObject{ID: "1", CreatedAt: "2026-01-01T00:00:00Z", Properties: map[string]flexString{"hs_timestamp": "2026-01-02T00:00:00Z"}}
		for i := 0; i+1 < len(kv); i += 2 {
			o.Properties[kv[i]] = flexString(kv[i+1])
		}
		return o
	}
	ref := func(typ crm.ObjectType) crm.Ref { return crm.Ref{Portal: 1, Type: typ, ID: "1"} }
	for _, c := range []struct {
		name string
		typ  crm.ObjectType
		o    wireObject
		want crm.Activity
	}{
		{"note", crm.Notes, object("hs_note_body", "<p>x</p>", "hs_object_source_id", "77"), crm.Activity{Body: "<p>x</p>", Format: crm.HTML}},
		{"our note by key", crm.Notes, object("ai_ctx_key", "k"), crm.Activity{Format: crm.HTML, Ours: true}},
		{"our note by app", crm.Notes, object("hs_object_source_id", "42"), crm.Activity{Format: crm.HTML, Ours: true}},
		{"our note by actor", crm.Notes, object("hs_object_source_id", "I-42", "hs_object_source", "BOT"), crm.Activity{Format: crm.HTML, Ours: true}},
		{"note of a bot", crm.Notes, object("hs_object_source", "BOT"), crm.Activity{Format: crm.HTML, Generated: true}},
		{"mail of an agent", crm.Emails, object("hs_email_text", "t", "hs_object_source_label", "customer_agent"), crm.Activity{Body: "t", Format: crm.PlainText, Generated: true}},
		{"message of an agent by its id", crm.Communications, object("hs_object_source", "API", "hs_object_source_id", "L-311"), crm.Activity{Format: crm.HTML, Generated: true}},
		{"note of another app", crm.Notes, object("hs_object_source", "INTEGRATION", "hs_object_source_id", "I-77"), crm.Activity{Format: crm.HTML}},
		{"mail of a sequence", crm.Emails, object("hs_email_text", "t", "hs_object_source", "SEQUENCES"), crm.Activity{Body: "t", Format: crm.PlainText}},
		{"mail with text", crm.Emails, object("hs_email_text", "plain", "hs_email_html", "<b>h</b>", "hs_email_direction", "INCOMING_EMAIL", "hs_email_thread_id", "th", "hs_email_status", "SENT"),
			crm.Activity{Body: "plain", Format: crm.PlainText, Direction: crm.Incoming, Thread: "th", Status: "SENT"}},
		{"mail without text", crm.Emails, object("hs_email_text", "  ", "hs_email_html", "<b>h</b>", "hs_email_direction", "FORWARDED_EMAIL"), crm.Activity{Body: "<b>h</b>", Format: crm.HTML, Direction: crm.Forwarded}},
		{"draft", crm.Emails, object("hs_email_text", "t", "hs_email_direction", "DRAFT_EMAIL"), crm.Activity{Body: "t", Format: crm.PlainText}},
		{"meeting", crm.Meetings, object("hs_meeting_title", "T", "hs_meeting_body", "a", "hs_internal_meeting_notes", "b", "hs_meeting_start_time", "2026-01-02T09:00:00Z", "hs_meeting_end_time", "2026-01-02T09:45:00Z", "hs_meeting_outcome", "COMPLETED"),
			crm.Activity{Subject: "T", Body: "a<br><br>b", Format: crm.HTML, Minutes: 45, Status: "COMPLETED"}},
		{"call", crm.Calls, object("hs_call_title", "T", "hs_call_body", "b", "hs_call_direction", "OUTBOUND", "hs_call_duration", "90000", "hs_call_status", "COMPLETED"),
			crm.Activity{Subject: "T", Body: "b", Format: crm.HTML, Direction: crm.Outgoing, Minutes: 2, Status: "COMPLETED"}},
		{"call with absurd length", crm.Calls, object("hs_call_duration", "1e300"), crm.Activity{Format: crm.HTML}},
		{"task", crm.Tasks, object("hs_task_subject", "S", "hs_task_body", "b", "hs_task_status", "WAITING", "hubspot_owner_id", "9"), crm.Activity{Subject: "S", Body: "b", Format: crm.HTML, Status: "WAITING", OwnerID: "9"}},
		{"message", crm.Communications, object("hs_communication_body", "b", "hs_communication_channel_type", "SMS"), crm.Activity{Body: "b", Format: crm.HTML, Channel: "SMS"}},
	} {
		c.want.Ref, c.want.Time, c.want.Created = ref(c.typ), day(2), day(1)
		if got := activityOf(ref(c.typ), c.o, is42); fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", c.want) {
			t.Errorf("%s\ngot  %+v\nwant %+v", c.name, got, c.want)
		}
	}
	if activityOf(ref(crm.Notes), object("hs_object_source_id", ""), (&Client{}).OwnApp).Ours {
		t.Error("without an app id, an empty source counts as ours")
	}
}

// TestMachineSources: each source that is known as a machine's makes an activity generated, a person's never does, and all that tells them apart is asked for.
func TestMachineSources(t *testing.T) {
	note := func(source string) bool {
		return activityOf(crm.Ref{Portal: 1, Type: crm.Notes, ID: "1"}, wireObject{Properties: map[string]flexString{"hs_object_source": flexString(source)}}, is42).Generated
	}
	for _, source := range []string{"BOT", "CUSTOMER_AGENT", "PROSPECTING_AGENT", "BREEZE_AGENT", "HELP_DESK_AI", "DATA_ENRICHMENT", "CONVERSATIONAL_ENRICHMENT", "SMART_DATA_CAPTURE"} {
		if !note(source) {
			t.Errorf("%s is no machine", source)
		}
	}
	for _, source := range []string{"", "CRM_UI", "MOBILE_IOS", "SALES", "HELP_DESK", "INTEGRATION", "API", "IMPORT", "GMAIL_INTEGRATION", "WORKFLOWS", "SEQUENCES", "FORM", "A_NEW_ONE"} {
		if note(source) {
			t.Errorf("%s is a machine", source)
		}
	}
	for _, name := range []string{"hs_object_source", "hs_object_source_id", "hs_object_source_label"} {
		if !slices.Contains(commonActivityNames, name) {
			t.Errorf("%s is not asked for", name)
		}
	}
}

func TestMailPeopleFromFlatProperties(t *testing.T) {
	o := wireObject{Properties: map[string]flexString{"hs_email_headers": "{broken", "hs_email_from_email": "a@x", "hs_email_from_firstname": "A", "hs_email_to_email": "b@x;c@x; B@X ", "hs_email_cc_email": "a@x"}}
	if got := fmt.Sprintf("%+v", mailPeople(o)); got != fmt.Sprintf("%+v", []crm.Person{{Name: "A", Email: "a@x", Role: "from"}, {Email: "b@x", Role: "to"}, {Email: "c@x", Role: "to"}}) {
		t.Error(got)
	}
}

func TestContactMemberships(t *testing.T) {
	company := func(id string) crm.Ref { return crm.Ref{Portal: 1, Type: crm.Companies, ID: id} }
	ann := crm.Ref{Portal: 1, Type: crm.Contacts, ID: "7"}
	change := func(value string, d int) wireChange {
		return wireChange{Value: flexString(value), Timestamp: flexString(day(d).Format(time.RFC3339))}
	}
	links := func(primary string, ids ...string) linked {
		l := linked{primary: primary}
		for _, id := range ids {
			l.Links = l.Add(company(id))
		}
		return l
	}
	type m struct {
		id       string
		primary  bool
		from, to int // 0: zero time
	}
	for _, c := range []struct {
		name    string
		l       linked
		own     string
		history []wireChange
		want    []m
	}{
		{"never", links(""), "", nil, nil},
		{"one, no history", links("1", "1"), "", nil, []m{{"1", true, 0, 0}}},
		{"one", links("1", "1"), "1", []wireChange{change("1", 3)}, []m{{"1", true, 0, 0}}},
		{"changed employer, newest first", links("2", "2"), "2", []wireChange{change("2", 5), change("1", 3)}, []m{{"1", true, 0, 5}, {"2", true, 5, 0}}},
		{"changed employer, still linked", links("2", "2", "1"), "2", []wireChange{change("2", 5), change("1", 3)}, []m{{"1", true, 0, 5}, {"2", true, 5, 0}, {"1", false, 0, 0}}},
		{"explicitly none before", links("1", "1"), "1", []wireChange{change("1", 4), change("", 2)}, []m{{"1", true, 4, 0}}},
		{"left", links(""), "", []wireChange{change("", 6), change("1", 3)}, []m{{"1", true, 0, 6}}},
		{"left, history behind", links(""), "1", []wireChange{change("1", 3)}, []m{{"1", true, 0, 20}}},
		{"history behind", links("2", "2"), "1", []wireChange{change("1", 3)}, []m{{"1", true, 0, 20}, {"2", true, 20, 0}}},
		{"went and came back", links("1", "1"), "1", []wireChange{change("1", 9), change("2", 5), change("1", 3)}, []m{{"1", true, 0, 5}, {"2", true, 5, 9}, {"1", true, 9, 0}}},
		{"two without a mark", links("", "1", "2"), "2", []wireChange{change("2", 3)}, []m{{"2", true, 0, 0}, {"1", false, 0, 0}}},
		{"declared a number, junk", links("1", "1"), "1", []wireChange{change("1.0", 4), change("n/a", 2)}, []m{{"1", true, 0, 0}}},
	} {
		r := crm.Record{Ref: ann, Modified: day(20), Properties: map[string]string{companyProperty: c.own}}
		var want []crm.Membership
		for _, w := range c.want {
			x := crm.Membership{Member: ann, Account: company(w.id), Primary: w.primary}
			if w.from > 0 {
				x.From = day(w.from)
			}
			if w.to > 0 {
				x.To = day(w.to)
			}
			want = append(want, x)
		}
		if got := contactMemberships(r, c.l, c.history); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s\ngot  %v\nwant %v", c.name, got, want)
		}
	}
}

func TestMergedIDs(t *testing.T) {
	o := wireObject{ID: "9", Properties: map[string]flexString{"hs_merged_object_ids": "5;6;9", "hs_calculated_merged_vids": "6:1700000000000;7:1700000000000;x:1"}}
	if got := fmt.Sprint(mergedIDs(o)); got != "[5 6 7]" {
		t.Error(got)
	}
}

func TestRecordName(t *testing.T) {
	if got := recordName(crm.Contacts, wireObject{ID: "1", Properties: map[string]flexString{"lastname": " Buyer "}}); got != "Buyer" {
		t.Error(got)
	}
	if got := recordName(crm.Deals, wireObject{ID: "1"}); got != "deals/1" {
		t.Error(got)
	}
}

func is42(app string) bool { return app == "42" }
