package hubspot

import (
	"context"
	"fmt"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// ActivitiesOf lists the activities that are associated with any of the records, each once, of the given types (none: all six).
func (c *Client) ActivitiesOf(ctx context.Context, records []crm.Ref, types []crm.ObjectType) ([]crm.Ref, error) {
	ids := map[crm.ObjectType][]string{}
	for _, r := range records {
		if !r.Type.IsRecord() || r.Portal != c.opt.Portal {
			return nil, fmt.Errorf("hubspot: activities of %s: not a record of portal %s: %w", r, c.opt.Portal, crm.ErrInvalid)
		}
		ids[r.Type] = append(ids[r.Type], r.ID)
	}
	var out []crm.Ref
	for _, from := range crm.RecordTypes() {
		if len(ids[from]) == 0 {
			continue
		}
		for _, to := range crm.ActivityTypes() {
			if len(types) > 0 && !slices.Contains(types, to) {
				continue
			}
			found, err := c.associations(ctx, from, to, ids[from])
			if err != nil {
				return nil, err
			}
			for _, list := range found {
				for _, a := range list {
					out = append(out, crm.Ref{Portal: c.opt.Portal, Type: to, ID: a.id})
				}
			}
		}
	}
	slices.SortFunc(out, crm.Ref.Compare)
	return slices.Compact(out), nil
}
