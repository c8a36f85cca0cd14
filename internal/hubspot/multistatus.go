package hubspot

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// A batch can fail in part (207, or the same fields in a 200): its results do not line up with its inputs, and an error says in its context which inputs it is about.
// Every input ends as exactly one of: answered, known to be gone or empty, or failed with its own error.

// partly is the error of a batch in which some inputs failed, by their ids.
type partly struct{ failed map[string]error }

// Error names the first input that failed, and how many there are.
func (p *partly) Error() string {
	ids := slices.Sorted(maps.Keys(p.failed))
	if len(ids) == 1 {
		return p.failed[ids[0]].Error()
	}
	return fmt.Sprintf("%s (and %d more inputs failed)", p.failed[ids[0]], len(ids)-1)
}

// Unwrap are the errors of the inputs.
func (p *partly) Unwrap() []error { return slices.Collect(maps.Values(p.failed)) }

// together is nil when nothing failed.
func together(failed map[string]error) error {
	if len(failed) == 0 {
		return nil
	}
	return &partly{failed}
}

// apart collects what failed alone, and returns what is wrong with the whole batch.
func apart(err error, failed map[string]error) error {
	if p := (*partly)(nil); errors.As(err, &p) {
		maps.Copy(failed, p.failed)
		return nil
	}
	return err
}

// tied tells which inputs failed, and why. Errors for which fine holds are none. An error that names no input, or one that was not asked, is about every input that is
// neither answered nor named by another error.
func tied(q call, errs []wireError, context string, inputs []string, fine func(wireError) bool, answered func(id string) bool) map[string]error {
	failed, named := map[string]error{}, map[string]bool{}
	var loose []wireError
	for _, e := range errs {
		known := false
		for _, id := range e.Context[context] {
			if !slices.Contains(inputs, id) {
				continue
			}
			known, named[id] = true, true
			if !fine(e) {
				failed[id] = partialError(q, e)
			}
		}
		if !known && !fine(e) {
			loose = append(loose, e)
		}
	}
	for _, e := range loose {
		for _, id := range inputs {
			if !named[id] && !answered(id) {
				failed[id] = partialError(q, e)
			}
		}
	}
	return failed
}

// failures collects by reference what could not be answered of a call about many objects.
type failures struct {
	portal crm.PortalID
	by     map[crm.Ref]error
}

func (c *Client) failures() *failures { return &failures{c.opt.Portal, map[crm.Ref]error{}} }

// take takes the failed inputs out of the error of a batch about objects of one type, and returns what is left of it.
func (f *failures) take(t crm.ObjectType, err error) error {
	failed := map[string]error{}
	err = apart(err, failed)
	for id, cause := range failed {
		f.by[crm.Ref{Portal: f.portal, Type: t, ID: id}] = cause
	}
	return err
}

// without leaves out the objects of a type that have failed.
func (f *failures) without(t crm.ObjectType, objects []wireObject) []wireObject {
	return slices.DeleteFunc(objects, func(o wireObject) bool { return f.by[crm.Ref{Portal: f.portal, Type: t, ID: string(o.ID)}] != nil })
}

// err is a crm.Partly, or nil.
func (f *failures) err() error {
	if len(f.by) == 0 {
		return nil
	}
	return &crm.Partly{Failed: f.by}
}
