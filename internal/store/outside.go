package store

import (
	"context"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// AskOutside records, before anything is sent, that a source is asked about a company. What is sent is there as its hash.
func (db *DB) AskOutside(ctx context.Context, q crm.OutsideQuestion, source string) error {
	return db.auditOutside(ctx, "source.asked", q.Company, source, map[string]string{"question": sum([]byte(q.Domain + "\n" + q.Name))})
}

// OutsideAnswered records what came of it: the hash of the answer as it is kept, or none when there was no answer that can be used.
func (db *DB) OutsideAnswered(ctx context.Context, q crm.OutsideQuestion, source string, a crm.OutsideAnswer) error {
	if len(a.Facts) == 0 {
		return db.auditOutside(ctx, "source.silent", q.Company, source, map[string]string{})
	}
	return db.auditOutside(ctx, "source.answered", q.Company, source, map[string]string{"answer": sum([]byte(a.Text))})
}

func (db *DB) auditOutside(ctx context.Context, action string, company crm.Ref, source string, hashes map[string]string) error {
	err := db.w.write(ctx, func(t *tx) error {
		return t.audit(crm.AuditEntry{Action: action, Actors: []crm.Actor{crm.System("engine")}, Portal: company.Portal, Subject: path(company), IDs: map[string]string{"source": source}, Hashes: hashes})
	})
	if err != nil {
		return fmt.Errorf("audit %s for %s: %w", action, company.Path(), err)
	}
	return nil
}
