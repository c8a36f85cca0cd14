package crm

import "testing"

func TestMeant(t *testing.T) {
	known := []string{"title", "role", "language", "min_words", "max_words"}
	for name, want := range map[string]string{"titel": "title", "lnguage": "language", "rule": "role", "m_words": "max_words", "min_word": "min_words", "telephone": "", "": ""} {
		if got := Meant(name, known); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	if Meant("x", nil) != "" {
		t.Error("something is meant where nothing is known")
	}
}
