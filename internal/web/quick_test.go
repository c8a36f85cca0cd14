package web

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// TestQuickAnswersAreWhatEncodingJSONWrites: every field, and every string that needs an escape.
func TestQuickAnswersAreWhatEncodingJSONWrites(t *testing.T) {
	at, next := time.Date(2026, 3, 2, 9, 0, 0, 123456000, time.UTC), "b\"x"
	strange := "a \"quote\" \\ <b>&amp; grüße 你好 \x00\x1f\x7f\n\r\t\b\f \u2028\u2029 \xff\xfe end\xc3"
	full := foundJSON{page[passageJSON]{Items: []passageJSON{
		{ID: "P1", Activity: "notes/1", Version: "abc", Kind: crm.Note, Time: &at, Person: "Ann " + strange, Direction: crm.Incoming, Subject: strange, Text: strange, Start: 3, End: 40, Score: 1.25e-9,
			Parts: crm.Parts{{Name: "bm25", Value: 0.1}, {Name: "dense_near", Value: -3e22}}},
		{ID: "P2", Activity: "calls/2", Kind: crm.Call, Score: -7},
	}, Next: &next}, .5, 1, []unusedJSON{{Activity: "notes/9", Reason: strange, Rank: 3, Score: .5}}}
	for _, f := range []foundJSON{full, {page: page[passageJSON]{Items: []passageJSON{}}}} {
		quick, ok := appendFound(nil, &f)
		var slow bytes.Buffer
		e := json.NewEncoder(&slow)
		e.SetEscapeHTML(false)
		if err := e.Encode(f); err != nil || !ok {
			t.Fatal(err, ok)
		}
		var have, want any
		if err := json.Unmarshal(quick, &have); err != nil {
			t.Fatalf("%v: %s", err, quick)
		}
		if err := json.Unmarshal(slow.Bytes(), &want); err != nil || !reflect.DeepEqual(have, want) {
			t.Errorf("have %s\nwant %s", quick, slow.Bytes())
		}
	}
	for i := range reflect.TypeFor[passageJSON]().NumField() { // a field that is new is not forgotten
		if reflect.ValueOf(full.Items[0]).Field(i).IsZero() {
			t.Errorf("the test says nothing of %s", reflect.TypeFor[passageJSON]().Field(i).Name)
		}
	}
	for _, x := range []float64{math.NaN(), math.Inf(1)} {
		bad := foundJSON{page: page[passageJSON]{Items: []passageJSON{{Parts: crm.Parts{{Name: "bm25", Value: x}}}}}}
		if _, ok := appendFound(nil, &bad); ok {
			t.Errorf("%v was written", x)
		}
	}
	var b, want bytes.Buffer
	e := json.NewEncoder(&want)
	e.SetEscapeHTML(false)
	for c := range rune(0x3000) {
		s := "x" + string(c) + "y"
		if err := e.Encode(s); err != nil {
			t.Fatal(err)
		}
		b.Write(append(appendString(nil, s), '\n'))
	}
	var have, wanted []string
	for _, x := range []struct {
		from *bytes.Buffer
		to   *[]string
	}{{&b, &have}, {&want, &wanted}} {
		for d := json.NewDecoder(x.from); d.More(); {
			var s string
			if err := d.Decode(&s); err != nil {
				t.Fatal(err)
			}
			*x.to = append(*x.to, s)
		}
	}
	if !reflect.DeepEqual(have, wanted) {
		t.Error("strings are escaped otherwise")
	}
}
