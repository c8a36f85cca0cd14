package pgvector

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// Version is what a store runs on.
type Version struct {
	Server    string // as PostgreSQL says it: "18.4"
	Extension string // as installed in this database: "0.8.5"
	Outdated  bool   // the extension is older than 0.8.4: earlier ones could damage HNSW indexes while vacuuming (its CHANGELOG, 0.8.2 to 0.8.4)
	Unwalled  bool   // the role is a superuser or has BYPASSRLS: row security does not bind it, only our own conditions keep portals apart
}

// Version asks the server. The result is for a person to read: nothing is refused because of it.
func (s *Store) Version(ctx context.Context) (Version, error) {
	var v Version
	err := s.pool.QueryRow(ctx, "select current_setting('server_version'), extversion, rolsuper or rolbypassrls from pg_extension, pg_roles where extname = 'vector' and rolname = current_user").
		Scan(&v.Server, &v.Extension, &v.Unwalled)
	if err != nil {
		return Version{}, fmt.Errorf("pgvector: version: %w", classify(ctx, err))
	}
	v.Outdated = older(v.Extension, [3]int{0, 8, 4})
	return v, nil
}

// older compares a version such as "0.8.5" with a floor; one that cannot be read is taken to be older.
func older(version string, floor [3]int) bool {
	parts := strings.Split(version, ".")
	for i, want := range floor {
		if i >= len(parts) {
			return want > 0
		}
		n, err := strconv.Atoi(parts[i])
		if err != nil {
			return true
		}
		if n != want {
			return n < want
		}
	}
	return false
}
