package modeltest

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/model"
)

// End is what becomes of a run whose model breaks.
type End string

// The ends. Kept work waits with its cause until the provider is well again, or until a person acts; it is not an end of the work, but one of the attempt.
const (
	Kept    End = "kept"    // an outage, or a provider that wants a person
	Dead    End = "dead"    // buried with its cause
	Dropped End = "dropped" // done: nothing that could be proposed
)

// Breakage is one way in which a model or its server is broken for good.
type Breakage struct {
	Name   string
	Answer http.HandlerFunc
	Rest   http.HandlerFunc // of the other routes; nil: they are well
	Slow   bool             // only the deadline ends it
	End    End
}

// Breakages are what models and their servers have been seen to do, each as this provider would show it. Contents are those of lead_score: fields score, fit and factors. late is
// longer than the deadline of the request.
func (p Protocol) Breakages(late time.Duration) []Breakage {
	says := func(status int, message string, headers ...string) http.HandlerFunc {
		return Answer(status, p.Error(message), headers...)
	}
	good := p.Reply(Good, model.Stop)
	content := func(pattern, replacement string) http.HandlerFunc {
		re := regexp.MustCompile(pattern)
		return p.Spoilt(model.Stop, func(answer string) string {
			spoilt := re.ReplaceAllString(answer, replacement)
			if spoilt == answer {
				panic("breakage: nothing was spoilt in " + answer)
			}
			return spoilt
		})
	}
	number := `"score":[0-9.]+`
	out := []Breakage{
		{Name: "408", Answer: says(408, "request timed out"), End: Kept},
		{Name: "409", Answer: says(409, "conflict"), End: Kept},
		{Name: "413", Answer: says(413, "request too large"), End: Dead},
		{Name: "429 with Retry-After", Answer: says(429, "slow down", "Retry-After", "20"), End: Kept},
		{Name: "429 without", Answer: says(429, "slow down"), End: Kept},
		{Name: "429 with a silly one", Answer: says(429, "slow down", "Retry-After", "-1e309 fortnights"), End: Kept},
		{Name: "500", Answer: says(500, "internal error"), End: Kept},
		{Name: "503 server busy", Answer: says(503, "server busy, please try again. maximum pending requests exceeded"), End: Kept},
		{Name: "529", Answer: says(529, "overloaded"), End: Kept},
		{Name: "connect hang", Answer: hang, Rest: hang, Slow: true, End: Kept},
		{Name: "1 byte/s", Answer: trickle(good), Slow: true, End: Kept},
		{Name: "10-min load", Answer: tardy(late, good), Slow: true, End: Kept},
		{Name: "cut JSON (length)", Answer: p.Spoilt(model.Length, func(answer string) string { return answer[:len(answer)*2/3] }), End: Dead},
		{Name: "white-space loop", Answer: p.Spoilt(model.Length, func(string) string { return `{"score":` + strings.Repeat(" \n\t", 9000) }), End: Dead},
		{Name: "wrong types", Answer: content(`"factors":\[.*\]`, `"factors":"many"`), End: Dead},
		{Name: "extra keys", Answer: content(`^\{`, `{"lifecyclestage":"customer",`), End: Dead},
		{Name: "duplicate keys", Answer: content(`^\{`, `{"score":99,`), End: Dead},
		{Name: "score NaN", Answer: content(number, `"score":NaN`), End: Dead},
		{Name: "score 1e309", Answer: content(number, `"score":1e309`), End: Dead},
		{Name: "score as text", Answer: content(number, `"score":"0.9"`), End: Dead},
		{Name: "score 101", Answer: content(number, `"score":101`), End: Dead},
		{Name: "empty", Answer: Answer(200, p.Reply("", model.Stop)), End: Dead},
		{Name: "refusal", Answer: Answer(200, p.Reply("I can't help with that.", model.Refusal)), End: Dead},
		{Name: "wrong language", Answer: content(`"(text|quote)":"[^"]*"`, `"$1":"他们需要一百四十个许可证的价格"`), End: Dropped},
		{Name: "50 MB", Answer: endless, End: Dead},
		{Name: "error inside a 200", Answer: Answer(200, p.InGood), End: Kept},
		{Name: "404 model", Answer: says(404, "model not found"), End: Kept},
	}
	return out
}

// tardy answers well when nobody listens any more.
func tardy(after time.Duration, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		late := time.NewTimer(after)
		defer late.Stop()
		select {
		case <-r.Context().Done():
		case <-late.C:
			fmt.Fprint(w, body) // the client has left
		}
	}
}
