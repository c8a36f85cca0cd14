package hubspot

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

const (
	definitionsAge = 10 * time.Minute // how old definitions may be that nothing depends on
	freshAge       = 2 * time.Second  // and those that somebody waits for a change of
)

// Definitions keeps what a portal says of its properties. It is safe for concurrent use.
type Definitions struct {
	c   *Client
	now func() time.Time

	mu   sync.Mutex
	kept map[crm.ObjectType]*keptDefinitions
}

type keptDefinitions struct {
	mu     sync.Mutex // held while they are read, so that they are read once
	at     time.Time
	byName map[string]crm.Definition
}

// NewDefinitions reads with c. now is the wall clock when nil.
func NewDefinitions(c *Client, now func() time.Time) *Definitions {
	if now == nil {
		now = time.Now
	}
	return &Definitions{c: c, now: now, kept: map[crm.ObjectType]*keptDefinitions{}}
}

// Definition of a property as it was within the last minutes, or with fresh within the last seconds; crm.ErrNotFound when the portal has none of that name. Those that are out
// of date stay in use while HubSpot cannot be read, but not with fresh.
func (d *Definitions) Definition(ctx context.Context, t crm.ObjectType, name string, fresh bool) (crm.Definition, error) {
	d.mu.Lock()
	k := d.kept[t]
	if k == nil {
		k = &keptDefinitions{}
		d.kept[t] = k
	}
	d.mu.Unlock()
	k.mu.Lock()
	defer k.mu.Unlock()
	most := definitionsAge
	if fresh {
		most = freshAge
	}
	if age := d.now().Sub(k.at); k.byName == nil || age > most || age < 0 {
		if err := d.read(ctx, t, k); err != nil && (fresh || k.byName == nil) {
			return crm.Definition{}, fmt.Errorf("definition of %s.%s: %w", t, name, err)
		}
	}
	one, ok := k.byName[name]
	if !ok {
		return crm.Definition{}, fmt.Errorf("definition of %s.%s: %w", t, name, crm.ErrNotFound)
	}
	return one, nil
}

func (d *Definitions) read(ctx context.Context, t crm.ObjectType, k *keptDefinitions) error {
	wire, err := d.c.wireProperties(ctx, t)
	if err != nil {
		return err
	}
	k.at, k.byName = d.now(), map[string]crm.Definition{}
	for _, w := range wire {
		k.byName[w.Name] = w.definition()
	}
	return nil
}

func (w wireProperty) definition() crm.Definition {
	d := crm.Definition{Name: w.Name, Type: w.Type, Calculated: w.Calculated, ReadOnly: w.Modification.ReadOnlyValue, Multiple: w.FieldType == "checkbox"}
	for _, o := range w.Options {
		if !o.Hidden {
			d.Options = append(d.Options, o.Value)
		}
	}
	return d
}
