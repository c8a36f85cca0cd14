package hubspot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// Group is the property group that everything contextd creates is shown in.
const (
	Group      = "ai_context"
	groupLabel = "AI context"
)

// Definition is a property that the product needs. Name must be one that the Writer may write.
type Definition struct {
	Object      crm.ObjectType
	Name        string
	Label       string
	Description string
	Type        string // string, number, enumeration, bool, date, datetime
	FieldType   string // "": text, number, select, booleancheckbox, date
	Options     []Choice
	unique      bool
}

// SetupReport says what was done. Names are "type.property", or "type.ai_context (group)".
type SetupReport struct {
	Created, Updated, Existing, WouldCreate, WouldUpdate []string
	UniqueKeys                                           map[crm.ObjectType]bool // notes and tasks, as far as is known: whether HubSpot enforces our key
	Scopes                                               []Scope
	Subscriptions                                        []Subscription
}

// Setup creates the property group and the definitions that are missing, and our key on notes and tasks. It can be repeated. An existing property of another type is
// an error (crm.ErrConflict) that names all of them, and then nothing is created. dryRun only reads. HubSpot does not let an app subscribe to webhooks or grant itself
// scopes: the report lists both for a person to set.
func (c *Client) Setup(ctx context.Context, definitions []Definition, dryRun bool) (SetupReport, error) {
	r := SetupReport{UniqueKeys: map[crm.ObjectType]bool{}, Scopes: Scopes(), Subscriptions: Subscriptions(definitions)}
	all := slices.Clone(definitions)
	for _, t := range []crm.ObjectType{crm.Notes, crm.Tasks} {
		all = append(all, Definition{Object: t, Name: keyProperty, Label: "AI context key", Description: "Names what contextd wrote, so that it is written once.", Type: "string", unique: true})
	}
	groups := map[crm.ObjectType][]Definition{}
	for i := range all {
		if err := all[i].complete(); err != nil {
			return SetupReport{}, err
		}
		groups[all[i].Object] = append(groups[all[i].Object], all[i])
	}
	plan, err := c.plan(ctx, groups, &r)
	if err != nil || dryRun {
		return r, err
	}
	for _, p := range plan {
		if err := c.carryOut(ctx, p, &r); err != nil {
			return r, err
		}
	}
	r.WouldCreate, r.WouldUpdate = nil, nil
	return r, nil
}

func (d *Definition) complete() error {
	fieldTypes := map[string]string{"string": "text", "number": "number", "enumeration": "select", "bool": "booleancheckbox", "date": "date", "datetime": "date"}
	known, ok := fieldTypes[d.Type]
	if !ok {
		return fmt.Errorf("definition of %s.%s: type %q: %w", d.Object, d.Name, d.Type, crm.ErrInvalid)
	}
	if d.FieldType == "" {
		d.FieldType = known
	}
	if d.Label == "" {
		d.Label = d.Name
	}
	if d.Type == "bool" && len(d.Options) == 0 {
		d.Options = []Choice{{"true", "Yes"}, {"false", "No"}}
	}
	if d.Type == "enumeration" && len(d.Options) == 0 {
		return fmt.Errorf("definition of %s.%s: an enumeration needs options: %w", d.Object, d.Name, crm.ErrInvalid)
	}
	return writable(d.Object, d.Name)
}

func (d Definition) name() string { return string(d.Object) + "." + d.Name }

// step is one thing that set-up has to do.
type step struct {
	definition Definition
	group      bool         // create the group of definition.Object
	options    []wireChoice // not nil: add these to an existing enumeration
}

