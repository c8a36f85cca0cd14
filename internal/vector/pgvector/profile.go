package pgvector

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"github.com/contextd/contextd/internal/crm"
)

// sparseDimension is the largest that the type has (pgvector README, "Sparse Vectors"). Terms fall into it by hash; two terms in one place can only raise a score, and
// the hits are scored again by the terms themselves.
const sparseDimension = 1_000_000_000

// spare is how many more candidates are fetched than asked for, in case places were shared.
const spare = 20

func sparse(terms []crm.TermWeight) *pgvector.SparseVector {
	if len(terms) == 0 {
		return nil
	}
	elements := make(map[int32]float32, len(terms))
	for _, t := range terms {
		h := fnv.New64a()
		_, _ = h.Write([]byte(t.Term)) // a hash never fails
		elements[int32(h.Sum64()%sparseDimension)] += t.Weight
	}
	v := pgvector.NewSparseVectorFromMap(elements, sparseDimension)
	return &v
}

// PutProfiles replaces the profiles of these accounts, in one transaction; one without vector and terms is removed.
func (x *Index) PutProfiles(ctx context.Context, ps []crm.Profile) error {
	if len(ps) == 0 {
		return nil
	}
	_, err := x.write(ctx, func(tx pgx.Tx, g generation) error {
		sorted := slices.Clone(ps) // all writers lock accounts in one order
		slices.SortStableFunc(sorted, func(a, b crm.Profile) int { return a.Account.Compare(b.Account) })
		var b pgx.Batch
		for i := range sorted {
			p := &sorted[i]
			if !validRef(p.Account, p.Account.Portal) || len(p.Vector) > 0 && !crm.ValidVector(p.Vector, g.Dimension) {
				return fmt.Errorf("profile of %s with %d dimensions for generation %s of %d: %w", p.Account, len(p.Vector), g.Name, g.Dimension, crm.ErrInvalid)
			}
			if i == 0 || p.Account.Portal != sorted[i-1].Account.Portal {
				b.Queue(setPortal, p.Account.Portal.String())
			}
			if len(p.Vector) == 0 && len(p.Terms) == 0 {
				b.Queue(numbered("delete from SCHEMA.profiles_N where "+tenant(p.Account.Portal)+" and account = $1", x.store.schema, g.id), p.Account.Path())
				continue
			}
			b.Queue(numbered(putProfile, x.store.schema, g.id), profileArgs(p)...)
		}
		return tx.SendBatch(ctx, &b).Close()
	})
	if err != nil {
		return fmt.Errorf("pgvector: put %d profiles: %w", len(ps), err)
	}
	return nil
}

const (
	profileFacts = "account, vec, terms, weights, industry, employees, outcome, amount, cycle_days, chunks, updated, digest"
	putProfile   = "insert into SCHEMA.profiles_N (portal, sparse, " + profileFacts + ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)" +
		" on conflict (portal, account) do update set sparse = excluded.sparse, vec = excluded.vec, terms = excluded.terms, weights = excluded.weights, industry = excluded.industry," +
		" employees = excluded.employees, outcome = excluded.outcome, amount = excluded.amount, cycle_days = excluded.cycle_days, chunks = excluded.chunks, updated = excluded.updated," +
		" digest = excluded.digest"
)

func profileArgs(p *crm.Profile) []any {
	var vec *pgvector.Vector
	if len(p.Vector) > 0 {
		v := pgvector.NewVector(p.Vector)
		vec = &v
	}
	terms, weights := make([]string, len(p.Terms)), make([]float32, len(p.Terms))
	for i, t := range p.Terms {
		terms[i], weights[i] = t.Term, t.Weight
	}
	var s any
	if v := sparse(p.Terms); v != nil {
		s = *v
	}
	var v any
	if vec != nil {
		v = *vec
	}
	return []any{int64(p.Account.Portal), s, p.Account.Path(), v, terms, weights, p.Industry, p.Employees, p.Outcome, p.Amount, p.CycleDays, p.Chunks, micros(p.Updated), p.Digest}
}

// Profiles returns those of these accounts that exist, in any order.
func (x *Index) Profiles(ctx context.Context, accounts []crm.Ref) ([]crm.Profile, error) {
	byPortal := map[crm.PortalID][]crm.Ref{}
	for _, a := range accounts {
		if a.Portal > 0 {
			byPortal[a.Portal] = append(byPortal[a.Portal], a)
		}
	}
	var out []crm.Profile
	for portal, refs := range byPortal {
		err := x.read(ctx, question{
			portal: portal,
			make: func(s *statement, _ generation) error {
				s.sql.WriteString("select " + profileFacts + " from SCHEMA.profiles_N where " + tenant(portal) + " and account = any(" + s.arg(paths(portal, refs)) + "::text[])")
				return nil
			},
			rows: func(rows pgx.Rows) error {
				found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (crm.Profile, error) { return scanProfile(row, portal) })
				out = append(out, found...)
				return err
			},
		})
		if err != nil {
			return nil, fmt.Errorf("pgvector: profiles of portal %d: %w", portal, err)
		}
	}
	return out, nil
}

