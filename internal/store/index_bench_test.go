package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// spoken makes activities of an account: chunks of about 60 words each, drawn from a vocabulary as skewed as a language's.
func spoken(account crm.Ref, activities, chunks int) []crm.Kept {
	zipf := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.1, 4, 30_000)
	var out []crm.Kept
	for i := range activities {
		ref := crm.Ref{Portal: account.Portal, Type: crm.Calls, ID: fmt.Sprint(1000 + i)}
		var lines []string
		for range chunks {
			words := make([]string, 60)
			for w := range words {
				words[w] = fmt.Sprintf("word%d", zipf.Uint64())
			}
			lines = append(lines, strings.Join(words, " "))
		}
		out = append(out, activityOf(ref, strings.Join(lines, "\n"), account))
	}
	return out
}

// activityOf is an activity with one chunk per line.
func activityOf(ref crm.Ref, text string, accounts ...crm.Ref) crm.Kept {
	version := sum([]byte(text))
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	k := crm.Kept{Activity: crm.Activity{Ref: ref, Time: at, Created: at, Modified: at}, Document: crm.Document{Ref: ref, Version: version, Text: text}, Accounts: accounts,
		Mark: "m"}
	start := 0
	for pos, line := range strings.Split(text, "\n") {
		id := sha256.Sum256([]byte(fmt.Sprint(ref, version, pos)))
		k.Chunks = append(k.Chunks, crm.Chunk{ID: hex.EncodeToString(id[:16]), Activity: ref, Version: version, Pos: pos, Kind: ref.Type.Kind(), Time: at, Created: at,
			Session: ref.Path(), Speaker: "Ann", Language: "en", Start: start, End: start + len(line), Header: "a call with Ann", Text: line})
		k.Words = append(k.Words, crm.Terms(line))
		start += len(line) + 1
	}
	k.Digest = crm.DigestOf(k.Chunks)
	return k
}

func keepAll(tb testing.TB, db *DB, all []crm.Kept) {
	tb.Helper()
	for len(all) > 0 {
		n := min(64, len(all))
		if err := db.Keep(tb.Context(), all[:n]); err != nil {
			tb.Fatal(err)
		}
		all = all[n:]
	}
}

func BenchmarkPostings(b *testing.B) {
	for _, shape := range []struct{ activities, chunks int }{{2000, 5}, {10_000, 1}} {
		b.Run(fmt.Sprintf("%dx%d", shape.activities, shape.chunks), func(b *testing.B) {
			db := openFor(b, b.TempDir(), Options{})
			keepAll(b, db, spoken(account("1"), shape.activities, shape.chunks))
			var bytes int64
			for b.Loop() {
				err := db.r.read(b.Context(), func(v *view) (err error) {
					a, err := v.postings(accountCut{account: account("1")}, 50_000, func() uint64 { return 1 })
					if err == nil {
						bytes = a.bytes
					}
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(bytes)/(60*10_000), "B/word")
		})
	}
}

func BenchmarkBodies(b *testing.B) {
	db := openFor(b, b.TempDir(), Options{})
	short, long := spoken(account("1"), 1000, 1), spoken(account("2"), 1, 1000)
	long[0].Activity.Ref.Type = crm.Meetings
	for i := range long[0].Chunks {
		long[0].Chunks[i].Activity.Type = crm.Meetings
		long[0].Chunks[i].ID = "f" + long[0].Chunks[i].ID[1:]
	}
	keepAll(b, db, append(short, long...))
	ids := map[string][]string{}
	for i := range 30 {
		ids["mails"] = append(ids["mails"], short[i*30].Chunks[0].ID)
		ids["transcript"] = append(ids["transcript"], long[0].Chunks[i*30].ID)
	}
	for name, chunks := range ids {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				got, err := db.Bodies(b.Context(), 1, chunks)
				if err != nil || len(got) != len(chunks) {
					b.Fatal(len(got), err)
				}
			}
		})
	}
}
