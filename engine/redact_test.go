package engine

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/internal/model/anthropic"
	"github.com/contextd/contextd/internal/model/modeltest"
	"github.com/contextd/contextd/internal/model/ollama"
	"github.com/contextd/contextd/internal/model/openai"
	"github.com/contextd/contextd/internal/redact"
)

// remote are the providers on other machines, each with its stand-in.
var remote = map[string]struct {
	modeltest.Protocol
	open func(url string) (model.Completer, error)
}{
	"ollama": {modeltest.Ollama(40960), func(url string) (model.Completer, error) {
		return ollama.NewWriter(ollama.Options{BaseURL: url, Model: modeltest.OllamaModel, Timeout: time.Minute})
	}},
	"openai": {modeltest.OpenAI(40960), func(url string) (model.Completer, error) {
		return openai.NewWriter(openai.Options{BaseURL: url, Model: modeltest.OpenAIModel, APIKey: "k", Timeout: time.Minute})
	}},
	"anthropic": {modeltest.Anthropic(200_000), func(url string) (model.Completer, error) {
		return anthropic.NewWriter(anthropic.Options{BaseURL: url, Model: modeltest.AnthropicModel, APIKey: "k", Timeout: time.Minute})
	}},
}

// canaries are what no request may hold, each as it stands in the call below.
var canaries = []string{"mira.kovac+lifts@harborline.example", "mira (dot) private (at) mail (dot) example", "+44 20 7946 0018", "GB29 NWBK 6016 1331 9268 19", "4111 1111 1111 1111", "123-45-6789", "203.0.113.77",
	"passport no. X1234567"[13:], "/record/0-1/90417"[12:], "Falcon", "Kovac", "calls/12"}

const personal = "Mira Kovac: My new number is +44 20 7946 0018, and mira.kovac+lifts@harborline.example is the address for the 140 technicians.\n" +
	"Mira Kovac: Or try mira (dot) private (at) mail (dot) example, please.\n" +
	"Mira Kovac: Pay GB29 NWBK 6016 1331 9268 19 or charge the card 4111 1111 1111 1111, my SSN is 123-45-6789.\n" +
	"Mira Kovac: We saw 203.0.113.77 in the logs, passport no. X1234567, https://app.hubspot.example/contacts/7/record/0-1/90417 of Project Falcon.\n" +
	"Mira Kovac: The system once wrote [phone-1] and [mail-9] into our records."

