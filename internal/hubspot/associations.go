package hubspot

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

const associationLimit = 1000 // inputs of an association batch read

// association is one linked object.
type association struct {
	id      string
	primary bool
}

type wireAssociations struct {
	From struct {
		ID flexString `json:"id"`
	} `json:"from"`
	To []struct {
		ID    flexString `json:"toObjectId"`
		Types []struct {
			Category string     `json:"category"`
			TypeID   flexString `json:"typeId"`
			Label    flexString `json:"label"`
		} `json:"associationTypes"`
	} `json:"to"`
	Paging *wirePaging `json:"paging"`
}

func (c *Client) associationPath(from, to crm.ObjectType, rest string) string {
	return "/crm/associations/" + c.opt.Versions.Associations + "/" + url.PathEscape(string(from)) + "/" + url.PathEscape(string(to)) + "/batch/" + rest
}

// associations reads what every one of ids is linked to, all pages. Lists are ordered: primary first, then by id (HubSpot's order is not stable). Those that could not be
// read, or not to their end, are a partly, beside the others.
func (c *Client) associations(ctx context.Context, from, to crm.ObjectType, ids []string) (map[string][]association, error) {
	found := map[string][]association{}
	pending := make([]wireInput, len(ids))
	for i, id := range ids {
		pending[i].ID = id
	}
	failed := map[string]error{}
	seen := map[wireInput]bool{} // a cursor that comes back would loop for ever
	for len(pending) > 0 {
		n := min(associationLimit, len(pending))
		more, err := c.associationPage(ctx, from, to, pending[:n], found)
		if err = apart(err, failed); err != nil {
			return nil, err
		}
		for _, m := range more {
			if seen[m] {
				return nil, fmt.Errorf("hubspot: associations of %s/%s: the cursor does not move: %w", from, m.ID, crm.ErrTemporary)
			}
			seen[m] = true
		}
		pending = append(pending[n:], more...)
	}
	maps.DeleteFunc(found, func(id string, _ []association) bool { return failed[id] != nil }) // half a list is none
	for id, list := range found {
		slices.SortFunc(list, func(a, b association) int {
			return cmp.Or(cmp.Compare(rank(a.primary), rank(b.primary)), cmp.Compare(len(a.id), len(b.id)), cmp.Compare(a.id, b.id))
		})
		found[id] = slices.CompactFunc(list, func(a, b association) bool { return a.id == b.id })
	}
	return found, together(failed)
}

func rank(primary bool) int {
	if primary {
		return 0
	}
	return 1
}

func (c *Client) associationPage(ctx context.Context, from, to crm.ObjectType, inputs []wireInput, found map[string][]association) ([]wireInput, error) {
	q := call{
		operation: fmt.Sprintf("read %s of %d %s", to, len(inputs), from), method: http.MethodPost, path: c.associationPath(from, to, "read"),
		body: map[string]any{"inputs": inputs}, class: associating,
	}
	var reply wireBatch[wireAssociations]
	if err := c.do(ctx, q, &reply); err != nil {
		return nil, err
	}
	asked := make([]string, len(inputs))
	for i, in := range inputs {
		asked[i] = in.ID
	}
	empty := func(e wireError) bool { return e.subCategory() == "crm.associations.NO_ASSOCIATIONS_FOUND" }
	failed := tied(q, reply.Errors, "fromObjectId", asked, empty, func(id string) bool {
		return slices.ContainsFunc(reply.Results, func(r wireAssociations) bool { return string(r.From.ID) == id })
	})
	var more []wireInput
	for _, r := range reply.Results {
		id := string(r.From.ID)
		for _, t := range r.To {
			a := association{id: string(t.ID)}
			for _, typ := range t.Types {
				a.primary = a.primary || string(typ.Label) == "Primary" || (typ.Category == "HUBSPOT_DEFINED" && string(typ.TypeID) == primaryText(from, to))
			}
			found[id] = append(found[id], a)
		}
		if after := r.Paging.after(); after != "" {
			more = append(more, wireInput{ID: id, After: after})
		}
	}
	return more, together(failed)
}

func primaryText(from, to crm.ObjectType) string {
	if id := PrimaryType(from, to); id != 0 {
		return fmt.Sprint(id)
	}
	return "none"
}

// linkedTypes are the records that objects of type t can be linked to, as far as contextd reads them.
func linkedTypes(t crm.ObjectType) []crm.ObjectType {
	return slices.DeleteFunc(crm.RecordTypes(), func(r crm.ObjectType) bool { return r == t })
}

// linked are the records that an object is linked to. Primary is the id of the company that HubSpot marks, or of the only one.
type linked struct {
	crm.Links
	primary string
}

// links reads the linked records of objects of one type, all or those of some types. Objects whose links could not be read are a partly, beside the others.
func (c *Client) links(ctx context.Context, t crm.ObjectType, ids []string, types ...crm.ObjectType) (map[string]linked, error) {
	out, failed := make(map[string]linked, len(ids)), map[string]error{}
	for _, to := range linkedTypes(t) {
		if len(ids) == 0 || !c.wants(to) || len(types) > 0 && !slices.Contains(types, to) {
			continue
		}
		found, err := c.associations(ctx, t, to, ids)
		if err = apart(err, failed); err != nil {
			return nil, err
		}
		for id, list := range found {
			l := out[id]
			for _, a := range list {
				l.Links = l.Add(crm.Ref{Portal: c.opt.Portal, Type: to, ID: a.id})
			}
			if to == crm.Companies && len(list) > 0 && (list[0].primary || len(list) == 1) {
				l.primary = list[0].id
			}
			out[id] = l
		}
	}
	return out, together(failed)
}

// inlineLinks takes the links out of a list reply. Only where they are incomplete, or where the order of several companies of a record matters, they are read again.
func (c *Client) inlineLinks(ctx context.Context, t crm.ObjectType, objects []wireObject) (map[string]linked, error) {
	out := make(map[string]linked, len(objects))
	var again []string
	for _, o := range objects {
		id := string(o.ID)
		l, complete := c.inline(o)
		if !complete || (t.IsRecord() && len(l.Companies) > 1) {
			again = append(again, id)
			continue
		}
		if len(l.Companies) == 1 {
			l.primary = l.Companies[0].ID
		}
		out[id] = l
	}
	full, err := c.links(ctx, t, again)
	if err != nil {
		return nil, err
	}
	maps.Copy(out, full)
	return out, nil
}

func (c *Client) inline(o wireObject) (l linked, complete bool) {
	complete = true
	for name, page := range o.Associations {
		to, ok := ParseType(name)
		if !ok || !to.IsRecord() || !c.wants(to) {
			continue
		}
		complete = complete && page.Paging.after() == ""
		ids := make([]string, 0, len(page.Results))
		for _, r := range page.Results {
			ids = append(ids, string(r.ID))
		}
		slices.SortFunc(ids, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
		for _, other := range ids { // a pair with several labels stands there several times; Add keeps one
			l.Links = l.Add(crm.Ref{Portal: c.opt.Portal, Type: to, ID: other})
		}
	}
	return l, complete
}
