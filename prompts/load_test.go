package prompts

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/contextd/contextd/internal/crm"
)

func TestBuiltinWorkflowsLoad(t *testing.T) {
	ws, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, w := range ws {
		names = append(names, w.Name)
		if len(w.SHA256) != 64 || w.Prompt == nil || len(w.Schema) == 0 || len(w.Golden()) < 4 {
			t.Errorf("%s: hash %q, %d golden cases", w.Name, w.SHA256, len(w.Golden()))
		}
	}
	if got := strings.Join(names, " "); got != "account_plan account_summary call_summary churn_risk deal_score enrichment lead_score next_best_action reply_draft" {
		t.Errorf("workflows %q", got)
	}
	for _, w := range ws {
		for _, c := range w.Changes {
			if w.Name == "reply_draft" && (c.Verdict == nil || *c.Verdict != crm.Review) {
				t.Error("reply_draft must always be reviewed by a person")
			}
		}
	}
}

// folder copies a built-in workflow with one file changed.
func folder(t *testing.T, name, file, old, replacement string) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	sub, err := fs.Sub(builtin, name)
	if err != nil {
		t.Fatal(err)
	}
	err = fs.WalkDir(sub, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(sub, path)
		if path == file {
			if !bytes.Contains(raw, []byte(old)) {
				t.Fatalf("%s holds no %q", file, old)
			}
			raw = bytes.Replace(raw, []byte(old), []byte(replacement), 1)
		}
		out[name+"/"+path] = &fstest.MapFile{Data: raw}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var renew = flag.Bool("update", false, "rewrite builtin.json")

// withoutZeros drops from objects what reading them gives anyway; numbers stay, for some are pointers.
func withoutZeros(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for key, below := range x {
			switch below := withoutZeros(below).(type) {
			case nil:
				delete(x, key)
			case string:
				if below == "" {
					delete(x, key)
				}
			case bool:
				if !below {
					delete(x, key)
				}
			case map[string]any:
				if len(below) == 0 {
					delete(x, key)
				}
			}
		}
	case []any:
		for i := range x {
			x[i] = withoutZeros(x[i])
		}
	}
	return v
}

