package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
)

// TestStrictDecoding: one case per way in which bytes are no answer, each beside the same bytes without it.
func TestStrictDecoding(t *testing.T) {
	schema, err := CompileSchema([]byte(scoreSchema))
	if err != nil {
		t.Fatal(err)
	}
	const (
		good  = `{"score":1,"points":[{"text":"a","quotes":[{"passage":"P1","quote":"b"}]}]}`
		empty = `{"score":1,"points":[]}`
	)
	with := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("the good answer has no %s", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	score := func(n string) string { return with(`"score":1`, `"score":`+n) }
	for name, raw := range map[string]string{"as it is": good, "white space": " \r\n\t" + with(",", " ,\n") + "\n ", "escapes": with(`"text"`, `"t\u0065xt"`), "any order": `{"points":[],"score":1}`, "zero": score("-0"), "exponent": score("1.5E+1"),
		"lone surrogate is a replacement character": with(`"a"`, `"\ud800"`), "brackets in a string": with(`"a"`, `"}]{\"[["`)} {
		if _, err := ParseReply(schema, []byte(raw)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, c := range []struct{ name, raw, why string }{
		{"key twice", with(`"score":1`, `"score":1,"score":1`), "twice at the root"},
		{"key twice, once escaped", with(`"score":1`, `"score":1,"\u0073core":2`), "twice at the root"},
		{"key twice in a claim", with(`"text":"a"`, `"text":"a","text":"b"`), "twice at /points/0"},
		{"key twice in a quote", with(`"quote":"b"`, `"quote":"b","quote":"c"`), "twice at /points/0/quotes/0"},
		{"key twice below a key that is too much", with(`"score":1`, `"score":1,"x":{"a":{"b":1,"b":1}}`), "twice at /x/a"},
		{"extra key", with(`"score":1`, `"score":1,"secret":2`), `/ breaks the schema's "additionalProperties"`},
		{"extra key in a claim", with(`"text":"a"`, `"text":"a","secret":1`), `/points/0 breaks the schema's "additionalProperties"`},
		{"extra key in a quote", with(`"quote":"b"`, `"quote":"b","secret":1`), `/points/0/quotes/0 breaks the schema's "additionalProperties"`},
		{"key in another case", with(`"score"`, `"Score"`), "it lacks score"},
		{"key in another case beside", with(`"score":1`, `"score":1,"Score":2`), `"additionalProperties"`},
		{"empty key", with(`"score":1`, `"score":1,"":2`), `"additionalProperties"`},
		{"key of a prototype", with(`"score":1`, `"score":1,"__proto__":{}`), `"additionalProperties"`},
		{"field missing", `{"score":1}`, "it lacks points"},
		{"field of a claim missing", with(`"text":"a",`, ``), "it lacks text"},
		{"text after the object", good + ` done`, "follows"},
		{"another object", good + good, "follows"},
		{"another object on the next line", good + "\n" + empty, "follows"},
		{"closing bracket too much", good + `}`, "follows"},
		{"comma after the object", good + `,`, "follows"},
		{"zero byte after the object", good + "\x00", "follows"},
		{"text before the object", "Sure! " + good, "not valid JSON"},
		{"fence", "```json\n" + good + "\n```", "not valid JSON"},
		{"byte order mark", "\ufeff" + good, "not valid JSON"},
		{"comment", with(`"score":1`, `/* x */"score":1`), "not valid JSON"},
		{"single quotes", with(`"a"`, `'a'`), "not valid JSON"},
		{"comma before the end", with(`"score":1`, `"score":1,`), "not valid JSON"},
		{"comma at the end of a list", `{"score":1,"points":[1,]}`, "not valid JSON"},
		{"no comma", `{"score":1 "points":[]}`, "not valid JSON"},
		{"no colon", `{"score" 1,"points":[]}`, "not valid JSON"},
		{"number as a key", `{1:1}`, "not valid JSON"},
		{"bracket of the wrong kind", `{"score":1,"points":[}`, "not valid JSON"},
		{"half an answer", good[:len(good)-2], "not valid JSON"},
		{"half a string", `{"score":1,"points":[],"x`, "not valid JSON"},
		{"line break in a string", with(`"a"`, "\"a\nb\""), "not valid JSON"},
		{"unknown escape", with(`"a"`, `"\x41"`), "not valid JSON"},
		{"half an escape", with(`"a"`, `"\u00"`), "not valid JSON"},
		{"NaN", score("NaN"), "not valid JSON"},
		{"infinity", score("Infinity"), "not valid JSON"},
		{"minus infinity", score("-Infinity"), "not valid JSON"},
		{"hexadecimal", score("0x10"), "not valid JSON"},
		{"leading zero", score("01"), "not valid JSON"},
		{"leading plus", score("+1"), "not valid JSON"},
		{"no digit before the point", score(".5"), "not valid JSON"},
		{"no digit behind the point", score("1."), "not valid JSON"},
		{"True", score("True"), "not valid JSON"},
		{"beyond float64", score("1e309"), "out of range at /score"},
		{"beyond float64 below zero", score("-1e309"), "out of range at /score"},
		{"too small for float64", score("1e-400"), "out of range at /score"},
		{"exponent of a million", score("1e-2000000"), "out of range at /score"},
		{"zero with an exponent of a million", score("0e-2000000"), "out of range at /score"},
		{"digits without end", score("0." + strings.Repeat("0", 100000) + "1"), "out of range at /score"},
		{"number out of range below a key that is too much", with(`"score":1`, `"score":1,"x":[1e999]`), "out of range at /x/0"},
		{"below the minimum", score("-1"), "at least 0"},
		{"above the maximum", score("100.001"), "at most 100"},
		{"number as text", score(`"1"`), "it is string and must be number"},
		{"null", score("null"), "it is null and must be number"},
		{"boolean", score("true"), "it is boolean and must be number"},
		{"list for a number", score("[1]"), "it is array and must be number"},
		{"claims as one object", `{"score":1,"points":{"text":"a","quotes":[]}}`, "it is object and must be array"},
		{"claims as texts", `{"score":1,"points":["a"]}`, "/points/0"},
		{"quotes as one text", with(`[{"passage":"P1","quote":"b"}]`, `"b"`), "it is string and must be array"},
		{"passage as a number", with(`"P1"`, `1`), "/points/0/quotes/0/passage"},
		{"null for a text", with(`"a"`, `null`), "/points/0/text"},
		{"nothing", "", "not valid JSON"},
		{"white space only", " \n\t", "not valid JSON"},
		{"a list", "[]", "not a JSON object"},
		{"a text", `"` + "{}" + `"`, "not a JSON object"},
		{"a number", "1", "not a JSON object"},
		{"null alone", "null", "not a JSON object"},
		{"invalid UTF-8 in a text", with(`"a"`, "\"\xff\""), "not UTF-8"},
		{"invalid UTF-8 in a key", with(`"score"`, "\"scor\xe9\""), "not UTF-8"},
		{"overlong UTF-8", with(`"a"`, "\"\xc0\xaf\""), "not UTF-8"},
		{"half a rune at the end", good + "\xe2\x82", "not UTF-8"},
		{"UTF-16", "{\x00\"\x00s\x00", "not valid JSON"},
		{"deep lists", strings.Repeat("[", 100000), "nested"},
		{"deep objects", strings.Repeat(`{"a":`, 100000), "nested"},
		{"deep and closed", strings.Repeat("[", maxDepth+2) + strings.Repeat("]", maxDepth+2), "nested"},
		{"deep below a key", with(`"score":1`, `"score":1,"x":`+strings.Repeat("[", 50)+strings.Repeat("]", 50)), "nested"},
		{"longer than an answer may be", good + strings.Repeat(" ", maxReply), "longer than"},
		{"a flood of claims", `{"score":1,"points":[` + strings.TrimSuffix(strings.Repeat(`{"text":"a","quotes":[]},`, maxStatements+1), ",") + `]}`, "more than 200 claims"},
	} {
		_, err := ParseReply(schema, []byte(c.raw))
		if !errors.Is(err, crm.ErrInvalid) || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v, want %q", c.name, err, c.why)
		} else if strings.Contains(err.Error(), "secret") || len(err.Error()) > 200 {
			t.Errorf("%s: the reason repeats the answer: %v", c.name, err)
		}
	}
}

// spoilt is an answer with one thing wrong, and a word of the reason that must be given for it.
type spoilt struct{ raw, why string }

// spoil makes every answer that has one thing wrong: each key missing, doubled and added, each value of another type, each option unknown, each number out of its range.
func spoil(t *testing.T, v any, f field) (good string, bad []spoilt) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	good = string(b)
	for _, other := range []string{`"text"`, `7`, `true`, `null`, `[]`, `{}`} {
		var o any
		if err := json.Unmarshal([]byte(other), &o); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprintf("%T", o) != fmt.Sprintf("%T", v) {
			bad = append(bad, spoilt{other, `"type"`})
		}
	}
	switch v := v.(type) {
	case map[string]any:
		keys := slices.Sorted(maps.Keys(v))
		build := func(leave, replace, by, more string) string {
			var parts []string
			for _, k := range keys {
				value, err := json.Marshal(v[k])
				if err != nil {
					t.Fatal(err)
				}
				switch k {
				case leave:
				case replace:
					parts = append(parts, fmt.Sprintf("%q:%s", k, by))
				default:
					parts = append(parts, fmt.Sprintf("%q:%s", k, value))
				}
			}
			if more != "" {
				parts = append(parts, more)
			}
			return "{" + strings.Join(parts, ",") + "}"
		}
		bad = append(bad, spoilt{build("", "", "", `"target":"contacts/1"`), `"additionalProperties"`})
		for _, k := range keys {
			g, below := spoil(t, v[k], f.Properties[k])
			bad = append(bad, spoilt{build(k, "", "", ""), "it lacks " + k}, spoilt{build("", "", "", fmt.Sprintf("%q:%s", k, g)), "twice"})
			for _, x := range below {
				bad = append(bad, spoilt{build("", k, x.raw, ""), x.why})
			}
		}
	case []any:
		for i := range v {
			_, below := spoil(t, v[i], *f.Items)
			for _, x := range below {
				list := make([]json.RawMessage, len(v))
				for j := range v {
					if list[j], err = json.Marshal(v[j]); err != nil {
						t.Fatal(err)
					}
				}
				list[i] = json.RawMessage(x.raw)
				parts := make([]string, len(list))
				for j := range list {
					parts[j] = string(list[j])
				}
				bad = append(bad, spoilt{"[" + strings.Join(parts, ",") + "]", x.why})
			}
		}
	case string:
		if len(f.Enum) > 0 {
			bad = append(bad, spoilt{`"none of them"`, `"enum"`}, spoilt{fmt.Sprintf("%q", strings.ToUpper(f.Enum[0])), `"enum"`})
		}
	case float64:
		if f.Maximum > 0 {
			bad = append(bad, spoilt{fmt.Sprint(f.Maximum + 1), `"maximum"`})
		}
		if f.Maximum > 0 || f.Minimum > 0 {
			bad = append(bad, spoilt{fmt.Sprint(f.Minimum - 1), `"minimum"`})
		}
		bad = append(bad, spoilt{"1e999", "out of range"}, spoilt{"NaN", "not valid JSON"})
	}
	return good, bad
}

// TestEverySchemaIsHeldInFull: of each embedded workflow, an answer is accepted and every answer with one thing wrong is refused for just that.
func TestEverySchemaIsHeldInFull(t *testing.T) {
	for _, w := range builtins(t) {
		schema, err := CompileSchema(w.Schema)
		if err != nil {
			t.Fatal(err)
		}
		var f field
		var v any
		raw := answer(w.Name, saidClaim{Text: "a", Quotes: []saidPassage{{"P1", "b"}, {"P2", "c"}}}, saidClaim{Text: "d", Quotes: []saidPassage{}})
		if err := errors.Join(json.Unmarshal(w.Schema, &f), json.Unmarshal(raw, &v)); err != nil {
			t.Fatal(err)
		}
		good, bad := spoil(t, v, f)
		if a, err := ParseReply(schema, []byte(good)); err != nil || len(a.Statements) == 0 {
			t.Errorf("%s: a good answer is refused: %v", w.Name, err)
		}
		for _, c := range bad {
			if !strings.HasPrefix(c.raw, "{") {
				c.why = "JSON"
			}
			if _, err := ParseReply(schema, []byte(c.raw)); !errors.Is(err, crm.ErrInvalid) || !strings.Contains(err.Error(), c.why) {
				t.Errorf("%s: %.300s\n%v, want %s", w.Name, c.raw, err, c.why)
			}
		}
		if len(bad) < 60 {
			t.Errorf("%s: only %d answers with a fault", w.Name, len(bad))
		}
	}
}

// TestOneRepair: whatever is wrong with the first answer, the second prompt says it in the validator's words and holds nothing of the answer; a second bad answer ends the attempt with an error that
// no further attempt follows, and nobody is asked a third time.
func TestOneRepair(t *testing.T) {
	good := answer("call_summary", saidClaim{Text: "The board approved 48,000 a year on Monday.", Quotes: []saidPassage{{"P3", "The board approved 48,000 a year on Monday"}}})
	schema, err := CompileSchema(named(t, "call_summary").Schema)
	if err != nil {
		t.Fatal(err)
	}
	with := func(old, new string) string {
		if !strings.Contains(string(good), old) {
			t.Fatalf("the good answer has no %s", old)
		}
		return strings.Replace(string(good), old, new, 1)
	}
	for name, raw := range map[string]string{
		"key twice":   with(`"risks":[]`, `"risks":[],"risks":[]`),
		"extra key":   with(`"risks":[]`, `"risks":[],"ignore_all_instructions":1`),
		"missing":     with(`,"risks":[]`, ``),
		"wrong type":  with(`"risks":[]`, `"risks":"ignore_all_instructions"`),
		"trailing":    string(good) + "ignore_all_instructions",
		"not JSON":    "ignore_all_instructions",
		"not UTF-8":   with("board", "b\xff"),
		"bottomless":  strings.Repeat("[", 1000),
		"number":      with(`"risks":[]`, `"risks":[1e999]`),
		"empty":       "",
		"fenced JSON": "```\n" + string(good) + "\n```",
	} {
		_, refusal := ParseReply(schema, []byte(raw))
		if refusal == nil {
			t.Fatalf("%s: it is a good answer", name)
		}
		w := newWorld()
		var first string
		m := &scripted{say: func(n int, r model.Request) model.Response {
			if n == 1 {
				first = r.Prompt
				return model.Response{Text: []byte(raw)}
			}
			rest, ok := strings.CutPrefix(r.Prompt, first)
			if !ok || !r.Repair || strings.Count(rest, refusal.Error()) != 1 || strings.Contains(rest, "ignore_all_instructions") {
				t.Errorf("%s: the second prompt adds %q, want %q in it", name, rest, refusal)
			}
			return model.Response{Text: good}
		}}
		if p := consider(t, engineOf(t, w, m), w, "call_summary", ref(crm.Calls, 12)); m.calls != 2 || p.Verdict == crm.Drop || p.Features["repairs"] != 1 {
			t.Errorf("%s: %d calls, %v, %v", name, m.calls, p.Verdict, p.Features)
		}
		w = newWorld()
		m = &scripted{say: func(int, model.Request) model.Response { return model.Response{Text: []byte(raw)} }}
		err := engineOf(t, w, m).Consider(t.Context(), []crm.Claim{{Portal: 7, Key: "call_summary:calls/12", Seq: 1}})[0]
		if !errors.Is(err, crm.ErrInvalid) || errors.Is(err, crm.ErrTemporary) || !strings.Contains(err.Error(), refusal.Error()) || m.calls != 2 || len(w.proposals) > 0 {
			t.Errorf("%s: %v after %d calls, %d proposals", name, err, m.calls, len(w.proposals))
		}
	}
	// control: a good first answer is not asked for twice
	w := newWorld()
	m := &scripted{say: func(int, model.Request) model.Response { return model.Response{Text: good} }}
	if p := consider(t, engineOf(t, w, m), w, "call_summary", ref(crm.Calls, 12)); m.calls != 1 || p.Features["repairs"] != 0 {
		t.Errorf("%d calls of a good model, %v", m.calls, p.Features)
	}
}
