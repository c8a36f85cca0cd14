package hubspot

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/contextd/contextd/internal/crm"
)

func decodeOne(t *testing.T, entry string) crm.Event {
	t.Helper()
	events, bad, err := DecodeEvents([]byte("[" + entry + "]"))
	if err != nil || len(bad) > 0 || len(events) != 1 {
		t.Fatalf("%s: %d events, bad %v, error %v", entry, len(events), bad, err)
	}
	return events[0]
}

func TestDecodeEvents(t *testing.T) {
	ref := func(typ crm.ObjectType, id string) crm.Ref { return crm.Ref{Portal: 123456, Type: typ, ID: id} }
	for _, c := range []struct {
		name, entry string
		want        crm.Event
	}{
		{"generic property change",
			`{"eventId":100,"subscriptionId":7001,"portalId":123456,"occurredAt":1790000000000,"subscriptionType":"object.propertyChange","objectId":501,"objectTypeId":"0-1","propertyName":"lifecyclestage","propertyValue":"opportunity","changeSource":"CRM_UI","sourceId":"userId:42"}`,
			crm.Event{Type: crm.PropertyChange, Object: ref(crm.Contacts, "501"), Property: "lifecyclestage", Value: "opportunity", Source: "CRM_UI", SourceID: "userId:42"}},
		{"classic creation, eventType, ids as strings",
			`{"portalId":"123456","occurredAt":"1790000000000","eventType":"contact.creation","objectId":"9007199254740993","changeSource":"IMPORT","sourceId":33445}`,
			crm.Event{Type: crm.Creation, Object: ref(crm.Contacts, "9007199254740993"), Source: "IMPORT", SourceID: "33445"}},
		{"id above 2^53", `{"portalId":123456,"occurredAt":1790000000000,"subscriptionType":"object.creation","objectId":9007199254740993,"objectTypeId":"0-46"}`,
			crm.Event{Type: crm.Creation, Object: ref(crm.Notes, "9007199254740993")}},
		{"privacy deletion", `{"portalId":123456,"occurredAt":1790000000000,"subscriptionType":"contact.privacyDeletion","objectId":503}`,
			crm.Event{Type: crm.PrivacyDeletion, Object: ref(crm.Contacts, "503")}},
		{"merge", `{"portalId":123456,"occurredAt":1790000000000,"subscriptionType":"object.merge","objectId":504,"objectTypeId":"0-1","primaryObjectId":504,"mergedObjectIds":[505, "506"],"newObjectId":990504}`,
			crm.Event{Type: crm.Merge, Object: ref(crm.Contacts, "504"), MergedIDs: []string{"505", "506"}, NewID: "990504"}},
		{"classic association", `{"portalId":123456,"occurredAt":1790000000000,"subscriptionType":"contact.associationChange","associationType":"CONTACT_TO_COMPANY","fromObjectId":501,"toObjectId":801,"associationRemoved":true}`,
			crm.Event{Type: crm.AssociationChange, From: ref(crm.Contacts, "501"), To: ref(crm.Companies, "801"), Removed: true}},
		{"generic association", `{"portalId":123456,"occurredAt":1790000000000,"subscriptionType":"object.associationChange","fromObjectId":9101,"fromObjectTypeId":"0-46","toObjectId":7001,"toObjectTypeId":"0-3","associationTypeId":214,"associationRemoved":false}`,
			crm.Event{Type: crm.AssociationChange, From: ref(crm.Notes, "9101"), To: ref(crm.Deals, "7001")}},
		{"unknown type", `{"portalId":123456,"occurredAt":1790000000000,"subscriptionType":"conversation.newMessage","objectId":66001,"messageId":"m-1"}`,
			crm.Event{Type: "newMessage", Object: ref("conversation", "66001")}},
		{"unknown object", `{"portalId":123456,"occurredAt":1790000000000,"subscriptionType":"object.creation","objectId":1,"objectTypeId":"0-7"}`,
			crm.Event{Type: crm.Creation, Object: ref("0-7", "1")}},
		{"no dot, no object", `{"portalId":123456,"occurredAt":1790000000000,"subscriptionType":"surprise"}`, crm.Event{Type: "surprise", Object: ref("", "")}},
		{"value with NUL and lone surrogate", `{"portalId":123456,"occurredAt":1790000000000,"subscriptionType":"contact.propertyChange","objectId":1,"propertyName":"x","propertyValue":"a\u0000b\ud800c"}`,
			crm.Event{Type: crm.PropertyChange, Object: ref(crm.Contacts, "1"), Property: "x", Value: "a\uFFFDb\uFFFDc"}},
		{"null and number values", `{"portalId":123456,"occurredAt":1790000000000,"subscriptionType":"deal.propertyChange","objectId":1,"propertyName":"amount","propertyValue":12.50,"sourceId":null}`,
			crm.Event{Type: crm.PropertyChange, Object: ref(crm.Deals, "1"), Property: "amount", Value: "12.50"}},
	} {
		got := decodeOne(t, c.entry)
		c.want.Portal, c.want.OccurredAt, c.want.Key = 123456, time.UnixMilli(1790000000000).UTC(), got.Key
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", c.want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", c.name, got, c.want)
		}
		if len(got.Key) != 64 {
			t.Errorf("%s: key %q", c.name, got.Key)
		}
	}
}

