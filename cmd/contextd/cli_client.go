package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/contextd/contextd/internal/web"
)

// maxAnswer bounds what is read of one answer, in bytes.
const maxAnswer = 64 << 20

// apiClient speaks the HTTP API of a service. base is its address without /api; token is a bearer token.
type apiClient struct {
	http        *http.Client
	base, token string
}

// apiError is an answer that is not a success: RFC 9457, or whatever could be read of it.
type apiError struct {
	status        int
	request       string // "POST /api/v1/runs"
	title, detail string
	kind          string // "configuration": whoever runs the service has to mend a setting
	fields        []fieldError
}

type fieldError struct {
	Location string `json:"location"`
	Message  string `json:"message"`
}

func (e *apiError) Error() string {
	s := e.title
	if e.detail != "" {
		s += ": " + e.detail
	}
	for _, f := range e.fields {
		s += "; " + strings.TrimSpace(f.Location+" "+f.Message)
	}
	return printable(fmt.Sprintf("%s (%d, %s)", strings.ReplaceAll(s, "\n", " "), e.status, e.request))
}

func (e *apiError) exitCode() int {
	if e.kind == web.MisconfiguredKind {
		return exitConfig
	}
	switch e.status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return exitUnreachable
	}
	return exitFailed
}

// unknownHere says what to do when the service does not know a record or activity; other errors pass.
func unknownHere(err error) error {
	if api := (*apiError)(nil); errors.As(err, &api) && api.status == http.StatusNotFound {
		return fmt.Errorf("%w: check the id; what HubSpot has and we do not is read with contextd index", err)
	}
	return err
}

// call is one request to the API. body and into may be nil; etag goes into If-Match.
type call struct {
	method, path string // path below /api/v1, escaped
	query        url.Values
	body         any
	etag         string
}

// do sends the request and decodes the answer into into. It returns the answer's headers and status; any other status than 2xx is an *apiError.
func (c *apiClient) do(ctx context.Context, r call, into any) (http.Header, int, error) {
	req, err := c.request(ctx, r)
	if err != nil {
		return nil, 0, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, 0, c.unreachable(err)
	}
	defer res.Body.Close() // read to its end or given up
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, 0, c.unreachable(err)
	}
	if res.StatusCode/100 != 2 {
		return nil, res.StatusCode, problemOf(r, res.StatusCode, raw)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			return nil, res.StatusCode, fmt.Errorf("the answer to %s %s is not what this version understands: %w", r.method, req.URL.Path, err)
		}
	}
	return res.Header, res.StatusCode, nil
}

func (c *apiClient) request(ctx context.Context, r call) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		raw, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		body = bytes.NewReader(raw)
	}
	address := strings.TrimRight(c.base, "/") + "/api/v1" + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return nil, fmt.Errorf("request %s: %w", address, err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Accept", "application/json, application/problem+json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.etag != "" {
		req.Header.Set("If-Match", r.etag)
	}
	return req, nil
}

// unreachable names the service and what is the matter; a cancelled context stays one.
func (c *apiClient) unreachable(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	cause := err
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		cause = op.Err
	} else if u := (*url.Error)(nil); errors.As(err, &u) {
		cause = u.Err
	}
	return withExit(exitUnreachable, fmt.Errorf("the service does not answer (%w): %s: see that contextd serve is running, then run this again", cause, c.base))
}

func problemOf(r call, status int, raw []byte) error {
	var p struct {
		Title, Detail, Kind string
		Errors              []fieldError
	}
	if json.Unmarshal(raw, &p) != nil || p.Title == "" { // a proxy's page, perhaps
		p.Title = strings.ToLower(http.StatusText(status))
		if p.Title == "" {
			p.Title = "status " + strconv.Itoa(status)
		}
	}
	return &apiError{status: status, request: r.method + " /api/v1" + r.path, title: p.Title, detail: p.Detail, kind: p.Kind, fields: p.Errors}
}

// item is one thing of the API: T is what we read of it, and it encodes as exactly what the service sent, fields that this program does not know included.
type item[T any] struct {
	raw  json.RawMessage
	Read T
}

// UnmarshalJSON keeps the text and reads T.
func (i *item[T]) UnmarshalJSON(b []byte) error {
	i.raw = append(json.RawMessage(nil), b...)
	return json.Unmarshal(b, &i.Read)
}

// MarshalJSON is what the service sent.
func (i item[T]) MarshalJSON() ([]byte, error) { return i.raw, nil }

// page is a list's answer.
type page[T any] struct {
	Items []item[T] `json:"items"`
	Next  *string   `json:"next"`
}

const pageSize = 100

// collect reads a list page by page until limit items or the end (limit 0). Next of the result is the cursor after the last page read.
func collect[T any](ctx context.Context, c *apiClient, path string, query url.Values, limit int) (page[T], error) {
	out := page[T]{Items: []item[T]{}}
	if query == nil {
		query = url.Values{}
	}
	for {
		size := pageSize
		if limit > 0 {
			size = min(size, limit-len(out.Items))
		}
		query.Set("limit", strconv.Itoa(size))
		var p page[T]
		if _, _, err := c.do(ctx, call{method: http.MethodGet, path: path, query: query}, &p); err != nil {
			return out, err
		}
		out.Items, out.Next = append(out.Items, p.Items...), p.Next
		if p.Next == nil || *p.Next == "" || limit > 0 && len(out.Items) >= limit || len(p.Items) == 0 {
			return out, nil
		}
		query.Set("cursor", *p.Next)
	}
}
