package pgvector

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// The parameters of BM25, as everywhere in this product.
const (
	k1 = 1.2
	b  = .75
)

// termKey is how an index entry names a term of a portal: no two portals share entries, and the table of words holds no words. Collisions of 64 bits do not matter.
func termKey(p crm.PortalID, term string) int64 {
	h := fnv.New64a()
	_, _ = h.Write(binary.LittleEndian.AppendUint64(nil, uint64(p))) // a hash never fails
	_, _ = h.Write([]byte(term))
	return int64(h.Sum64())
}

// wordsRow is the row of words_N of one chunk, and its length in tokens. Keys ascend.
func wordsRow(p crm.PortalID, id [16]byte, terms []crm.TermCount) ([]any, int64) {
	type entry struct {
		key   int64
		count int32
	}
	entries := make([]entry, len(terms))
	var length int64
	for i, t := range terms {
		entries[i] = entry{termKey(p, t.Term), int32(t.Count)}
		length += int64(t.Count)
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	keys, counts := make([]int64, len(terms)), make([]int32, len(terms))
	for i, e := range entries {
		keys[i], counts[i] = e.key, e.count
	}
	return []any{id, int32(length), keys, counts}, length
}

// Match is BM25 over the portal's statistics: one statement finds the chunks with any of the terms, counts each term among all of them, scores those that the filter
// lets through and keeps the best.
func (x *Index) Match(ctx context.Context, terms []string, f crm.Filter, n int) ([]crm.Hit, error) {
	keys := make([]int64, len(terms))
	for i, t := range terms {
		keys[i] = termKey(f.Portal, t)
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	var hits []crm.Hit
	err := x.read(ctx, question{
		portal: f.Portal,
		wide:   &wideness{portal: f.Portal, words: true},
		make:   func(s *statement, _ generation) error { return writeMatch(s, keys, f, max(n, 0)) },
		rows:   collectHits(&hits, func(score float64) float64 { return score }),
	})
	if err != nil {
		return nil, fmt.Errorf("pgvector: match in portal %d: %w", f.Portal, err)
	}
	return hits, nil
}

// writeMatch makes the statement. A filter that looks at chunks is applied before the limit, at the price of looking each candidate up; without one only the hits are,
// so that nothing is answered without its walled row. A row's keys ascend, which lets width_bucket find one by halving. Everything is float8: numeric is ten times slower.
func writeMatch(s *statement, keys []int64, f crm.Filter, n int) error {
	var found, counts, idf, score []string
	for i, key := range keys {
		found = append(found, fmt.Sprintf("case when terms[width_bucket(%[1]s::bigint, terms)] = %[1]s::bigint then counts[width_bucket(%[1]s::bigint, terms)]::float8 else 0 end as t%[2]d",
			s.arg(key), i))
		counts = append(counts, fmt.Sprintf("count(*) filter (where t%[1]d > 0)::float8 as n%[1]d", i))
		idf = append(idf, fmt.Sprintf("ln(1::float8 + (chunks - n%[1]d + 0.5::float8) / (n%[1]d + 0.5::float8)) * %[2]g::float8 as i%[1]d", i, k1+1))
		score = append(score, fmt.Sprintf("i%[1]d * t%[1]d / (t%[1]d + base + slope * length)", i))
	}
	where, err := s.where(f)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		s.sql.WriteString("select chunk, 0::float8 from SCHEMA.chunks_N where false and " + where)
		return nil
	}
	all, limit := s.arg(keys), s.arg(n)
	fmt.Fprintf(&s.sql, "with h as materialized (select chunk, length::float8 as length, %s from SCHEMA.words_N where terms && %s::bigint[]), "+
		"w as materialized (select %s, %g::float8 as base, %g::float8 * chunks / greatest(tokens, 1) as slope from (select %s from h) d, "+
		"(select chunks::float8, tokens::float8 from SCHEMA.stats_N where %s) s)",
		strings.Join(found, ", "), all, strings.Join(idf, ", "), k1*(1-b), k1*b, strings.Join(counts, ", "), tenant(f.Portal))
	scored := "select chunk, " + strings.Join(score, " + ") + " as score from h, w"
	if f.Wide && plain(f) {
		fmt.Fprintf(&s.sql, " select chunk, score from (%s order by score desc, chunk limit %s) best join SCHEMA.chunks_N using (chunk) where %s order by score desc, chunk", scored, limit, where)
	} else {
		fmt.Fprintf(&s.sql, " select chunk, score from (%s) every join SCHEMA.chunks_N using (chunk) where %s order by score desc, chunk limit %s", scored, where, limit)
	}
	return nil
}
