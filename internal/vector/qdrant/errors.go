package qdrant

import (
	"context"
	"errors"
	"fmt"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/contextd/contextd/internal/crm"
)

// mapped turns the client's error into one of ours. What has no kind here (Internal, DataLoss …) keeps none: nobody knows whether trying again helps.
func (s *Store) mapped(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("qdrant: %s: %w", op, ctx.Err())
	}
	var limited *pb.QdrantResourceExhaustedError
	if errors.As(err, &limited) {
		at := s.o.Clock().Add(time.Duration(limited.RetryAfterS) * time.Second)
		return fmt.Errorf("qdrant: %s: %w", op, &crm.RetryAfter{At: at, Err: err})
	}
	if kind := kindOf(status.Code(err)); kind != nil {
		return fmt.Errorf("qdrant: %s: %w: %w", op, err, kind)
	}
	return fmt.Errorf("qdrant: %s: %w", op, err)
}

func kindOf(c codes.Code) error {
	switch c {
	case codes.Unavailable, codes.ResourceExhausted, codes.DeadlineExceeded:
		return crm.ErrTemporary
	case codes.NotFound:
		return crm.ErrNotFound
	case codes.InvalidArgument:
		return crm.ErrInvalid
	case codes.AlreadyExists:
		return crm.ErrConflict
	case codes.PermissionDenied, codes.Unauthenticated:
		return crm.ErrForbidden
	}
	return nil
}

// completed makes sure that a write was applied: "acknowledged" means only that it stands in the server's log, and it may still be refused. Writing it again is
// harmless, so that everything else is temporary.
func completed(op string, results ...*pb.UpdateResult) error {
	for _, r := range results {
		if r.GetStatus() != pb.UpdateStatus_Completed {
			return fmt.Errorf("qdrant: %s: the server says %s instead of completed: %w", op, r.GetStatus(), crm.ErrTemporary)
		}
	}
	return nil
}
