package redact

import "testing"

func TestTerms(t *testing.T) {
	f := New(nil, []string{"Project Falcon", "C++", "Müller", "@acme"})
	for text, want := range map[string]string{
		"the project  falcon is late": "the [term] is late", "PROJECT\nFALCON.": "[term].", "Projects Falcon": "Projects Falcon", "Project Falcons": "Project Falcons",
		"we write C++ and C": "we write [term] and C", "Herr MÜLLER, Müllers": "Herr [term], Müllers", "falcon project falcon": "falcon [term]", "mail @acme": "mail @[term]", "": "",
	} {
		if got := f.Mask(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestPeople(t *testing.T) {
	var p terms
	p.person("Will van Dyke")
	p.person("Ada Lovelace")
	p.person("ada@example.com")
	b := newBook(New(nil, nil), &p)
	got := b.replace("Will said that he will call Ada Lovelace. Ada agreed, ada lovelace did. Dyke of van der Berg; Willow, Adagio.")
	if want := "[person-1] said that he will call [person-2]. [person-2b] agreed, [person-2c] did. [person-1b] of van der Berg; Willow, Adagio."; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if back := string(b.restore([]byte(got))); back != "Will said that he will call Ada Lovelace. Ada agreed, ada lovelace did. Dyke of van der Berg; Willow, Adagio." {
		t.Error(back)
	}
}
