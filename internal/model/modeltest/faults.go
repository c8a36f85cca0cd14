package modeltest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
)

// faults are what every provider's server has been seen to do.
func (p Protocol) faults(t *testing.T) map[string]fault {
	says := func(message string) string { return p.Error(message) }
	good := p.Reply(Good, model.Stop)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a redirect was followed: %s %s", r.Method, r.URL)
	}))
	t.Cleanup(elsewhere.Close)
	out := map[string]fault{
		"400 bad request":    {answer: Answer(400, says("invalid parameter")), kind: crm.ErrInvalid, says: "invalid parameter"},
		"401 wrong key":      {answer: Answer(401, says("incorrect key "+Secret)), kind: crm.ErrForbidden, says: "****"},
		"402 no money":       {answer: Answer(402, says("no credit left")), kind: crm.ErrForbidden, says: "credit"},
		"403 not allowed":    {answer: Answer(403, says("country not supported")), kind: crm.ErrForbidden},
		"404 no model":       {answer: Answer(404, says("model not found")), kind: crm.ErrForbidden, says: "not found"},
		"408 slow request":   {answer: Answer(408, says("timed out")), kind: crm.ErrTemporary},
		"409 conflict":       {answer: Answer(409, says("conflict")), kind: crm.ErrTemporary},
		"413 too large":      {answer: Answer(413, says("request too large")), kind: crm.ErrInvalid},
		"429":                {answer: Answer(429, says("slow down")), kind: crm.ErrTemporary, says: "slow down"},
		"429, seconds":       {answer: Answer(429, says("slow down"), "Retry-After", "42"), kind: crm.ErrTemporary, later: 42 * time.Second},
		"429, milliseconds":  {answer: Answer(429, says("slow down"), "Retry-After-Ms", "42000", "Retry-After", "7"), kind: crm.ErrTemporary, later: 42 * time.Second},
		"429, date":          {answer: Answer(429, says("slow down"), "Retry-After", time.Now().Add(42*time.Second).UTC().Format(http.TimeFormat)), kind: crm.ErrTemporary, later: 42 * time.Second},
		"429, ages":          {answer: Answer(429, says("slow down"), "Retry-After", "1000000000"), kind: crm.ErrTemporary, later: time.Hour},
		"500":                {answer: Answer(500, says("internal error")), kind: crm.ErrTemporary},
		"502 of a gateway":   {answer: Answer(502, "<html>bad gateway</html>"), kind: crm.ErrTemporary, says: "bad gateway"},
		"503 busy":           {answer: Answer(503, says("server busy, please try again"), "Retry-After", "5"), kind: crm.ErrTemporary, later: 5 * time.Second},
		"529 overloaded":     {answer: Answer(529, says("overloaded")), kind: crm.ErrTemporary},
		"error in a 200":     {answer: Answer(200, p.InGood), kind: crm.ErrTemporary},
		"hangs":              {answer: hang, kind: crm.ErrTemporary, quick: true, says: "no answer within"},
		"a byte at a time":   {answer: trickle(good), kind: crm.ErrTemporary, quick: true},
		"hangs up":           {answer: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, kind: crm.ErrTemporary},
		"hangs up half-way":  {answer: cutOff(good), kind: crm.ErrTemporary},
		"cut JSON":           {answer: Answer(200, good[:len(good)/2]), says: "not whole JSON"},
		"a web page":         {answer: Answer(200, "<html>welcome</html>"), says: "not whole JSON"},
		"empty":              {answer: Answer(200, "")},
		"another object":     {answer: Answer(200, `{"hello":"world"}`)},
		"not an object":      {answer: Answer(200, encode([]string{customers})), says: "not whole JSON"},
		"echo of FastAPI":    {answer: Answer(422, encode(map[string]any{"detail": []any{map[string]any{"loc": []any{"body", "seed"}, "msg": "Field required", "input": customers}}})), kind: crm.ErrInvalid, says: "body.seed: Field required"},
		"echo of unknown":    {answer: Answer(400, encode(map[string]any{"request": customers})), kind: crm.ErrInvalid, says: "400"},
		"echo, cut":          {answer: Answer(400, encode(map[string]any{"request": customers})[:50]), kind: crm.ErrInvalid, says: "400"},
		"undecodable echo":   {answer: Answer(200, encode(map[string]any{"body": customers, "choices": 17, "content": 17, "error": 17, "message": 17}))},
		"endless":            {answer: endless, says: "larger than"},
		"elsewhere":          {answer: http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect).ServeHTTP, kind: crm.ErrForbidden, says: "redirects"},
		"cut at the limit":   {answer: Answer(200, p.Reply(`{"points":[`, model.Length)), finish: model.Length},
		"a white space loop": {answer: Answer(200, p.Reply(`{"points":[`+strings.Repeat(" \n", 9000), model.Length)), finish: model.Length},
		"an empty answer":    {answer: Answer(200, p.Reply("", model.Stop)), finish: model.Stop},
	}
	for i, v := range []string{"0", "-5", "soon", "NaN", " "} {
		out[fmt.Sprintf("429, nonsense %d", i)] = fault{answer: Answer(429, says("slow down"), "Retry-After", v), kind: crm.ErrTemporary}
	}
	return out
}

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// trickle sends a good answer so slowly that it never ends.
func trickle(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for i := range len(body) {
			select {
			case <-r.Context().Done():
				return
			case <-tick.C:
			}
			fmt.Fprint(w, body[i:i+1]) // the client leaves some time
			if err := http.NewResponseController(w).Flush(); err != nil {
				return
			}
		}
	}
}

// cutOff promises a whole answer and ends the connection in its middle.
func cutOff(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		fmt.Fprint(w, body[:len(body)/2]) // its other half never comes
		panic(http.ErrAbortHandler)
	}
}

func endless(w http.ResponseWriter, _ *http.Request) {
	chunk := []byte(strings.Repeat(" ", 1<<20))
	for range 50 {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}
