package wire

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Answer is a whole answer as it came.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Transport is the round tripper under a provider's client library, for answers that are JSON objects and nothing else; what is read with GET may also be a list. The libraries read answers without a bound,
// overlook errors in an answer of status 200, and drop or reinterpret Retry-After: this one reads the answer itself and returns a failure as *Failure.
type Transport struct {
	Next   http.RoundTripper     // nil: a connection pool of its own
	Judge  func(Answer) *Failure // nil: it is a result
	Limit  int64                 // largest answer in bytes
	Secret string                // never shown, whatever a server echoes
	Bearer bool                  // send Secret as Authorization
	Now    func() time.Time      // nil: time.Now
}

// Client is an HTTP client over t that follows no redirects: they would carry the key elsewhere. idle ends its unused connections.
func (t Transport) Client() (c *http.Client, idle func()) {
	idle = func() {}
	if t.Next == nil {
		pool := http.DefaultTransport.(*http.Transport).Clone() // its type is documented
		pool.ResponseHeaderTimeout, pool.MaxIdleConnsPerHost = 0, 8
		t.Next, idle = pool, pool.CloseIdleConnections
	}
	if t.Now == nil {
		t.Now = time.Now
	}
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, idle
}

// RoundTrip does one request.
func (t Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.Bearer && t.Secret != "" {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+t.Secret)
	}
	resp, err := t.Next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	crm.NoteRequest(r.Context(), t.hide(cmp.Or(resp.Header.Get("X-Request-Id"), resp.Header.Get("Request-Id"))), r.Method != http.MethodGet)
	body, err := io.ReadAll(io.LimitReader(resp.Body, t.Limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the answer: %w", err)
	case int64(len(body)) > t.Limit:
		return nil, fmt.Errorf("the answer is larger than %d MiB: %w", t.Limit>>20, ErrGarbled)
	}
	if f := t.judge(Answer{resp.StatusCode, resp.Header, body}); f != nil {
		return nil, t.wait(f, resp.Header)
	}
	if !objects(body, r.Method == http.MethodGet) {
		return nil, fmt.Errorf("%d bytes that are not whole JSON objects: %w", len(body), ErrGarbled)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.Header.Set("Content-Type", "application/json") // it is, whatever the server calls it
	return resp, nil
}

func (t Transport) judge(a Answer) *Failure {
	if a.Status >= 300 && a.Status < 400 {
		return &Failure{Status: a.Status, Message: "the address redirects elsewhere, which is not followed", Kind: Stop}
	}
	a = t.redacted(a)
	f := t.Judge(a)
	if f == nil && a.Status >= 400 {
		f = &Failure{Status: a.Status, Message: Body(a.Body), Kind: KindOf(a.Status)}
	}
	if f == nil {
		return nil
	}
	f.Message, f.Code, f.RequestID = Short(t.hide(f.Message)), cut(t.hide(f.Code), longestName), cut(t.hide(f.RequestID), longestName)
	return f
}

// redacted is an answer without the secret. It is hidden before anything is cut, or a cut through it would leave its beginning.
func (t Transport) redacted(a Answer) Answer {
	if t.Secret == "" {
		return a
	}
	if bytes.Contains(a.Body, []byte(t.Secret)) {
		a.Body = bytes.ReplaceAll(a.Body, []byte(t.Secret), []byte("****"))
	}
	a.Header = a.Header.Clone()
	for _, values := range a.Header {
		for i, v := range values {
			values[i] = t.hide(v)
		}
	}
	return a
}

func (t Transport) hide(text string) string {
	if t.Secret == "" {
		return text
	}
	return strings.ReplaceAll(text, t.Secret, "****")
}

// wait adds the moment before which the server does not want to be asked again.
func (t Transport) wait(f *Failure, h http.Header) error {
	if at, ok := RetryAt(h, t.Now()); ok && f.Kind == Retry {
		return &crm.RetryAfter{At: at, Err: f}
	}
	return f
}

// objects tells whether a body is nothing but whole JSON objects, or lists where they may be. Client libraries put what they cannot read into their errors: a customer's text, for all we know.
func objects(body []byte, lists bool) bool {
	d := json.NewDecoder(bytes.NewReader(body))
	for {
		var v json.RawMessage
		if err := d.Decode(&v); errors.Is(err, io.EOF) {
			return true
		} else if err != nil || v[0] != '{' && !(lists && v[0] == '[') {
			return false
		}
	}
}
