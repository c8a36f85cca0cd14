package retrieval

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func whole() map[string]string {
	return map[string]string{
		"corpus.jsonl": `{"id":"d1","account":"a","kind":"chat","timestamp":"2026-05-08T15:00:00+02:00","speaker":"Ana","session":"s1","pos":3,"text":"Ana: hello"}
{"id":"d2","account":"a","kind":"note","timestamp":null,"title":"T","text":"a note"}
`,
		"queries.jsonl": "{\"id\":\"q1\",\"account\":\"a\",\"text\":\"who?\",\"category\":\"c\",\"split\":\"dev\",\"history\":[\"user: x\"],\"answer\":\"ignored\"}\n{\"id\":\"q2\",\"account\":\"a\",\"text\":\"what?\"}\n",
		"qrels.tsv":     "query-id\tdoc-id\trelevance\nq1\td1\t1\nq1\td2\t0\n",
		"meta.json":     `{"name":"tiny","docs":2,"queries":2,"qrels":2,"accounts":1}`,
	}
}

func TestLoad(t *testing.T) {
	s, err := Load(write(t, whole()))
	if err != nil {
		t.Fatal(err)
	}
	d := s.Documents[0]
	if s.Name != "tiny" || len(s.Documents) != 2 || d != (Document{ID: "d1", Account: "a", Kind: "chat", Time: time.Date(2026, 5, 8, 13, 0, 0, 0, time.UTC), Speaker: "Ana", Session: "s1", Pos: 3, Text: "Ana: hello"}) {
		t.Errorf("%s: %+v", s.Name, s.Documents)
	}
	if !s.Documents[1].Time.IsZero() || s.Documents[1].Title != "T" {
		t.Errorf("a null time is unknown: %+v", s.Documents[1])
	}
	if q := s.Questions[0]; q.Category != "c" || q.Split != "dev" || len(q.History) != 1 || q.History[0] != "x" {
		t.Errorf("%+v", q)
	}
	if len(s.Relevant) != 1 || len(s.Relevant["q1"]) != 1 || !s.Relevant["q1"]["d1"] {
		t.Errorf("relevant: %v", s.Relevant)
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, c := range []struct{ file, add, want string }{
		{"corpus.jsonl", "{", "corpus.jsonl:3: unexpected end"},
		{"corpus.jsonl", `{"id":"d3","account":"a","kind":"fax","text":"x"}`, `corpus.jsonl:3: document "d3": kind "fax"`},
		{"corpus.jsonl", `{"id":"d1","account":"a","kind":"note","text":"x"}`, `corpus.jsonl:3: document "d1" is there twice`},
		{"corpus.jsonl", `{"id":"d3","account":"a","kind":"note"}`, `corpus.jsonl:3: document "d3" has no text`},
		{"corpus.jsonl", `{"id":"d3","kind":"note","text":"x"}`, `corpus.jsonl:3: a document needs an id and an account`},
		{"corpus.jsonl", `{"id":"d\t3","account":"a","kind":"note","text":"x"}`, `corpus.jsonl:3: the id "d\t3" cannot stand in a run file`},
		{"corpus.jsonl", `{"id":"d3","account":"a","kind":"note","timestamp":"May","text":"x"}`, `corpus.jsonl:3: parsing time`},
		{"queries.jsonl", `{"id":"q1","account":"a","text":"x"}`, `queries.jsonl:3: question "q1" is there twice`},
		{"queries.jsonl", `{"id":"q3","account":"b","text":"x"}`, `queries.jsonl:3: question "q3": account "b" has no documents`},
		{"queries.jsonl", `{"id":"q3","account":"a"}`, `queries.jsonl:3: a question needs an id and a text`},
		{"qrels.tsv", "q1\td1", "qrels.tsv:4: 2 columns"},
		{"qrels.tsv", "q9\td1\t1", `qrels.tsv:4: question "q9" is not in queries.jsonl`},
		{"qrels.tsv", "q1\td9\t1", `qrels.tsv:4: document "d9" is not in corpus.jsonl`},
		{"qrels.tsv", "q1\td1\tyes", `qrels.tsv:4: "yes" is not a whole number`},
		{"qrels.tsv", "q2\td1\t1", `meta.json: says 2 qrels, but 3 were read`},
	} {
		files := whole()
		files[c.file] += c.add + "\n"
		if _, err := Load(write(t, files)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s + %s: %v, not %q", c.file, c.add, err, c.want)
		}
	}
	files := whole()
	delete(files, "qrels.tsv")
	if _, err := Load(write(t, files)); err == nil {
		t.Error("a set without qrels.tsv was accepted")
	}
}
