package pgvector

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/pgvector/pgvector-go"

	"github.com/contextd/contextd/internal/crm"
)

// columnsOfActivities are rows of activities_N, a slice per column, with what decides whether they apply.
type columnsOfActivities struct {
	path, digest, accounts, people []string
	guard                          []int64
	modified                       []*int64
	chunks                         []int
}

func (c *columnsOfActivities) add(portal crm.PortalID, path string, ch change) {
	c.path, c.guard = append(c.path, path), append(c.guard, ch.guard)
	k := ch.kept
	c.modified, c.digest, c.chunks = append(c.modified, micros(k.Activity.Modified)), append(c.digest, k.Digest), append(c.chunks, len(k.Chunks))
	c.accounts = append(c.accounts, joined(portal, k.Accounts))
	people := ""
	if len(k.Chunks) > 0 {
		people = joined(portal, k.Chunks[0].People)
	}
	c.people = append(c.people, people)
}

// separator stands between references where a list of them is one element of an array; refuse keeps it out of references.
const separator = "\x1f"

func joined(portal crm.PortalID, refs []crm.Ref) string {
	return strings.Join(unique(portal, refs), separator)
}

func split(column string) string {
	return "coalesce(string_to_array(nullif(" + column + ", ''), E'\\x1f'), '{}')"
}

// unique are the paths of references, ascending, each once.
func unique(portal crm.PortalID, refs []crm.Ref) []string {
	out := paths(portal, refs)
	slices.Sort(out)
	return slices.Compact(out)
}

// columns are rows of chunks_N and words_N.
type columns struct {
	windows                         bool
	chunk                           [][16]byte
	account, activity, kind, people []string
	lead, generated                 []bool
	pos                             []int
	time                            []*int64
	created                         []int64
	item, window                    []pgvector.HalfVector
	words                           [][]any
	tokens                          int64
}

func newColumns(windows bool) *columns { return &columns{windows: windows} }

// add appends the rows of one activity: one per chunk and account.
func (c *columns) add(k *crm.Kept) error {
	portal := k.Activity.Ref.Portal
	accounts := unique(portal, k.Accounts)
	for i := range k.Chunks {
		ch := &k.Chunks[i]
		var id [16]byte
		if _, err := hex.Decode(id[:], []byte(ch.ID)); err != nil {
			return fmt.Errorf("chunk %q: %w: %w", ch.ID, err, crm.ErrInvalid)
		}
		item, people := half(ch.Vector), joined(portal, ch.People)
		var window pgvector.HalfVector
		if c.windows {
			window = half(ch.Window)
		}
		for j, account := range accounts {
			c.chunk, c.account, c.activity = append(c.chunk, id), append(c.account, account), append(c.activity, k.Activity.Ref.Path())
			c.kind, c.people, c.lead = append(c.kind, string(ch.Kind)), append(c.people, people), append(c.lead, j == 0)
			c.generated, c.pos = append(c.generated, ch.Generated), append(c.pos, ch.Pos)
			c.time, c.created, c.item = append(c.time, micros(ch.Time)), append(c.created, ch.Created.UnixMicro()), append(c.item, item)
			if c.windows {
				c.window = append(c.window, window)
			}
		}
		var terms []crm.TermCount
		if len(k.Terms) > 0 {
			terms = k.Terms[i]
		}
		row, tokens := wordsRow(portal, id, terms)
		c.words, c.tokens = append(c.words, row), c.tokens+tokens
	}
	return nil
}

func (c *columns) insert(p crm.PortalID) string {
	win, arg, as := "", "", ""
	if c.windows {
		win, arg, as = ", win", ", $12::halfvec[]", ", win"
	}
	return "insert into SCHEMA.chunks_N (portal, account, chunk, lead, activity, pos, kind, time, created, generated, people, item" + win + ") select " + p.String() +
		", account, chunk, lead, activity, pos, kind, time, created, generated, " + split("people") + ", item" + win +
		" from unnest($1::text[], $2::uuid[], $3::boolean[], $4::text[], $5::int[], $6::text[], $7::bigint[], $8::bigint[], $9::boolean[], $10::text[], $11::halfvec[]" + arg +
		") as g (account, chunk, lead, activity, pos, kind, time, created, generated, people, item" + as + ")"
}

func (c *columns) args() []any {
	args := []any{c.account, c.chunk, c.lead, c.activity, c.pos, c.kind, c.time, c.created, c.generated, c.people, c.item}
	if c.windows {
		args = append(args, c.window)
	}
	return args
}
