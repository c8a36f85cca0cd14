package crm

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// Parts are what a score is made of, by name ascending. In JSON they are an object. A list and not a map: every passage has two dozen, and few readers look at them.
type Parts []Part

// Part is one summand.
type Part struct {
	Name  string
	Value float64
}

// Of is the value of a part, 0 when there is none of this name.
func (p Parts) Of(name string) float64 {
	for _, x := range p {
		if x.Name == name {
			return x.Value
		}
	}
	return 0
}

// Map is the parts by name.
func (p Parts) Map() map[string]float64 {
	out := make(map[string]float64, len(p))
	for _, x := range p {
		out[x.Name] = x.Value
	}
	return out
}

// AppendJSON writes the object. Names are those of this program: letters, digits and underscores.
func (p Parts) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	for i, x := range p {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), x.Name...), '"', ':')
		b = strconv.AppendFloat(b, x.Value, 'g', -1, 64)
	}
	return append(b, '}')
}

// MarshalJSON writes an object.
func (p Parts) MarshalJSON() ([]byte, error) { return p.AppendJSON(make([]byte, 0, 40*len(p)+2)), nil }

// UnmarshalJSON reads one.
func (p *Parts) UnmarshalJSON(raw []byte) error {
	var m map[string]float64
	if err := json.Unmarshal(raw, &m); err != nil {
		return err
	}
	*p = nil
	for _, name := range slices.Sorted(maps.Keys(m)) {
		*p = append(*p, Part{name, m[name]})
	}
	return nil
}
