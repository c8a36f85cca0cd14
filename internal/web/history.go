package web

import (
	"context"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// History is what is known of records and activities. Reads are of one portal: a Ref carries it.
type History interface {
	// Activity is the current version with its text; crm.ErrNotFound when it is not kept or deleted.
	Activity(ctx context.Context, ref crm.Ref) (crm.Stored, error)
	// Text is one version's text, also a superseded one; crm.ErrNotFound when unknown or erased.
	Text(ctx context.Context, ref crm.Ref, version string) (string, error)
	// Account is the account of a record; crm.ErrNotFound when the record is unknown.
	Account(ctx context.Context, record crm.Ref) (crm.Ref, error)
	// TimelinePage lists a record's activities since then (zero: all), without text, newest first, ours included and flagged.
	TimelinePage(ctx context.Context, record crm.Ref, since time.Time, cursor string, limit int) (page []crm.Stored, next string, err error)
}
