package outside

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/strict"
)

// Limits of an answer: a longer text, or a longer list, is none of the facts that were asked for.
const (
	maxText      = 120
	maxTools     = 20
	maxEmployees = 10_000_000
	maxDepth     = 2
)

var fields = []string{"industry", "employees", "country", "tools"}

// wireAnswer is the answer as it is sent; see the package's comment.
type wireAnswer struct {
	Industry  string   `json:"industry"`
	Employees int      `json:"employees"`
	Country   string   `json:"country"`
	Tools     []string `json:"tools"`
}

// parse reads an answer strictly, and writes down what is kept of it.
func parse(source string, body []byte) (crm.OutsideAnswer, error) {
	w, err := decoded(body)
	if err != nil {
		return crm.OutsideAnswer{}, fmt.Errorf("the answer is not what is documented: %s: %w", shown(err), crm.ErrInvalid)
	}
	if w.Employees < 0 || w.Employees > maxEmployees {
		return crm.OutsideAnswer{}, fmt.Errorf("employees: %d is no number of people: %w", w.Employees, crm.ErrInvalid)
	}
	if len(w.Tools) > maxTools {
		return crm.OutsideAnswer{}, fmt.Errorf("tools: more than %d: %w", maxTools, crm.ErrInvalid)
	}
	a := crm.OutsideAnswer{Source: source}
	add := func(field, value string) error {
		if value = strings.TrimSpace(value); value == "" {
			return nil
		}
		if why := unfit(value); why != "" {
			return fmt.Errorf("%s: %s: %w", field, why, crm.ErrInvalid)
		}
		start := len(a.Text) + len(field) + 2
		a.Text += field + ": " + value + "\n"
		a.Facts = append(a.Facts, crm.OutsideFact{Field: field, Value: value, Start: start, End: start + len(value)})
		return nil
	}
	employees := ""
	if w.Employees > 0 {
		employees = strconv.Itoa(w.Employees)
	}
	facts := [][2]string{{"industry", w.Industry}, {"employees", employees}, {"country", w.Country}}
	for _, t := range w.Tools {
		facts = append(facts, [2]string{"tool", t})
	}
	for _, f := range facts {
		if err := add(f[0], f[1]); err != nil {
			return crm.OutsideAnswer{}, err
		}
	}
	if len(a.Facts) == 0 {
		return crm.OutsideAnswer{}, fmt.Errorf("the answer says nothing: %w", crm.ErrNotFound)
	}
	return a, nil
}

// decoded is the answer's one object. encoding/json alone would take the last of two equal keys, and Industry for industry.
func decoded(body []byte) (w wireAnswer, err error) {
	v, err := strict.Value(body, maxDepth)
	if err != nil {
		return w, err
	}
	object, is := v.(map[string]any)
	if v != nil && !is {
		return w, errors.New("it is not a JSON object")
	}
	for key := range object {
		if !slices.Contains(fields, key) {
			return w, fmt.Errorf("it has a field %q, and only %s are known", key, strings.Join(fields, ", "))
		}
	}
	return w, json.Unmarshal(body, &w)
}

// unfit is why a text is none that people would be shown.
func unfit(s string) string {
	switch {
	case !utf8.ValidString(s):
		return "the text is not UTF-8"
	case utf8.RuneCountInString(s) > maxText:
		return fmt.Sprintf("the text has more than %d characters", maxText)
	case strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r)
	}):
		return "the text has characters that nobody sees"
	}
	return ""
}

// shown is a decoder's error on one short line; it may hold words of the answer.
func shown(err error) string {
	s := strings.Join(strings.Fields(strings.ToValidUTF8(err.Error(), "?")), " ")
	if len(s) > 160 {
		s = strings.ToValidUTF8(s[:160], "") + "…"
	}
	return s
}
