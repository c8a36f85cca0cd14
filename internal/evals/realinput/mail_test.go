package realinput

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/internal/crm"
)

// mailReport is the one line that the mail test prints. Exact is a share of Mails.
type mailReport struct {
	Set    string   `json:"set"`
	Mails  int      `json:"mails"`
	Exact  float64  `json:"exact"`
	WordF1 float64  `json:"word_f1"`
	Missed []string `json:"missed"`
}

const leastExact = 0.95

// TestEvalMail: what stays of a mail is what the person newly wrote, word for word and in order; white space does not count.
func TestEvalMail(t *testing.T) {
	f, err := os.Open(data(t, "email", "replies.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := mailReport{Set: "replies", Missed: []string{}}
	in := bufio.NewScanner(f)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var mail struct{ ID, Format, Body, Expected string }
		if err := json.Unmarshal(in.Bytes(), &mail); err != nil {
			t.Fatalf("mail %d: %v", r.Mails+1, err)
		}
		got, want := strings.Fields(kept(mail.Body, mail.Format == "html")), strings.Fields(mail.Expected)
		r.Mails++
		r.WordF1 += wordF1(got, want)
		if strings.Join(got, " ") != strings.Join(want, " ") {
			r.Missed = append(r.Missed, mail.ID)
			t.Logf("%s\n got  %.200q\n want %.200q", mail.ID, strings.Join(got, " "), strings.Join(want, " "))
		}
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	if r.Mails == 0 {
		t.Fatal("there is no mail in the set")
	}
	r.Exact = float64(r.Mails-len(r.Missed)) / float64(r.Mails)
	r.WordF1 /= float64(r.Mails)
	printLine(t, r)
	if r.Exact < leastExact {
		t.Errorf("%.3f of %d mails are kept exactly, want at least %.2f", r.Exact, r.Mails, leastExact)
	}
}

// kept is the text that `contextd normalise --kind email [--html]` shows of a body.
func kept(body string, html bool) string {
	a := crm.Activity{Ref: crm.Ref{Portal: 1, Type: crm.Emails, ID: "1"}, Body: strings.TrimPrefix(body, "\ufeff"), Format: crm.PlainText}
	if html {
		a.Format = crm.HTML
	}
	return indexer.Show(indexer.Normalise(a)).Text
}

// wordF1 is the harmonic mean of precision and recall over words as a bag; 1 when both are empty.
func wordF1(got, want []string) float64 {
	if len(got)+len(want) == 0 {
		return 1
	}
	left, common := map[string]int{}, 0
	for _, w := range want {
		left[w]++
	}
	for _, w := range got {
		if left[w] > 0 {
			left[w]--
			common++
		}
	}
	return 2 * float64(common) / float64(len(got)+len(want))
}
