package hubspot

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Account is the portal as HubSpot describes it.
type Account struct {
	Portal   crm.PortalID
	Kind     string // accountType, such as STANDARD or DEVELOPER_TEST
	TimeZone string // IANA name
	Currency string // ISO 4217
	Domain   string // host of the portal's pages
}

// Account reads the portal's details. A token of another portal is crm.ErrForbidden: everything else would be read from, or written to, the wrong customer.
func (c *Client) Account(ctx context.Context) (Account, error) {
	var w struct {
		PortalID flexString `json:"portalId"`
		Kind     string     `json:"accountType"`
		Zone     string     `json:"timeZone"`
		Currency string     `json:"companyCurrency"`
		Domain   string     `json:"uiDomain"`
	}
	q := call{operation: "read account", method: http.MethodGet, path: "/account-info/" + c.opt.Versions.Account + "/details"}
	if err := c.do(ctx, q, &w); err != nil {
		return Account{}, err
	}
	portal, err := crm.ParsePortalID(string(w.PortalID))
	if err != nil {
		return Account{}, fmt.Errorf("hubspot: read account: %w", err)
	}
	if portal != c.opt.Portal {
		return Account{}, fmt.Errorf("hubspot: the token belongs to portal %s, configured is %s: %w", portal, c.opt.Portal, crm.ErrForbidden)
	}
	return Account{Portal: portal, Kind: w.Kind, TimeZone: w.Zone, Currency: w.Currency, Domain: w.Domain}, nil
}

// Pipeline is a pipeline of deals or tickets with its stages in order.
type Pipeline struct {
	ID, Label string
	Stages    []Stage
}

// Stage is one step of a pipeline. Probability is 0…1 for deals, negative where HubSpot gives none.
type Stage struct {
	ID, Label   string
	Probability float64
	Closed      bool
}

// Pipelines lists the pipelines of deals or tickets, in HubSpot's order, without archived ones.
func (c *Client) Pipelines(ctx context.Context, t crm.ObjectType) ([]Pipeline, error) {
	var w struct {
		Results []struct {
			ID       flexString `json:"id"`
			Label    string     `json:"label"`
			Archived bool       `json:"archived"`
			Stages   []struct {
				ID       flexString            `json:"id"`
				Label    string                `json:"label"`
				Archived bool                  `json:"archived"`
				Metadata map[string]flexString `json:"metadata"`
			} `json:"stages"`
		} `json:"results"`
	}
	q := call{operation: "read pipelines of " + string(t), method: http.MethodGet, path: "/crm/pipelines/" + c.opt.Versions.Pipelines + "/" + url.PathEscape(string(t))}
	if err := c.do(ctx, q, &w); err != nil {
		return nil, err
	}
	var out []Pipeline
	for _, p := range w.Results {
		if p.Archived {
			continue
		}
		pipeline := Pipeline{ID: string(p.ID), Label: p.Label}
		for _, s := range p.Stages {
			if s.Archived {
				continue
			}
			stage := Stage{ID: string(s.ID), Label: s.Label, Probability: -1, Closed: s.Metadata["isClosed"] == "true" || s.Metadata["ticketState"] == "CLOSED"}
			if f, err := strconv.ParseFloat(string(s.Metadata["probability"]), 64); err == nil {
				stage.Probability = f
			}
			pipeline.Stages = append(pipeline.Stages, stage)
		}
		out = append(out, pipeline)
	}
	return out, nil
}

// Property is the definition of a property as the portal has it.
type Property struct {
	Name      string
	Label     string
	Type      string // string, number, enumeration, bool, date, datetime, …
	FieldType string
	Group     string
	Options   []Choice
	Unique    bool
	Sensitive bool // HubSpot marks its values as sensitive: they are never read
}

// Choice is one value of an enumeration.
type Choice struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

type wireProperty struct {
	Name        string       `json:"name"`
	Label       string       `json:"label"`
	Type        string       `json:"type"`
	FieldType   string       `json:"fieldType"`
	Group       string       `json:"groupName"`
	Description string       `json:"description,omitempty"`
	Options     []wireChoice `json:"options,omitempty"`
	Unique      bool         `json:"hasUniqueValue,omitempty"`
	FormField   bool         `json:"formField"`
	Sensitivity string       `json:"dataSensitivity,omitempty"`
	Calculated  bool         `json:"calculated,omitempty"`

	Modification struct {
		ReadOnlyValue bool `json:"readOnlyValue"`
	} `json:"modificationMetadata,omitzero"`
}

