package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/contextd/contextd/indexer"
	"github.com/contextd/contextd/indexer/generation"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/internal/vector/flat"
	"github.com/contextd/contextd/internal/vector/pgvector"
	"github.com/contextd/contextd/internal/vector/qdrant"
)

// flatChunks is how many chunks of a portal the embedded store is made for: beyond it a search of the whole portal reads more than fits into its memory.
const flatChunks = 200_000

// indexChecks looks at the vector store, the embedder and the live generation. While a service holds the data directory, the embedded store is the service's.
func indexChecks(ctx context.Context, cfg Config, held bool) []Check {
	e := embedderOf(cfg)
	checks := []Check{embedderCheck(ctx, cfg)}
	if held && cfg.Vectors.URL == "flat:" {
		return append(checks, Check{Name: "vectors", State: "ok", Detail: "the embedded store is in the running service: contextd index verify looks into it"})
	}
	backend, err := openVectorStore(ctx, cfg)
	if err != nil {
		fix := "start the server that vectors.url names, or correct it"
		if errors.Is(err, flat.ErrDamaged) || errors.Is(err, flat.ErrFormat) {
			return append(checks, Check{Name: "vectors", State: "warn", Detail: err.Error(), Fix: "nothing: contextd serve sets the file aside and rebuilds it from the stored texts"})
		}
		return append(checks, Check{Name: "vectors", State: "fail", Detail: err.Error(), Fix: fix, Code: exitCode(err)})
	}
	checks = append(checks, storeCheck(ctx, backend), generationCheck(ctx, backend, e))
	if cfg.Vectors.URL == "flat:" {
		checks = append(checks, sizeChecks(ctx, cfg)...)
	}
	if err := backend.Close(); err != nil {
		checks = append(checks, Check{Name: "vectors", State: "fail", Detail: err.Error(), Fix: "look at the disk", Code: exitFailed})
	}
	return checks
}

func embedderCheck(ctx context.Context, cfg Config) Check {
	e := embedderOf(cfg)
	made, err := embedders(cfg)(ctx, e.describe())
	if err != nil {
		return Check{Name: "embedder", State: "fail", Detail: err.Error(), Fix: "start the server, pull the model, or correct embedder.model and embedder.base_url", Code: exitCode(err)}
	}
	return Check{Name: "embedder", State: "ok", Detail: fmt.Sprintf("%s, %d dimensions%s", made.Name(), made.Dimension(), cfg.Privacy.shown(e.Provider, e.Model, e.BaseURL))}
}

// storeCheck asks a server what it is.
func storeCheck(ctx context.Context, backend generation.Store) Check {
	c := Check{Name: "vectors", State: "ok", Detail: "embedded"}
	var err error
	switch s := backend.(vectorStore).backEnd.(type) {
	case *qdrant.Store:
		var v string
		if v, err = s.Version(ctx); err == nil {
			c.Detail = "Qdrant " + v
			if !qdrant.Supported(v) {
				c.State, c.Fix = "warn", "upgrade to Qdrant "+qdrant.MinVersion+": this one weighs words by what is rare in all portals together"
			}
		}
	case *pgvector.Store:
		var v pgvector.Version
		if v, err = s.Version(ctx); err == nil {
			c.Detail = "PostgreSQL " + v.Server + ", pgvector " + v.Extension
			switch {
			case v.Outdated:
				c.State, c.Fix = "warn", "upgrade pgvector to 0.8.4 or later: earlier ones can damage indexes"
			case v.Unwalled:
				c.State, c.Fix = "warn", "use a role without superuser and BYPASSRLS: row security, the second wall between portals, does not bind this one"
			}
		}
	}
	if err != nil {
		return Check{Name: "vectors", State: "fail", Detail: err.Error(), Fix: "see that the server is running and reachable", Code: exitUnreachable}
	}
	return c
}

// generationCheck compares the live generation with the configured embedder.
func generationCheck(ctx context.Context, backend generation.Store, e embedderConfig) Check {
	c := Check{Name: "index", State: "ok"}
	all, err := backend.Generations(ctx)
	if err != nil {
		return Check{Name: "index", State: "fail", Detail: err.Error(), Fix: "see that the vector store is running", Code: exitCode(err)}
	}
	i := slices.IndexFunc(all, func(g crm.Generation) bool { return g.Live })
	if i < 0 {
		c.Detail = "empty: contextd index fills it"
		return c
	}
	g := all[i]
	c.Detail = fmt.Sprintf("generation %s of %d, made by %s", g.Name, len(all), g.Fingerprint)
	chunker, err := generation.ChunkerOf(g)
	switch {
	case err != nil:
		c.State, c.Fix = "warn", "contextd reindex --new-generation --swap builds the index anew: "+err.Error()
	case g.Embedder != e.describe():
		c.State, c.Fix = "warn", "contextd reindex --new-generation --swap builds the index for the configured embedder; until then the other one answers"
	case chunker != indexer.ChunkerVersion:
		c.State, c.Fix = "warn", "contextd reindex --new-generation --swap builds the index with the chunks of this version; until then those of another one are searched"
	}
	return c
}

// sizeChecks recommends a server where a portal has outgrown the embedded store.
func sizeChecks(ctx context.Context, cfg Config) (checks []Check) {
	db, err := openData(ctx, cfg.DataDir)
	if held := (*store.HeldError)(nil); errors.As(err, &held) {
		return nil
	}
	if err != nil {
		return []Check{{Name: "index size", State: "fail", Detail: err.Error(), Fix: "see the check of the data", Code: exitCode(err)}}
	}
	for _, p := range cfg.AllPortals() {
		counts, err := db.Counts(ctx, p.PortalID)
		switch {
		case err != nil:
			checks = append(checks, Check{Name: "index size", State: "fail", Detail: err.Error(), Code: exitFailed})
		case counts.Chunks > flatChunks:
			checks = append(checks, Check{Name: "index size", State: "warn", Detail: fmt.Sprintf("portal %s has %d chunks; the embedded store is made for %d", p.PortalID, counts.Chunks, flatChunks),
				Fix: "set vectors.url to a Qdrant server: inside an account nothing changes, across accounts it is faster"})
		}
	}
	if err := db.Close(); err != nil {
		checks = append(checks, Check{Name: "index size", State: "fail", Detail: err.Error(), Code: exitFailed})
	}
	return checks
}
