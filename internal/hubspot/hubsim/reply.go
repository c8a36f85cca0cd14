package hubsim

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// reply is one answer: a status, a body to encode (nil: empty) and whether rate-limit headers belong on it.
type reply struct {
	status int
	body   any
	plain  bool // no rate-limit headers, as on search
}

func ok(body any) reply { return reply{status: 200, body: body} }

// errorBody is HubSpot's error shape (error handling guide; all fields optional).
type errorBody struct {
	Status        string              `json:"status,omitempty"`
	Message       string              `json:"message"`
	ErrorType     string              `json:"errorType,omitempty"`
	CorrelationID string              `json:"correlationId,omitempty"`
	Category      string              `json:"category,omitempty"`
	SubCategory   string              `json:"subCategory,omitempty"`
	PolicyName    string              `json:"policyName,omitempty"`
	RequestID     string              `json:"requestId,omitempty"`
	Context       map[string][]string `json:"context,omitempty"`
	Errors        []detail            `json:"errors,omitempty"`
}

type detail struct {
	Message string              `json:"message"`
	Code    string              `json:"code,omitempty"`
	Context map[string][]string `json:"context,omitempty"`
}

func fail(status int, category, message string) reply {
	return reply{status: status, body: &errorBody{Status: "error", Message: message, Category: category}}
}

func failDetail(status int, category, message string, d ...detail) reply {
	return reply{status: status, body: &errorBody{Status: "error", Message: message, Category: category, Errors: d}}
}

func badRequest(format string, args ...any) reply {
	return fail(400, "VALIDATION_ERROR", fmt.Sprintf(format, args...))
}

func notFound(what, id string) reply {
	r := fail(404, "OBJECT_NOT_FOUND", fmt.Sprintf("Object not found.  objectId=%s, objectType=%s", id, what))
	return r
}

// invalidValues is the 400 for refused property values: HubSpot puts a JSON list inside the message, and newer versions add errors[].
func (s *Server) invalidValues(bad []invalid) reply {
	var list []string
	var details []detail
	for _, b := range bad {
		list = append(list, fmt.Sprintf(`{"isValid":false,"message":%q,"error":%q,"name":%q,"localizedErrorMessage":%q,"portalId":%d}`, b.message, b.code, b.name, b.message, s.opt.Portal))
		details = append(details, detail{Message: b.message, Code: b.code, Context: map[string][]string{"propertyName": {b.name}}})
	}
	return failDetail(400, "VALIDATION_ERROR", "Property values were not valid: ["+strings.Join(list, ",")+"]", details...)
}

// multi collects the outcome of a batch.
type multi struct {
	results []any
	errors  []itemError
}

type itemError struct {
	Status      string              `json:"status"`
	Category    string              `json:"category"`
	SubCategory string              `json:"subCategory,omitempty"`
	Message     string              `json:"message"`
	Context     map[string][]string `json:"context"`
	Errors      []detail            `json:"errors,omitempty"`
}

// of turns a single-object failure into one item of a batch's errors.
func of(r reply, context map[string][]string) itemError {
	e := r.body.(*errorBody)
	return itemError{Status: "error", Category: e.Category, SubCategory: e.SubCategory, Message: e.Message, Context: context, Errors: e.Errors}
}

// reply renders the batch: full when nothing failed, else 207 with numErrors and errors.
func (m *multi) reply(full int, at string) reply {
	if m.results == nil {
		m.results = []any{}
	}
	body := map[string]any{"status": "COMPLETE", "results": m.results, "startedAt": at, "completedAt": at}
	if len(m.errors) == 0 {
		return reply{status: full, body: body}
	}
	body["numErrors"], body["errors"] = len(m.errors), m.errors
	return reply{status: 207, body: body}
}

// sortedKeys is never nil, so that an empty list stays a list in JSON.
func sortedKeys[V any](m map[string]V) []string {
	keys := slices.AppendSeq(make([]string, 0, len(m)), maps.Keys(m))
	slices.Sort(keys)
	return keys
}

func ptr[T any](v T) *T { return &v }

func lower(s string) string { return strings.ToLower(s) }

func without[T comparable](list []T, v T) []T {
	return slices.DeleteFunc(slices.Clone(list), func(x T) bool { return x == v })
}

// titled makes a readable label of a name: hs_call_title → Hs call title.
func titled(name string) string {
	s := strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(s[:1]) + s[1:]
}

func parseID(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n > 0
}

// list splits a comma-separated query parameter.
func list(values []string) []string {
	var out []string
	for _, v := range values {
		for p := range strings.SplitSeq(v, ",") {
			if p = strings.TrimSpace(p); p != "" {
				out = append(out, p)
			}
		}
	}
	return out
}

var allTypes = append(crm.RecordTypes(), crm.ActivityTypes()...)
