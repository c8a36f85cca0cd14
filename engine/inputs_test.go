package engine

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/contextd/contextd/internal/crm"
)

// fillAll gives every field, however deep, a value of its own that is not zero.
func fillAll(t *testing.T, v reflect.Value, n *int) {
	t.Helper()
	*n++
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		berlin, err := time.LoadLocation("Europe/Berlin")
		if err != nil {
			t.Fatal(err)
		}
		*x = time.Date(2026, 7, 1, 8, *n%60, 0, 123456789, berlin)
		return
	case *Rule:
		r, err := CompileRule(fmt.Sprintf("confidence > 0.%d", *n))
		if err != nil {
			t.Fatal(err)
		}
		*x = r
		return
	case *crm.Verdict:
		*x = crm.Drop
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString(fmt.Sprintf("text <%d>", *n))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillAll(t, v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fillAll(t, v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fillAll(t, key, n)
		fillAll(t, value, n)
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for i := range v.NumField() {
			fillAll(t, v.Field(i), n)
		}
	default:
		t.Fatalf("a %s is among the inputs of the gate: say here how it is filled, and in toPlain how it is kept", v.Type())
	}
}

// rulesAsTexts takes the compiled programs away, which are never equal.
func rulesAsTexts(p Policy) (Policy, []string) {
	var texts []string
	for _, r := range p.Rules {
		texts = append(texts, r.String())
	}
	p.Rules = nil
	return p, texts
}

// TestInputsKeepEveryField: whatever the gate is told is kept, fields that somebody adds later among it.
func TestInputsKeepEveryField(t *testing.T) {
	var in Inputs
	var j Judgement
	n := 0
	fillAll(t, reflect.ValueOf(&in).Elem(), &n)
	fillAll(t, reflect.ValueOf(&j).Elem(), &n)
	text, err := KeepInputs(in, j)
	if err != nil {
		t.Fatal(err)
	}
	back, word, err := ReadInputs(text)
	if err != nil {
		t.Fatal(err)
	}
	if zone := back.State.Now.Location().String(); zone != "Europe/Berlin" || back.State.Now.Hour() != in.State.Now.Hour() {
		t.Errorf("the time comes back as %v", back.State.Now)
	}
	p1, r1 := rulesAsTexts(in.Policy)
	p2, r2 := rulesAsTexts(back.Policy)
	if !reflect.DeepEqual(r1, r2) || back.Policy.Rules[0].program == nil {
		t.Errorf("rules %q came back as %q", r1, r2)
	}
	in.Policy, back.Policy = p1, p2
	in.State.Now, back.State.Now = in.State.Now.UTC(), back.State.Now.UTC()
	for _, r := range []*crm.Record{&in.State.Record, &back.State.Record} {
		r.Created, r.Modified = r.Created.UTC(), r.Modified.UTC()
		for k := range r.History {
			for i := range r.History[k] {
				r.History[k][i].At = r.History[k][i].At.UTC()
			}
		}
	}
	if !reflect.DeepEqual(in, back) {
		t.Errorf("kept    %+v\nread    %+v", in, back)
	}
	if !reflect.DeepEqual(j, word) {
		t.Errorf("kept %+v, read %+v", j, word)
	}
	t.Logf("%d values in %d bytes", n, len(text))
}

// TestInputsRefuseWhatTheyLose is the control: what cannot be kept, or belongs to another program, is no silent loss.
func TestInputsRefuseWhatTheyLose(t *testing.T) {
	for name, v := range map[string]any{
		"a hidden field": struct{ hidden int }{1}, "a function": struct{ F func() }{func() {}}, "a map by number": struct{ M map[int]string }{map[int]string{1: "x"}},
	} {
		if _, err := toPlain(v); err == nil {
			t.Errorf("%s is kept", name)
		}
	}
	good, err := KeepInputs(Inputs{Portal: 7}, Judgement{})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"nothing": "", "no JSON": "x", "another format": strings.Replace(good, `"Format":1`, `"Format":2`, 1), "an unknown field": strings.Replace(good, `"Portal"`, `"Portals"`, 1),
		"a text for a number": strings.Replace(good, "7", `"seven"`, 1), "a rule of no sense": strings.Replace(good, `"Portal":7`, `"Policy":{"Rules":["amount >"]}`, 1),
	} {
		if _, _, err := ReadInputs(text); err == nil {
			t.Errorf("%s is read: %s", name, text)
		}
	}
}

// TestInputsRepeat: kept and read again, inputs bring the same word in thousands of random cases, NaN and infinities among them.
func TestInputsRepeat(t *testing.T) {
	var g gateCases
	for _, text := range []string{"true", "confidence > 0.5", "false", `float(record.amount) < 5`, "time.Hour() > 12"} {
		r, err := CompileRule(text)
		if err != nil {
			t.Fatal(err)
		}
		g.rules = append(g.rules, r)
	}
	seen := map[crm.Verdict]int{}
	rapid.Check(t, func(t *rapid.T) {
		for range 50 {
			c := g.draw(t)
			in := Inputs{Policy: c.policy, Portal: c.portal, Change: c.change, State: c.state, Thresholds: []float64{numbers.Draw(t, "field"), 0}, Dropped: seldom.Draw(t, "dropped"),
				Measured: Measured{Supported: rapid.IntRange(0, 3).Draw(t, "supported"), Overlap: numbers.Draw(t, "overlap"), Coverage: numbers.Draw(t, "coverage"), TimeKnown: true, FocusWhole: true}}
			if rapid.Bool().Draw(t, "well") { // or nearly none passes
				in.Thresholds, in.Measured.Overlap, in.Measured.Supported = nil, 1, 1
			}
			j := in.Decide()
			text, err := KeepInputs(in, j)
			if err != nil {
				t.Fatal(err)
			}
			back, word, err := ReadInputs(text)
			if err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			again := back.Decide()
			if !word.Same(j) || !again.Same(j) || !reflect.DeepEqual(again.Reasons, j.Reasons) {
				t.Fatalf("%+v became %+v by %s", j, again, text)
			}
			seen[j.Verdict]++
		}
	})
	t.Log(seen)
	if seen[crm.Apply] < 10 || seen[crm.Review] < 10 || seen[crm.Drop] < 10 {
		t.Errorf("%v: the generator is blind", seen)
	}
}

func TestJudgementSame(t *testing.T) {
	a := Judgement{Verdict: crm.Review, Confidence: math.NaN(), Threshold: 0.85}
	if !a.Same(a) {
		t.Error("a word is not the same as itself")
	}
	for _, b := range []Judgement{{Verdict: crm.Apply, Confidence: math.NaN(), Threshold: 0.85}, {Confidence: 0.5, Threshold: 0.85}, {Confidence: math.NaN(), Threshold: 0.86}, {Confidence: math.NaN(), Threshold: 0.85, Would: true}} {
		if a.Same(b) {
			t.Errorf("%+v is the same as %+v", a, b)
		}
	}
}
