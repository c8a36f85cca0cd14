package bench

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/contextd/contextd/internal/analysis"
	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model/builtin"
)

// prose writes texts whose words are as unequally frequent as a language's: real ones that the built-in embedder knows, drawn by rank, between function words. The few
// words of a world would make every posting list of a peer as long as its index.
type prose struct {
	words []string
	rng   *rand.Rand
	zipf  *rand.Zipf
}

const vocabularySize = 12_000

var function = strings.Fields("the of to and in that it for you we with on this are be have not our your will was they would can as at but or from if has had do an by")

func newProse(seed uint64) *prose {
	p := &prose{words: vocabulary(), rng: rand.New(rand.NewPCG(seed, 11))}
	p.zipf = rand.NewZipf(p.rng, 1.1, 4, uint64(len(p.words)-1))
	return p
}

// vocabulary is what can be reached from the words of a world by going from neighbour to neighbour.
func vocabulary() []string {
	known, seen, out := builtin.Static(), map[string]bool{}, []string(nil)
	queue := append(append([]string{}, things...), verbs...)
	for len(queue) > 0 && len(out) < vocabularySize {
		word := queue[0]
		if queue = queue[1:]; seen[word] {
			continue
		}
		seen[word] = true
		if terms := crm.Terms(word); len(word) > 2 && len(terms) == 1 && terms[0] == word {
			out = append(out, word)
		}
		for _, n := range known.Neighbours(word) {
			queue = append(queue, n.Word)
		}
	}
	return out
}

func (p *prose) word() string { return p.words[p.zipf.Uint64()] }

func (p *prose) pick(words []string) string { return words[p.rng.IntN(len(words))] }

// topics are what an account talks about.
func (p *prose) topics() []string {
	out := make([]string, 30)
	for i := range out {
		out[i] = p.words[p.rng.IntN(len(p.words))]
	}
	return out
}

// chunk is five sentences of twelve words.
func (p *prose) chunk(topics []string) string {
	var b strings.Builder
	for range 5 {
		b.WriteString(p.pick(givens))
		for range 10 {
			b.WriteByte(' ')
			switch r := p.rng.IntN(20); {
			case r < 7:
				b.WriteString(p.pick(function))
			case r < 9:
				b.WriteString(p.pick(topics))
			case r < 10:
				b.WriteString(strconv.Itoa(1 + p.rng.IntN(5000)))
			default:
				b.WriteString(p.word())
			}
		}
		b.WriteString(" " + p.pick(months) + ". ")
	}
	return strings.TrimSuffix(b.String(), " ")
}

// question is one that a person would ask about an account.
func (p *prose) question(topics []string) string {
	return fmt.Sprintf("what did they say about the %s and the %s %s", p.pick(topics), p.word(), p.pick(topics))
}

// spoken is an activity of an account, one chunk per text, before it is embedded.
func spoken(n int, account crm.Ref, texts []string) crm.Kept {
	types := crm.ActivityTypes()
	ref := crm.Ref{Portal: portal, Type: types[n%len(types)], ID: strconv.Itoa(10_000_000 + n)}
	k := crm.Kept{Accounts: []crm.Ref{account}, Document: crm.Document{Ref: ref, Text: strings.Join(texts, "\n")}, Mark: "a-b-c",
		Cause: crm.Claim{Portal: portal, Kind: crm.IndexWork, Key: ref.Path(), Seq: 1}}
	at := began.AddDate(0, 0, n%500)
	k.Activity = crm.Activity{Ref: ref, Time: at, Created: at, Modified: at, Subject: "About " + things[n%len(things)], Links: crm.Links{Companies: []crm.Ref{account}}}
	sum := sha256.Sum256([]byte(k.Document.Text))
	k.Document.Version = hex.EncodeToString(sum[:])
	start := 0
	for pos, text := range texts {
		id := sha256.Sum256(fmt.Append(nil, ref.Path(), pos))
		k.Chunks = append(k.Chunks, crm.Chunk{ID: hex.EncodeToString(id[:16]), Activity: ref, Version: k.Document.Version, Pos: pos, Kind: ref.Type.Kind(), Time: at, Created: at,
			Session: ref.Path(), Speaker: givens[n%len(givens)], Language: "en", Start: start, End: start + len(text), Header: k.Activity.Subject, Text: text})
		start += len(text) + 1
	}
	k.Digest = crm.DigestOf(k.Chunks)
	return k
}

// read adds what the indexer reads out of the texts, without the vectors.
func read(k *crm.Kept) {
	for i := range k.Chunks {
		c := &k.Chunks[i]
		c.Traits = analysis.Traits(c.Text, c.Language)
		k.Words = append(k.Words, crm.Terms(c.Text))
		k.Terms = append(k.Terms, analysis.Stems(k.Words[i], c.Language))
	}
}