// TestTheBuiltinWorkflowsAreReadAlready: builtin.json says what the folders say. Run it with -update when one of them has changed.
func TestTheBuiltinWorkflowsAreReadAlready(t *testing.T) {
	read := map[string]Workflow{}
	folders, err := fs.Glob(builtin, "*/"+workflowFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range folders {
		raw, err := fs.ReadFile(builtin, file)
		if err != nil {
			t.Fatal(err)
		}
		var w Workflow
		if err := decode(file, raw, &w); err != nil {
			t.Fatal(err)
		}
		read[path.Dir(file)] = w
	}
	raw, err := json.Marshal(read)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		t.Fatal(err)
	}
	if raw, err = json.Marshal(withoutZeros(tree)); err != nil {
		t.Fatal(err)
	}
	raw = append(raw, '\n')
	if *renew {
		if err := os.WriteFile("builtin.json", raw, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	var got map[string]Workflow
	if err := json.Unmarshal(alreadyRead, &got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(raw, alreadyRead) || !reflect.DeepEqual(got, read) {
		t.Error("a workflow.yaml has changed: go test ./prompts -run TestTheBuiltinWorkflowsAreReadAlready -update")
	}
}

// What the program brings along is loaded without looking for mistakes: there are none.
func TestTheBuiltinWorkflowsHoldNoMistakes(t *testing.T) {
	strict, err := Load(builtin)
	if err != nil {
		t.Fatal(err)
	}
	tried, err := Builtin()
	if err != nil || len(tried) != len(strict) {
		t.Fatalf("%d workflows of %d, %v", len(tried), len(strict), err)
	}
	for i, w := range tried {
		if s := strict[i]; w.Name != s.Name || w.SHA256 != s.SHA256 || w.GoldenSHA != s.GoldenSHA || !reflect.DeepEqual(w.Golden(), s.Golden()) || len(w.Golden()) == 0 || !reflect.DeepEqual(w.Changes, s.Changes) {
			t.Errorf("%s is read otherwise than Load reads it", w.Name)
		}
	}
}

func TestMistakesAreNamedWithFileAndLine(t *testing.T) {
	cases := []struct{ workflow, file, old, replacement, want string }{
		{"lead_score", "workflow.yaml", "quiet: 60s", "quiet: 60 seconds", "lead_score/workflow.yaml:7: `60 seconds`: want a duration with its unit, such as 60s"},
		{"lead_score", "workflow.yaml", "quiet: 60s", "quiet: 60", "lead_score/workflow.yaml:7: `60`: want a duration"},
		{"lead_score", "workflow.yaml", "prompt: 1", "prompt: one", "lead_score/workflow.yaml:4: `one`: want a whole number"},
		{"lead_score", "workflow.yaml", "imports: true", "imports: maybe", "lead_score/workflow.yaml:7: `maybe`: want true or false"},
		{"lead_score", "workflow.yaml", "subjects: [contacts]", "subjects: contacts", "lead_score/workflow.yaml:5: `contacts`: want a list"},
		{"lead_score", "workflow.yaml", "title:", "# caf\xe9\ntitle:", "lead_score/workflow.yaml:2: a character is not UTF-8"},
		{"lead_score", "workflow.yaml", "cues: &decision", "cues:", "stands for what &decision marks, and nothing before is marked so"},
		{"lead_score", "workflow.yaml", "            en: [\"approved\"", "            eng: [\"approved\"", `lead_score/workflow.yaml:36: cues in "eng" (did you mean "en"?): want en, de, fr or es`},
		{"lead_score", "workflow.yaml", "en: [\"approved\"", "en: [\"…\"", `lead_score/workflow.yaml:36: cue "…" holds no word`},
		{"lead_score", "output.schema.json", "\"type\": \"object\",", "\"type\": \"object\"", "lead_score/output.schema.json:4: not JSON"},
		{"lead_score", "output.schema.json", "\"type\": \"number\"", "\"type\": \"numbr\"", `lead_score/output.schema.json:5: not a JSON schema: the root.score has the type "numbr"`},
		{"lead_score", "prompt@1.md", "{{.Context.Language}}", "{{.Context.Languag}}", `lead_score/prompt@1.md:2: there is no field Languag (did you mean "Language"?): here are AsOf, `},
		{"lead_score", "prompt@1.md", "{{.Context.Language}}", "{{upper .Context.Language}}", `lead_score/prompt@1.md:2: there is no function upper: want field, quoted`},
		{"lead_score", "prompt@1.md", `{{template "payload" .}}`, `{{template "paylod" .}}`, `lead_score/prompt@1.md:4: there is no template "paylod" (did you mean "payload"?)`},
		{"lead_score", "prompt@1.md", `{{template "payload" .}}`, `{{template "payload" .}`, `lead_score/prompt@1.md:4: `},
		{"lead_score", "workflow.yaml", "title:", "titel:", "lead_score/workflow.yaml:2: unknown key titel"},
		{"lead_score", "workflow.yaml", "name: lead_score", "name: other", "workflow.yaml:1: name"},
		{"lead_score", "workflow.yaml", "subjects: [contacts]", "subjects: [people]", `workflow.yaml:5: object type "people"`},
		{"lead_score", "workflow.yaml", "property: ai_lead_score", "property: lifecyclestage", "want a name that starts with ai_"},
		{"lead_score", "workflow.yaml", "value: score, claims", "value: points, claims", `value "points" is not a field of the schema`},
		{"lead_score", "workflow.yaml", "type: number", "type: enumeration", "does not fit field"},
		{"lead_score", "workflow.yaml", "options: [strong, medium, weak, unknown]", "options: [strong]", `the schema allows "medium"`},
		{"lead_score", "workflow.yaml", "claims: [factors]", "claims: [score]", `claims "score" is not an array of claims`},
		{"lead_score", "workflow.yaml", "{name: factors, kind: factors, from: score, max: 8}", "{name: factors, kind: factors, from: factors, max: 8}", "from must name a number field"},
		{"lead_score", "workflow.yaml", "quiet: 60s", "quiet: 60h", "quiet 60h0m0s"},
		{"lead_score", "workflow.yaml", "on: record", "on: monday", `on "monday"`},
		{"lead_score", "workflow.yaml", "prompt: 1", "prompt: 7", "prompt 7 has no file lead_score/prompt@7.md"},
		{"lead_score", "workflow.yaml", "value: disqualify, cues: *never", "value: never, cues: *never", `picks "never"`},
		{"lead_score", "workflow.yaml", "budget: 5000", "budget: 50", "budget 50"},
		{"lead_score", "workflow.yaml", "plan:", "policy: {threshold: 1.5}\nplan:", "threshold 1.5: want 0 to 1"},
		{"lead_score", "workflow.yaml", "property: ai_lead_score,", "property: ai_lead_score, risk: extreme,", `risk "extreme": want low, medium or high`},
		{"lead_score", "workflow.yaml", "plan:", "policy: {threshold: .nan}\nplan:", "threshold NaN"},
		{"lead_score", "prompt@1.md", "{{.Context.Language}}", "{{.Language}}", "prompt@1.md"},
		{"lead_score", "prompt@1.md", "{{.Context.Language}}", "{{.Context.Language", "prompt@1.md"},
		{"lead_score", "prompt@1.md", `{{template "payload" .}}`, "", "does not show the data"},
		{"lead_score", "prompt@1.md", `{{template "answer" .}}`, "", "does not show how to answer"},
		{"lead_score", "prompt@1.md", "{{.Context.Language}}", "{{.Person.Name}}", "data without its mark"},
		{"lead_score", "prompt@1.md", "{{.Context.Language}}", "{{range .History}}{{.Text}}{{end}}", "data without its mark"},
		{"lead_score", "workflow.yaml", "person: [name, title", "person: [name, titel", `payload.person: no field "titel" (did you mean "title"?)`},
		{"lead_score", "workflow.yaml", "prompt: 1", "prompt: 1\nmodel: smal", `model "smal" (did you mean "small"?)`},
		{"lead_score", "workflow.yaml", "prompt: 1", "prompt: 1\ntokens: {input: 100}", "workflow.yaml:5: tokens.input 100: want 0"},
		{"lead_score", "workflow.yaml", "prompt: 1", "prompt: 1\ntokens: {outputs: 100}", `workflow.yaml:5: unknown key outputs (did you mean "output"?)`},
		{"lead_score", "golden/hostile.yaml", "outcome: {score", "outcome: {fit", `golden/hostile.yaml:16: field "fit" is not a number`},
		{"lead_score", "workflow.yaml", "evidence: {min_words: 8}", "evidence: {min_word: 8}", `workflow.yaml:19: unknown key min_word`},
		{"lead_score", "workflow.yaml", "evidence: {min_words: 8}", "evidence: {min_words: 2501}", "workflow.yaml:19: min_words 2501: want 0 (the default) to 2500"},
		{"lead_score", "workflow.yaml", "evidence: {min_words: 8}", "evidence: {min_sources: 21}", "min_sources 21: want 0 (the default) to 20"},
		{"lead_score", "workflow.yaml", "evidence: {min_words: 8}", "evidence: {max_age: 60s}", "max_age 1m0s: want 0 (any) or a day to ten years"},
		{"lead_score", "golden/hostile.yaml", "nothing: true", "thin: true", "golden/hostile.yaml:17: a thin case ends before anything is answered"},
		{"lead_score", "workflow.yaml", "context: [people]", "contexts: [people]", `workflow.yaml:23: unknown key contexts (did you mean "context"?)`},
		{"lead_score", "workflow.yaml", "context: [people]", "properties: {companies: [ai_lead_score]}", "our own word"},
		{"lead_score", "workflow.yaml", "context: [people]", "properties: {calls: [hs_call_title]}", `properties of "calls"`},
		{"lead_score", "output.schema.json", `"additionalProperties": false`, `"additionalProperties": true`, "additionalProperties: false"},
		{"lead_score", "output.schema.json", `"type": "object"`, `"type": "list"`, "not a JSON schema"},
		{"lead_score", "output.schema.json", `"type": "object"`, `"type": 7`, "not a JSON schema"},
		{"lead_score", "output.schema.json", `"maximum": 100`, `"maximun": 100`, `the root.score has the keyword "maximun", which there is not`},
		{"lead_score", "output.schema.json", `"maximum": 100`, `"maximum": -1`, "a minimum of 0 and a maximum of -1"},
		{"lead_score", "output.schema.json", `"maximum": 100`, `"maximum": "100"`, "not a JSON schema"},
		{"lead_score", "output.schema.json", `"minimum": 0`, `"multipleOf": 0`, "multipleOf"},
		{"enrichment", "output.schema.json", `"maxLength": 60`, `"maxLength": -60`, "the root.tools[].value has a minLength of 0 and a maxLength of -60"},
		{"enrichment", "output.schema.json", `"maxLength": 60`, `"pattern": "("`, "pattern"},
		{"enrichment", "output.schema.json", `"maxLength": 60`, `"maxLength": 60,`, "not JSON"},
		{"lead_score", "output.schema.json", `"quote": {`, `"words": {`, `must have a string "quote"`},
		{"lead_score", "golden/hostile.yaml", "must: {fit", "must: {fitness", `golden/hostile.yaml:13: field "fitness"`},
		{"lead_score", "golden/hostile.yaml", "subject: contacts/1", "subject: people/1", "golden/hostile.yaml:2"},
		{"enrichment", "workflow.yaml", "of: employees", "of: employes", `of "employes" (did you mean "employees"?)`},
		{"enrichment", "workflow.yaml", "they have {value} employees", "they have {number} employees", "{number}: want value, source"},
		{"call_summary", "workflow.yaml", "field: next_steps}", "field: steps}", `field "steps" is not in the schema`},
		{"call_summary", "workflow.yaml", "links: [contacts, companies, deals]", "links: [calls]", `link "calls"`},
		{"call_summary", "workflow.yaml", "name: risks", "name: risk", `field "risks" of the schema is not in the plan`},
		{"call_summary", "workflow.yaml", "kinds: [call, meeting], transcript", "kinds: [phone], transcript", `kind "phone"`},
		{"reply_draft", "workflow.yaml", "verdict: review", "verdict: maybe", `verdict "maybe"`},
		{"reply_draft", "workflow.yaml", "why: the ticket is closed", "why: ''", "a condition needs a why"},
	}
	for _, c := range cases {
		ws, err := Load(folder(t, c.workflow, c.file, c.old, c.replacement))
		if err == nil || !errors.Is(err, crm.ErrInvalid) || !strings.Contains(err.Error(), c.want) || ws != nil {
			t.Errorf("%s: %q → %q: error %v, want %q", c.file, c.old, c.replacement, err, c.want)
		}
	}
}

func TestHashCoversWhatARunDependsOn(t *testing.T) {
	hash := func(file, old, replacement string) string {
		ws, err := Load(folder(t, "lead_score", file, old, replacement))
		if err != nil {
			t.Fatal(err)
		}
		return ws[0].SHA256
	}
	same := hash("workflow.yaml", "name: lead_score", "name: lead_score")
	for file, change := range map[string][2]string{
		"workflow.yaml": {"base: 28", "base: 29"}, "prompt@1.md": {"You judge", "You  judge"}, "output.schema.json": {`"maximum": 100`, `"maximum": 99`},
	} {
		if hash(file, change[0], change[1]) == same {
			t.Errorf("a change of %s does not change the hash", file)
		}
	}
	for file, change := range map[string][2]string{"README.md": {"lead", "LEAD"}, "golden/hostile.yaml": {"name: A", "name: An old"}} {
		if hash(file, change[0], change[1]) != same {
			t.Errorf("a change of %s changes the hash: no run reads it", file)
		}
	}
}

// BenchmarkBuiltin is the part of a start that reads the workflows; yaml is how long their files take instead.
func BenchmarkBuiltin(b *testing.B) {
	for name, read := range map[string]func() ([]Workflow, error){"json": Builtin, "yaml": func() ([]Workflow, error) { return Load(builtin) }} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := read(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
