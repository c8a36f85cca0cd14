package bench

import (
	"io"
	"log/slog"
	"net/http"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/internal/web"
)

// door is the product's handler before this store. The ports of other routes are never called.
func door(db *store.DB) http.Handler {
	return web.New(ports(db))
}

// ports are the store's inbox and, for everything else that the handler asks for, something whose methods are never called.
func ports(db *store.DB) web.Server {
	return web.Server{Verifier: verifier(), Inbox: db, PublicURL: publicURL, Portals: []crm.PortalID{portal}, Log: slog.New(slog.NewJSONHandler(io.Discard, nil)),
		Access: struct{ web.Access }{}, Tokens: struct{ web.Tokens }{}, Retriever: struct{ web.Retriever }{}, History: struct{ web.History }{},
		Suggestions: struct{ web.Suggestions }{}, Decider: struct{ web.Decider }{}, Desk: struct{ web.Desk }{}, Stops: struct{ stopper }{}, Runs: struct{ web.Runs }{},
		Audit: struct{ web.Audit }{}, Work: struct{ web.Work }{}, Status: struct{ web.StatusReader }{}, Usage: struct{ web.Usage }{}, Prompts: struct{ web.Prompts }{},
		Policies: struct{ web.Policies }{}, Calibration: struct{ web.Calibration }{}, Backfills: struct{ web.Backfills }{},
		Generations: struct{ web.Generations }{}, Similar: struct{ finder }{}}
}

// finder is a name for web.Similar that is not its method's.
type finder = web.Similar

// stopper is web.Stops under another name, for the same reason.
type stopper = web.Stops