// redacted is a world with that call, its engine, and the stand-in that the model's requests arrive at.
func redacted(t *testing.T, name string, answer func(modeltest.Protocol) http.HandlerFunc) (*world, *Engine, *modeltest.Server) {
	w := newWorld()
	a := &w.activities[2]
	*a = *w.activity(ref(crm.Calls, 12), "Mira Kovac", crm.Incoming, noon.Add(-24*time.Hour), personal)
	w.activities = w.activities[:3]
	p := remote[name]
	s := p.Serve(t, answer(p.Protocol))
	m, err := p.open(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return w, engineOf(t, w, redact.Completer{Completer: m, Finder: redact.New(redact.Kinds(), []string{"Project Falcon"})}), s
}

// Nothing of the listed kinds leaves in any request; quotes come back byte for byte, at their places, and every check passes on the restored text.
func TestNothingPersonalLeavesAndEveryQuoteComesBack(t *testing.T) {
	for name := range remote {
		t.Run(name, func(t *testing.T) {
			w, e, s := redacted(t, name, modeltest.Protocol.Truthful)
			p := consider(t, e, w, "call_summary", ref(crm.Calls, 12))
			if len(s.Asked()) != 1 {
				t.Fatalf("%d requests", len(s.Asked()))
			}
			for _, body := range s.Asked() {
				clean(t, string(body))
			}
			whole := "Mira Kovac: We saw 203.0.113.77 in the logs, passport no. X1234567, https://app.hubspot.example/contacts/7/record/0-1/90417 of Project Falcon."
			if !slices.ContainsFunc(p.Claims, func(c crm.ClaimText) bool { return c.Supported && c.Text == whole }) {
				t.Errorf("%q is not among the supported claims %+v", whole, p.Claims)
			}
			for _, c := range p.Claims {
				for _, ev := range c.Evidence {
					if text, err := w.Text(t.Context(), ev.Activity, ev.Version); err != nil || text[ev.Start:ev.End] != ev.Quote {
						t.Errorf("%q does not stand at %d–%d (%v)", ev.Quote, ev.Start, ev.End, err)
					}
				}
			}
		})
	}
}

// clean finds nothing personal in a body, however it is spaced.
func clean(t *testing.T, body string) {
	t.Helper()
	bare := regexp.MustCompile(`[^0-9A-Za-z@.]`)
	for _, c := range canaries {
		if strings.Contains(body, c) || len(c) > 8 && strings.Contains(bare.ReplaceAllString(body, ""), bare.ReplaceAllString(c, "")) {
			t.Errorf("%q has left", c)
		}
	}
	if !strings.Contains(body, "140 technicians") || !strings.Contains(body, "[phone-1]") || !strings.Contains(body, "make up none") {
		t.Errorf("the request lacks the rest of the text, a pseudonym or the notice: %s", body)
	}
}

// What a model says of a pseudonym is checked as if it had said it of the value; one that it makes up proves nothing, and one that a customer wrote is a text like any other.
func TestClaimsOverPseudonyms(t *testing.T) {
	number := regexp.MustCompile(`My new number is (\[phone-\d\]), and (\[mail-\d\])`)
	literal := regexp.MustCompile(`once wrote (\[text-\d\]) and (\[text-\d\]) into`)
	var kinds []string
	w, e, _ := redacted(t, "openai", func(p modeltest.Protocol) http.HandlerFunc {
		return func(rw http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			prompt, _, err := p.Asks(body)
			m, l := number.FindStringSubmatch(prompt), literal.FindStringSubmatch(prompt)
			if err != nil || m == nil || l == nil {
				t.Errorf("no pseudonyms in %s (%v)", prompt, err)
				return
			}
			kinds = append(m[1:], l[1:]...)
			id := regexp.MustCompile(`### (P\d) \(call`).FindStringSubmatch(prompt)[1]
			quote := func(text, q string) saidClaim { return saidClaim{Text: text, Quotes: []saidPassage{{id, q}}} }
			said, wrote := "My new number is "+m[1]+", and "+m[2]+" is the address", "once wrote "+l[1]+" and "+l[2]+" into our records"
			fmt.Fprint(rw, p.Reply(string(answer("call_summary",
				quote("Call them at "+m[1]+" from now on.", said),
				quote("Call them at [phone-77] from now on.", said),
				quote("They write from [mail-88].", said),
				quote("They have a new number.", "My new number is [phone-77], and [mail-88] is the address"),
				quote("The system wrote "+l[1]+".", wrote),
				quote("The address is "+m[2]+" for now.", wrote),
			)), model.Stop))
		}
	})
	p := consider(t, e, w, "call_summary", ref(crm.Calls, 12))
	want := map[string]bool{"Call them at +44 20 7946 0018 from now on.": true, "Call them at [phone-77] from now on.": false, "They write from [mail-88].": false, "They have a new number.": false,
		"The system wrote [phone-1].": true, "The address is mira.kovac+lifts@harborline.example for now.": false}
	if len(p.Claims) != len(want) {
		t.Fatalf("%d claims of %v", len(p.Claims), kinds)
	}
	for _, c := range p.Claims {
		if supported, known := want[c.Text]; !known || supported != c.Supported {
			t.Errorf("%q: supported %t (%s), want %t", c.Text, c.Supported, c.Why, supported)
		}
	}
}

// A repair has the same pseudonyms, and usage is the provider's.
func TestARepairKeepsThePseudonyms(t *testing.T) {
	var prompts []string
	w, e, _ := redacted(t, "anthropic", func(p modeltest.Protocol) http.HandlerFunc {
		good := p.Truthful()
		return func(rw http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			prompt, _, err := p.Asks(body)
			if prompts = append(prompts, prompt); err != nil {
				t.Error(err)
			}
			if len(prompts) == 1 {
				fmt.Fprint(rw, p.Reply(`{"key_points": 7}`, model.Stop))
				return
			}
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			good(rw, r)
		}
	})
	p := consider(t, e, w, "call_summary", ref(crm.Calls, 12))
	if len(prompts) != 2 || !strings.HasPrefix(prompts[1], prompts[0]) || p.Usage.OutputTokens != 18 {
		t.Errorf("%d prompts, usage %+v", len(prompts), p.Usage)
	}
	raw, err := json.Marshal(w.raws[p.ID])
	if err != nil || strings.Contains(string(raw), "[mail-1]") || !strings.Contains(string(raw), "mira.kovac+lifts@harborline.example") {
		t.Errorf("what is kept is not the restored text: %s (%v)", raw, err)
	}
}