func TestDecodeEventsKeepsGoodNeighbours(t *testing.T) {
	good := func(id int) string {
		return fmt.Sprintf(`{"portalId":1,"subscriptionType":"contact.creation","objectId":%d}`, id)
	}
	bads := map[string]string{
		"not an object":      `17`,
		"array":              `[]`,
		"garbage":            `xx`,
		"no portal":          `{"subscriptionType":"contact.creation","objectId":5}`,
		"portal zero":        `{"portalId":0,"subscriptionType":"contact.creation","objectId":5}`,
		"negative portal":    `{"portalId":-1,"subscriptionType":"contact.creation","objectId":5}`,
		"no type":            `{"portalId":1,"objectId":5}`,
		"no object":          `{"portalId":1,"subscriptionType":"contact.creation"}`,
		"float id":           `{"portalId":1,"subscriptionType":"contact.creation","objectId":5.0}`,
		"exponent id":        `{"portalId":1,"subscriptionType":"contact.creation","objectId":5e3}`,
		"id with zero":       `{"portalId":1,"subscriptionType":"contact.creation","objectId":"05"}`,
		"id beyond int64":    `{"portalId":1,"subscriptionType":"contact.creation","objectId":92233720368547758080}`,
		"path as id":         `{"portalId":1,"subscriptionType":"contact.creation","objectId":"../7"}`,
		"object as id":       `{"portalId":1,"subscriptionType":"contact.creation","objectId":{"id":1}}`,
		"key twice":          `{"portalId":1,"portalId":2,"subscriptionType":"contact.creation","objectId":5}`,
		"key twice, escaped": `{"portalId":1,"\u0070ortalId":2,"subscriptionType":"contact.creation","objectId":5}`,
		"deep":               `{"portalId":1,"subscriptionType":"contact.creation","objectId":5,"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`,
		"rather deep":        `{"portalId":1,"subscriptionType":"contact.creation","objectId":5,"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`,
		"not utf-8":          "{\"portalId\":1,\"subscriptionType\":\"contact.creation\",\"objectId\":5,\"x\":\"\xff\"}",
		"raw NUL":            "{\"portalId\":1,\"subscriptionType\":\"contact.creation\",\"objectId\":5,\"x\":\"\x00\"}",
		"far time":           `{"portalId":1,"subscriptionType":"contact.creation","objectId":5,"occurredAt":9223372036854775807}`,
		"half association":   `{"portalId":1,"subscriptionType":"contact.associationChange","fromObjectId":5,"associationType":"CONTACT_TO_COMPANY"}`,
		"merged garbage":     `{"portalId":1,"subscriptionType":"contact.merge","objectId":5,"mergedObjectIds":[1,{}]}`,
		"text behind":        `{"portalId":1,"subscriptionType":"contact.creation","objectId":5} 7`,
		"many keys":          manyKeys(),
		"flag":               `{"portalId":1,"subscriptionType":"contact.creation","objectId":5,"associationRemoved":"perhaps"}`,
	}
	for name, entry := range bads {
		events, bad, err := DecodeEvents([]byte("[" + good(1) + ", " + entry + " ," + good(3) + "]"))
		if err != nil || len(events) != 2 || len(bad) != 1 {
			t.Errorf("%s: %d events, bad %v, error %v", name, len(events), bad, err)
			continue
		}
		if events[0].Object.ID != "1" || events[1].Object.ID != "3" || bad[0].Index != 1 || !errors.Is(bad[0].Cause, crm.ErrInvalid) {
			t.Errorf("%s: %v %v", name, events, bad)
		}
		if len(bad[0].Cause.Error()) > 300 {
			t.Errorf("%s: cause of %d bytes", name, len(bad[0].Cause.Error()))
		}
	}
}

