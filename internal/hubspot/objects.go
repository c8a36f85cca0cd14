package hubspot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

const (
	batchLimit   = 100 // inputs of a batch read, and objects of a list page
	historyLimit = 50  // the same when histories are asked for
)

type wireInput struct {
	ID    string `json:"id"`
	After string `json:"after,omitempty"`
}

// wireBatch is the reply of every batch call: errors can stand beside results under any 2xx.
type wireBatch[T any] struct {
	Results []T         `json:"results"`
	Errors  []wireError `json:"errors"`
}

func (c *Client) objectPath(t crm.ObjectType, rest ...string) string {
	path := "/crm/objects/" + c.opt.Versions.Objects + "/" + url.PathEscape(string(t))
	for _, r := range rest {
		path += "/" + url.PathEscape(r)
	}
	return path
}

// batchRead reads objects by id. Ids that HubSpot does not know, or knows as archived, are left out. Those that it could not answer are a partly, beside the others.
func (c *Client) batchRead(ctx context.Context, t crm.ObjectType, ids, properties, history []string) ([]wireObject, error) {
	size := batchLimit
	if len(history) > 0 {
		size = historyLimit
	}
	var out []wireObject
	failed := map[string]error{}
	for len(ids) > 0 {
		n := min(size, len(ids))
		got, err := c.batchReadOnce(ctx, t, ids[:n], "", properties, history)
		if errors.Is(err, errTooLarge) && n > 1 {
			size = n / 2 // bodies of mails can be huge
			continue
		}
		if err = apart(err, failed); err != nil {
			return nil, err
		}
		out = append(out, got...)
		ids = ids[n:]
	}
	return out, together(failed)
}

// batchReadOnce reads up to 100 objects by id, or by the unique property key.
func (c *Client) batchReadOnce(ctx context.Context, t crm.ObjectType, ids []string, key string, properties, history []string) ([]wireObject, error) {
	inputs := make([]wireInput, len(ids))
	asked := make(map[string]bool, len(ids))
	for i, id := range ids {
		inputs[i].ID = id
		asked[id] = true
	}
	body := map[string]any{"inputs": inputs, "properties": orEmpty(properties), "propertiesWithHistory": orEmpty(history)} // all three are required
	if key != "" {
		body["idProperty"] = key
	}
	q := call{operation: fmt.Sprintf("read %d %s", len(ids), t), method: http.MethodPost, path: c.objectPath(t, "batch", "read"), body: body}
	var reply wireBatch[wireObject]
	if err := c.do(ctx, q, &reply); err != nil {
		return nil, err
	}
	failed := tied(q, reply.Errors, "ids", ids, func(e wireError) bool { return e.Category == "OBJECT_NOT_FOUND" }, func(id string) bool {
		return slices.ContainsFunc(reply.Results, func(o wireObject) bool { return string(o.ID) == id || key != "" && o.text(key) == id })
	})
	var out []wireObject
	for _, o := range reply.Results {
		// a merged id may be answered with the record that it went into: not what was asked for
		if o.Archived || (key == "" && !asked[string(o.ID)]) {
			continue
		}
		out = append(out, o)
	}
	return out, together(failed)
}

// readOne reads one object; merged ids lead to the surviving record here.
func (c *Client) readOne(ctx context.Context, ref crm.Ref, properties, history []string) (wireObject, error) {
	return c.readAs(ctx, ref, properties, history, false)
}

// readArchived reads one object in the recycle bin; crm.ErrNotFound when it does not lie there.
func (c *Client) readArchived(ctx context.Context, ref crm.Ref, properties, history []string) (wireObject, error) {
	return c.readAs(ctx, ref, properties, history, true)
}

func (c *Client) readAs(ctx context.Context, ref crm.Ref, properties, history []string, archived bool) (wireObject, error) {
	query := url.Values{"properties": {strings.Join(properties, ",")}}
	if len(history) > 0 {
		query.Set("propertiesWithHistory", strings.Join(history, ","))
	}
	if archived {
		query.Set("archived", "true")
	}
	var o wireObject
	err := c.do(ctx, call{operation: "read " + ref.Path(), method: http.MethodGet, path: c.objectPath(ref.Type, ref.ID), query: query}, &o)
	if err == nil && o.Archived != archived {
		err = fmt.Errorf("hubspot: read %s: archived %v: %w", ref.Path(), o.Archived, crm.ErrNotFound)
	}
	return o, err
}

// listPage reads one page of all objects of a type, with the first page of their associations.
func (c *Client) listPage(ctx context.Context, t crm.ObjectType, after string, limit int, properties, history []string, linked []crm.ObjectType) ([]wireObject, string, error) {
	query := url.Values{"limit": {strconv.Itoa(limit)}, "properties": {strings.Join(properties, ",")}}
	if len(history) > 0 {
		query.Set("propertiesWithHistory", strings.Join(history, ","))
	}
	if after != "" {
		query.Set("after", after)
	}
	var names []string
	for _, l := range linked {
		names = append(names, string(l))
	}
	if len(names) > 0 {
		query.Set("associations", strings.Join(names, ","))
	}
	var reply struct {
		Results []wireObject `json:"results"`
		Paging  *wirePaging  `json:"paging"`
	}
	q := call{operation: "list " + string(t), method: http.MethodGet, path: c.objectPath(t), query: query}
	if err := c.do(ctx, q, &reply); err != nil {
		if errors.Is(err, errTooLarge) && limit > 1 {
			return c.listPage(ctx, t, after, limit/2, properties, history, linked)
		}
		return nil, "", err
	}
	next := reply.Paging.after()
	if next != "" && next == after {
		return nil, "", fmt.Errorf("hubspot: %s: the cursor %q does not move: %w", q.operation, next, crm.ErrTemporary)
	}
	return reply.Results, next, nil
}

// partialError is an error inside a success, judged by its category as there is no status of its own.
func partialError(q call, w wireError) error {
	e := w.apiError(q.operation, http.StatusMultiStatus)
	switch w.Category {
	case "VALIDATION_ERROR":
		e.kind = crm.ErrInvalid
	case "OBJECT_NOT_FOUND":
		e.kind = crm.ErrNotFound
	case "CONFLICT", "OBJECT_ALREADY_EXISTS":
		e.kind = crm.ErrConflict
	case "MISSING_SCOPES", "INVALID_AUTHENTICATION", "BANNED":
		e.kind = crm.ErrForbidden
	case "RATE_LIMITS":
		e.kind = crm.ErrTemporary
	default:
		e.kind = crm.ErrTemporary
		if q.write {
			e.kind = crm.ErrUnknown
		}
	}
	return e
}

func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
