package similar

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// told is one activity of an account: a chunk.
type told struct {
	text, speaker, language string
	at, learned             time.Time
}

// world is a portal in memory: texts, facts and an index. It is what the store and a back end promise, without their work.
type world struct {
	*testing.T
	told     map[crm.Ref][]told
	members  map[crm.Ref][]crm.Member
	facts    map[crm.Ref]crm.AccountFacts
	profiles map[crm.Ref]crm.Profile
	foreign  crm.Ref // answered to every search, whatever is asked
	embedded []string
	asOf     []time.Time // of each question for facts
}

var day0 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newWorld(t *testing.T) *world {
	return &world{T: t, told: map[crm.Ref][]told{}, members: map[crm.Ref][]crm.Member{}, facts: map[crm.Ref]crm.AccountFacts{}, profiles: map[crm.Ref]crm.Profile{}}
}

func company(id string) crm.Ref { return crm.Ref{Portal: 7, Type: crm.Companies, ID: id} }

// tell adds activities, one a day.
func (w *world) tell(account crm.Ref, texts ...string) {
	for _, text := range texts {
		at := day0.AddDate(0, 0, len(w.told[account]))
		w.told[account] = append(w.told[account], told{text: text, language: "en", at: at, learned: at})
	}
}

func (w *world) finder() *Finder {
	return &Finder{Builder: Builder{Texts: w, Statistics: w.statistics, Now: func() time.Time { return day0 }}, Live: func() (Index, Embedder) { return w, (*embedder)(w) }}
}

// refresh profiles everything.
func (w *world) refresh(accounts ...crm.Ref) {
	w.Helper()
	if len(accounts) == 0 {
		for a := range w.told {
			accounts = append(accounts, a)
		}
	}
	if err := w.finder().Refresh(w.Context(), accounts); err != nil {
		w.Fatal(err)
	}
}

func (w *world) similar(q crm.SimilarQuestion) []crm.Neighbour {
	w.Helper()
	q.Portal = cmp.Or(q.Portal, 7)
	out, err := w.finder().Similar(w.Context(), q)
	if err != nil {
		w.Fatal(err)
	}
	return out
}

func ids(ns []crm.Neighbour) string {
	var out []string
	for _, n := range ns {
		out = append(out, n.Account.ID)
	}
	return strings.Join(out, " ")
}

func idOf(account crm.Ref, t told) string {
	sum := sha256.Sum256([]byte(account.Path() + t.text))
	return hex.EncodeToString(sum[:16])
}

func (w *world) Postings(_ context.Context, account crm.Ref) (*crm.Postings, error) {
	p := &crm.Postings{}
	at := map[string]uint32{}
	for i, t := range w.told[account] {
		if t.text == "too large" {
			return nil, crm.ErrTooLarge
		}
		c := crm.PostedChunk{ID: idOf(account, t), Pos: i, Kind: crm.Notes.Kind(), Time: t.at, Created: t.learned, Speaker: t.speaker, Language: t.language, From: uint32(len(p.Sequence))}
		for _, word := range crm.Terms(t.text) {
			n, known := at[word]
			if !known {
				n = uint32(len(p.Words))
				at[word] = n
				p.Words = append(p.Words, word)
			}
			p.Sequence = append(p.Sequence, n)
		}
		c.To = uint32(len(p.Sequence))
		p.Chunks = append(p.Chunks, c)
	}
	return p, nil
}

func (w *world) Bodies(_ context.Context, portal crm.PortalID, chunks []string) (out []crm.Passage, err error) {
	for account, all := range w.told {
		for _, t := range all {
			if id := idOf(account, t); account.Portal == portal && slices.Contains(chunks, id) {
				out = append(out, crm.Passage{Chunk: id, Activity: crm.Ref{Portal: portal, Type: crm.Notes, ID: id}, Version: "v", Text: t.text, Start: 100, End: 100 + len(t.text), Language: t.language})
			}
		}
	}
	rand.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] }) // no order is promised
	return out, nil
}

func (w *world) Members(_ context.Context, account crm.Ref) ([]crm.Member, error) {
	return w.members[account], nil
}

func (w *world) Facts(_ context.Context, accounts []crm.Ref, asOf time.Time) (map[crm.Ref]crm.AccountFacts, error) {
	w.asOf = append(w.asOf, asOf)
	out := map[crm.Ref]crm.AccountFacts{}
	for _, a := range accounts {
		f := w.facts[a]
		if !asOf.IsZero() { // everything was closed today
			f.Outcome, f.Amount, f.CycleDays = crm.OutcomeOpen, 0, 0
		}
		out[a] = f
	}
	return out, nil
}

func (w *world) statistics(_ context.Context, portal crm.PortalID) (*crm.WordStatistics, error) {
	s := &crm.WordStatistics{With: map[string]int{}}
	for account, all := range w.told {
		for _, t := range all {
			if account.Portal != portal {
				continue
			}
			s.Chunks++
			for _, word := range slices.Compact(slices.Sorted(slices.Values(crm.Terms(t.text)))) {
				s.With[word]++
			}
		}
	}
	return s, nil
}

func (w *world) PutProfiles(_ context.Context, ps []crm.Profile) error {
	for _, p := range ps {
		w.profiles[p.Account] = p
	}
	return nil
}

func (w *world) Profiles(_ context.Context, accounts []crm.Ref) (out []crm.Profile, err error) {
	for _, a := range accounts {
		if p, known := w.profiles[a]; known {
			out = append(out, p)
		}
	}
	return out, nil
}

func (w *world) NearProfiles(_ context.Context, vec []float32, f crm.ProfileFilter, n int) ([]crm.ProfileHit, error) {
	return w.search(f, n, func(p crm.Profile) float64 { return dot(vec, p.Vector) })
}

func (w *world) MatchProfiles(_ context.Context, terms []crm.TermWeight, f crm.ProfileFilter, n int) ([]crm.ProfileHit, error) {
	return w.search(f, n, func(p crm.Profile) float64 { return dotTerms(terms, p.Terms) })
}

func (w *world) search(f crm.ProfileFilter, n int, score func(crm.Profile) float64) (out []crm.ProfileHit, err error) {
	for a, p := range w.profiles {
		if a.Portal == f.Portal && f.Matches(&p) || a == w.foreign {
			out = append(out, crm.ProfileHit{Account: a, Score: score(p)})
		}
	}
	slices.SortFunc(out, func(a, b crm.ProfileHit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), a.Account.Compare(b.Account))
	})
	return out[:min(n, len(out))], nil
}

// embedder hashes words: texts with the same words point the same way. It writes down what it was given.
type embedder world

func (e *embedder) Fingerprint() string { return "words/1" }
func (e *embedder) Windows() bool       { return false }

func (e *embedder) Embed(_ context.Context, _ crm.EmbedKind, texts []string) (out [][]float32, _ crm.Usage, _ error) {
	e.embedded = append(e.embedded, texts...)
	for _, text := range texts {
		v := make([]float32, 64)
		for _, word := range crm.Terms(text) {
			h := fnv.New32a()
			h.Write([]byte(word))
			v[h.Sum32()%64]++
		}
		var sum float64
		for _, x := range v {
			sum += float64(x) * float64(x)
		}
		for i := range v {
			v[i] = float32(float64(v[i]) / math.Sqrt(max(sum, 1)))
		}
		out = append(out, v)
	}
	return out, crm.Usage{}, nil
}
