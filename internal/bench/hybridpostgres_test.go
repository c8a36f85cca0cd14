package bench

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"github.com/contextd/contextd/internal/crm"
)

// oneStatement is a hybrid query as one statement of PostgreSQL. Its table lies in the order of accounts and has a btree on them; what is ranked by is in it, in half
// precision, and the bodies are apart, so that an account is few pages. There is no GIN: inside an account it makes the query slower.
type oneStatement struct{ conn *pgx.Conn }

func (l *library) oneStatement(b *testing.B, conn *pgx.Conn) oneStatement {
	b.Helper()
	execute(b, conn, "create table bodies (id int primary key, account int not null, body text not null, v halfvec(256) not null)")
	rows := pgx.CopyFromSlice(len(l.chunks), func(i int) ([]any, error) {
		c := l.chunks[i]
		return []any{i, c.account, c.text, pgvector.NewHalfVector(c.vector)}, nil
	})
	if _, err := conn.CopyFrom(b.Context(), pgx.Identifier{"bodies"}, []string{"id", "account", "body", "v"}, rows); err != nil {
		b.Fatal(err)
	}
	execute(b, conn, "create table ranked as select account, id, v, to_tsvector('english', body) as words from bodies order by account, id", "alter table bodies drop column v",
		"create index on ranked (account)", "vacuum full bodies", "vacuum analyze bodies", "vacuum analyze ranked")
	return oneStatement{conn}
}

const hybridStatement = `
with one as materialized (
  select id, case when words @@ to_tsquery('english', $2) then ts_rank_cd(words, to_tsquery('english', $2)) else 0 end as k, 1 + (v <#> $3) as d from ranked where account = $1
), best as (
  select id, .8 * k / greatest((select max(k) from one), 1e-9) + .2 * (1 - d) / greatest((select 1 - min(d) from one), 1e-9) as score from one order by score desc limit 10
)
select id, body, score from best join bodies using (id) order by score desc`

func (p oneStatement) ask(b *testing.B, account int, text string, vector []float32) error {
	rows, err := p.conn.Query(b.Context(), hybridStatement, account, anyOf(text), pgvector.NewHalfVector(vector))
	if err != nil {
		return err
	}
	var id, n int
	var body string
	var score float64
	_, err = pgx.ForEachRow(rows, []any{&id, &body, &score}, func() error {
		if n++; body == "" || score == 0 {
			return fmt.Errorf("chunk %d has no body or score", id)
		}
		return nil
	})
	return enough(n, err)
}

// contentWords are the words of a question that mean something.
func contentWords(text string) []string {
	return slices.DeleteFunc(crm.Terms(text), func(w string) bool { return slices.Contains(function, w) || w == "what" || w == "did" || w == "about" })
}

// anyOf is a tsquery for any of the words, stemmed by the server.
func anyOf(text string) string { return strings.Join(contentWords(text), " | ") }
