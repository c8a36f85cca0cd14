package retrieval

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTheOwnSetIsOneToMeasureWith(t *testing.T) {
	s, err := Load(filepath.Join("testdata", "own"))
	if err != nil {
		t.Fatal(err)
	}
	accounts, kinds, without := map[string]bool{}, map[string]int{}, 0
	for _, d := range s.Documents {
		accounts[d.Account] = true
		kinds[d.Kind]++
	}
	for _, q := range s.Questions {
		if unanswerable := q.Category == "UNANSWERABLE"; unanswerable == (len(s.Relevant[q.ID]) > 0) {
			t.Errorf("%s: category %s with %d gold documents", q.ID, q.Category, len(s.Relevant[q.ID]))
		} else if unanswerable {
			without++
		}
	}
	if len(s.Documents) < 60 || len(s.Questions) < 40 || len(accounts) != 3 || len(kinds) != 4 || without < 5 {
		t.Errorf("%d documents %v, %d questions (%d without answer), accounts %v", len(s.Documents), kinds, len(s.Questions), without, accounts)
	}
}

// With CONTEXTD_TEST_DATA naming the directory that has retrieval/ in it, every set there loads and divides into folds.
func TestRealSetsLoad(t *testing.T) {
	root := os.Getenv("CONTEXTD_TEST_DATA")
	if root == "" {
		t.Skip("CONTEXTD_TEST_DATA names no evaluation sets")
	}
	dirs, err := filepath.Glob(filepath.Join(root, "retrieval", "*", "corpus.jsonl"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no sets below %s: %v", root, err)
	}
	folds := map[string]int{"locomo": 5, "realtalk": 5, "qmsum": 5, "aeslc": 5, "mtragun-pool": 4, "scifact": 5}
	for _, file := range dirs {
		s, err := Load(filepath.Dir(file))
		if err != nil {
			t.Error(err)
			continue
		}
		if want, known := folds[s.Name]; known && len(Folds(s)) != want {
			t.Errorf("%s: %d folds, not %d", s.Name, len(Folds(s)), want)
		}
	}
}
