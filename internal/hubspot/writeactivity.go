package hubspot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

func isNotFound(err error) bool { return errors.Is(err, crm.ErrNotFound) }

// UpsertActivity makes a note or task of ours with this key say exactly this and sit on these records. Where the portal enforces unique keys, HubSpot itself keeps a
// second one from existing; elsewhere the linked records are searched first, so callers must have waited out an earlier request of unknown outcome. Links to records
// that are gone are left out as long as one remains. Without properties, what is there is only linked; crm.ErrTemporary when it is not there any more.
func (w *Writer) UpsertActivity(ctx context.Context, portal crm.PortalID, typ crm.ObjectType, key string, properties map[string]string, links []crm.Ref) (crm.Ref, error) {
	if err := w.checkActivity(portal, typ, key, links); err != nil {
		return crm.Ref{}, err
	}
	values := map[string]string{keyProperty: key}
	for name, value := range properties {
		if err := writable(typ, name); err != nil {
			return crm.Ref{}, err
		}
		if name == keyProperty && value != key {
			return crm.Ref{}, fmt.Errorf("write %s: two keys, %q and %q: %w", typ, key, value, crm.ErrInvalid)
		}
		values[name] = value
	}
	unique, err := w.UniqueKeys(ctx, portal, typ)
	if err != nil {
		return crm.Ref{}, err
	}
	if len(properties) == 0 {
		return w.relink(ctx, typ, key, links, unique)
	}
	if unique {
		ref, err := w.upsert(ctx, typ, key, values)
		if err != nil {
			return crm.Ref{}, err
		}
		return ref, w.link(ctx, ref, links)
	}
	ref, _, err := w.findNear(ctx, typ, key, links)
	switch {
	case isNotFound(err):
		return w.create(ctx, typ, values, links)
	case err != nil:
		return crm.Ref{}, err
	}
	if err := w.patch(ctx, ref, values); err != nil {
		return crm.Ref{}, err
	}
	return ref, w.link(ctx, ref, links)
}

// relink completes a write whose reply, or whose second half, was lost, without writing the same text again.
func (w *Writer) relink(ctx context.Context, typ crm.ObjectType, key string, links []crm.Ref, unique bool) (crm.Ref, error) {
	find := w.findNear
	if unique {
		find = w.findByKey
	}
	ref, _, err := find(ctx, typ, key, links)
	if isNotFound(err) {
		return crm.Ref{}, fmt.Errorf("link one of %s by key %s: it has gone meanwhile: %w", typ, key, crm.ErrTemporary)
	}
	if err != nil {
		return crm.Ref{}, err
	}
	has, err := w.c.links(ctx, typ, []string{ref.ID}, typesOf(links)...)
	if err != nil {
		return crm.Ref{}, err
	}
	there := has[ref.ID].All()
	missing := slices.DeleteFunc(slices.Clone(links), func(l crm.Ref) bool { return slices.Contains(there, l) })
	if err := w.link(ctx, ref, missing); err != nil && !(isNotFound(err) && len(missing) < len(links)) {
		return crm.Ref{}, err
	}
	return ref, nil
}

func (w *Writer) checkActivity(portal crm.PortalID, typ crm.ObjectType, key string, links []crm.Ref) error {
	if typ != crm.Notes && typ != crm.Tasks {
		return fmt.Errorf("write %s: only notes and tasks: %w", typ, crm.ErrForbidden)
	}
	if portal != w.c.opt.Portal {
		return fmt.Errorf("write %s in portal %s with the client of portal %s: %w", typ, portal, w.c.opt.Portal, crm.ErrForbidden)
	}
	if key == "" || len(links) == 0 {
		return fmt.Errorf("write %s: it needs a key and a record to sit on: %w", typ, crm.ErrInvalid)
	}
	for _, l := range links {
		if l.Portal != portal || !l.Type.IsRecord() || !isID(l.ID) {
			return fmt.Errorf("write %s on %s: not a record of portal %s: %w", typ, l, portal, crm.ErrForbidden)
		}
	}
	return nil
}

func (w *Writer) upsert(ctx context.Context, typ crm.ObjectType, key string, values map[string]string) (crm.Ref, error) {
	input := map[string]any{"id": key, "idProperty": keyProperty, "properties": values, "objectWriteTraceId": key}
	q := call{
		operation: "upsert one of " + string(typ), method: http.MethodPost, path: w.c.objectPath(typ, "batch", "upsert"),
		body: map[string]any{"inputs": []any{input}}, write: true,
	}
	var reply wireBatch[wireObject]
	if err := w.c.do(ctx, q, &reply); err != nil {
		return crm.Ref{}, err
	}
	if len(reply.Errors) > 0 {
		return crm.Ref{}, partialError(q, reply.Errors[0])
	}
	if len(reply.Results) != 1 || !isID(string(reply.Results[0].ID)) || other(reply.Results[0], key) {
		return crm.Ref{}, fmt.Errorf("hubspot: %s: reply without its one object: %w", q.operation, crm.ErrUnknown)
	}
	return crm.Ref{Portal: w.c.opt.Portal, Type: typ, ID: string(reply.Results[0].ID)}, nil
}

// other says that a result is about another input than the one with this key.
func other(o wireObject, key string) bool {
	return o.text(keyProperty) != "" && o.text(keyProperty) != key
}

