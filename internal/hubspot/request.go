package hubspot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

const maxResponse = 32 << 20

// correlationHeader names the request, in HubSpot's log too.
const correlationHeader = "X-HubSpot-Correlation-Id"

// errTooLarge is a reply beyond maxResponse; readers ask for less and try again.
var errTooLarge = errors.New("reply is larger than 32 MiB")

// call is one request. Operation names it in errors.
type call struct {
	operation string
	method    string
	path      string
	query     url.Values
	body      any // JSON; nil: none
	write     bool
	class     class
}

// do sends one request within the quota and decodes a 2xx reply into out (nil: ignored). It never repeats a request.
func (c *Client) do(ctx context.Context, q call, out any) error {
	done, err := c.ledger.acquire(ctx, q.class)
	if err != nil {
		return fmt.Errorf("%s: %w", q.operation, err)
	}
	sent := false
	defer func() { done(sent) }()
	ctx, cancel := context.WithTimeout(ctx, c.opt.Timeout)
	defer cancel()
	// With a connection in hand, bytes may be on their way whatever Do says. A transport that does not tell is believed to have sent.
	var asked, got atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GetConn: func(string) { asked.Store(true) }, GotConn: func(httptrace.GotConnInfo) { got.Store(true) }})
	req, err := c.request(ctx, q)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return q.broken(false, err)
	}
	start := time.Now()
	resp, err := c.http.Do(req)
	sent = got.Load() || !asked.Load()
	if err != nil {
		return q.broken(sent, err)
	}
	defer func() { _ = resp.Body.Close() }() // everything of use has been read by then
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse+1))
	if err != nil {
		return q.broken(true, err)
	}
	crm.NoteRequest(ctx, resp.Header.Get(correlationHeader), q.write)
	if q.class != searching {
		c.ledger.learn(resp.Header, start, c.opt.Zone)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return c.refusal(q, resp, body)
	}
	if len(body) > maxResponse {
		return q.lost(errTooLarge)
	}
	if out == nil || len(body) == 0 && resp.StatusCode == http.StatusNoContent {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return q.lost(fmt.Errorf("reply: %w", err))
	}
	return nil
}

func (c *Client) request(ctx context.Context, q call) (*http.Request, error) {
	u := c.base + q.path
	if len(q.query) > 0 {
		u += "?" + q.query.Encode()
	}
	var body io.Reader
	if q.body != nil {
		raw, err := json.Marshal(q.body)
		if err != nil {
			return nil, fmt.Errorf("hubspot: %s: request: %w: %w", q.operation, err, crm.ErrInvalid)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, q.method, u, body)
	if err != nil {
		return nil, fmt.Errorf("hubspot: %s: request: %w: %w", q.operation, err, crm.ErrInvalid)
	}
	req.Header.Set("Authorization", "Bearer "+c.opt.Token)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.opt.UserAgent)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// broken is a request without a whole reply. A write that had begun to leave may have been applied.
func (q call) broken(sent bool, err error) error {
	kind := crm.ErrTemporary
	if q.write && sent {
		kind = crm.ErrUnknown
	}
	return fmt.Errorf("hubspot: %s: %w: %w", q.operation, err, kind)
}

// lost is a success whose reply cannot be used: a write was applied, but what became of it must be read back.
func (q call) lost(err error) error {
	switch {
	case q.write:
		return fmt.Errorf("hubspot: %s: %w: %w", q.operation, err, crm.ErrUnknown)
	case errors.Is(err, errTooLarge):
		return fmt.Errorf("hubspot: %s: %w: %w", q.operation, err, crm.ErrInvalid)
	}
	return fmt.Errorf("hubspot: %s: %w: %w", q.operation, err, crm.ErrTemporary)
}

// refusal turns a reply other than 2xx into an error and keeps silent for as long as HubSpot asks.
func (c *Client) refusal(q call, resp *http.Response, body []byte) error {
	e := newAPIError(q.operation, resp.StatusCode, resp.Header, body[:min(len(body), 1<<20)], q.write)
	now := time.Now()
	pause := pauseFor(e.Status, e.Policy, resp.Header.Get("Retry-After"), now, c.opt.Zone)
	if pause <= 0 {
		return e
	}
	switch {
	case e.Status == http.StatusLocked: // that record only
	case e.Policy == "SECONDLY" && q.class == searching:
		c.ledger.silence(searching, pause, e.Error())
	default:
		c.ledger.silence(plain, pause, e.Error())
	}
	if errors.Is(e, crm.ErrTemporary) {
		return &crm.RetryAfter{At: now.Add(pause), Err: e}
	}
	return e
}
