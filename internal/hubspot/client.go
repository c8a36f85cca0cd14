package hubspot

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Versions are the version segments of HubSpot's paths, per family: date versions do not exist for every family at the same time. Empty fields take the defaults:
// 2026-03 for associations, 2026-09 for the others ("API versioning").
type Versions struct {
	Objects, Associations, Properties, Owners, Pipelines, Account, Transcripts string
}

// Options configure a Client. Portal and Token are required.
type Options struct {
	Portal    crm.PortalID
	Token     string
	BaseURL   string // "": https://api.hubapi.com
	AppID     string // our own app's id; recognises what we wrote ourselves. "": only our keys do, until the app is recognised by a write
	UserAgent string // "": contextd
	Versions  Versions
	Transport http.RoundTripper // nil: net/http's defaults
	Timeout   time.Duration     // of one request, from sending to the last byte; 0: 10 s
	Zone      *time.Location    // the portal's time zone: its daily quota starts anew at midnight there; nil: UTC

	Rate   int // requests per rolling ten seconds; 0: 80 % of what HubSpot allows (190 until it says otherwise); negative: no limit
	Search int // searches per second; 0: 4; negative: no limit

	Objects           []crm.ObjectType            // what may be read at all; empty: every type. The others count as gone
	ExcludeProperties []string                    // never asked for
	Properties        map[crm.ObjectType][]string // asked for beside the usual ones, unless HubSpot calls them sensitive
	Histories         map[crm.ObjectType][]string // of records, likewise, with their earlier values
	SkipWhen          string                      // a property of records: where it is set (and not "false"), the record and every activity on it count as gone
}

// Client reads one portal. It is safe for concurrent use and should live as long as the process: it owns the portal's quota.
type Client struct {
	opt    Options
	base   string
	http   *http.Client
	ledger *ledger

	mu       sync.Mutex
	owners   ownerCache
	contacts map[string]cachedPerson
	skipped  map[crm.Ref]cachedSkip
	sensible map[crm.ObjectType]cachedNames
	refused  map[string]bool // optional scopes that HubSpot refused
	apps     map[string]bool // recognised as our own
}

// New checks the options; every problem is crm.ErrInvalid with a sentence.
func New(opt Options) (*Client, error) {
	if opt.Portal <= 0 {
		return nil, fmt.Errorf("hubspot client: portal id is missing: %w", crm.ErrInvalid)
	}
	if opt.Token == "" || strings.ContainsAny(opt.Token, " \t\r\n") {
		return nil, fmt.Errorf("hubspot client for portal %s: the token is missing or has blanks in it: %w", opt.Portal, crm.ErrInvalid)
	}
	if opt.BaseURL == "" {
		opt.BaseURL = "https://api.hubapi.com"
	}
	u, err := url.Parse(opt.BaseURL)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("hubspot base url %q: want http(s)://host without query or user: %w", opt.BaseURL, crm.ErrInvalid)
	}
	for _, t := range opt.Objects {
		if _, err := crm.ParseObjectType(string(t)); err != nil {
			return nil, err
		}
	}
	opt.defaults()
	return &Client{
		opt: opt, base: strings.TrimSuffix(opt.BaseURL, "/"), ledger: newLedger(opt.Rate, opt.Search),
		http: &http.Client{
			Transport: opt.Transport,
			// a redirect would carry the token elsewhere, or repeat a write
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		contacts: map[string]cachedPerson{}, skipped: map[crm.Ref]cachedSkip{}, sensible: map[crm.ObjectType]cachedNames{}, refused: map[string]bool{}, apps: map[string]bool{},
	}, nil
}

func (o *Options) defaults() {
	for _, v := range []*string{&o.Versions.Objects, &o.Versions.Properties, &o.Versions.Owners, &o.Versions.Pipelines, &o.Versions.Account, &o.Versions.Transcripts} {
		if *v == "" {
			*v = "2026-09"
		}
	}
	if o.Versions.Associations == "" {
		o.Versions.Associations = "2026-03"
	}
	if o.UserAgent == "" {
		o.UserAgent = "contextd"
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Transport == nil {
		o.Transport = &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 16, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 5 * time.Second}
	}
}

// Portal is the portal that the client speaks for.
func (c *Client) Portal() crm.PortalID { return c.opt.Portal }

// wants reports whether objects of type t may be read.
func (c *Client) wants(t crm.ObjectType) bool {
	return len(c.opt.Objects) == 0 || slices.Contains(c.opt.Objects, t)
}

// byType groups refs, refusing those of another portal, and leaves out types that are not wanted. Ids keep their order, without repeats.
func (c *Client) byType(refs []crm.Ref, ok func(crm.ObjectType) bool) (map[crm.ObjectType][]string, error) {
	out := map[crm.ObjectType][]string{}
	seen := map[crm.Ref]bool{}
	for _, r := range refs {
		if r.Portal != c.opt.Portal {
			return nil, fmt.Errorf("read %s with the client of portal %s: %w", r, c.opt.Portal, crm.ErrInvalid)
		}
		if !ok(r.Type) {
			return nil, fmt.Errorf("read %s: wrong kind of object: %w", r, crm.ErrInvalid)
		}
		if !seen[r] && c.wants(r.Type) {
			seen[r] = true
			out[r.Type] = append(out[r.Type], r.ID)
		}
	}
	return out, nil
}

// Refused lists the optional scopes that HubSpot has refused so far: what they cover is read as empty.
func (c *Client) Refused() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for scope := range c.refused {
		out = append(out, scope)
	}
	slices.Sort(out)
	return out
}
