package redaction

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/contextd/contextd/internal/redact"
)

// Text is one labelled text; offsets of its spans are in code points.
type Text struct {
	ID    string  `json:"id"`
	Text  string  `json:"text"`
	Spans []Label `json:"spans"`
}

// Label is a place of a text that holds personal data.
type Label struct {
	Type  string `json:"type"`
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// Read reads one text per line.
func Read(r io.Reader) (out []Text, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var t Text
		if err := json.Unmarshal(lines.Bytes(), &t); err != nil {
			return nil, fmt.Errorf("labelled text %d: %w", len(out)+1, err)
		}
		out = append(out, t)
	}
	return out, lines.Err()
}

// Count is what was measured of one kind. A label counts as Kept when every byte of it is kept back, as whatever; as Named when all of it is found as its kind. What was
// found is Right when it lies on a label of its kind.
type Count struct {
	Labels, Kept, Named int
	Found, Right        int
	Missed, Wrong       []string // a few of them, with what stands around
}

// Recall is the share of labels of which nothing would have left; Precision the share of what was found that is of its kind. Without any they are 1.
func (c Count) Recall() float64 { return ratio(c.Kept, c.Labels) }

// Precision is the share of what was found that is labelled so.
func (c Count) Precision() float64 { return ratio(c.Right, c.Found) }

func ratio(a, b int) float64 {
	if b == 0 {
		return 1
	}
	return float64(a) / float64(b)
}

// Measure compares what a finder finds with the labels. kinds says which label stands for which kind; other labels are not looked at.
func Measure(f *redact.Finder, texts []Text, kinds map[string]redact.Kind) map[redact.Kind]*Count {
	out := map[redact.Kind]*Count{}
	for _, k := range kinds {
		out[k] = &Count{}
	}
	for _, t := range texts {
		found := f.Find(t.Text)
		at := bytesOf(t.Text)
		var labels []redact.Span
		for _, l := range t.Spans {
			k, wanted := kinds[l.Type]
			if !wanted {
				continue
			}
			s := redact.Span{Start: at[l.Start], End: at[l.End], Kind: k}
			labels = append(labels, s)
			c := out[k]
			c.Labels++
			if covered(s, found, false) {
				c.Kept++
			} else {
				c.Missed = append(c.Missed, around(t, s))
			}
			if covered(s, found, true) {
				c.Named++
			}
		}
		for _, s := range found {
			c := out[s.Kind]
			if c == nil {
				continue
			}
			c.Found++
			if on(s, labels) {
				c.Right++
			} else {
				c.Wrong = append(c.Wrong, around(t, s))
			}
		}
	}
	return out
}

// bytesOf maps code points to bytes.
func bytesOf(text string) []int {
	var at []int
	for i := range text {
		at = append(at, i)
	}
	return append(at, len(text))
}

func covered(label redact.Span, found []redact.Span, same bool) bool {
	at := label.Start
	for _, s := range found {
		if s.Start <= at && s.End > at && (!same || s.Kind == label.Kind) {
			at = s.End
		}
	}
	return at >= label.End
}

func on(s redact.Span, labels []redact.Span) bool {
	for _, l := range labels {
		if l.Kind == s.Kind && l.Start < s.End && s.Start < l.End {
			return true
		}
	}
	return false
}

func around(t Text, s redact.Span) string {
	from, to := max(0, s.Start-30), min(len(t.Text), s.End+15)
	return strings.ToValidUTF8(fmt.Sprintf("%s: %q [%q] %q", t.ID, t.Text[from:s.Start], t.Text[s.Start:s.End], t.Text[s.End:to]), "�")
}

// Table shows counts, one line per kind.
func Table(counts map[redact.Kind]*Count) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-6s %7s %7s %8s %8s %7s %10s\n", "kind", "labels", "kept", "recall", "as kind", "found", "precision")
	for _, k := range redact.Kinds() {
		if c := counts[k]; c != nil {
			fmt.Fprintf(&b, "%-6s %7d %7d %8.4f %8d %7d %10.4f\n", k, c.Labels, c.Kept, c.Recall(), c.Named, c.Found, c.Precision())
		}
	}
	return b.String()
}
