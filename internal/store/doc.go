// Package store owns everything durable: deliveries and events (the inbox), the dirty set, records and memberships, activities with their texts, chunks and
// postings, proposals, effects (the outbox), outcomes, audit, tokens and cursors. It runs on SQLite; the SQL is written so that Postgres accepts it but for the
// small dialect in dialect.go. The tables are documented in migrations/.
//
// Writes go through one goroutine that commits them in groups: concurrent callers share one fsync, each in a savepoint of its own. A call that returns nil is on
// disk. Reads use connections of their own and see whole commits only. Times are stored as microseconds UTC (0: none), references as "type/id" beside a portal.
//
// Errors are the kinds of package crm. A full, locked, read-only or failing disk is crm.ErrTemporary: nothing was stored, and the store works again as soon as
// the fault is gone.
package store