func scanProfile(row pgx.CollectableRow, portal crm.PortalID) (crm.Profile, error) {
	var p crm.Profile
	var account string
	var vec *pgvector.Vector
	var terms []string
	var weights []float32
	var updated *int64
	err := row.Scan(&account, &vec, &terms, &weights, &p.Industry, &p.Employees, &p.Outcome, &p.Amount, &p.CycleDays, &p.Chunks, &updated, &p.Digest)
	p.Account, p.Updated = ref(portal, account), moment(updated)
	if vec != nil {
		p.Vector = vec.Slice()
	}
	for i := range min(len(terms), len(weights)) {
		p.Terms = append(p.Terms, crm.TermWeight{Term: terms[i], Weight: weights[i]})
	}
	return p, err
}

// NearProfiles returns the min(n, matching) accounts whose vector is closest, exactly.
func (x *Index) NearProfiles(ctx context.Context, vec []float32, f crm.ProfileFilter, n int) ([]crm.ProfileHit, error) {
	var hits []crm.ProfileHit
	err := x.read(ctx, question{
		portal: f.Portal,
		make: func(s *statement, g generation) error {
			if !crm.ValidVector(vec, g.Dimension) {
				return fmt.Errorf("a question's vector of %d dimensions for generation %s of %d, or without a direction: %w", len(vec), g.Name, g.Dimension, crm.ErrInvalid)
			}
			distance := s.arg(pgvector.NewVector(vec))
			where, err := s.whereProfiles(f)
			s.sql.WriteString("select account, vec <=> " + distance + " as d from SCHEMA.profiles_N where vec is not null and " + where + " order by d, account limit " + s.arg(max(n, 0)))
			return err
		},
		rows: func(rows pgx.Rows) error {
			var account string
			var d float64
			hits = nil
			_, err := pgx.ForEachRow(rows, []any{&account, &d}, func() error {
				hits = append(hits, crm.ProfileHit{Account: ref(f.Portal, account), Score: 1 - d})
				return nil
			})
			return err
		},
	})
	if err != nil {
		return nil, fmt.Errorf("pgvector: near profiles: %w", err)
	}
	return hits, nil
}

// MatchProfiles returns the min(n, matching) accounts whose terms are closest; only accounts that share a term.
func (x *Index) MatchProfiles(ctx context.Context, terms []crm.TermWeight, f crm.ProfileFilter, n int) ([]crm.ProfileHit, error) {
	asked := make(map[string]float64, len(terms))
	for _, t := range terms {
		asked[t.Term] += float64(t.Weight)
	}
	var hits []crm.ProfileHit
	err := x.read(ctx, question{
		portal: f.Portal,
		make: func(s *statement, _ generation) error {
			where, err := s.whereProfiles(f)
			if err != nil {
				return err
			}
			if len(terms) == 0 || n <= 0 {
				s.sql.WriteString("select account, terms, weights from SCHEMA.profiles_N where false and " + where)
				return nil
			}
			q := s.arg(*sparse(terms))
			s.sql.WriteString("select account, terms, weights from (select account, terms, weights, sparse <#> " + q + " as d from SCHEMA.profiles_N where sparse is not null and " + where +
				") p where d < 0 order by d, account limit " + s.arg(n+spare))
			return nil
		},
		rows: func(rows pgx.Rows) (err error) {
			hits, err = rescored(rows, f.Portal, asked)
			return err
		},
	})
	if err != nil {
		return nil, fmt.Errorf("pgvector: match profiles: %w", err)
	}
	return hits[:min(n, len(hits))], nil
}

// rescored are the profiles that share a term with what was asked, by the terms themselves.
func rescored(rows pgx.Rows, portal crm.PortalID, asked map[string]float64) (hits []crm.ProfileHit, err error) {
	var account string
	var terms []string
	var weights []float32
	_, err = pgx.ForEachRow(rows, []any{&account, &terms, &weights}, func() error {
		var sum float64
		for i := range min(len(terms), len(weights)) {
			sum += asked[terms[i]] * float64(weights[i])
		}
		if sum > 0 {
			hits = append(hits, crm.ProfileHit{Account: ref(portal, account), Score: sum})
		}
		return nil
	})
	slices.SortFunc(hits, func(a, b crm.ProfileHit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), a.Account.Compare(b.Account))
	})
	return hits, err
}