// plan compares the portal with the definitions, object type by object type.
func (c *Client) plan(ctx context.Context, groups map[crm.ObjectType][]Definition, r *SetupReport) ([]step, error) {
	var steps []step
	var wrong []error
	for _, t := range append(crm.RecordTypes(), crm.Notes, crm.Tasks) {
		if len(groups[t]) == 0 {
			continue
		}
		present, err := c.wireProperties(ctx, t)
		if err != nil {
			return nil, err
		}
		hasGroup, err := c.hasGroup(ctx, t)
		if err != nil {
			return nil, err
		}
		groupName := string(t) + "." + Group + " (group)"
		if hasGroup {
			r.Existing = append(r.Existing, groupName)
		} else {
			r.WouldCreate = append(r.WouldCreate, groupName)
			steps = append(steps, step{definition: Definition{Object: t}, group: true})
		}
		for _, d := range groups[t] {
			i := slices.IndexFunc(present, func(p wireProperty) bool { return p.Name == d.Name })
			if i < 0 {
				r.WouldCreate = append(r.WouldCreate, d.name())
				steps = append(steps, step{definition: d})
				continue
			}
			if present[i].Type != d.Type {
				wrong = append(wrong, fmt.Errorf("property %s exists with type %s, needed is %s: rename or archive it", d.name(), present[i].Type, d.Type))
				continue
			}
			if d.unique {
				r.UniqueKeys[t] = present[i].Unique
			}
			if options := missingOptions(present[i], d); options != nil {
				r.WouldUpdate = append(r.WouldUpdate, d.name())
				steps = append(steps, step{definition: d, options: options})
				continue
			}
			r.Existing = append(r.Existing, d.name())
		}
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("set up portal %s: %w: %w", c.opt.Portal, errors.Join(wrong...), crm.ErrConflict)
	}
	return steps, nil
}

// missingOptions is the full list to write when an enumeration lacks some of the needed values; nil when it has them all. What people added stays.
func missingOptions(have wireProperty, d Definition) []wireChoice {
	if d.Type != "enumeration" {
		return nil
	}
	all := slices.Clone(have.Options)
	for _, o := range d.Options {
		if !slices.ContainsFunc(all, func(w wireChoice) bool { return w.Value == o.Value }) {
			all = append(all, wireChoice{Label: o.Label, Value: o.Value, Order: len(all)})
		}
	}
	if len(all) == len(have.Options) {
		return nil
	}
	return all
}

func (c *Client) hasGroup(ctx context.Context, t crm.ObjectType) (bool, error) {
	var w struct {
		Results []struct {
			Name string `json:"name"`
		} `json:"results"`
	}
	err := c.do(ctx, call{operation: "read property groups of " + string(t), method: http.MethodGet, path: c.propertyPath(t, "/groups")}, &w)
	for _, g := range w.Results {
		if g.Name == Group {
			return true, err
		}
	}
	return false, err
}

func (c *Client) carryOut(ctx context.Context, s step, r *SetupReport) error {
	d := s.definition
	switch {
	case s.group:
		body := map[string]any{"name": Group, "label": groupLabel, "displayOrder": -1}
		q := call{operation: "create property group of " + string(d.Object), method: http.MethodPost, path: c.propertyPath(d.Object, "/groups"), body: body, write: true}
		return r.done(string(d.Object)+"."+Group+" (group)", c.do(ctx, q, nil))
	case s.options != nil:
		q := call{operation: "add options to " + d.name(), method: http.MethodPatch, path: c.propertyPath(d.Object, "/"+d.Name), body: map[string]any{"options": s.options}, write: true}
		if err := c.do(ctx, q, nil); err != nil {
			return err
		}
		r.Updated = append(r.Updated, d.name())
		return nil
	}
	err := c.createProperty(ctx, d, d.unique)
	if d.unique {
		switch {
		case err == nil:
			r.UniqueKeys[d.Object] = true
		case errors.Is(err, crm.ErrInvalid): // portals that refuse unique properties on activities get a plain one: the Writer then searches before it creates
			r.UniqueKeys[d.Object] = false
			err = c.createProperty(ctx, d, false)
		}
	}
	return r.done(d.name(), err)
}

// done counts a creation; somebody else having created it in the meantime is as good.
func (r *SetupReport) done(name string, err error) error {
	switch {
	case errors.Is(err, crm.ErrConflict):
		r.Existing = append(r.Existing, name)
	case err != nil:
		return err
	default:
		r.Created = append(r.Created, name)
	}
	return nil
}

func (c *Client) createProperty(ctx context.Context, d Definition, unique bool) error {
	w := wireProperty{Name: d.Name, Label: d.Label, Description: d.Description, Type: d.Type, FieldType: d.FieldType, Group: Group, Unique: unique}
	for i, o := range d.Options {
		w.Options = append(w.Options, wireChoice{Label: o.Label, Value: o.Value, Order: i})
	}
	return c.do(ctx, call{operation: "create property " + d.name(), method: http.MethodPost, path: c.propertyPath(d.Object, ""), body: w, write: true}, nil)
}
