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

// wireLinked is one result of a batch of default associations: the ends stand in objects, or in fields of their own.
type wireLinked struct {
	To struct {
		ID flexString `json:"id"`
	} `json:"to"`
	ToID flexString `json:"toObjectId"`
}

func (l wireLinked) to(id string) bool { return string(l.To.ID) == id || string(l.ToID) == id }

// link adds default associations, those to one type in one request; repeating it changes nothing. Records that are gone are left out as long as one remains, else it is
// crm.ErrNotFound. Of a batch that failed in part the others are linked nevertheless: whoever tries again looks first which are missing.
func (w *Writer) link(ctx context.Context, ref crm.Ref, links []crm.Ref) error {
	done := len(links) == 0
	var gone error
	for _, t := range crm.RecordTypes() {
		ids := idsOfType(links, t)
		if len(ids) == 0 {
			continue
		}
		failed, err := w.linkType(ctx, ref, t, ids)
		if err != nil {
			return err
		}
		for _, id := range ids {
			switch err := failed[id]; {
			case err == nil:
				done = true
			case isNotFound(err):
				gone = err
			default:
				return err
			}
		}
	}
	if !done {
		return gone
	}
	return nil
}

func typesOf(links []crm.Ref) (types []crm.ObjectType) {
	for _, l := range links {
		if !slices.Contains(types, l.Type) {
			types = append(types, l.Type)
		}
	}
	return types
}

func idsOfType(links []crm.Ref, t crm.ObjectType) (ids []string) {
	for _, l := range links {
		if l.Type == t && !slices.Contains(ids, l.ID) {
			ids = append(ids, l.ID)
		}
	}
	return ids
}

// linkType links to records of one type, and says which of them failed and why.
func (w *Writer) linkType(ctx context.Context, ref crm.Ref, t crm.ObjectType, ids []string) (map[string]error, error) {
	var inputs []any
	for _, id := range ids {
		inputs = append(inputs, map[string]any{"from": wireInput{ID: ref.ID}, "to": wireInput{ID: id}})
	}
	q := call{
		operation: fmt.Sprintf("link %s to %s", ref.Path(), crm.Ref{Portal: ref.Portal, Type: t, ID: ids[0]}.Path()), method: http.MethodPost,
		path: w.c.associationPath(ref.Type, t, "associate/default"), body: map[string]any{"inputs": inputs}, write: true, class: associating,
	}
	if len(ids) > 1 {
		q.operation = fmt.Sprintf("link %s to %d %s", ref.Path(), len(ids), t)
	}
	var reply wireBatch[wireLinked]
	switch err := w.c.do(ctx, q, &reply); {
	case isNotFound(err) && len(ids) == 1:
		return map[string]error{ids[0]: err}, nil
	case len(ids) > 1 && (isNotFound(err) || errors.Is(err, crm.ErrInvalid)):
		return w.linkEach(ctx, ref, t, ids) // refused as a whole because of one of them
	case err != nil:
		return nil, err
	}
	answered := func(id string) bool {
		return slices.ContainsFunc(reply.Results, func(l wireLinked) bool { return l.to(id) })
	}
	failed := tied(q, reply.Errors, "toObjectId", ids, func(wireError) bool { return false }, answered)
	for _, id := range ids {
		if len(reply.Errors) > 0 && failed[id] == nil && !answered(id) {
			failed[id] = fmt.Errorf("hubspot: %s: %s/%s is neither linked nor refused: %w", q.operation, t, id, crm.ErrUnknown)
		}
	}
	return failed, nil
}

func (w *Writer) linkEach(ctx context.Context, ref crm.Ref, t crm.ObjectType, ids []string) (map[string]error, error) {
	failed := map[string]error{}
	for _, id := range ids {
		one, err := w.linkType(ctx, ref, t, []string{id})
		if err != nil {
			return nil, err
		}
		maps.Copy(failed, one)
	}
	return failed, nil
}
