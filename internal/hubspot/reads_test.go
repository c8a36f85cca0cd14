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
	"time"

	"github.com/contextd/contextd/internal/crm"
)

func jsonBody(t *testing.T, r *http.Request) map[string]json.RawMessage {
	t.Helper()
	out := map[string]json.RawMessage{}
	if err := json.NewDecoder(r.Body).Decode(&out); err != nil {
		t.Error(err)
	}
	return out
}

func inputsOf(t *testing.T, r *http.Request) []wireInput {
	t.Helper()
	var in []wireInput
	if err := json.Unmarshal(jsonBody(t, r)["inputs"], &in); err != nil {
		t.Error(err)
	}
	return in
}

func TestBatchReadSplitsAndLeavesOutWhatIsGone(t *testing.T) {
	var sizes []int
	c := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		in := inputsOf(t, r)
		sizes = append(sizes, len(in))
		var results []string
		for _, i := range in {
			switch {
			case i.ID == "7" || i.ID == "8": // 8 is missing without a word
			case i.ID == "9":
				results = append(results, `{"id":"9","archived":true,"properties":{}}`)
			case i.ID == "10":
				results = append(results, `{"id":"990010","properties":{}}`) // merged away
			default:
				results = append(results, `{"id":`+i.ID+`,"properties":{"a":null,"b":"x","c":12345678901234567890}}`)
			}
		}
		w.WriteHeader(http.StatusMultiStatus)
		_, _ = fmt.Fprintf(w, `{"status":"COMPLETE","results":[%s],"numErrors":1,"errors":[{"category":"OBJECT_NOT_FOUND","context":{"ids":["7"]}}]}`, strings.Join(results, ","))
	})
	var ids []string
	for i := range 230 {
		ids = append(ids, fmt.Sprint(i+1))
	}
	got, err := c.batchRead(t.Context(), crm.Notes, ids, []string{"a"}, nil)
	if err != nil || len(got) != 226 || !slices.Equal(sizes, []int{100, 100, 30}) {
		t.Errorf("%d objects, requests %v, %v", len(got), sizes, err)
	}
	if got[0].text("a") != "" || got[0].text("b") != "x" || got[0].text("c") != "12345678901234567890" {
		t.Errorf("%+v", got[0])
	}
	sizes = nil
	if _, err := c.batchRead(t.Context(), crm.Notes, ids[:60], []string{"a"}, []string{"h"}); err != nil || !slices.Equal(sizes, []int{50, 10}) {
		t.Errorf("with history: %v %v", sizes, err)
	}
}

func TestBatchReadFailsOnOtherPartialErrors(t *testing.T) {
	c := serve(t, Options{}, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusMultiStatus)
		_, _ = io.WriteString(w, `{"results":[],"errors":[{"category":"INTERNAL_ERROR","message":"try later","context":{"ids":["1"]}}]}`)
	})
	if _, err := c.Activities(t.Context(), []crm.Ref{{Portal: 1, Type: crm.Notes, ID: "1"}}); !errors.Is(err, crm.ErrTemporary) {
		t.Errorf("an object that could not be read must not count as gone: %v", err)
	}
}

func TestBatchReadAsksForLessWhenRepliesAreTooLarge(t *testing.T) {
	var sizes []int
	c := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		in := inputsOf(t, r)
		sizes = append(sizes, len(in))
		if len(in) > 1 {
			_, _ = io.WriteString(w, `"`+strings.Repeat("x", maxResponse)+`"`)
			return
		}
		_, _ = fmt.Fprintf(w, `{"results":[{"id":%q}]}`, in[0].ID)
	})
	got, err := c.batchRead(t.Context(), crm.Emails, []string{"1", "2"}, nil, nil)
	if err != nil || len(got) != 2 || !slices.Equal(sizes, []int{2, 1, 1}) {
		t.Errorf("%d objects, requests %v, %v", len(got), sizes, err)
	}
}

