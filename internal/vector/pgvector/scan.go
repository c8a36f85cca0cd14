package pgvector

import (
	"context"
	"encoding/hex"
	"fmt"
	"iter"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/contextd/contextd/internal/crm"
)

// page is how many activities a scan reads at a time. Between pages it holds neither connection nor lock, so that the loop may write.
const page = 500

// Scan yields every chunk of a portal once, for reconciling.
func (x *Index) Scan(ctx context.Context, portal crm.PortalID) iter.Seq2[crm.Indexed, error] {
	return func(yield func(crm.Indexed, error) bool) {
		if portal <= 0 {
			yield(crm.Indexed{}, fmt.Errorf("pgvector: scan portal %d: %w", portal, crm.ErrInvalid))
			return
		}
		for after := ""; ; {
			var found []crm.Indexed
			n := 0
			err := x.read(ctx, question{
				portal: portal,
				make: func(s *statement, _ generation) error {
					s.sql.WriteString("select activity, digest, chunks, accounts, people, array(select chunk from SCHEMA.chunks_N c where c." + tenant(portal) +
						" and c.activity = a.activity and lead) from SCHEMA.activities_N a where " + tenant(portal) + " and activity > " + s.arg(after) + " order by activity limit " + s.arg(page))
					return nil
				},
				rows: func(rows pgx.Rows) (err error) {
					found, after, n, err = indexed(rows, portal)
					return err
				},
			})
			if err != nil {
				yield(crm.Indexed{}, fmt.Errorf("pgvector: scan portal %d: %w", portal, err))
				return
			}
			for _, one := range found {
				if !yield(one, nil) {
					return
				}
			}
			if n < page {
				return
			}
		}
	}
}

// indexed reads a page: its chunks, its last activity, and how many activities it has.
func indexed(rows pgx.Rows, portal crm.PortalID) (found []crm.Indexed, last string, n int, err error) {
	var digest string
	var chunks int
	var accounts, people []string
	var ids [][16]byte
	_, err = pgx.ForEachRow(rows, []any{&last, &digest, &chunks, &accounts, &people, &ids}, func() error {
		n++
		in, of := refs(portal, accounts), refs(portal, people)
		for _, id := range ids {
			found = append(found, crm.Indexed{Chunk: hex.EncodeToString(id[:]), Activity: ref(portal, last), Digest: digest, Chunks: chunks, Accounts: in, People: of})
		}
		return nil
	})
	return found, last, n, err
}

// ref is the inverse of Ref.Path.
func ref(portal crm.PortalID, path string) crm.Ref {
	typ, id, _ := strings.Cut(path, "/") // stored by us, with a slash
	return crm.Ref{Portal: portal, Type: crm.ObjectType(typ), ID: id}
}

func refs(portal crm.PortalID, paths []string) []crm.Ref {
	var out []crm.Ref
	for _, p := range paths {
		out = append(out, ref(portal, p))
	}
	return out
}
