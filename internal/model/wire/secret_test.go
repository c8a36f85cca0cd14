package wire

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

// roundTrip is a server of one answer.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Whatever a server echoes and wherever it would be cut, no part of the key is shown, and names are short.
func TestTheSecretIsHiddenBeforeAnythingIsCut(t *testing.T) {
	const secret = "sk-live-0123456789-abcdefghij"
	for name, body := range map[string]string{
		"across the cut of a message": `{"error":"` + strings.Repeat("x", longestMessage-10) + secret + `"}`,
		"across the cut of a page":    "<p>" + strings.Repeat("x", longestMessage-10) + secret,
		"escaped":                     `{"error":"\u0073` + secret[1:] + `"}`,
	} {
		next := roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 400, Header: http.Header{"X-Request-Id": {secret + strings.Repeat("r", 200)}}, Body: io.NopCloser(strings.NewReader(body))}, nil
		})
		judge := func(a Answer) *Failure {
			return &Failure{Status: a.Status, Message: Body(a.Body), Code: strings.Repeat("c", longestName-10) + secret, RequestID: a.Header.Get("X-Request-Id"), Kind: Refuse}
		}
		c, idle := Transport{Next: next, Judge: judge, Limit: 1 << 20, Secret: secret}.Client()
		defer idle()
		_, err := c.Get("http://model.test/")
		var f *Failure
		if !errors.As(err, &f) {
			t.Fatalf("%s: %v", name, err)
		}
		if strings.Contains(f.Error(), secret[:8]) {
			t.Errorf("%s: %q shows the key's beginning", name, f.Error())
		}
		if most := longestName + len("…"); len(f.Code) > most || len(f.RequestID) > most {
			t.Errorf("%s: code of %d bytes, request of %d", name, len(f.Code), len(f.RequestID))
		}
	}
}
