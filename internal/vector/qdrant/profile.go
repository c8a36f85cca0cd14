package qdrant

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"
	pb "github.com/qdrant/go-client/qdrant"

	"github.com/contextd/contextd/internal/crm"
)

// The payload of a profile's point, beside portalField.
const (
	accountField   = "account"
	industryField  = "industry"
	employeesField = "employees" // 0: unknown
	outcomeField   = "outcome"
	amountField    = "amount"
	cycleField     = "cycle_days"
	madeOfField    = "chunks"
	updatedField   = "updated" // RFC 3339 with nanoseconds
	termsField     = "terms"
	weightsField   = "weights"
)

// profileSpace is the name space of the ids of profiles' points.
var profileSpace = uuid.MustParse("5a6c2c1f-53a4-5f0e-9f0b-6d6f4a2b7c11")

func profileID(account crm.Ref) *pb.PointId {
	return pb.NewIDUUID(uuid.NewSHA1(profileSpace, []byte(account.String())).String())
}

// PutProfiles writes one request per portal and five hundred accounts; everything is checked before the first.
func (x *Index) PutProfiles(ctx context.Context, ps []crm.Profile) error {
	g, err := x.target(ctx)
	if err != nil {
		return err
	}
	last := map[crm.Ref]*crm.Profile{} // an account twice: the later one counts
	byPortal := map[crm.PortalID][]crm.Ref{}
	for i := range ps {
		p := &ps[i]
		if err := checkProfile(p, g); err != nil {
			return err
		}
		if last[p.Account] == nil {
			byPortal[p.Account.Portal] = append(byPortal[p.Account.Portal], p.Account)
		}
		last[p.Account] = p
	}
	for portal, accounts := range byPortal {
		for part := range slices.Chunk(accounts, maxPoints) {
			if err := x.putProfiles(ctx, g, portal, part, last); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkProfile(p *crm.Profile, g *generation) error {
	if err := checkRefs(p.Account.Portal, p.Account); err != nil {
		return err
	}
	if len(p.Vector) > 0 && !crm.ValidVector(p.Vector, g.Dimension) {
		return fmt.Errorf("qdrant: profile of %s: vector of %d: want %d finite numbers that are not all zero: %w", p.Account, len(p.Vector), g.Dimension, crm.ErrInvalid)
	}
	for _, t := range p.Terms {
		if w := float64(t.Weight); math.IsNaN(w) || math.IsInf(w, 0) {
			return fmt.Errorf("qdrant: profile of %s: the weight of %q is %v: %w", p.Account, t.Term, t.Weight, crm.ErrInvalid)
		}
	}
	return nil
}

func (x *Index) putProfiles(ctx context.Context, g *generation, portal crm.PortalID, accounts []crm.Ref, by map[crm.Ref]*crm.Profile) error {
	var points []*pb.PointStruct
	var gone []*pb.PointId
	for _, a := range accounts {
		if p := by[a]; len(p.Vector) == 0 && len(p.Terms) == 0 {
			gone = append(gone, profileID(a))
		} else {
			points = append(points, profilePoint(p))
		}
	}
	changes := puts(portal, points, time.Time{})
	if len(gone) > 0 {
		sc, err := within(portal, pb.NewHasID(gone...))
		if err != nil {
			return err
		}
		changes = append(changes, drop(sc))
	}
	return x.s.write(ctx, space{profilesOf(x.s.collection(g.Name)), nil}, changes...)
}

func profilePoint(p *crm.Profile) *pb.PointStruct {
	terms, weights := make([]*pb.Value, len(p.Terms)), make([]*pb.Value, len(p.Terms))
	for i, t := range p.Terms {
		terms[i], weights[i] = pb.NewValueString(t.Term), pb.NewValueDouble(float64(t.Weight))
	}
	payload := map[string]*pb.Value{
		portalField: pb.NewValueString(p.Account.Portal.String()), accountField: pb.NewValueString(p.Account.Path()), industryField: pb.NewValueString(p.Industry),
		employeesField: pb.NewValueInt(int64(p.Employees)), outcomeField: pb.NewValueString(p.Outcome), amountField: pb.NewValueDouble(p.Amount),
		cycleField: pb.NewValueInt(int64(p.CycleDays)), madeOfField: pb.NewValueInt(int64(p.Chunks)), digestField: pb.NewValueString(p.Digest),
		updatedField: pb.NewValueString(p.Updated.UTC().Format(time.RFC3339Nano)), termsField: pb.NewValueFromList(terms...), weightsField: pb.NewValueFromList(weights...),
	}
	vectors := map[string]*pb.Vector{}
	if len(p.Vector) > 0 {
		vectors[itemVector] = pb.NewVectorDense(p.Vector)
	}
	if len(p.Terms) > 0 {
		vectors[weightVector] = pb.NewVectorSparse(weightEntries(p.Terms))
	}
	return &pb.PointStruct{Id: profileID(p.Account), Payload: payload, Vectors: pb.NewVectorsMap(vectors)}
}

// Profiles asks once per portal and five hundred accounts.
func (x *Index) Profiles(ctx context.Context, accounts []crm.Ref) ([]crm.Profile, error) {
	byPortal := map[crm.PortalID][]*pb.PointId{}
	for _, a := range accounts {
		if err := checkRefs(a.Portal, a); err != nil {
			return nil, err
		}
		byPortal[a.Portal] = append(byPortal[a.Portal], profileID(a))
	}
	var out []crm.Profile
	err := x.read(ctx, func(g *generation) error {
		out = nil
		for portal, all := range byPortal {
			for part := range slices.Chunk(all, maxPoints) {
				sc, err := within(portal, pb.NewHasID(part...))
				if err != nil {
					return err
				}
				if out, err = x.appendProfiles(ctx, g, sc, out); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return out, err
}

func (x *Index) appendProfiles(ctx context.Context, g *generation, sc scope, out []crm.Profile) ([]crm.Profile, error) {
	for p, err := range x.s.scroll(ctx, x.profiles(g), sc, pb.NewWithVectorsInclude(itemVector), accountField, industryField, employeesField, outcomeField, amountField,
		cycleField, madeOfField, digestField, updatedField, termsField, weightsField) {
		if err != nil {
			return nil, err
		}
		profile, err := profileOf(sc.portal, p)
		if err != nil {
			return nil, err
		}
		out = append(out, profile)
	}
	return out, nil
}

func profileOf(portal crm.PortalID, p *pb.RetrievedPoint) (crm.Profile, error) {
	v := p.GetPayload()
	out := crm.Profile{Industry: v[industryField].GetStringValue(), Employees: int(v[employeesField].GetIntegerValue()), Outcome: v[outcomeField].GetStringValue(),
		Amount: v[amountField].GetDoubleValue(), CycleDays: int(v[cycleField].GetIntegerValue()), Chunks: int(v[madeOfField].GetIntegerValue()),
		Digest: v[digestField].GetStringValue(), Vector: p.GetVectors().GetVectors().GetVectors()[itemVector].GetDenseVector().GetData()}
	var err error
	if out.Account, err = stored(portal, v[accountField]); err != nil {
		return out, err
	}
	if out.Updated, err = time.Parse(time.RFC3339Nano, v[updatedField].GetStringValue()); err != nil {
		return out, fmt.Errorf("qdrant: profile of %s: %w", out.Account, err)
	}
	terms, weights := v[termsField].GetListValue().GetValues(), v[weightsField].GetListValue().GetValues()
	if len(terms) != len(weights) {
		return out, fmt.Errorf("qdrant: profile of %s: %d terms and %d weights", out.Account, len(terms), len(weights))
	}
	for i := range terms {
		out.Terms = append(out.Terms, crm.TermWeight{Term: terms[i].GetStringValue(), Weight: float32(weights[i].GetDoubleValue())})
	}
	return out, nil
}

// NearProfiles is exact: a portal has some thousands of accounts, not millions.
func (x *Index) NearProfiles(ctx context.Context, vec []float32, f crm.ProfileFilter, n int) ([]crm.ProfileHit, error) {
	return x.similar(ctx, f, n, func(g *generation) (question, error) {
		if !crm.ValidVector(vec, g.Dimension) {
			return question{}, fmt.Errorf("qdrant: profiles near a vector of %d: want %d finite numbers that are not all zero: %w", len(vec), g.Dimension, crm.ErrInvalid)
		}
		return question{using: itemVector, query: pb.NewQueryDense(vec)}, nil
	})
}

// MatchProfiles finds only accounts that share a term; the server's sparse search finds no others.
func (x *Index) MatchProfiles(ctx context.Context, terms []crm.TermWeight, f crm.ProfileFilter, n int) ([]crm.ProfileHit, error) {
	if len(terms) == 0 {
		_, err := profileScope(f)
		return nil, err
	}
	return x.similar(ctx, f, n, func(*generation) (question, error) {
		return question{using: weightVector, query: pb.NewQuerySparse(weightEntries(slices.Clone(terms)))}, nil
	})
}

func (x *Index) similar(ctx context.Context, f crm.ProfileFilter, n int, ask func(*generation) (question, error)) ([]crm.ProfileHit, error) {
	sc, err := profileScope(f)
	if err != nil {
		return nil, err
	}
	var hits []crm.ProfileHit
	err = x.read(ctx, func(g *generation) error {
		hits = nil
		q, err := ask(g)
		if err != nil {
			return err
		}
		q.exact, q.fields = true, []string{accountField}
		found, err := x.s.best(ctx, x.profiles(g), sc, q, n)
		if err != nil {
			return err
		}
		for _, p := range found {
			account, err := stored(f.Portal, p.GetPayload()[accountField])
			if err != nil {
				return err
			}
			hits = append(hits, crm.ProfileHit{Account: account, Score: float64(p.GetScore())})
		}
		slices.SortFunc(hits, func(a, b crm.ProfileHit) int {
			return cmp.Or(cmp.Compare(b.Score, a.Score), a.Account.Compare(b.Account))
		})
		hits = hits[:min(max(n, 0), len(hits))]
		return nil
	})
	return hits, err
}
