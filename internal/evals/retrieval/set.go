package retrieval

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Document is one line of corpus.jsonl. Kind is chat, meeting, email or note.
type Document struct {
	ID, Account, Kind string
	Time              time.Time // zero: unknown
	Speaker           string    // "" where the set knows none
	Session           string    // "" where the set has none
	Pos               int       // within the session
	Title             string
	Text              string
}

// Question is one line of queries.jsonl. It is asked about its account only.
type Question struct {
	ID, Account, Text string
	Category, Split   string
	History           []string // of a conversation, oldest first
}

// Set is one evaluation set. Documents and questions keep the order of their files.
type Set struct {
	Name      string
	Documents []Document
	Questions []Question
	Relevant  map[string]map[string]bool // question id → ids of its gold documents; a question without any is absent
}

// meta is the part of meta.json that is checked against what was read.
type meta struct {
	Name     string `json:"name"`
	Docs     *int   `json:"docs"`
	Queries  *int   `json:"queries"`
	Qrels    *int   `json:"qrels"`
	Accounts *int   `json:"accounts"`
}

// Load reads a set from corpus.jsonl, queries.jsonl, qrels.tsv (a header, then query, document, relevance; above 0 is relevant) and meta.json (name and counts; may be
// missing, then the directory names the set). Anything inconsistent is an error that names file and line.
func Load(dir string) (*Set, error) {
	s := &Set{Name: filepath.Base(filepath.Clean(dir)), Relevant: map[string]map[string]bool{}}
	documents, questions, accounts := map[string]string{}, map[string]string{}, map[string]bool{}
	if err := s.readCorpus(filepath.Join(dir, "corpus.jsonl"), documents, accounts); err != nil {
		return nil, err
	}
	if err := s.readQuestions(filepath.Join(dir, "queries.jsonl"), questions, accounts); err != nil {
		return nil, err
	}
	pairs, err := s.readRelevance(filepath.Join(dir, "qrels.tsv"), questions, documents)
	if err != nil {
		return nil, err
	}
	return s, s.checkMeta(filepath.Join(dir, "meta.json"), pairs, len(accounts))
}

func (s *Set) readCorpus(path string, documents map[string]string, accounts map[string]bool) error {
	return eachLine(path, func(line []byte) error {
		var in struct {
			ID        string     `json:"id"`
			Account   string     `json:"account"`
			Kind      string     `json:"kind"`
			Timestamp *time.Time `json:"timestamp"`
			Speaker   string     `json:"speaker"`
			Session   string     `json:"session"`
			Pos       int        `json:"pos"`
			Title     string     `json:"title"`
			Text      string     `json:"text"`
		}
		if err := json.Unmarshal(line, &in); err != nil {
			return err
		}
		_, twice := documents[in.ID]
		switch {
		case in.ID == "" || in.Account == "":
			return errors.New("a document needs an id and an account")
		case strings.ContainsAny(in.ID, "\t\n"):
			return fmt.Errorf("the id %q cannot stand in a run file", in.ID)
		case twice:
			return fmt.Errorf("document %q is there twice", in.ID)
		case in.Text == "":
			return fmt.Errorf("document %q has no text", in.ID)
		}
		switch in.Kind {
		case "chat", "meeting", "email", "note":
		default:
			return fmt.Errorf("document %q: kind %q is none of chat, meeting, email, note", in.ID, in.Kind)
		}
		d := Document{ID: in.ID, Account: in.Account, Kind: in.Kind, Speaker: in.Speaker, Session: in.Session, Pos: in.Pos, Title: in.Title, Text: in.Text}
		if in.Timestamp != nil {
			d.Time = in.Timestamp.UTC()
		}
		documents[in.ID], accounts[in.Account] = in.Account, true
		s.Documents = append(s.Documents, d)
		return nil
	})
}

func (s *Set) readQuestions(path string, questions map[string]string, accounts map[string]bool) error {
	return eachLine(path, func(line []byte) error {
		var in struct {
			ID       string   `json:"id"`
			Account  string   `json:"account"`
			Text     string   `json:"text"`
			Category string   `json:"category"`
			Split    string   `json:"split"`
			History  []string `json:"history"`
		}
		if err := json.Unmarshal(line, &in); err != nil {
			return err
		}
		_, twice := questions[in.ID]
		switch {
		case in.ID == "" || in.Text == "":
			return errors.New("a question needs an id and a text")
		case strings.ContainsAny(in.ID, "\t\n"):
			return fmt.Errorf("the id %q cannot stand in a run file", in.ID)
		case twice:
			return fmt.Errorf("question %q is there twice", in.ID)
		case !accounts[in.Account]:
			return fmt.Errorf("question %q: account %q has no documents", in.ID, in.Account)
		}
		for i, turn := range in.History { // who speaks is no part of what is said
			in.History[i] = strings.TrimPrefix(strings.TrimPrefix(turn, "user: "), "agent: ")
		}
		questions[in.ID] = in.Account
		s.Questions = append(s.Questions, Question(in))
		return nil
	})
}

// readRelevance returns the number of pairs, relevant or not.
func (s *Set) readRelevance(path string, questions, documents map[string]string) (int, error) {
	pairs, header := 0, true
	err := eachLine(path, func(line []byte) error {
		if header { // its first line names the columns
			header = false
			return nil
		}
		f := strings.Split(string(line), "\t")
		if len(f) != 3 {
			return fmt.Errorf("%d columns: query, document and relevance are expected", len(f))
		}
		grade, err := parseInt(f[2])
		if err != nil {
			return err
		}
		account, known := questions[f[0]]
		if !known {
			return fmt.Errorf("question %q is not in queries.jsonl", f[0])
		}
		switch where, known := documents[f[1]]; {
		case !known:
			return fmt.Errorf("document %q is not in corpus.jsonl", f[1])
		case where != account:
			return fmt.Errorf("document %q is of account %q, question %q of %q", f[1], where, f[0], account)
		}
		if pairs++; grade > 0 {
			if s.Relevant[f[0]] == nil {
				s.Relevant[f[0]] = map[string]bool{}
			}
			s.Relevant[f[0]][f[1]] = true
		}
		return nil
	})
	return pairs, err
}

func (s *Set) checkMeta(path string, pairs, accounts int) error {
	raw, err := os.ReadFile(path) //nolint:gosec // the operator names the directory
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var m meta
	if err := json.Unmarshal(raw, &m); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if m.Name != "" {
		s.Name = m.Name
	}
	for _, c := range []struct {
		what string
		says *int
		read int
	}{{"docs", m.Docs, len(s.Documents)}, {"queries", m.Queries, len(s.Questions)}, {"qrels", m.Qrels, pairs}, {"accounts", m.Accounts, accounts}} {
		if c.says != nil && *c.says != c.read {
			return fmt.Errorf("%s: says %d %s, but %d were read", path, *c.says, c.what, c.read)
		}
	}
	return nil
}
