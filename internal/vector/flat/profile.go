package flat

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"math"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

const (
	putProfile = `INSERT INTO profiles (portal, type, id, facts, vector, checksum) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (portal, type, id) DO UPDATE SET facts = excluded.facts, vector = excluded.vector, checksum = excluded.checksum`
	deleteProfile    = `DELETE FROM profiles WHERE portal = ? AND type = ? AND id = ?`
	profilesOfPortal = `SELECT type, id, facts, vector, checksum FROM profiles WHERE portal = ?`
	profileOfAccount = profilesOfPortal + ` AND type = ? AND id = ?`
)

// PutProfiles replaces the profiles of these accounts in one durable transaction; one without vector and terms is removed.
func (x *Index) PutProfiles(ctx context.Context, ps []crm.Profile) error {
	g, err := x.acquire(ctx)
	if err != nil {
		return fmt.Errorf("put profiles: %w", err)
	}
	defer g.release()
	byPortal := map[crm.PortalID]*change{}
	for i := range ps {
		p := ps[i]
		if err := g.validProfile(&p); err != nil {
			return fmt.Errorf("put the profile of %s: %w", p.Account, err)
		}
		if len(p.Vector) > 0 {
			p.Vector = appendUnit(nil, p.Vector)
		}
		p.Terms = slices.Clone(p.Terms) // memory keeps it
		c := byPortal[p.Account.Portal]
		if c == nil {
			c = &change{portal: p.Account.Portal}
			byPortal[p.Account.Portal] = c
		}
		c.profiles = append(c.profiles, p)
	}
	if len(ps) == 0 {
		return nil
	}
	err = g.update(ctx, func(w *writer) error {
		for _, c := range byPortal {
			w.changes = append(w.changes, c)
			for i := range c.profiles {
				if err := w.putProfile(&c.profiles[i]); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("put %d profiles: %w", len(ps), err)
	}
	return nil
}

func (g *generation) validProfile(p *crm.Profile) error {
	if !validRef(p.Account) {
		return fmt.Errorf("it names no account: %w", crm.ErrInvalid)
	}
	if len(p.Vector) > 0 && !crm.ValidVector(p.Vector, g.Dimension) {
		return fmt.Errorf("want %d finite numbers that are not all zero: %w", g.Dimension, crm.ErrInvalid)
	}
	for _, t := range p.Terms {
		if w := float64(t.Weight); math.IsNaN(w) || math.IsInf(w, 0) {
			return fmt.Errorf("the weight of %q is %v: %w", t.Term, w, crm.ErrInvalid)
		}
	}
	return nil
}

func (w *writer) putProfile(p *crm.Profile) error {
	a := p.Account
	if len(p.Vector) == 0 && len(p.Terms) == 0 {
		return w.exec(deleteProfile, a.Portal, a.Type, a.ID)
	}
	about := *p
	about.Vector = nil
	body, err := json.Marshal(about)
	if err != nil {
		return err
	}
	vector := appendFloats(make([]byte, 0, 4*len(p.Vector)), p.Vector)
	return w.exec(putProfile, a.Portal, a.Type, a.ID, body, vector, profileChecksum(body, vector))
}

func profileChecksum(body, vector []byte) int64 {
	return int64(crc32.Update(crc32.Checksum(body, castagnoli), castagnoli, vector))
}

// Profiles returns those of these accounts that exist.
func (x *Index) Profiles(ctx context.Context, accounts []crm.Ref) ([]crm.Profile, error) {
	g, err := x.acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("read profiles: %w", err)
	}
	defer g.release()
	var out []crm.Profile
	for _, a := range accounts {
		found, err := g.readProfiles(ctx, profileOfAccount, a.Portal, a.Type, a.ID)
		if err != nil {
			return nil, fmt.Errorf("read the profile of %s: %w", a, err)
		}
		out = append(out, found...)
	}
	return out, nil
}

// readProfiles reads profiles of one portal, which is the first argument.
func (g *generation) readProfiles(ctx context.Context, query string, portal crm.PortalID, args ...any) ([]crm.Profile, error) {
	rows, err := g.query(ctx, query, append([]any{portal}, args...)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() // reading: rows.Err below is what counts
	var out []crm.Profile
	for rows.Next() {
		ref := crm.Ref{Portal: portal}
		var body, vector sql.RawBytes
		var sum int64
		if err := rows.Scan(&ref.Type, &ref.ID, &body, &vector, &sum); err != nil {
			return nil, damaged(err)
		}
		p, err := g.decodeProfile(body, vector, sum)
		if err != nil || p.Account != ref {
			return nil, fmt.Errorf("%w: the profile of %s: %w", ErrDamaged, ref, err)
		}
		out = append(out, p)
	}
	return out, damaged(rows.Err())
}

func (g *generation) decodeProfile(body, vector []byte, sum int64) (p crm.Profile, err error) {
	if sum != profileChecksum(body, vector) || len(vector) != 0 && len(vector) != 4*g.Dimension {
		return p, fmt.Errorf("its checksum does not match")
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return p, err
	}
	if len(vector) > 0 {
		p.Vector = decodeFloats(nil, vector)
	}
	return p, nil
}
