package outside

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"

	"github.com/contextd/contextd/internal/crm"
)

// Options of a source. URL is required; the other zero values are the defaults.
type Options struct {
	URL      string
	Token    string        // sent as a bearer token; "": none
	Timeout  time.Duration // of one question with its answer; 0: 5 s
	MaxBytes int64         // of an answer; 0: 64 KiB
	Private  bool          // the server may stand at a private address, and be asked without TLS
}

// Source is one server. It is safe for concurrent use.
type Source struct {
	opt  Options
	at   *url.URL
	http *http.Client
}

// New checks the options; every problem is crm.ErrInvalid with a sentence.
func New(opt Options) (*Source, error) {
	u, err := url.Parse(opt.URL)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("source %q: want https://host/path: %w", opt.URL, crm.ErrInvalid)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("source at %s: want an address without user, query and fragment: %w", u.Host, crm.ErrInvalid)
	case u.Scheme == "http" && !opt.Private:
		return nil, fmt.Errorf("source at %s: want https; http is for a server in a network of your own, which enrichment.source.private allows: %w", u.Host, crm.ErrInvalid)
	}
	if opt.Timeout <= 0 {
		opt.Timeout = 5 * time.Second
	}
	if opt.MaxBytes <= 0 {
		opt.MaxBytes = 64 << 10
	}
	dialer := &net.Dialer{Timeout: opt.Timeout, Control: local}
	if !opt.Private {
		dialer.Control = ssrf.New(ssrf.WithAnyPort()).Safe // at the address that is dialled: a name may resolve to another one each time
	}
	return &Source{opt: opt, at: u, http: &http.Client{
		Transport:     &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: opt.Timeout, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 32 << 10, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// errLocal is an address where no source stands, in no network: the metadata service of a cloud has one of them.
var errLocal = errors.New("link-local address")

// local refuses those addresses also where private ones are allowed.
func local(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if ip := at.Addr().Unmap(); ip.IsLinkLocalUnicast() || ip.IsMulticast() {
		return errLocal
	}
	return nil
}

// Name is what claims and the audit call the source.
func (s *Source) Name() string { return "http:" + s.at.Host }

// Close ends the idle connections.
func (s *Source) Close() { s.http.CloseIdleConnections() }

// Company asks about one company. crm.ErrNotFound: the source does not know it; crm.ErrTemporary: it did not answer; crm.ErrInvalid: what it answered is refused; crm.ErrForbidden: its
// address, or our token, is.
func (s *Source) Company(ctx context.Context, q crm.OutsideQuestion) (crm.OutsideAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, s.opt.Timeout)
	defer cancel()
	a, err := s.ask(ctx, q)
	if err != nil {
		return a, fmt.Errorf("%s: %w", s.Name(), err)
	}
	return a, nil
}

func (s *Source) ask(ctx context.Context, q crm.OutsideQuestion) (crm.OutsideAnswer, error) {
	at := *s.at
	query := url.Values{}
	for name, value := range map[string]string{"domain": q.Domain, "name": q.Name} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if len(query) == 0 {
		return crm.OutsideAnswer{}, fmt.Errorf("the company has neither a domain nor a name: %w", crm.ErrInvalid)
	}
	at.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return crm.OutsideAnswer{}, fmt.Errorf("%w: %w", err, crm.ErrInvalid)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "contextd")
	if s.opt.Token != "" {
		req.Header.Set("Authorization", "Bearer "+s.opt.Token)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return crm.OutsideAnswer{}, unreached(err)
	}
	defer resp.Body.Close()
	switch c := resp.StatusCode; {
	case c == http.StatusNotFound, c == http.StatusNoContent:
		return crm.OutsideAnswer{}, fmt.Errorf("the company is not known there: %w", crm.ErrNotFound)
	case c == http.StatusUnauthorized, c == http.StatusForbidden:
		return crm.OutsideAnswer{}, fmt.Errorf("status %d: see enrichment.source.token: %w", c, crm.ErrForbidden)
	case c >= 300 && c < 400:
		return crm.OutsideAnswer{}, fmt.Errorf("status %d: redirects are not followed; set enrichment.source.url to where it leads: %w", c, crm.ErrInvalid)
	case c != http.StatusOK:
		return crm.OutsideAnswer{}, fmt.Errorf("status %d: %w", c, crm.ErrTemporary)
	}
	if err := isJSON(resp.Header.Get("Content-Type")); err != nil {
		return crm.OutsideAnswer{}, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, s.opt.MaxBytes+1))
	if err != nil {
		return crm.OutsideAnswer{}, fmt.Errorf("read the answer: %w", unreached(err))
	}
	if int64(len(body)) > s.opt.MaxBytes {
		return crm.OutsideAnswer{}, fmt.Errorf("the answer has more than %d bytes, see enrichment.source.max_bytes: %w", s.opt.MaxBytes, crm.ErrInvalid)
	}
	return parse(s.Name(), body)
}

// isJSON refuses an answer that says it is something else, such as the page of a proxy; one that says nothing is read.
func isJSON(contentType string) error {
	if contentType == "" {
		return nil
	}
	t, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return fmt.Errorf("the answer's Content-Type cannot be read: want application/json: %w", crm.ErrInvalid)
	}
	if t != "application/json" && !strings.HasSuffix(t, "+json") {
		return fmt.Errorf("the answer is %s: want application/json; see whether enrichment.source.url names the interface and not a page: %w", t, crm.ErrInvalid)
	}
	if c := params["charset"]; c != "" && !strings.EqualFold(c, "utf-8") && !strings.EqualFold(c, "us-ascii") {
		return fmt.Errorf("the answer is in %s: want UTF-8: %w", shown(errors.New(c)), crm.ErrInvalid)
	}
	return nil
}

// unreached gives an error of the transport its kind, without the address that was asked: it holds the company's name.
func unreached(err error) error {
	var in *url.Error
	if errors.As(err, &in) {
		err = in.Err
	}
	switch {
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedNetwork):
		return fmt.Errorf("its address is a private one: set enrichment.source.private if that is meant: %w", crm.ErrForbidden)
	case errors.Is(err, errLocal):
		return fmt.Errorf("its address is a link-local one, which enrichment.source.private does not allow: %w", crm.ErrForbidden)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("no answer in time: %w", crm.ErrTemporary)
	}
	return fmt.Errorf("%s: %w", strings.ReplaceAll(err.Error(), "\n", " "), crm.ErrTemporary)
}
