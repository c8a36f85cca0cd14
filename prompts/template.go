package prompts

import (
	_ "embed"
	"fmt"
	"path"
	"reflect"
	"strings"
	"text/template"
)

// Input is what a prompt template is executed over.
type Input struct {
	Payload
	Title  string // of the workflow
	Schema string // JSON schema of the answer
}

//go:embed payload.tmpl
var shared string

// promptFuncs are what templates may call beside text/template's own. Each puts a mark before every line of data: no line of it can then be mistaken for a line of the
// prompt, whatever it holds, and there is no mark that a text could end or imitate.
func promptFuncs() template.FuncMap {
	return template.FuncMap{"quoted": quoted, "field": field}
}

// lineBreaks are all runes that a model may take for the beginning of a new line.
var lineBreaks = expression("\r\n|[\n\r\v\f\u0085\u2028\u2029]")

func marked(mark, s string) string {
	return mark + strings.Join(lineBreaks().Split(strings.TrimRight(s, "\r\n"), -1), "\n"+mark)
}

// quoted marks a passage's text: the only thing that may be quoted.
func quoted(s string) string { return marked("| ", s) }

// field is a whole line that shows a field, and nothing for one that is empty.
func field(name, value string) string {
	if strings.TrimSpace(value) == "" {
		return ""
	}
	return marked("> ", name+": "+value) + "\n"
}

// parsePrompt parses the template with the shared ones, "payload" and "answer", beside it, and renders it once over sample data, so that a misspelt field is found at
// start and not in the first run; one that has been tried is not rendered.
func parsePrompt(file, text string, tried bool, p *problems) *template.Template {
	t, err := template.New("shared").Funcs(promptFuncs()).Option("missingkey=error").Parse(shared)
	if err == nil {
		t, err = t.New(path.Base(file)).Parse(text)
	}
	if err != nil {
		p.raw(unreadable(file, err))
		return nil
	}
	if tried {
		return t
	}
	var b strings.Builder
	if err := t.Execute(&b, sample()); err != nil {
		p.raw(unreadable(file, err))
		return nil
	}
	for _, want := range []string{sampleText, sampleSchema} {
		if !strings.Contains(b.String(), want) {
			p.raw(fmt.Errorf("%s:1: the prompt does not show %s", file, map[string]string{sampleText: `the data ({{template "payload" .}})`, sampleSchema: `how to answer ({{template "answer" .}})`}[want]))
		}
	}
	if !markedEverywhere(b.String()) {
		p.raw(fmt.Errorf(`%s:1: the prompt shows data without its mark: show it with {{template "payload" .}}`, file))
	}
	return t
}

var (
	templateError    = expression(`(?s)^template: ([^:]+):(\d+)(?::\d+)?: (?:executing "[^"]*" at <.*?>: )?(.*)$`)
	templateField    = expression(`^can't evaluate field (\S+) in type \*?prompts\.(\w+)$`)
	templateFunction = expression(`^function "([^"]+)" not defined$`)
	templateName     = expression(`^template "([^"]+)" not defined$`)
)

// unreadable turns the library's "template: prompt@1.md:2:34: executing …: can't evaluate field Lang in type prompts.Context" into "file:2: there is no field Lang …".
func unreadable(file string, err error) error {
	found := templateError().FindStringSubmatch(err.Error())
	if found == nil || found[1] != path.Base(file) {
		return fmt.Errorf("%s:1: %w", file, err)
	}
	why := found[3]
	if f := templateField().FindStringSubmatch(why); f != nil {
		names := fieldsOf(f[2])
		why = fmt.Sprintf("there is no field %s%s: here are %s", f[1], meant(f[1], names), strings.Join(names, ", "))
	}
	if f := templateFunction().FindStringSubmatch(why); f != nil {
		why = fmt.Sprintf("there is no function %s: want field, quoted, or one of Go's text/template", f[1])
	}
	if f := templateName().FindStringSubmatch(why); f != nil {
		why = fmt.Sprintf("there is no template %q%s: want payload or answer", f[1], meant(f[1], []string{"payload", "answer"}))
	}
	return fmt.Errorf("%s:%s: %s", file, found[2], why)
}

// fieldsOf lists the fields of a type that a prompt is executed over.
func fieldsOf(typ string) (names []string) {
	for _, v := range []any{Input{}, Payload{}, Context{}, Summary{}, Person{}, Company{}, Deal{}, Ticket{}, Field{}, Quoted{}} {
		if t := reflect.TypeOf(v); t.Name() == typ {
			for _, f := range reflect.VisibleFields(t) {
				if f.IsExported() && !f.Anonymous {
					names = append(names, f.Name)
				}
			}
		}
	}
	return names
}

// Texts of the sample that a prompt must show.
const (
	sampleText   = "sample passage text"
	sampleSchema = `{"sample":"schema"}`
	sampleName   = "Sample Name"
)

// markedEverywhere reports whether each line that holds a person's words begins with a mark.
func markedEverywhere(prompt string) bool {
	for line := range strings.Lines(prompt) {
		if (strings.Contains(line, sampleText) || strings.Contains(line, sampleName)) && !strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "> ") {
			return false
		}
	}
	return true
}

// sample fills every field: texts of other people with sampleName or sampleText.
func sample() Input {
	f := []Field{{"further", sampleName}}
	return Input{Title: "t", Schema: sampleSchema, Payload: Payload{
		Context: Context{AsOf: "2026-01-02, Friday", Account: sampleName, Subject: "emails/1", Language: "en", People: []string{sampleName}, Summary: Summary{"2026-01-01", []string{sampleName}}},
		Person:  Person{sampleName, sampleName, sampleName, sampleName, f}, Company: Company{sampleName, sampleName, sampleName, sampleName, sampleName, f},
		Deal: Deal{sampleName, sampleName, sampleName, sampleName, sampleName, sampleName, f}, Ticket: Ticket{sampleName, sampleName, sampleName, f},
		History: []Quoted{{"P1", "email", "2026-01-02", "in", sampleName, sampleName, sampleText, false}},
	}}
}
