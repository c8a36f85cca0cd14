package indexer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// mark is how the index recognises an activity it has seen: three hashes, so that a change of metadata alone costs no embedding and a change of the embedder
// alone triggers nothing. content covers chunker, embedder, text and whatever else of the activity stands in its chunks; the names of its accounts are left out:
// an activity that moves keeps its vectors.
type mark struct{ content, text, meta string }

func (m mark) String() string { return m.content + "-" + m.text + "-" + m.meta }

func parseMark(s string) mark {
	parts := strings.Split(s, "-")
	if len(parts) != 3 {
		return mark{} // of another form, or reset: everything differs
	}
	return mark{parts[0], parts[1], parts[2]}
}

func markOf(fingerprint string, a crm.Activity, d crm.Document) (mark, error) {
	content, err := hashOf(ChunkerVersion, fingerprint, d.Version, Header(a, nil), When(a).UnixMicro(), a.Created.UnixMicro(), author(a), a.Ours, d.Turns)
	if err != nil {
		return mark{}, err
	}
	at, modified := a.Time.UnixMicro(), a.Modified.UnixMicro()
	a.Time, a.Created, a.Modified = time.Time{}, time.Time{}, time.Time{} // JSON refuses years beyond 9999
	a.Links = crm.Links{}                                                 // compared by themselves
	meta, err := hashOf(a, at, modified, d.Cuts, d.Language)
	if err != nil {
		return mark{}, err
	}
	return mark{content: content, text: d.Version[:16], meta: meta}, nil
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
func (x *Indexer) decide(j *job) {
	defer func() {
		if p := recover(); p != nil {
			j.err = fmt.Errorf("panic: %v: %w", p, crm.ErrInvalid)
		}
	}()
	if !j.present {
		j.todo = remove
		return
	}
	d := Normalise(j.activity)
	chunks := Chunk(j.activity, d, j.names)
	a := j.activity
	a.Body, a.Turns = "", nil
	m, err := markOf(x.Embedder.Fingerprint(), a, d)
	if err != nil {
		j.err = err
		return
	}
	before := parseMark(j.marked.Mark)
	accounts := j.kept.Accounts
	j.kept = crm.Kept{Activity: a, Document: d, Accounts: accounts, Chunks: chunks, Mark: m.String(), Cause: j.claim, Terms: make([][]crm.TermCount, len(chunks))}
	for i, c := range chunks {
		j.kept.Terms[i] = crm.TermCounts(c.Text)
	}
	switch {
	case !j.known || before.content != m.content:
		j.todo = embed
	case !slices.Equal(j.marked.Accounts, accounts):
		j.todo = relink
	case before != m || !sameLinks(j.marked.Links, a.Links):
		j.todo = keepOnly
	}
	if x.Triggers != nil && !j.quiet && (!j.known || (j.marked.Mark != "" && before.text != m.text)) && strings.TrimSpace(d.Text) != "" {
		j.kept.Triggers = x.Triggers(a, d, j.claim.Lane)
	}
}

func sameLinks(a, b crm.Links) bool {
	return slices.Equal(a.Companies, b.Companies) && slices.Equal(a.Contacts, b.Contacts) && slices.Equal(a.Deals, b.Deals) && slices.Equal(a.Tickets, b.Tickets)
}
