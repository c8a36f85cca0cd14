package hubsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
)

var versionSegment = regexp.MustCompile(`^(20\d\d-(0[1-9]|1[0-2])|v3)$`)

// call is one API request on its way through a handler. Handlers run under Server.mu.
type call struct {
	*http.Request
	body  []byte
	typ   crm.ObjectType // of {type}, or of {from}
	to    crm.ObjectType // of {to}
	actor actor
}

// decode reads the JSON body; numbers keep their digits.
func (c *call) decode(v any) *reply {
	dec := json.NewDecoder(bytes.NewReader(c.body))
	dec.UseNumber()
	if err := dec.Decode(v); err != nil {
		r := badRequest("Invalid input JSON on line 1, column 1: %s", err)
		return &r
	}
	return nil
}

// need names the access that a route asks for.
type need int

const (
	anyone need = iota // a valid token is enough
	reading
	writing
	schema // property and label definitions
	reader // read access to definitions
	owners
	scripts // call transcripts
	scriptsWrite
)

// api adds one route of HubSpot's API: version, token, types, scope and limits are checked before the handler runs.
func (s *Server) api(mux *http.ServeMux, pattern string, n need, h func(*call) reply) {
	search := strings.HasSuffix(pattern, "/search")
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 32<<20))
		if err != nil {
			http.Error(w, "body: "+err.Error(), http.StatusRequestEntityTooLarge)
			return
		}
		c := &call{Request: r, body: body}
		s.mu.Lock()
		rep := s.admit(c, n, search)
		if rep.status == 0 {
			rep = h(c)
		}
		s.stampHeaders(w.Header(), &rep, search)
		s.mu.Unlock()
		write(w, rep)
	})
}

// admit answers with a refusal, or with the zero reply when the call may go on.
func (s *Server) admit(c *call, n need, search bool) reply {
	if v := c.PathValue("ver"); v != "" && !versionSegment.MatchString(v) {
		return fail(404, "", "resource not found")
	}
	if len(c.RequestURI) > 8_000 {
		return fail(414, "", "URI Too Long")
	}
	if !s.knows(c.Header.Get("Authorization")) {
		return fail(401, "INVALID_AUTHENTICATION", "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview")
	}
	for name, dst := range map[string]*crm.ObjectType{"type": &c.typ, "from": &c.typ, "to": &c.to} {
		if v := c.PathValue(name); v != "" {
			t, known := hubspot.ParseType(v)
			if !known {
				return badRequest("Unable to infer object type from: %s", v)
			}
			*dst = t
		}
	}
	if missing := s.missingScopes(c, n); len(missing) > 0 {
		msg := "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: https://developers.hubspot.com/scopes."
		return failDetail(403, "MISSING_SCOPES", msg, detail{Message: "One or more of the following scopes are required.", Context: map[string][]string{"requiredGranularScopes": missing}})
	}
	if policy := s.limits.take(s.elapsed(), search); policy != "" {
		return s.limited(policy)
	}
	c.actor = s.app()
	return reply{}
}

func (s *Server) limited(policy string) reply {
	return reply{status: 429, body: &errorBody{Status: "error", Message: "You have reached your " + lower(policy) + " limit.", ErrorType: "RATE_LIMIT", PolicyName: policy, RequestID: s.nextCorrelation()}}
}

// knows accepts the app's static token and unexpired tokens of the OAuth endpoint.
func (s *Server) knows(authorization string) bool {
	token, found := strings.CutPrefix(authorization, "Bearer ")
	if !found {
		return false
	}
	if token == s.opt.Token {
		return true
	}
	expiry, known := s.tokens[token]
	return known && s.elapsed().Before(expiry)
}

// missingScopes are the scopes that the call needs and the app lacks (hubspot.md §1.3).
func (s *Server) missingScopes(c *call, n need) []string {
	if s.opt.Scopes == nil {
		return nil
	}
	var want []string
	access := "read"
	if n == writing || n == schema {
		access = "write"
	}
	for _, t := range []crm.ObjectType{c.typ, c.to} {
		switch {
		case t == "" || n == anyone:
		case n == schema && t.IsRecord() && t != crm.Tickets:
			want = append(want, "crm.schemas."+string(t)+".write")
		case n == schema && t.IsActivity():
			want = append(want, "crm.schemas.contacts.write")
		case t == crm.Tickets:
			want = append(want, "tickets")
		case t.IsActivity():
			want = append(want, "crm.objects.contacts."+access)
		default:
			want = append(want, "crm.objects."+string(t)+"."+access)
		}
	}
	switch n {
	case owners:
		want = append(want, "crm.objects.owners.read")
	case scripts:
		want = append(want, "crm.extensions_calling_transcripts.read")
	case scriptsWrite:
		want = append(want, "crm.extensions_calling_transcripts.write")
	}
	return slices.DeleteFunc(want, func(sc string) bool { return slices.Contains(s.opt.Scopes, sc) })
}

func (s *Server) granted(scope string) bool {
	return s.opt.Scopes == nil || slices.Contains(s.opt.Scopes, scope)
}

func (s *Server) nextCorrelation() string {
	s.correlation++
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", s.correlation)
}

// stampHeaders adds the correlation id, which error bodies repeat, and the rate-limit headers, which search lacks.
func (s *Server) stampHeaders(h http.Header, rep *reply, search bool) {
	id := s.nextCorrelation()
	h.Set("X-HubSpot-Correlation-Id", id)
	if e, isError := rep.body.(*errorBody); isError {
		e.CorrelationID = id
	}
	if search || rep.plain {
		return
	}
	for k, v := range s.limits.headers(s.elapsed()) {
		h.Set("X-HubSpot-RateLimit-"+k, strconv.Itoa(v))
	}
}

func write(w http.ResponseWriter, rep reply) {
	if rep.body == nil {
		w.WriteHeader(rep.status)
		return
	}
	raw, err := json.Marshal(rep.body)
	if err != nil {
		http.Error(w, "encode: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
	w.WriteHeader(rep.status)
	_, _ = w.Write(raw) // the client is gone: nothing to tell it
}