func (w *Writer) create(ctx context.Context, typ crm.ObjectType, values map[string]string, links []crm.Ref) (crm.Ref, error) {
	type kind struct {
		Category string `json:"associationCategory"`
		ID       int    `json:"associationTypeId"`
	}
	var to []map[string]any
	for _, l := range links {
		to = append(to, map[string]any{"to": wireInput{ID: l.ID}, "types": []kind{{"HUBSPOT_DEFINED", AssociationType(typ, l.Type)}}})
	}
	q := call{
		operation: "create one of " + string(typ), method: http.MethodPost, path: w.c.objectPath(typ),
		body: map[string]any{"properties": values, "associations": to}, write: true,
	}
	var o wireObject
	if err := w.c.do(ctx, q, &o); err != nil {
		return crm.Ref{}, err
	}
	if !isID(string(o.ID)) {
		return crm.Ref{}, fmt.Errorf("hubspot: %s: reply without an id: %w", q.operation, crm.ErrUnknown)
	}
	return crm.Ref{Portal: w.c.opt.Portal, Type: typ, ID: string(o.ID)}, nil
}

// FindActivity looks for our note or task by its key and answers crm.ErrNotFound also when it exists but does not yet sit on every one of these records that still
// exists: UpsertActivity then completes it, without a second one. It settles unknown outcomes.
func (w *Writer) FindActivity(ctx context.Context, portal crm.PortalID, typ crm.ObjectType, key string, links []crm.Ref) (crm.Ref, map[string]string, error) {
	if err := w.checkActivity(portal, typ, key, links); err != nil {
		return crm.Ref{}, nil, err
	}
	unique, err := w.UniqueKeys(ctx, portal, typ)
	if err != nil {
		return crm.Ref{}, nil, err
	}
	find := w.findNear
	if unique {
		find = w.findByKey
	}
	ref, properties, err := find(ctx, typ, key, links)
	if err != nil {
		return crm.Ref{}, nil, err
	}
	return ref, properties, w.linked(ctx, ref, links)
}

func (w *Writer) findByKey(ctx context.Context, typ crm.ObjectType, key string, _ []crm.Ref) (crm.Ref, map[string]string, error) {
	objects, err := w.c.batchReadOnce(ctx, typ, []string{key}, keyProperty, ownActivityProperties, nil)
	if err != nil {
		return crm.Ref{}, nil, err
	}
	return w.pick(typ, key, objects)
}

// findNear searches everything of this type on the records: slow, but it needs neither a unique property nor HubSpot's lagging search.
func (w *Writer) findNear(ctx context.Context, typ crm.ObjectType, key string, links []crm.Ref) (crm.Ref, map[string]string, error) {
	byType := map[crm.ObjectType][]string{}
	for _, l := range links {
		byType[l.Type] = append(byType[l.Type], l.ID)
	}
	near := map[string]bool{}
	for t, ids := range byType {
		found, err := w.c.associations(ctx, t, typ, ids)
		if err != nil {
			return crm.Ref{}, nil, err
		}
		for _, list := range found {
			for _, a := range list {
				near[a.id] = true
			}
		}
	}
	objects, err := w.c.batchRead(ctx, typ, slices.Sorted(maps.Keys(near)), ownActivityProperties, nil)
	if err != nil {
		return crm.Ref{}, nil, err
	}
	return w.pick(typ, key, objects)
}

// pick is the object with the key; of several, the oldest.
func (w *Writer) pick(typ crm.ObjectType, key string, objects []wireObject) (crm.Ref, map[string]string, error) {
	var best *wireObject
	for i, o := range objects {
		if o.text(keyProperty) != key {
			continue
		}
		if best == nil || len(o.ID) < len(best.ID) || (len(o.ID) == len(best.ID) && o.ID < best.ID) {
			best = &objects[i]
		}
	}
	if best == nil {
		return crm.Ref{}, nil, fmt.Errorf("hubspot: find one of %s by key %s: %w", typ, key, crm.ErrNotFound)
	}
	properties := map[string]string{}
	for _, name := range ownActivityProperties {
		if v := best.text(name); v != "" {
			properties[name] = v
		}
	}
	return crm.Ref{Portal: w.c.opt.Portal, Type: typ, ID: string(best.ID)}, properties, nil
}

// linked is crm.ErrNotFound when the activity does not sit on a record that exists.
func (w *Writer) linked(ctx context.Context, ref crm.Ref, links []crm.Ref) error {
	has, err := w.c.links(ctx, ref.Type, []string{ref.ID}, typesOf(links)...)
	if err != nil {
		return err
	}
	there := has[ref.ID].All()
	for _, l := range links {
		if slices.Contains(there, l) || !w.c.wants(l.Type) {
			continue
		}
		exists, err := w.c.batchReadOnce(ctx, l.Type, []string{l.ID}, "", nil, nil)
		if err != nil {
			return err
		}
		if len(exists) > 0 {
			return fmt.Errorf("hubspot: %s is not linked to %s: %w", ref.Path(), l.Path(), crm.ErrNotFound)
		}
	}
	return nil
}

// ArchiveActivity moves a note or task of ours to the recycle bin (DELETE archives; 204, and gone already is no error). What does not have this key is not ours to move.
func (w *Writer) ArchiveActivity(ctx context.Context, ref crm.Ref, key string) error {
	if err := w.owns(ref); err != nil {
		return err
	}
	if ref.Type != crm.Notes && ref.Type != crm.Tasks {
		return fmt.Errorf("archive %s: only notes and tasks: %w", ref, crm.ErrForbidden)
	}
	o, err := w.c.readOne(ctx, ref, []string{keyProperty}, nil)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if key == "" || o.text(keyProperty) != key {
		return fmt.Errorf("archive %s: it does not have our key: %w", ref, crm.ErrForbidden)
	}
	err = w.c.do(ctx, call{operation: "archive " + ref.Path(), method: http.MethodDelete, path: w.c.objectPath(ref.Type, ref.ID), write: true}, nil)
	if isNotFound(err) {
		return nil
	}
	return err
}
