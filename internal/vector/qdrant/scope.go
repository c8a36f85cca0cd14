package qdrant

import (
	"fmt"
	"time"

	pb "github.com/qdrant/go-client/qdrant"

	"github.com/contextd/contextd/internal/crm"
)

// The payload of a chunk's point. Times are microseconds since 1970; refs are paths (type/id), since all of them belong to the portal of the point.
const (
	portalField    = "portal_id" // of every point in both collections
	accountsField  = "accounts"
	peopleField    = "people"
	kindField      = "kind"
	timeField      = "time" // absent when unknown, so that no bound lets it pass
	createdField   = "created"
	generatedField = "generated"
	activityField  = "activity"
	modifiedField  = "modified"
	posField       = "pos"
	digestField    = "digest"
	chunksField    = "chunks"
)

// scope is a filter that names its portal. Every request that finds points takes one (calls.go), within is the only function that makes one, and the zero value is
// refused: the server takes a missing filter for "everybody's points".
type scope struct {
	portal crm.PortalID
	filter *pb.Filter
}

// within limits to a portal, and there to the points for which every condition holds.
func within(portal crm.PortalID, must ...*pb.Condition) (scope, error) {
	if portal <= 0 {
		return scope{}, fmt.Errorf("qdrant: portal %d: want a positive id: %w", portal, crm.ErrInvalid)
	}
	tenant := pb.NewMatchKeyword(portalField, portal.String())
	return scope{portal, &pb.Filter{Must: append([]*pb.Condition{tenant}, must...)}}, nil
}

// except leaves out points by id.
func (s scope) except(ids []*pb.PointId) scope {
	if len(ids) == 0 {
		return s
	}
	return scope{s.portal, &pb.Filter{Must: s.filter.GetMust(), MustNot: []*pb.Condition{pb.NewHasID(ids...)}}}
}

// scopeOf is the scope of a question.
func scopeOf(f crm.Filter) (scope, error) {
	if !f.Valid() {
		return scope{}, fmt.Errorf("qdrant: the filter names no portal with one account or all of it: %w", crm.ErrInvalid)
	}
	var must []*pb.Condition
	if !f.Wide {
		must = append(must, pb.NewMatchKeyword(accountsField, f.Account.Path()))
	}
	if len(f.Kinds) > 0 {
		must = append(must, pb.NewMatchKeywords(kindField, texts(f.Kinds)...))
	}
	if len(f.People) > 0 {
		var own []string
		for _, p := range f.People {
			if p.Portal == f.Portal { // another portal's contact is linked to nothing here
				own = append(own, p.Path())
			}
		}
		must = append(must, pb.NewMatchKeywords(peopleField, own...)) // any of none is nobody
	}
	if f.Human {
		must = append(must, pb.NewMatchBool(generatedField, false))
	}
	if !f.Since.IsZero() || !f.AsOf.IsZero() {
		window := &pb.Range{}
		if !f.Since.IsZero() {
			window.Gte = pb.PtrOf(bound(f.Since))
		}
		if !f.AsOf.IsZero() {
			window.Lt = pb.PtrOf(bound(f.AsOf))
			must = append(must, pb.NewRange(createdField, &pb.Range{Lt: window.Lt}))
		}
		must = append(must, pb.NewRange(timeField, window))
	}
	return within(f.Portal, must...)
}

// bound rounds up to whole microseconds: what is stored has no fraction, and both bounds, at least and before, keep their meaning.
func bound(t time.Time) float64 {
	micros := t.UnixMicro()
	if t.Nanosecond()%1000 != 0 {
		micros++
	}
	return float64(micros) // exact below 2^53, which is the year 2255
}

// profileScope is the scope of a question for similar accounts.
func profileScope(f crm.ProfileFilter) (scope, error) {
	var must []*pb.Condition
	if len(f.Outcomes) > 0 {
		must = append(must, pb.NewMatchKeywords(outcomeField, f.Outcomes...))
	}
	if f.Industry != "" {
		must = append(must, pb.NewMatchKeyword(industryField, f.Industry))
	}
	if f.MinEmployees > 0 || f.MaxEmployees > 0 {
		size := &pb.Range{Gte: pb.PtrOf(float64(max(f.MinEmployees, 1)))} // unknown is stored as 0
		if f.MaxEmployees > 0 {
			size.Lte = pb.PtrOf(float64(f.MaxEmployees))
		}
		must = append(must, pb.NewRange(employeesField, size))
	}
	sc, err := within(f.Portal, must...)
	if err != nil || f.Except.IsZero() {
		return sc, err
	}
	return sc.except([]*pb.PointId{profileID(f.Except)}), nil
}

// ofActivity is everything stored of one activity; with a moment, only what was modified no later.
func ofActivity(activity crm.Ref, modified time.Time) (scope, error) {
	must := []*pb.Condition{pb.NewMatchKeyword(activityField, activity.Path())}
	if !modified.IsZero() {
		must = append(must, notNewer(modified))
	}
	return within(activity.Portal, must...)
}

func notNewer(modified time.Time) *pb.Condition {
	return pb.NewRange(modifiedField, &pb.Range{Lte: pb.PtrOf(float64(modified.UnixMicro()))})
}

func texts[T ~string](in []T) []string {
	out := make([]string, len(in))
	for i, v := range in {
		out[i] = string(v)
	}
	return out
}

// micros is the stored form of a time; the zero time is before every bound, even one in the year 1.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return -1 << 56 // exact as a float
	}
	return t.UnixMicro()
}
