package strict

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestValue(t *testing.T) {
	got, err := Value([]byte(" {\"a\":[1.50,null,true,\"x\"],\"b\":{}}\n"), 2)
	if want := map[string]any{"a": []any{json.Number("1.50"), nil, true, "x"}, "b": map[string]any{}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for raw, want := range map[string]string{
		`{"a":1,"a":1}`:                 "a key stands twice at the root",
		`{"x":[{},{"a":1,"\u0061":2}]}`: "a key stands twice at /x/1",
		`{"a":1,"A":2}`:                 "",
		`{"` + strings.Repeat("k", 50) + `":{"a":1,"a":2}}`: "a key stands twice at /kkkkkkkkkkkkkkkkkkkk…",
		`[[[[]]]]`:            "",
		`[[[[1]]]]`:           "nested deeper than 3 levels",
		`1e309`:               "a number out of range at the root",
		`{"a":[1,1e-999999]}`: "a number out of range at /a/1",
		`{} {}`:               "something follows",
		`{"a":"secret`:        "not valid JSON at byte",
		``:                    "not valid JSON at byte 0",
		"\"\xff\"":            "not UTF-8",
	} {
		_, err := Value([]byte(raw), 3)
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret")) {
			t.Errorf("%.60s: %v, want %q", raw, err, want)
		}
	}
}

func FuzzValue(f *testing.F) {
	for _, seed := range []string{`{"a":[1,{"b":"c"}]}`, `{"a":1,"a":2}`, `[[[[`, "\xff", `1e5`, `"\ud800"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := Value(raw, 8)
		if err != nil {
			return
		}
		var lax any
		d := json.NewDecoder(strings.NewReader(string(raw)))
		d.UseNumber()
		if err := d.Decode(&lax); err != nil || !reflect.DeepEqual(v, lax) {
			t.Errorf("%q: %v, and encoding/json reads %v, %v", raw, v, lax, err)
		}
	})
}
