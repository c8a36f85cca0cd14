package similar

import (
	"bytes"
	_ "embed" // the judgement
	"errors"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

//go:embed testdata/demo.yaml
var demo []byte

// Situation is something that several accounts have in common, other than trade, country, size or language. Accounts are STORY/TYPE/KEY.
type Situation struct {
	Name     string   `yaml:"situation"`
	About    string   `yaml:"about"`
	Accounts []string `yaml:"accounts"`
}

// Demo are the situations of the demo portal.
func Demo() ([]Situation, error) {
	all, err := read(demo)
	if err != nil {
		return nil, fmt.Errorf("situations of the demo portal: %w", err)
	}
	return all, nil
}

// read refuses what cannot be meant: a situation without a name, twice, or of fewer than two different accounts.
func read(raw []byte) (all []Situation, err error) {
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	if err := dec.Decode(&all); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, s := range all {
		accounts := slices.Compact(slices.Sorted(slices.Values(s.Accounts)))
		switch {
		case s.Name == "" || s.About == "":
			return nil, errors.New("a situation needs a name and a description")
		case seen[s.Name]:
			return nil, fmt.Errorf("situation %q is there twice", s.Name)
		case len(accounts) < 2 || len(accounts) < len(s.Accounts):
			return nil, fmt.Errorf("situation %q: at least two accounts, none of them twice", s.Name)
		}
		seen[s.Name] = true
	}
	return all, nil
}

// Relevant says for each account that a situation names which other accounts share at least one with it.
func Relevant(all []Situation) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for _, s := range all {
		for _, a := range s.Accounts {
			if out[a] == nil {
				out[a] = map[string]bool{}
			}
			for _, b := range s.Accounts {
				if a != b {
					out[a][b] = true
				}
			}
		}
	}
	return out
}
