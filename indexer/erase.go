package indexer

import (
	"context"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// Erase handles erase work, whose key is a record or an activity: the texts first, because they are what can be read, then the vectors. A crash in between leaves the
// vectors to the index work that the store has marked.
func (x *Indexer) Erase(ctx context.Context, claims []crm.Claim) []error {
	errs := make([]error, len(claims))
	for i, c := range claims {
		if err := x.erase(ctx, c); err != nil {
			errs[i] = fmt.Errorf("erase %s: %w", c.Key, err)
		}
	}
	return errs
}

func (x *Indexer) erase(ctx context.Context, c crm.Claim) error {
	ref, err := crm.ParsePath(c.Portal, c.Key)
	if err != nil {
		return err
	}
	activities, err := x.Texts.Erase(ctx, ref, crm.System("privacy"))
	if err != nil {
		return err
	}
	gone := make([]crm.Kept, len(activities))
	for i, a := range activities {
		gone[i] = crm.Kept{Activity: crm.Activity{Ref: a}}
	}
	if len(gone) == 0 {
		return nil
	}
	if err := x.Vectors.Replace(ctx, gone); err != nil {
		return fmt.Errorf("vectors of %d activities: %w", len(gone), err)
	}
	return nil
}
