package hubspot

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Page is one page of everything of a type: activities, or records with their memberships. Next is "" after the last page.
type Page struct {
	Activities  []crm.Activity
	Records     []crm.Record
	Memberships []crm.Membership
	Next        string
}

// List reads one page of all objects of a type for a backfill; "" starts, limit 0 is as many as HubSpot allows (100; 50 records, because of their history). There is
// no end at 10,000 as with search.
func (c *Client) List(ctx context.Context, t crm.ObjectType, after string, limit int) (Page, error) {
	if !t.IsActivity() && !t.IsRecord() {
		return Page{}, fmt.Errorf("list %q: unknown type: %w", t, crm.ErrInvalid)
	}
	if !c.wants(t) {
		return Page{}, nil
	}
	var names, history []string
	var err error
	most := batchLimit
	if t.IsRecord() {
		names, history, err = c.recordNames(ctx, t)
	} else {
		names, err = c.names(ctx, t)
	}
	if err != nil {
		return Page{}, err
	}
	if len(history) > 0 {
		most = historyLimit
	}
	if limit <= 0 || limit > most {
		limit = most
	}
	wanted := slices.DeleteFunc(linkedTypes(t), func(to crm.ObjectType) bool { return !c.wants(to) })
	objects, next, err := c.listPage(ctx, t, after, limit, names, history, wanted)
	if err != nil {
		return Page{}, err
	}
	objects = slices.DeleteFunc(objects, func(o wireObject) bool { return o.Archived })
	links, err := c.inlineLinks(ctx, t, objects)
	if err != nil {
		return Page{}, err
	}
	page := Page{Next: next}
	if t.IsRecord() {
		page.Records, page.Memberships = c.records(t, objects, links)
		return page, nil
	}
	page.Activities, err = c.activities(ctx, t, objects, links)
	return page, err
}

// Listed is an object that exists, or existed, and when it last changed.
type Listed struct {
	Ref      crm.Ref
	Modified time.Time
}

// ListRefs reads one page of references and nothing else: of what exists, or of what was archived within HubSpot's 90 days. A reconciliation compares them.
func (c *Client) ListRefs(ctx context.Context, t crm.ObjectType, archived bool, after string) (page []Listed, next string, err error) {
	modified := modifiedName(t)
	query := url.Values{"limit": {strconv.Itoa(batchLimit)}, "properties": {modified}, "archived": {strconv.FormatBool(archived)}}
	if after != "" {
		query.Set("after", after)
	}
	var reply struct {
		Results []wireObject `json:"results"`
		Paging  *wirePaging  `json:"paging"`
	}
	if err := c.do(ctx, call{operation: "list references of " + string(t), method: http.MethodGet, path: c.objectPath(t), query: query}, &reply); err != nil {
		return nil, "", err
	}
	for _, o := range reply.Results {
		page = append(page, Listed{Ref: crm.Ref{Portal: c.opt.Portal, Type: t, ID: string(o.ID)}, Modified: firstTime(o.text(modified), string(o.UpdatedAt))})
	}
	if next = reply.Paging.after(); next != "" && next == after {
		return nil, "", fmt.Errorf("hubspot: list references of %s: the cursor does not move: %w", t, crm.ErrTemporary)
	}
	return page, next, nil
}

// modifiedName is the property that says when an object last changed: contacts have one of their own, and searching them by the other finds nothing.
func modifiedName(t crm.ObjectType) string {
	if t == crm.Contacts {
		return "lastmodifieddate"
	}
	return "hs_lastmodifieddate"
}
