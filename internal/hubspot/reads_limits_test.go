package hubspot

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

func TestFurtherPropertiesAreNeverSensitive(t *testing.T) {
	var asked []string
	c := serve(t, Options{Properties: map[crm.ObjectType][]string{crm.Companies: {"tier", "iban", "missing"}}, Objects: []crm.ObjectType{crm.Companies}}, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/crm/properties/2026-09/companies") {
			_, _ = io.WriteString(w, `{"results":[{"name":"tier","dataSensitivity":"non_sensitive"},{"name":"iban","dataSensitivity":"highly_sensitive"}]}`)
			return
		}
		if err := json.Unmarshal(jsonBody(t, r)["properties"], &asked); err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, `{"results":[{"id":"1","properties":{"tier":"gold"}}]}`)
	})
	records, _, err := c.Records(t.Context(), []crm.Ref{{Portal: 1, Type: crm.Companies, ID: "1"}})
	if err != nil || len(records) != 1 || records[0].Properties["tier"] != "gold" {
		t.Fatal(records, err)
	}
	if !slices.Contains(asked, "tier") || slices.Contains(asked, "iban") || slices.Contains(asked, "missing") {
		t.Errorf("asked %v", asked)
	}
}

func TestTranscriptsWithoutTheirScope(t *testing.T) {
	c := serve(t, Options{}, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	if turns, err := c.transcript(t.Context(), "1"); err != nil || turns != nil || !slices.Equal(c.Refused(), []string{TranscriptScope}) {
		t.Errorf("%v %v %v", turns, err, c.Refused())
	}
	broken := serve(t, Options{}, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	if _, err := broken.transcript(t.Context(), "1"); !errors.Is(err, crm.ErrTemporary) {
		t.Errorf("an outage must not look like a call without a transcript: %v", err)
	}
}

func TestClientReadsItsOwnPortalOnly(t *testing.T) {
	c := serve(t, Options{}, func(http.ResponseWriter, *http.Request) { t.Error("a request left") })
	if _, err := c.Activities(t.Context(), []crm.Ref{{Portal: 2, Type: crm.Notes, ID: "1"}}); !errors.Is(err, crm.ErrInvalid) {
		t.Error(err)
	}
	if _, _, err := c.Records(t.Context(), []crm.Ref{{Portal: 1, Type: crm.Notes, ID: "1"}}); !errors.Is(err, crm.ErrInvalid) {
		t.Error(err)
	}
}

func TestPurgedActivitiesAreGone(t *testing.T) {
	c := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/crm/objects/"):
			_, _ = io.WriteString(w, `{"results":[{"id":"1","properties":{"hs_gdpr_deleted":"true","hs_note_body":"x"}},{"id":"2","properties":{"hs_note_body":"y"}}]}`)
		default:
			_, _ = io.WriteString(w, `{"results":[]}`)
		}
	})
	got, err := c.Activities(t.Context(), []crm.Ref{{Portal: 1, Type: crm.Notes, ID: "1"}, {Portal: 1, Type: crm.Notes, ID: "2"}})
	if err != nil || len(got) != 1 || got[0].Ref.ID != "2" {
		t.Errorf("%+v %v", got, err)
	}
}

func TestListReadsLongAssociationListsInFull(t *testing.T) {
	c := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/crm/objects/2026-09/notes":
			_, _ = io.WriteString(w, `{"results":[{"id":"1","associations":{"contacts":{"results":[{"id":"5","type":"note_to_contact"},{"id":"5","type":"note_to_contact_unlabeled"}],"paging":{"next":{"after":"5"}}}}},
				{"id":"2","associations":{"deals":{"results":[{"id":"8","type":"note_to_deal"}]}}}]}`)
		case strings.HasSuffix(r.URL.Path, "/notes/contacts/batch/read"):
			if in := inputsOf(t, r); len(in) != 1 || in[0].ID != "1" {
				t.Errorf("read again: %v", in)
			}
			_, _ = io.WriteString(w, `{"results":[{"from":{"id":"1"},"to":[{"toObjectId":5},{"toObjectId":6}]}]}`)
		default:
			_, _ = io.WriteString(w, `{"results":[]}`)
		}
	})
	page, err := c.List(t.Context(), crm.Notes, "", 0)
	if err != nil || len(page.Activities) != 2 {
		t.Fatal(page, err)
	}
	ref := func(typ crm.ObjectType, id string) crm.Ref { return crm.Ref{Portal: 1, Type: typ, ID: id} }
	if got := page.Activities[0].Links.All(); !slices.Equal(got, []crm.Ref{ref(crm.Contacts, "5"), ref(crm.Contacts, "6")}) {
		t.Errorf("links %v", got)
	}
	if got := page.Activities[1].Links.All(); !slices.Equal(got, []crm.Ref{ref(crm.Deals, "8")}) {
		t.Errorf("links %v", got)
	}
}

func TestCurrentTellsWhoChangedItLast(t *testing.T) {
	for _, c := range []struct {
		newest, appID string
		byPerson      bool
	}{
		{`"sourceType":"INTEGRATION","sourceId":"42"`, "42", false},
		{`"sourceType":"INTEGRATION","sourceId":42`, "42", false},
		{`"sourceType":"INTEGRATION","sourceId":"43"`, "42", true},
		{`"sourceType":"INTEGRATION","sourceId":"42"`, "", true}, // we do not know who we are
		{`"sourceType":"IMPORT","sourceId":"42"`, "42", true},
		{`"sourceType":"CRM_UI","sourceId":"userId:42"`, "42", true},
	} {
		client := serve(t, Options{AppID: c.appID}, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, `{"id":"1","properties":{"ai_x":"new"},"propertiesWithHistory":{"ai_x":[{"value":"old","timestamp":"2026-01-01T00:00:00Z","sourceType":"SEQUENCES"},
				{"value":"new","timestamp":"2026-01-02T00:00:00Z",%s}]}}`, c.newest)
		})
		got, err := NewWriter(client).Current(t.Context(), crm.Ref{Portal: 1, Type: crm.Contacts, ID: "1"}, "ai_x")
		if err != nil || got.Value != "new" || got.ByPerson != c.byPerson || !got.At.Equal(day(2)) {
			t.Errorf("%+v: %+v %v", c, got, err)
		}
	}
}
