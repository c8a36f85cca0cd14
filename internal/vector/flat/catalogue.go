package flat

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
)

// Generations lists them, oldest first.
func (s *Store) Generations(ctx context.Context) ([]crm.Generation, error) {
	rows, err := s.catalogue.QueryContext(ctx, `SELECT name, fingerprint, dimension, windows, embedder, created, live FROM generations ORDER BY number`)
	if err != nil {
		return nil, fmt.Errorf("list generations: %w", damaged(err))
	}
	defer rows.Close() // reading: rows.Err below is what counts
	var out []crm.Generation
	for rows.Next() {
		var g crm.Generation
		var created int64
		if err := rows.Scan(&g.Name, &g.Fingerprint, &g.Dimension, &g.Windows, &g.Embedder, &created, &g.Live); err != nil {
			return nil, fmt.Errorf("list generations: %w", damaged(err))
		}
		g.Created = fromMicros(created)
		out = append(out, g)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list generations: %w", damaged(err))
	}
	return out, nil
}

// find returns one generation; "" is the live one.
func (s *Store) find(ctx context.Context, name string) (crm.Generation, error) {
	gs, err := s.Generations(ctx)
	if err != nil {
		return crm.Generation{}, err
	}
	for _, g := range gs {
		if g.Name == name || name == "" && g.Live {
			return g, nil
		}
	}
	return crm.Generation{}, fmt.Errorf("vector generation %q: %w", name, crm.ErrNotFound)
}

// Create makes an empty generation that is not live. The same one again (name, fingerprint, dimension, windows) changes nothing; another one of that name is
// crm.ErrConflict.
func (s *Store) Create(ctx context.Context, g crm.Generation) error {
	if !validName(g.Name) || g.Fingerprint == "" || g.Dimension < 1 {
		return fmt.Errorf("create vector generation %q of dimension %d: want a name of lower-case letters and digits, a fingerprint and a dimension: %w", g.Name, g.Dimension, crm.ErrInvalid)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch old, err := s.find(ctx, g.Name); {
	case err == nil && (old.Fingerprint != g.Fingerprint || old.Dimension != g.Dimension || old.Windows != g.Windows):
		return fmt.Errorf("create vector generation %s: there is another one of that name, of %s: %w", g.Name, old.Fingerprint, crm.ErrConflict)
	case err == nil || !errors.Is(err, crm.ErrNotFound):
		return err
	}
	// The file first: one without a row is removed at the next start, a row without a file would be damage.
	if err := remove(s.file(g.Name)); err != nil {
		return fmt.Errorf("create vector generation %s: %w", g.Name, err)
	}
	if err := createFile(ctx, s.file(g.Name), generationSchema, about(g), layoutOf(4*width(g)).page); err != nil {
		return fmt.Errorf("create vector generation %s: %w", g.Name, damaged(err))
	}
	file, err := openGeneration(ctx, s.file(g.Name), g, s.options)
	if err != nil {
		return fmt.Errorf("create vector generation %s: %w", g.Name, err)
	}
	if _, err := s.catalogue.ExecContext(ctx, `INSERT INTO generations (name, fingerprint, dimension, windows, embedder, created, live) VALUES (?, ?, ?, ?, ?, ?, 0)`,
		g.Name, g.Fingerprint, g.Dimension, g.Windows, g.Embedder, micros(g.Created)); err != nil {
		return errors.Join(fmt.Errorf("create vector generation %s: %w", g.Name, damaged(err)), file.close())
	}
	s.open[g.Name] = file
	return nil
}

func validName(name string) bool {
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// Open opens a generation; "" is the live one, whichever that is at each call of the Index.
func (s *Store) Open(ctx context.Context, name string) (*Index, error) {
	x := &Index{store: s, name: name}
	if name != "" { // bound to the generation, not to a later one of its name
		g, err := s.generation(ctx, name)
		if err != nil {
			return nil, err
		}
		x.bound = g
		return x, nil
	}
	_, err := s.generation(ctx, "")
	if err != nil {
		return nil, err
	}
	return x, nil
}

// generation returns an open generation.
func (s *Store) generation(ctx context.Context, name string) (*generation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name == "" && s.live != nil {
		return s.live, nil
	}
	if g := s.open[name]; g != nil {
		return g, nil
	}
	found, err := s.find(ctx, name)
	if err != nil {
		return nil, err
	}
	g := s.open[found.Name]
	if g == nil {
		if g, err = openGeneration(ctx, s.file(found.Name), found, s.options); err != nil {
			return nil, fmt.Errorf("open vector generation %s: %w", found.Name, err)
		}
		s.open[found.Name] = g
	}
	if found.Live {
		s.live = g
	}
	return g, nil
}

// Swap makes a generation the live one, durably and at once for every Index of the live one.
func (s *Store) Swap(ctx context.Context, name string) error {
	if name == "" {
		return fmt.Errorf("swap to a vector generation without a name: %w", crm.ErrNotFound)
	}
	g, err := s.generation(ctx, name) // open before anybody is sent there
	if err != nil {
		return fmt.Errorf("swap: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[name] != g {
		return fmt.Errorf("swap to vector generation %s: %w", name, crm.ErrNotFound)
	}
	if _, err := s.catalogue.ExecContext(ctx, `UPDATE generations SET live = (name = ?) WHERE live OR name = ?`, name, name); err != nil {
		return fmt.Errorf("swap to vector generation %s: %w", name, damaged(err))
	}
	s.live = g
	return nil
}

// Drop removes a generation and its file; crm.ErrConflict for the live one; an unknown one is no error. It waits for the searches that are running in it.
func (s *Store) Drop(ctx context.Context, name string) error {
	g, err := s.forget(ctx, name)
	if err != nil || g == nil {
		return err
	}
	if err := g.retire(ctx); err != nil {
		return fmt.Errorf("drop vector generation %s: %w", name, err)
	}
	return nil
}

// forget takes a generation out of the catalogue: from here on nobody opens it, and its file goes at the next start at the latest.
func (s *Store) forget(ctx context.Context, name string) (*generation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var live bool
	err := s.catalogue.QueryRowContext(ctx, `SELECT live FROM generations WHERE name = ?`, name).Scan(&live)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("drop vector generation %s: %w", name, damaged(err))
	case live:
		return nil, fmt.Errorf("drop vector generation %s, which is live: %w", name, crm.ErrConflict)
	}
	if _, err := s.catalogue.ExecContext(ctx, `DELETE FROM generations WHERE name = ?`, name); err != nil {
		return nil, fmt.Errorf("drop vector generation %s: %w", name, damaged(err))
	}
	g := s.open[name]
	delete(s.open, name)
	if g == nil {
		return nil, remove(s.file(name))
	}
	return g, nil
}
