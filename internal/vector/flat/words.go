package flat

import (
	"context"
	"database/sql"
	"sync"

	"github.com/contextd/contextd/internal/crm"
)

// The keyword side of a portal. SQLite's FTS5 was the other choice: it costs more per chunk when indexing than all the rest of this file's writing, it knows one set of
// statistics for all portals of a table, and a question to it costs milliseconds. Here a chunk's terms are written as one short string beside its facts, and the
// postings of a portal are put together in memory when the first portal-wide question comes (10 to 15 µs of one core for each chunk), and kept up to date from then on. Inside
// an account nobody asks here: its own postings are in the store.
//
// Terms are kept as 32-bit hashes: the file needs no dictionary, in which words of erased texts would stay readable. Of the 100,000 words of a large portal, one in
// 40,000 shares its hash with another one, and is then counted together with it.

// words is the postings of one portal in memory.
type words struct {
	g *generation

	mu sync.RWMutex // guards what follows
	table
	lengths  []uint32         // in terms, by row; gone for rows of dead spans
	at       map[uint32]int32 // by hash: place in lists
	lists    [][]uint32       // row << countBits | count, ascending
	entries  int
	total    uint64 // terms of all live rows
	speaking int    // live rows with terms
}

const (
	countBits = 6 // 63 of a word in one chunk say as much as more do
	gone      = 1<<32 - 1
)

func (w *words) size() int {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.table.size() + 4*cap(w.lengths) + 5*w.entries + 64*len(w.lists) // a list has a fifth of room on average
}

func (w *words) apply(c *change) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case c.unclear:
		return false
	case c.n != 0 && c.words == nil:
		s := w.find(c.n)
		if s == nil {
			return false
		}
		s.people, s.accounts = w.people.number(c.now.people), w.accounts.number(c.now.accounts)
		return true
	}
	if s := w.find(c.old); s != nil {
		for r := s.from; r < s.to; r++ {
			if w.lengths[r] > 0 {
				w.speaking--
				w.total -= uint64(w.lengths[r])
			}
			w.lengths[r] = gone
		}
		w.remove(c.old)
	}
	if c.n != 0 && w.push(c.n, c.ref, c.now, c.words) != nil {
		return false
	}
	return !w.wasteful()
}

func (w *words) push(n int64, ref crm.Ref, f *facts, b []byte) error {
	row := uint32(len(w.ids))
	if !w.add(n, f, true) {
		return nil
	}
	return decodeWords(ref, b, f.chunks(), func(list []posting) {
		length := uint32(0)
		for _, p := range list {
			i, ok := w.at[p.hash]
			if !ok {
				i = int32(len(w.lists))
				w.at[p.hash], w.lists = i, append(w.lists, nil)
			}
			w.lists[i] = append(w.lists[i], row<<countBits|min(p.count, 1<<countBits-1))
			length += p.count
		}
		if length > 0 {
			w.speaking++
			w.total += uint64(length)
		}
		w.entries += len(list)
		w.lengths = appendOne(w.lengths, length)
		row++
	})
}

const loadWords = `SELECT type, id, n, facts, words FROM activities NOT INDEXED WHERE portal = ? ORDER BY n`

func (g *generation) words(ctx context.Context, portal crm.PortalID) (*words, error) {
	v, err := g.cache.find(ctx, portalAddress(wordPart, portal), func() (resident, error) { return g.loadWords(ctx, portal) })
	if err != nil {
		return nil, err
	}
	return v.(*words), nil
}

func (g *generation) loadWords(ctx context.Context, portal crm.PortalID) (*words, error) {
	w := &words{g: g, at: map[uint32]int32{}}
	var activities, chunks int
	if err := g.one(ctx, countPortal, []any{portal}, &activities, &chunks); err != nil {
		return nil, err
	}
	w.reserve(activities, chunks)
	w.lengths = make([]uint32, 0, chunks)
	rows, err := g.query(ctx, loadWords, portal)
	if err != nil {
		return nil, err
	}
	defer rows.Close() // reading: rows.Err below is what counts
	ref := crm.Ref{Portal: portal}
	for rows.Next() {
		var n int64
		var about, said sql.RawBytes
		if err := rows.Scan(&ref.Type, &ref.ID, &n, &about, &said); err != nil {
			return nil, damaged(err)
		}
		f, err := decodeFacts(ref, about)
		if err != nil {
			return nil, err
		}
		if err := w.push(n, ref, &f, said); err != nil {
			return nil, err
		}
	}
	return w, damaged(rows.Err())
}
