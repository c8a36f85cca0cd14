package pgvector

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// maxDimension is what the type halfvec holds; an HNSW index goes up to maxIndexed (pgvector README, "Half-Precision Vectors").
const (
	maxDimension = 16_000
	maxIndexed   = 4_000
)

// migrate makes what is missing of the extension and the schema, in one transaction that one process runs at a time.
func migrate(ctx context.Context, config *pgx.ConnConfig, schema string) error {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock(hashtextextended($1, 0))", schema); err != nil {
			return err
		}
		var there bool
		if err := tx.QueryRow(ctx, "select exists (select from pg_extension where extname = 'vector')").Scan(&there); err != nil {
			return err
		}
		if !there { // asked first: whoever may not create it can still use it
			if _, err := tx.Exec(ctx, "create extension if not exists vector"); err != nil {
				return fmt.Errorf("the database has no extension \"vector\" (a superuser has to run: create extension vector): %w", err)
			}
		}
		for _, part := range []struct{ sql, there string }{
			{baseSchema, "select to_regclass('SCHEMA.generations') is not null"},
			{liveSchema, "select to_regprocedure('SCHEMA.live()') is not null"}, // came later
		} {
			if err := tx.QueryRow(ctx, strings.ReplaceAll(part.there, "SCHEMA", schema)).Scan(&there); err != nil {
				return err
			}
			if there {
				continue
			}
			if _, err := tx.Exec(ctx, strings.ReplaceAll(part.sql, "SCHEMA", schema)); err != nil {
				return err
			}
		}
		return nil
	})
	if closed := conn.Close(ctx); err == nil {
		err = closed
	}
	return err
}

const baseSchema = `
create schema if not exists SCHEMA;
create table SCHEMA.generations (
  id bigint generated always as identity primary key,
  name text not null unique,
  fingerprint text not null,
  dimension int not null,
  windows boolean not null,
  embedder text not null,
  created bigint,
  live boolean not null default false
);
create unique index generations_live on SCHEMA.generations (live) where live;
`

// liveSchema makes the number of the live generation (nothing: none is live) the body of a function, which the planner puts into each statement as a constant; replacing it
// makes all sessions plan anew with their next transaction. So a search pays nothing for asking, instead of a look into generations. The trigger keeps the two alike, whoever
// changes the table. It is called stable because it is no more than that.
const liveSchema = `
create function SCHEMA.tell_live() returns trigger language plpgsql as $body$
begin
  execute 'create or replace function SCHEMA.live() returns bigint language sql stable as ' ||
    quote_literal('select ' || coalesce((select id from SCHEMA.generations where live)::text, 'null') || '::bigint');
  return null;
end $body$;
create trigger tell_live after insert or delete or update of live on SCHEMA.generations for each statement execute function SCHEMA.tell_live();
update SCHEMA.generations set live = live;
`

// tables of a generation; words_N is the one without a portal, see generationSchema.
var walled = []string{"activities", "chunks", "stats", "profiles"}

// generationSchema makes one generation's tables. The vectors stay in their rows as far as a page holds them: looking aside for each would cost more than the distance;
// and they stand before whatever has no fixed length, which would have to be read first.
// Half precision for passages, of which there are many; profiles are few and come back as they were given.
//
// Row security binds the owner, too. Every statement names its portal, so that the planner compares that with the setting once, before the first row; the setting in a
// subquery of its own would cost a search some microseconds more. The words table has none: an index on arrays cannot be used behind it (overlap is not a leakproof operator), its keys are hashes
// salted with the portal, and nothing is answered from it without the chunk's row, which is walled.
func generationSchema(schema string, id int64, dimension int, windows bool) string {
	window := ""
	if windows {
		window = fmt.Sprintf("win halfvec(%d) not null,", dimension)
	}
	ddl := fmt.Sprintf(`
create table SCHEMA.activities_N (
  portal bigint not null, activity text collate "C" not null, modified bigint, digest text not null, chunks int not null, accounts text[] not null, people text[] not null,
  primary key (portal, activity)
);
create table SCHEMA.chunks_N (
  portal bigint not null, chunk uuid not null, created bigint not null, pos int not null, lead boolean not null, generated boolean not null,
  account text collate "C" not null, item halfvec(%[1]d) not null, %[2]s time bigint, activity text collate "C" not null, kind text collate "C" not null,
  people text[] collate "C" not null,
  primary key (portal, account, chunk)
) with (toast_tuple_target = 8160);
create unique index chunks_N_lead on SCHEMA.chunks_N (portal, chunk) where lead;
create index chunks_N_activity on SCHEMA.chunks_N (portal, activity);
create table SCHEMA.words_N (chunk uuid primary key, length int not null, terms bigint[] not null, counts int[] not null);
create index words_N_terms on SCHEMA.words_N using gin (terms);
create table SCHEMA.stats_N (portal bigint primary key, chunks bigint not null, tokens bigint not null) with (fillfactor = 50);
create table SCHEMA.profiles_N (
  portal bigint not null, account text collate "C" not null, vec vector(%[1]d), sparse sparsevec, terms text[] not null, weights real[] not null,
  industry text not null, employees int not null, outcome text not null, amount double precision not null, cycle_days int not null, chunks int not null, updated bigint, digest text not null,
  primary key (portal, account)
);`, dimension, window)
	for _, table := range walled {
		ddl += fmt.Sprintf(`
alter table SCHEMA.%[1]s_N enable row level security;
alter table SCHEMA.%[1]s_N force row level security;
create policy portal on SCHEMA.%[1]s_N using (portal = nullif(current_setting('contextd.portal', true), '')::bigint);`, table)
	}
	return numbered(ddl, schema, id)
}

func dropSchema(schema string, id int64) string {
	return numbered("drop table SCHEMA.words_N, SCHEMA."+strings.Join(walled, "_N, SCHEMA.")+"_N", schema, id)
}

// numbered puts the schema and a generation's number into a statement.
func numbered(sql, schema string, id int64) string {
	return strings.ReplaceAll(strings.ReplaceAll(sql, "SCHEMA", schema), "_N", "_"+strconv.FormatInt(id, 10)) // faster than a Replacer, which is worth while once it is used often
}