func manyKeys() string {
	var b strings.Builder
	b.WriteString(`{"portalId":1,"subscriptionType":"contact.creation","objectId":5`)
	for i := range 10_000 {
		fmt.Fprintf(&b, `,"k%d":0`, i)
	}
	return b.String() + "}"
}

func TestDecodeEventsRefusesWhatIsNoArray(t *testing.T) {
	for _, body := range []string{"", "{}", "null", `[{"a":1}`, `[{"a":"]`, `[]]`, `[}{]`, "[" + strings.Repeat("1,", maxEvents) + "1]", strings.Repeat("[", 100_000)} {
		if events, _, err := DecodeEvents([]byte(body)); !errors.Is(err, crm.ErrInvalid) {
			t.Errorf("%.20q: %d events, error %v", body, len(events), err)
		}
	}
	if events, bad, err := DecodeEvents([]byte(" [ ] \n")); err != nil || len(events)+len(bad) != 0 {
		t.Errorf("empty array: %v %v %v", events, bad, err)
	}
}

func TestDedupeKey(t *testing.T) {
	base := `{"eventId":100,"attemptNumber":0,"subscriptionId":7001,"portalId":123456,"occurredAt":1790000000000,"subscriptionType":"object.propertyChange","objectId":501,"objectTypeId":"0-1","propertyName":"ab","propertyValue":"c"}`
	key := decodeOne(t, base).Key
	for _, same := range []string{
		strings.Replace(base, `"attemptNumber":0`, `"attemptNumber":7`, 1),
		strings.Replace(base, `"eventId":100`, `"eventId":999`, 1),
		strings.Replace(base, `"objectId":501`, `"objectId":"501"`, 1),
	} {
		if decodeOne(t, same).Key != key {
			t.Errorf("another key for %s", same)
		}
	}
	seen := map[string]string{key: base}
	for _, change := range [][2]string{
		{`"subscriptionId":7001`, `"subscriptionId":7002`}, {"123456", "123457"}, {"1790000000000", "1790000000001"}, {"object.propertyChange", "object.creation"},
		{`:501`, `:502`}, {`"0-1"`, `"0-2"`}, {`"ab"`, `"abc"`}, {`"c"`, `"d"`}, {`"ab","propertyValue":"c"`, `"a","propertyValue":"bc"`}, {`"eventId":100`, `"messageId":"m"`},
	} {
		entry := strings.Replace(base, change[0], change[1], 1)
		k := decodeOne(t, entry).Key
		if other, ok := seen[k]; ok {
			t.Errorf("one key for\n%s\n%s", entry, other)
		}
		seen[k] = entry
	}
}

func FuzzWebhookBody(f *testing.F) {
	f.Add([]byte(vectorBodyA))
	f.Add([]byte(`[{"portalId":1,"subscriptionType":"object.merge","objectId":5,"objectTypeId":"0-1","mergedObjectIds":[7]},17,"]"]`))
	f.Add([]byte(`[[[[[[`))
	f.Fuzz(func(t *testing.T, body []byte) {
		events, bad, err := DecodeEvents(body)
		if err != nil && len(events)+len(bad) > 0 {
			t.Fatal("an error and events")
		}
		for _, e := range events {
			if e.Portal <= 0 || e.Type == "" || len(e.Key) != 64 {
				t.Fatalf("event %+v", e)
			}
			for _, s := range []string{e.Value, e.Property, string(e.Type), e.Source, e.SourceID} {
				if !utf8.ValidString(s) || strings.Contains(s, "\x00") {
					t.Fatalf("text %q", s)
				}
			}
		}
	})
}
