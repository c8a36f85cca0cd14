package crm

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
)

func TestPartsAreAnObject(t *testing.T) {
	for _, want := range []map[string]float64{{}, {"bm25": 1.5}, {"bm25": -0.1, "dense": 1e-9, "near": 3e21, "a_b": 0.30000000000000004}} {
		var p Parts
		for _, name := range slices.Sorted(maps.Keys(want)) {
			p = append(p, Part{name, want[name]})
		}
		raw, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var read map[string]float64
		var again Parts
		if err := json.Unmarshal(raw, &read); err != nil || !maps.Equal(read, want) || !maps.Equal(p.Map(), want) {
			t.Errorf("%s is read as %v, %v; want %v", raw, read, err, want)
		}
		if err := json.Unmarshal(raw, &again); err != nil || !slices.Equal(again, p) {
			t.Errorf("%s is read as %v, %v; want %v", raw, again, err, p)
		}
		for name, x := range want {
			if p.Of(name) != x {
				t.Errorf("%s: %v, want %v", name, p.Of(name), x)
			}
		}
	}
	if x := (Parts{{"bm25", 1}}).Of("dense"); x != 0 {
		t.Errorf("a part that is not there: %v", x)
	}
}
