package wire

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

func TestRetryAtReadsEveryForm(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for v, want := range map[string]time.Duration{"": 0, "0": 0, "-5": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "1.5": 1500 * time.Millisecond, "1500ms": 1500 * time.Millisecond,
		"2m": 2 * time.Minute, "-2m": 0, "soon": 0, "NaN": 0, "1e9": longestWait, "9000h": longestWait, "+Inf": longestWait, "-Inf": 0, "9" + strings.Repeat("0", 400): 0,
		now.Add(time.Minute).Format(http.TimeFormat): time.Minute, now.Add(-time.Minute).Format(http.TimeFormat): 0, now.AddDate(1, 0, 0).Format(http.TimeFormat): longestWait} {
		h := http.Header{}
		h.Set("Retry-After", v)
		at, ok := RetryAt(h, now)
		if ok != (want > 0) || (ok && at.Sub(now) != want) {
			t.Errorf("Retry-After %q: %v, %v; want %v", v, at.Sub(now), ok, want)
		}
	}
	h := http.Header{}
	h.Set("Retry-After-Ms", "250")
	h.Set("Retry-After", "9")
	if at, ok := RetryAt(h, now); !ok || at.Sub(now) != 250*time.Millisecond {
		t.Errorf("the finer header counts: %v", at.Sub(now))
	}
}

func TestBodyFindsTheMessage(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":"model not found"}`:                        "model not found",
		`{"error":{"message":"slow\n down","code":"x"}}`:     "slow down",
		`{"object":"error","message":"too long","code":400}`: "too long",
		`{"detail":"Not Found"}`:                             "Not Found",
		`{"detail":[{"loc":["body","input",0],"msg":"Field required","input":"a text"},{"loc":["query"],"msg":"no"}]}`: "body.input.0: Field required; query: no",
		`{"detail":[{"loc":["body"]}]}`: "body",
		`{"oops":"a customer's text"}`:  "",
		`{"error":{"input":"a text"}}`:  "",
		`{"input":"a customer's te`:     "",
		`["a customer's text"]`:         "",
		"<html>\n<b>bad</b>":            "<html> <b>bad</b>",
		"":                              "",
		`"a customer's text"`:           "",
		"x" + strings.Repeat("é", 1000): "x" + strings.Repeat("é", 149) + "…",
		`{"error":"` + strings.Repeat("word ", 500) + `","a":1}`: strings.Repeat("word ", 60) + "…",
	} {
		if got := Body([]byte(body)); got != want {
			t.Errorf("%.40q: %q, want %q", body, got, want)
		}
	}
}

func TestKindsByStatus(t *testing.T) {
	for status, want := range map[int]Kind{400: Refuse, 401: Stop, 402: Stop, 403: Stop, 404: Stop, 405: Refuse, 408: Retry, 409: Retry, 413: Refuse, 422: Refuse, 425: Retry, 429: Retry, 500: Retry, 501: Retry, 503: Retry, 529: Retry, 200: Retry} {
		if got := KindOf(status); got != want {
			t.Errorf("%d: kind %d, want %d", status, got, want)
		}
	}
}

func TestCallKeepsTheCallersEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	err := Call(ctx, time.Minute, "x", func(context.Context) error { cancel(); return errors.New("broken pipe") })
	if !errors.Is(err, context.Canceled) || errors.Is(err, crm.ErrTemporary) {
		t.Errorf("error %v", err)
	}
	err = Call(t.Context(), time.Millisecond, "x", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	if !errors.Is(err, crm.ErrTemporary) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("our own deadline: %v", err)
	}
	err = Call(t.Context(), time.Minute, "x", func(context.Context) error { return ErrGarbled })
	if !errors.Is(err, ErrGarbled) || errors.Is(err, crm.ErrTemporary) {
		t.Errorf("a garbled answer: %v", err)
	}
}