func TestAssociationsFollowEveryPage(t *testing.T) {
	c := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/crm/associations/2026-03/contacts/companies/batch/read" {
			t.Errorf("path %s", r.URL.Path)
		}
		in := inputsOf(t, r)
		w.WriteHeader(http.StatusMultiStatus)
		if in[0].After == "" {
			_, _ = io.WriteString(w, `{"results":[{"from":{"id":"1"},"to":[{"toObjectId":9007199254740993,"associationTypes":[{"category":"HUBSPOT_DEFINED","typeId":279,"label":null}]}],
				"paging":{"next":{"after":"p2","link":"https://elsewhere.example/"}}}],
				"errors":[{"category":"OBJECT_NOT_FOUND","subCategory":"crm.associations.NO_ASSOCIATIONS_FOUND","context":{"fromObjectId":["2"]}}]}`)
			return
		}
		if len(in) != 1 || in[0] != (wireInput{ID: "1", After: "p2"}) {
			t.Errorf("second page asks %v", in)
		}
		_, _ = io.WriteString(w, `{"results":[{"from":{"id":1},"to":[{"toObjectId":"30","associationTypes":[{"category":"HUBSPOT_DEFINED","typeId":279},{"category":"HUBSPOT_DEFINED","typeId":1,"label":"Primary"}]}]}]}`)
	})
	got, err := c.associations(t.Context(), crm.Contacts, crm.Companies, []string{"1", "2"})
	if err != nil || !slices.Equal(got["1"], []association{{"30", true}, {"9007199254740993", false}}) || len(got["2"]) != 0 {
		t.Errorf("%v %v", got, err)
	}
}

func TestAssociationsRefuseToLoop(t *testing.T) {
	c := serve(t, Options{}, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"results":[{"from":{"id":"1"},"to":[],"paging":{"next":{"after":"same"}}}]}`)
	})
	if _, err := c.associations(t.Context(), crm.Contacts, crm.Companies, []string{"1"}); !errors.Is(err, crm.ErrTemporary) {
		t.Errorf("%v", err)
	}
	list := serve(t, Options{}, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"results":[],"paging":{"next":{"after":"same"}}}`)
	})
	if _, err := list.List(t.Context(), crm.Notes, "same", 0); !errors.Is(err, crm.ErrTemporary) {
		t.Errorf("%v", err)
	}
	if _, err := list.Owners(t.Context()); !errors.Is(err, crm.ErrTemporary) {
		t.Errorf("%v", err)
	}
}

func TestAssociationsFailOnOtherErrors(t *testing.T) {
	c := serve(t, Options{}, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"results":[],"errors":[{"category":"OBJECT_NOT_FOUND","subCategory":"something.else","message":"m"}]}`)
	})
	if _, err := c.associations(t.Context(), crm.Contacts, crm.Companies, []string{"1"}); err == nil {
		t.Error("another error was taken for empty")
	}
}

// A bulk import puts more objects than a page into one millisecond.
func TestChangedPassesACrowdedMillisecond(t *testing.T) {
	type object struct {
		id int
		at int64
	}
	var all []object
	for i := range 1000 {
		at := int64(1000)
		if i >= 50 && i < 850 {
			at = 2000
		} else if i >= 850 {
			at = int64(3000 + i)
		}
		all = append(all, object{i + 1, at})
	}
	c := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			FilterGroups []struct{ Filters []searchFilter }
			Sorts        []struct{ PropertyName string }
			After        string
			Limit        int
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || q.After != "0" {
			t.Error(err, q.After)
		}
		var results []string
		for _, o := range all {
			keep := true
			for _, f := range q.FilterGroups[0].Filters {
				var v int64
				_, _ = fmt.Sscan(f.Value, &v)
				switch f.Name + f.Operator {
				case "lastmodifieddateGTE":
					keep = keep && o.at >= v
				case "lastmodifieddateEQ":
					keep = keep && o.at == v
				case "hs_object_idGT":
					keep = keep && int64(o.id) > v
				default:
					t.Errorf("filter %+v", f)
				}
			}
			if keep && len(results) < q.Limit {
				results = append(results, fmt.Sprintf(`{"id":"%d","properties":{"lastmodifieddate":"%s"}}`, o.id, time.UnixMilli(o.at).UTC().Format("2006-01-02T15:04:05.000Z")))
			}
		}
		_, _ = fmt.Fprintf(w, `{"total":1,"results":[%s]}`, strings.Join(results, ","))
	})
	got := map[string]int{}
	last := time.Time{}
	for l, err := range c.Changed(t.Context(), crm.Contacts, time.UnixMilli(500)) {
		if err != nil {
			t.Fatal(err)
		}
		if l.Modified.Before(last) {
			t.Fatalf("%s goes back to %s", l.Ref, l.Modified)
		}
		last = l.Modified
		got[l.Ref.ID]++
	}
	for _, o := range all {
		if n := got[fmt.Sprint(o.id)]; n != 1 {
			t.Fatalf("object %d was yielded %d times", o.id, n)
		}
	}
}
