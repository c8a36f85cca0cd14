package store

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// mostQueries is how many questions are kept of each portal.
const mostQueries = 500

// gatherTime is how long questions wait for others that are written along with them: a commit for each would take the disk and a core from those who ask.
const gatherTime = 200 * time.Millisecond

// askedQuestion is one entry of the log of questions.
type askedQuestion struct {
	portal  crm.PortalID
	account crm.Ref // zero: of the whole portal
	text    string
	at      time.Time
}

// queryLog writes questions behind the back of whoever asks them: a search must not wait for a disk. What is waiting is written by Close, before an erasure, and before
// the log is read.
type queryLog struct {
	w       *writer
	mu      sync.Mutex
	waiting []askedQuestion
	writing bool
	closed  bool
	closing chan struct{} // closed with closed
	running sync.WaitGroup
	order   sync.Mutex // of writes, so that flush also waits for a write under way
}

// KeepQuery remembers a question for replaying it on another generation of the index; account is zero for one about the whole portal. It does not wait for the disk:
// a crash loses what was asked in the last moments, closing does not. Of each portal the newest 500 are kept.
func (db *DB) KeepQuery(_ context.Context, portal crm.PortalID, account crm.Ref, question string) error {
	if portal <= 0 || (!account.IsZero() && account.Portal != portal) || strings.TrimSpace(question) == "" {
		return fmt.Errorf("keep a question of portal %d about %q: %w", portal, path(account), crm.ErrInvalid)
	}
	return db.queries.add(askedQuestion{portal, account, question, db.now()})
}

// Queries lists the newest n questions of a portal, newest first: filter, text, and when each was asked as Now.
func (db *DB) Queries(ctx context.Context, portal crm.PortalID, n int) (out []crm.Question, err error) {
	if err := db.queries.flush(ctx); err != nil {
		return nil, err
	}
	err = db.r.read(ctx, func(v *view) error {
		q := "SELECT account, question, at FROM queries WHERE portal = ? ORDER BY id DESC LIMIT ?"
		return v.each(q, []any{int64(portal), n}, func(scan func(...any) error) error {
			asked := crm.Question{Filter: crm.Filter{Portal: portal}}
			var account string
			var at int64
			err := scan(&account, &asked.Text, &at)
			if err != nil {
				return err
			}
			asked.Account, err = refOf(portal, account)
			asked.Wide, asked.Now = account == "", moment(at)
			out = append(out, asked)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("questions of portal %d: %w", portal, err)
	}
	return out, nil
}

// add queues a question and sees that somebody writes.
func (l *queryLog) add(q askedQuestion) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return errClosed
	}
	l.put(q)
	if !l.writing {
		l.writing = true
		l.running.Go(l.write)
	}
	return nil
}

// put appends, and forgets the oldest when the disk has refused so many that none of it would be kept.
func (l *queryLog) put(qs ...askedQuestion) {
	l.waiting = append(l.waiting, qs...)
	if extra := len(l.waiting) - 8*mostQueries; extra > 0 {
		l.waiting = l.waiting[extra:]
	}
}

// write writes until nothing waits. When the disk refuses, the questions wait for the next one to be asked, or for flush.
func (l *queryLog) write() {
	ctx := context.Background() // detached: whoever asked is answered; the writer ends with the store, which waits for this
	gathering := time.NewTimer(gatherTime)
	defer gathering.Stop()
	for {
		select {
		case <-gathering.C:
		case <-l.closing:
		}
		gathering.Reset(gatherTime)
		l.mu.Lock()
		if len(l.waiting) == 0 {
			l.writing = false
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		if l.flush(ctx) != nil { // the questions are back among the waiting ones
			l.mu.Lock()
			l.writing = false
			l.mu.Unlock()
			return
		}
	}
}

// flush writes what waits now.
func (l *queryLog) flush(ctx context.Context) error {
	l.order.Lock()
	defer l.order.Unlock()
	l.mu.Lock()
	batch := l.waiting
	l.waiting = nil
	l.mu.Unlock()
	if len(batch) == 0 {
		return nil
	}
	err := l.w.write(ctx, func(t *tx) error { return t.keepQueries(batch) })
	if err != nil {
		l.mu.Lock()
		later := l.waiting
		l.waiting = batch
		l.put(later...)
		l.mu.Unlock()
		return fmt.Errorf("keep %d questions: %w", len(batch), err)
	}
	return nil
}

// close writes what waits, and takes no more.
func (l *queryLog) close() error {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.closing)
	}
	l.mu.Unlock()
	l.running.Wait()
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second) // detached: closing; bounded, so that a dead disk does not hold up the end
	defer stop()
	return l.flush(ctx)
}

func (t *tx) keepQueries(batch []askedQuestion) error {
	portals := map[crm.PortalID]bool{}
	for _, q := range batch {
		if erased, err := t.isErased(q.portal, q.account); err != nil {
			return err
		} else if erased {
			continue
		}
		err := t.do("INSERT INTO queries (portal, account, question, at) VALUES (?, ?, ?, ?)", int64(q.portal), path(q.account), q.text, micros(q.at))
		if err != nil {
			return err
		}
		portals[q.portal] = true
	}
	for portal := range portals {
		err := t.do("DELETE FROM queries WHERE portal = ? AND id <= (SELECT id FROM queries WHERE portal = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
			int64(portal), int64(portal), mostQueries)
		if err != nil {
			return err
		}
	}
	return nil
}

// eraseQueries forgets what was asked about an account: its questions may name what is being erased.
func (t *tx) eraseQueries(account crm.Ref) error {
	return t.do("DELETE FROM queries WHERE portal = ? AND account = ?", int64(account.Portal), path(account))
}
