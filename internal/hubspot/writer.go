package hubspot

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"github.com/contextd/contextd/internal/crm"
)

// Writer is the product's only way to HubSpot's write endpoints; it implements the engine's Writer. It is safe for concurrent use; every method can be repeated.
type Writer struct {
	c *Client

	mu     sync.Mutex
	unique map[crm.ObjectType]bool // whether ai_ctx_key is unique there; absent: not asked yet
}

// NewWriter writes with c's token and quota.
func NewWriter(c *Client) *Writer { return &Writer{c: c, unique: map[crm.ObjectType]bool{}} }

// Current reads one property with its newest change. ByPerson is true for every change that is not known to be our own app's: by hand, workflow, import, or another
// integration.
func (w *Writer) Current(ctx context.Context, target crm.Ref, property string) (crm.Current, error) {
	now, err := w.Standing(ctx, target, []string{property})
	return now[property], err
}

// Standing reads several properties of one object, each as Current does, in one request.
func (w *Writer) Standing(ctx context.Context, target crm.Ref, properties []string) (map[string]crm.Current, error) {
	if err := w.readable(target, properties); err != nil {
		return nil, err
	}
	o, err := w.c.readOne(ctx, target, properties, properties)
	if err != nil {
		return nil, err
	}
	return w.standing(o, properties), nil
}

// Archived is Standing of a note or task in the recycle bin; crm.ErrNotFound when it does not lie there.
func (w *Writer) Archived(ctx context.Context, target crm.Ref, properties []string) (map[string]crm.Current, error) {
	if err := w.readable(target, properties); err != nil {
		return nil, err
	}
	o, err := w.c.readArchived(ctx, target, properties, properties)
	if err != nil {
		return nil, err
	}
	return w.standing(o, properties), nil
}

// readable refuses what may not be read. What is written on notes and tasks of ours is read back whatever else is left out.
func (w *Writer) readable(target crm.Ref, properties []string) error {
	if err := w.owns(target); err != nil {
		return err
	}
	for _, p := range properties {
		own := target.Type.IsActivity() && slices.Contains(ownActivityProperties, p)
		if !isPropertyName(p) || w.c.excluded(p) && !own {
			return fmt.Errorf("read %s.%s: not a property that may be read: %w", target, p, crm.ErrForbidden)
		}
	}
	return nil
}

func (w *Writer) standing(o wireObject, properties []string) map[string]crm.Current {
	out := make(map[string]crm.Current, len(properties))
	for _, p := range properties {
		now := crm.Current{Value: o.text(p)}
		for _, h := range o.History[p] {
			now.Changes = append(now.Changes, crm.PastValue{Value: string(h.Value), At: parseTime(string(h.Timestamp)), ByPerson: !w.ours(h), Source: h.SourceType + ":" + string(h.SourceID)})
		}
		slices.SortStableFunc(now.Changes, func(a, b crm.PastValue) int { return b.At.Compare(a.At) }) // documented newest first; on a tie as it came
		if len(now.Changes) > 0 {
			newest := now.Changes[0]
			now.At, now.ByPerson, now.Source = newest.At, newest.ByPerson, newest.Source
		}
		out[p] = now
	}
	return out
}

func (w *Writer) ours(h wireChange) bool {
	return h.SourceType == appSource && w.c.OwnApp(string(h.SourceID))
}

// SetProperty writes one absolute value: a machine property of a record, or a listed property of a note or task of ours.
func (w *Writer) SetProperty(ctx context.Context, target crm.Ref, property, value string) error {
	if err := w.owns(target); err != nil {
		return err
	}
	if err := writable(target.Type, property); err != nil {
		return err
	}
	if target.Type.IsActivity() {
		if err := w.isOurs(ctx, target); err != nil {
			return err
		}
	}
	return w.patch(ctx, target, map[string]string{property: value})
}

// patch is unexported on purpose: callers have checked the allow-list.
func (w *Writer) patch(ctx context.Context, target crm.Ref, properties map[string]string) error {
	q := call{
		operation: "update " + target.Path(), method: http.MethodPatch, path: w.c.objectPath(target.Type, target.ID),
		body: map[string]any{"properties": properties}, write: true,
	}
	return w.c.do(ctx, q, nil)
}

// isOurs keeps notes and tasks that people wrote out of reach.
func (w *Writer) isOurs(ctx context.Context, target crm.Ref) error {
	o, err := w.c.readOne(ctx, target, []string{keyProperty, "hs_object_source_id"}, nil)
	if err != nil {
		return err
	}
	if o.text(keyProperty) == "" && !byOurApp(o, w.c.OwnApp) {
		return fmt.Errorf("write %s: it is not ours: %w", target, crm.ErrForbidden)
	}
	return nil
}

// owns refuses targets of other portals, unknown types and ids that are no ids.
func (w *Writer) owns(target crm.Ref) error {
	if target.Portal != w.c.opt.Portal {
		return fmt.Errorf("write %s with the client of portal %s: %w", target, w.c.opt.Portal, crm.ErrForbidden)
	}
	if !target.Type.IsRecord() && target.Type != crm.Notes && target.Type != crm.Tasks {
		return fmt.Errorf("write %s: only records, notes and tasks: %w", target, crm.ErrForbidden)
	}
	if !isID(target.ID) {
		return fmt.Errorf("write %s: %q is not an id: %w", target, target.ID, crm.ErrInvalid)
	}
	return nil
}

// UniqueKeys reports whether the portal enforces our key on notes or tasks. Without the property at all, set-up has not run: crm.ErrForbidden.
func (w *Writer) UniqueKeys(ctx context.Context, portal crm.PortalID, t crm.ObjectType) (bool, error) {
	if portal != w.c.opt.Portal {
		return false, fmt.Errorf("ask for keys in portal %s with the client of portal %s: %w", portal, w.c.opt.Portal, crm.ErrForbidden)
	}
	w.mu.Lock()
	unique, known := w.unique[t]
	w.mu.Unlock()
	if known {
		return unique, nil
	}
	var p wireProperty
	q := call{operation: "read the definition of " + string(t) + "." + keyProperty, method: http.MethodGet, path: w.c.propertyPath(t, "/"+url.PathEscape(keyProperty))}
	if err := w.c.do(ctx, q, &p); err != nil {
		if isNotFound(err) {
			return false, fmt.Errorf("portal %s has no property %s.%s, run the set-up first: %w", w.c.opt.Portal, t, keyProperty, crm.ErrForbidden)
		}
		return false, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unique[t] = p.Unique
	return p.Unique, nil
}