type wireChoice struct {
	Label  string `json:"label"`
	Value  string `json:"value"`
	Order  int    `json:"displayOrder"`
	Hidden bool   `json:"hidden"`
}

func (w wireProperty) property() Property {
	p := Property{Name: w.Name, Label: w.Label, Type: w.Type, FieldType: w.FieldType, Group: w.Group, Unique: w.Unique,
		Sensitive: w.Sensitivity != "" && w.Sensitivity != "non_sensitive"}
	for _, o := range w.Options {
		p.Options = append(p.Options, Choice{Value: o.Value, Label: o.Label})
	}
	return p
}

func (c *Client) propertyPath(t crm.ObjectType, rest string) string {
	return "/crm/properties/" + c.opt.Versions.Properties + "/" + url.PathEscape(string(t)) + rest
}

// Properties lists the definitions of a type, without archived ones.
func (c *Client) Properties(ctx context.Context, t crm.ObjectType) ([]Property, error) {
	wire, err := c.wireProperties(ctx, t)
	if err != nil {
		return nil, err
	}
	out := make([]Property, 0, len(wire))
	for _, w := range wire {
		out = append(out, w.property())
	}
	return out, nil
}

func (c *Client) wireProperties(ctx context.Context, t crm.ObjectType) ([]wireProperty, error) {
	var w struct {
		Results []wireProperty `json:"results"`
	}
	q := call{operation: "read properties of " + string(t), method: http.MethodGet, path: c.propertyPath(t, ""), query: url.Values{"archived": {"false"}}}
	err := c.do(ctx, q, &w)
	return w.Results, err
}

// Owner is a user of the portal who can own records. ID is what hubspot_owner_id holds; it is not the user id.
type Owner struct {
	ID, UserID, Email, Name string
	Archived                bool
}

// Owners lists all owners, also archived ones: old activities name them.
func (c *Client) Owners(ctx context.Context) ([]Owner, error) {
	var out []Owner
	for _, archived := range []string{"false", "true"} {
		for after := ""; ; {
			var w struct {
				Results []struct {
					ID        flexString `json:"id"`
					UserID    flexString `json:"userId"`
					Inactive  flexString `json:"userIdIncludingInactive"`
					Email     string     `json:"email"`
					FirstName string     `json:"firstName"`
					LastName  string     `json:"lastName"`
				} `json:"results"`
				Paging *wirePaging `json:"paging"`
			}
			query := url.Values{"limit": {"100"}, "archived": {archived}}
			if after != "" {
				query.Set("after", after)
			}
			if err := c.do(ctx, call{operation: "read owners", method: http.MethodGet, path: "/crm/owners/" + c.opt.Versions.Owners, query: query}, &w); err != nil {
				return nil, err
			}
			for _, o := range w.Results {
				user := string(o.UserID)
				if user == "" {
					user = string(o.Inactive)
				}
				out = append(out, Owner{ID: string(o.ID), UserID: user, Email: o.Email, Name: fullName(o.FirstName, o.LastName), Archived: archived == "true"})
			}
			next := w.Paging.after()
			if next == "" {
				break
			}
			if next == after {
				return nil, fmt.Errorf("hubspot: read owners: the cursor does not move: %w", crm.ErrTemporary)
			}
			after = next
		}
	}
	return out, nil
}

type ownerCache struct {
	byID, byEmail map[string]Owner
	read          time.Time
}

const ownersLast = 10 * time.Minute

// knownOwners are the owners, read again after ten minutes, or after one when an id is asked for that they lack.
func (c *Client) knownOwners(ctx context.Context, ids []string) (ownerCache, error) {
	c.mu.Lock()
	cache := c.owners
	c.mu.Unlock()
	age := time.Since(cache.read)
	fresh := cache.byID != nil && age < ownersLast
	for _, id := range ids {
		if _, ok := cache.byID[id]; !ok && age > time.Minute {
			fresh = false
		}
	}
	if fresh {
		return cache, nil
	}
	list, err := c.Owners(ctx)
	if err != nil {
		return ownerCache{}, err
	}
	cache = ownerCache{byID: map[string]Owner{}, byEmail: map[string]Owner{}, read: time.Now()}
	for _, o := range list {
		cache.byID[o.ID] = o
		if o.Email != "" {
			cache.byEmail[lowerEmail(o.Email)] = o
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.owners = cache
	return cache, nil
}
