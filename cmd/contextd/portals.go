package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/contextd/contextd/engine"
	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
)

// crmClient is what one portal's HubSpot client does for the rest of the program.
type crmClient interface {
	indexer.Source
	engine.Writer
}

// portals sends each call to the client of the portal that its references name. A portal that is not configured is crm.ErrForbidden, never another one's client.
type portals map[crm.PortalID]crmClient

func (p portals) of(portal crm.PortalID) (crmClient, error) {
	c, ok := p[portal]
	if !ok {
		return nil, fmt.Errorf("portal %s is not configured: %w", portal, crm.ErrForbidden)
	}
	return c, nil
}

// definitionsOf are the properties of each configured portal.
type definitionsOf map[crm.PortalID]*hubspot.Definitions

// Definition implements engine.Definitions.
func (d definitionsOf) Definition(ctx context.Context, portal crm.PortalID, t crm.ObjectType, name string, fresh bool) (crm.Definition, error) {
	one, ok := d[portal]
	if !ok {
		return crm.Definition{}, fmt.Errorf("portal %s is not configured: %w", portal, crm.ErrForbidden)
	}
	return one.Definition(ctx, t, name, fresh)
}

// byPortal groups refs by portal, in the order in which portals first occur.
func byPortal(refs []crm.Ref) (order []crm.PortalID, groups map[crm.PortalID][]crm.Ref) {
	groups = map[crm.PortalID][]crm.Ref{}
	for _, r := range refs {
		if !slices.Contains(order, r.Portal) {
			order = append(order, r.Portal)
		}
		groups[r.Portal] = append(groups[r.Portal], r)
	}
	return order, groups
}

// Activities implements indexer.Source over all portals.
func (p portals) Activities(ctx context.Context, refs []crm.Ref) ([]crm.Activity, error) {
	var out []crm.Activity
	failed := map[crm.Ref]error{}
	order, groups := byPortal(refs)
	for _, portal := range order {
		c, err := p.of(portal)
		if err != nil {
			return nil, err
		}
		found, err := c.Activities(ctx, groups[portal])
		alone, err := crm.Apart(err)
		if err != nil {
			return nil, err
		}
		maps.Copy(failed, alone)
		out = append(out, found...)
	}
	return out, partly(failed)
}

// partly is nil when nothing failed.
func partly(failed map[crm.Ref]error) error {
	if len(failed) == 0 {
		return nil
	}
	return &crm.Partly{Failed: failed}
}

// Records implements indexer.Source over all portals.
func (p portals) Records(ctx context.Context, refs []crm.Ref) ([]crm.Record, []crm.Membership, error) {
	var records []crm.Record
	var members []crm.Membership
	failed := map[crm.Ref]error{}
	order, groups := byPortal(refs)
	for _, portal := range order {
		c, err := p.of(portal)
		if err != nil {
			return nil, nil, err
		}
		r, m, err := c.Records(ctx, groups[portal])
		alone, err := crm.Apart(err)
		if err != nil {
			return nil, nil, err
		}
		maps.Copy(failed, alone)
		records, members = append(records, r...), append(members, m...)
	}
	return records, members, partly(failed)
}

// Current implements engine.Writer.
func (p portals) Current(ctx context.Context, target crm.Ref, property string) (crm.Current, error) {
	c, err := p.of(target.Portal)
	if err != nil {
		return crm.Current{}, err
	}
	return c.Current(ctx, target, property)
}

// Standing implements engine.Writer.
func (p portals) Standing(ctx context.Context, target crm.Ref, properties []string) (map[string]crm.Current, error) {
	c, err := p.of(target.Portal)
	if err != nil {
		return nil, err
	}
	return c.Standing(ctx, target, properties)
}

// Archived implements engine.Writer.
func (p portals) Archived(ctx context.Context, target crm.Ref, properties []string) (map[string]crm.Current, error) {
	c, err := p.of(target.Portal)
	if err != nil {
		return nil, err
	}
	return c.Archived(ctx, target, properties)
}

// Recognise implements engine.Writer.
func (p portals) Recognise(ctx context.Context, portal crm.PortalID, app string) error {
	c, err := p.of(portal)
	if err != nil {
		return err
	}
	return c.Recognise(ctx, portal, app)
}

// SetProperty implements engine.Writer.
func (p portals) SetProperty(ctx context.Context, target crm.Ref, property, value string) error {
	c, err := p.of(target.Portal)
	if err != nil {
		return err
	}
	return c.SetProperty(ctx, target, property, value)
}

// UpsertActivity implements engine.Writer.
func (p portals) UpsertActivity(ctx context.Context, portal crm.PortalID, typ crm.ObjectType, key string, properties map[string]string, links []crm.Ref) (crm.Ref, error) {
	c, err := p.of(portal)
	if err != nil {
		return crm.Ref{}, err
	}
	return c.UpsertActivity(ctx, portal, typ, key, properties, links)
}

// ArchiveActivity implements engine.Writer.
func (p portals) ArchiveActivity(ctx context.Context, ref crm.Ref, key string) error {
	c, err := p.of(ref.Portal)
	if err != nil {
		return err
	}
	return c.ArchiveActivity(ctx, ref, key)
}

// UniqueKeys implements engine.Writer.
func (p portals) UniqueKeys(ctx context.Context, portal crm.PortalID, typ crm.ObjectType) (bool, error) {
	c, err := p.of(portal)
	if err != nil {
		return false, err
	}
	return c.UniqueKeys(ctx, portal, typ)
}

// FindActivity implements engine.Writer.
func (p portals) FindActivity(ctx context.Context, portal crm.PortalID, typ crm.ObjectType, key string, links []crm.Ref) (crm.Ref, map[string]string, error) {
	c, err := p.of(portal)
	if err != nil {
		return crm.Ref{}, nil, err
	}
	return c.FindActivity(ctx, portal, typ, key, links)
}
