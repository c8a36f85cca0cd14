package indexer

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/analysis"
	"github.com/contextd/contextd/internal/crm"
)

// NormaliserVersion names the rules of Normalise, and is part of every mark: another version reads everything anew, since only the CRM has what the texts are made from.
const NormaliserVersion = "2"

// mark is how the index recognises an activity it has seen: three hashes, so that a change of metadata alone costs no embedding and a change of the normaliser
// alone triggers nothing. content covers normaliser, text and whatever else of the activity stands in its chunks; the names of its accounts are left out: an activity that
// moves keeps its vectors. Embedder and chunker are left out, too: others fill a generation of their own (package generation), and a swap must not embed everything once more.
// read covers everything that the CRM says of it but its links: when it is the same, not even the text is looked at.
type mark struct{ content, text, read string }

func (m mark) String() string { return m.content + "-" + m.text + "-" + m.read }

func parseMark(s string) mark {
	parts := strings.Split(s, "-")
	if len(parts) != 3 {
		return mark{} // of another form, or reset: everything differs
	}
	return mark{parts[0], parts[1], parts[2]}
}

func contentOf(a crm.Activity, d crm.Document, since time.Time) (string, error) {
	return hashOf(NormaliserVersion, d.Version, Header(a, nil), When(a).UnixMicro(), since.UnixMicro(), author(a), sessionOf(a), a.Ours, a.Generated, d.Turns)
}

// readOf hashes an activity as it was read. Texts are hashed as bytes behind their lengths, so that no two activities look alike.
func readOf(a crm.Activity) (string, error) {
	texts := []string{a.Body}
	for _, t := range a.Turns {
		texts = append(texts, t.Speaker, t.Text, t.Start.String())
	}
	at, created, modified := a.Time.UnixMicro(), a.Created.UnixMicro(), a.Modified.UnixMicro()
	a.Body, a.Turns = "", nil
	a.Time, a.Created, a.Modified = time.Time{}, time.Time{}, time.Time{} // JSON refuses years beyond 9999
	a.Links = crm.Links{}                                                 // compared by themselves
	rest, err := hashOf(NormaliserVersion, a, at, created, modified)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, t := range append(texts, rest) {
		_, _ = h.Write(binary.AppendUvarint(nil, uint64(len(t)))) // a hash never fails to write
		_, _ = io.WriteString(h, t)
	}
	return hex.EncodeToString(h.Sum(nil)[:10]), nil
}

func hashOf(values ...any) (string, error) {
	raw, err := json.Marshal(values)
	if err != nil {
		return "", fmt.Errorf("hash: %w: %w", err, crm.ErrInvalid)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:10]), nil
}

// decide normalises and chunks one activity and compares it with what the index has. Text from outside runs through here, so a panic buries this activity only.
func (x *Indexer) decide(j *job, stems *analysis.Stemmer) {
	defer func() {
		if p := recover(); p != nil {
			j.err = fmt.Errorf("panic: %v: %w", p, crm.ErrInvalid)
		}
	}()
	if !j.present {
		j.todo = remove
		return
	}
	before := parseMark(j.marked.Mark)
	accounts := j.kept.Accounts
	read, err := readOf(j.activity)
	if err != nil {
		j.err = err
		return
	}
	moved := !slices.Equal(j.marked.Accounts, accounts) || !slices.Equal(peopleOf(j.marked.Links), peopleOf(j.activity.Links))
	if j.known && before.read == read && !moved && sameLinks(j.marked.Links, j.activity.Links) {
		return // nothing has changed; its text is not even looked at
	}
	d := Normalise(j.activity)
	cut := x.Chunker.orCurrent()
	chunks := cut.Divide(j.activity, d, j.names)
	a := j.activity
	a.Body, a.Turns = "", nil
	since := x.since(j, before, d.Version)
	content, err := contentOf(a, d, since)
	if err != nil {
		j.err = err
		return
	}
	m := mark{content: content, text: shortVersion(d.Version), read: read}
	j.kept = crm.Kept{Activity: a, Document: d, Accounts: accounts, Chunks: chunks, Chunker: cut.Version, Mark: m.String(), Cause: j.claim}
	fill(&j.kept, since, stems)
	switch {
	case !j.known || before.content != m.content, len(chunks) > 0 && j.otherwise(cut.Version):
		j.todo = embed
	case moved:
		j.todo = relink
	default:
		j.todo = keepOnly
	}
	if x.Triggers != nil && !j.quiet && strings.TrimSpace(d.Text) != "" {
		x.trigger(j, before.text != m.text)
	}
}

// otherwise tells whether the index has the activity as another chunker cut it, so that it must be written whole: chunks and vectors are of one chunker. Where that chunker's
// generation is the live one, an activity is as it was cut until something of it changes.
func (j *job) otherwise(chunker int) bool {
	return j.marked.Chunker != chunker || j.maker.chunker != 0 && j.maker.chunker != chunker
}

// since is when this text became known: with the activity, or, when another text of it was known before (also before it was deleted and restored), with its last change. A
// change that HubSpot does not date later than what was read before is known since now: a question as of an earlier moment must not find it.
func (x *Indexer) since(j *job, before mark, version string) time.Time {
	a, was, learned := j.activity, before.text, j.marked.Learned
	read := later(learned, j.marked.Modified)
	if j.marked.Version != "" {
		was = shortVersion(j.marked.Version) // a mark that was reset says nothing
	}
	switch {
	case was == "" || was == shortVersion(version):
		if learned.IsZero() {
			return a.Created
		}
		return learned
	case !read.IsZero() && !a.Modified.After(read):
		return later(x.now().Truncate(time.Microsecond), learned.Add(time.Microsecond))
	case a.Modified.Before(a.Created):
		return a.Created
	}
	return a.Modified
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// shortVersion is what a mark holds of a text's version.
func shortVersion(version string) string { return version[:min(16, len(version))] }

// fill completes what is kept of an activity's chunks. Every text is split into words once.
func fill(k *crm.Kept, since time.Time, stems *analysis.Stemmer) {
	k.Words, k.Terms = make([][]string, len(k.Chunks)), make([][]crm.TermCount, len(k.Chunks))
	for i := range k.Chunks {
		c := &k.Chunks[i]
		c.Created = since
		k.Words[i] = crm.Terms(c.Text)
		k.Terms[i] = stems.Stems(k.Words[i], c.Language)
	}
	k.Digest = crm.DigestOf(k.Chunks)
}

func (x *Indexer) now() time.Time {
	if x.Now == nil {
		return time.Now()
	}
	return x.Now()
}

func sameLinks(a, b crm.Links) bool {
	return slices.Equal(a.Companies, b.Companies) && slices.Equal(a.Contacts, b.Contacts) && slices.Equal(a.Deals, b.Deals) && slices.Equal(a.Tickets, b.Tickets)
}