// What a token can hold at most must not count as several: else a whole prompt would be called shortened.
func TestLeastIsBelowAnyTokenizer(t *testing.T) {
	for text, most := range map[string]int{ // tokens by o200k_base, the largest vocabulary in wide use
		"": 0, strings.Repeat("-", 400): 5, strings.Repeat(" ", 400): 5, "We need a price for 140 technicians by Friday, please.": 12, "internationalization": 2, "我们需要一百名技术员的价格。": 9,
	} {
		if got := Least(text); got > most {
			t.Errorf("%.30q: at least %d tokens, but it has %d", text, got, most)
		}
	}
	english := strings.Repeat("The renewal of the maintenance contract was postponed until the end of March. ", 100)
	if least, about := Least(english), Estimate(english); least < 1000 || about < least {
		t.Errorf("1,400 tokens: at least %d, about %d", least, about)
	}
}

// What a provider does not take as a keyword is said in words, where the field stands; names of fields are no keywords.
func TestLowerSaysWhatProvidersDoNotTake(t *testing.T) {
	for schema, want := range map[string]string{
		`{"$schema":"s","type":"object","title":"t","required":["a"],"additionalProperties":false,"properties":{"minimum":{"type":"string","maxLength":3},"a":{"type":"array","maxItems":3,"items":{"type":"number","minimum":0}}}}`: `{"additionalProperties":false,"properties":{"a":{"description":"Items: at most 3.","items":{"description":"At least 0.","type":"number"},"type":"array"},"minimum":{"description":"Characters: at most 3.","type":"string"}},"required":["a"],"type":"object"}`,
		`{"type":"string","description":"A code.","minLength":2,"maxLength":5,"pattern":"^[A-Z]+$","default":"AB"}`:                                                                                                                  `{"description":"A code. Characters: at most 5. Characters: at least 2. It matches the regular expression \"^[A-Z]+$\".","type":"string"}`,
		`{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1.5,"multipleOf":0.25}`:                                                                                                                                            `{"description":"Less than 1.5. More than 0. A multiple of 0.25.","type":"number"}`,
		`{"type":"array","minItems":1,"uniqueItems":true,"contains":{"const":7}}`:                                                                                                                                                    `{"description":"JSON Schema: \"contains\": {\"const\":7}. Items: at least 1. No item twice: true.","type":"array"}`,
		`{"type":"string","enum":["a","b"]}`: `{"enum":["a","b"],"type":"string"}`,
	} {
		got, err := Lower(json.RawMessage(schema))
		if err != nil {
			t.Fatal(err)
		}
		if b, err := json.Marshal(got); err != nil || string(b) != want {
			t.Errorf("%s, %v\nwant %s", b, err, want)
		}
	}
	if _, err := Lower(json.RawMessage(`[1]`)); !errors.Is(err, crm.ErrInvalid) {
		t.Errorf("error %v", err)
	}
}

// The ids that a provider gives to its requests are noted, of failures too, and never a key that it echoes.
func TestRequestsAreNoted(t *testing.T) {
	const secret = "sk-live-0123456789"
	for name, c := range map[string]struct {
		header http.Header
		status int
		want   string
	}{
		"OpenAI": {http.Header{"X-Request-Id": {"req_17"}}, 200, "req_17"}, "Anthropic": {http.Header{"Request-Id": {"req_011"}}, 200, "req_011"}, "a failure": {http.Header{"X-Request-Id": {"req_18"}}, 500, "req_18"},
		"none": {http.Header{}, 200, ""}, "a key": {http.Header{"X-Request-Id": {"r-" + secret}}, 200, ""},
	} {
		next := roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: c.status, Header: c.header, Body: io.NopCloser(strings.NewReader("{}"))}, nil
		})
		client, idle := Transport{Next: next, Judge: func(Answer) *Failure { return nil }, Limit: 1 << 20, Secret: secret}.Client()
		defer idle()
		ctx, _ := crm.WithRequests(t.Context())
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://model.test/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := client.Do(r); err == nil {
			resp.Body.Close()
		}
		if written, read := crm.RequestsOf(ctx); strings.Join(written, " ") != c.want || len(read) != 0 {
			t.Errorf("%s: %v, %v", name, written, read)
		}
	}
}
