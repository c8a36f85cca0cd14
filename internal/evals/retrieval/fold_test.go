package retrieval

import (
	"fmt"
	"reflect"
	"testing"
)

func TestFoldsKeepAccountsTogether(t *testing.T) {
	set := func(accounts, each int) *Set {
		s := &Set{}
		for a := range accounts {
			for q := range each {
				s.Questions = append(s.Questions, Question{ID: fmt.Sprintf("a%d/q%d", a, q), Account: fmt.Sprintf("a%02d", a)})
			}
		}
		return s
	}
	for _, c := range []struct {
		name             string
		accounts, each   int
		folds            int
		accountsTogether bool
	}{{"few accounts: one is left out", 4, 6, 4, true}, {"many accounts: five folds of them", 23, 3, 5, true}, {"one account: five folds of questions", 1, 60, 5, false}} {
		t.Run(c.name, func(t *testing.T) {
			s := set(c.accounts, c.each)
			folds := Folds(s)
			if len(folds) != c.folds {
				t.Fatalf("%d folds, not %d", len(folds), c.folds)
			}
			where, account := map[int]string{}, map[string]string{}
			for _, f := range folds {
				if len(f.Test) == 0 || len(f.Test) == len(s.Questions) {
					t.Errorf("%s has %d of %d questions", f.Name, len(f.Test), len(s.Questions))
				}
				for i := range f.Test {
					if other, twice := where[i]; twice {
						t.Errorf("question %d is in %s and %s", i, other, f.Name)
					}
					where[i] = f.Name
					a := s.Questions[i].Account
					if other, there := account[a]; there && other != f.Name && c.accountsTogether {
						t.Errorf("account %s is in %s and %s", a, other, f.Name)
					}
					account[a] = f.Name
				}
			}
			if len(where) != len(s.Questions) {
				t.Errorf("%d of %d questions are in a fold", len(where), len(s.Questions))
			}
			if !reflect.DeepEqual(folds, Folds(s)) {
				t.Error("the second time the folds are others")
			}
		})
	}
}
