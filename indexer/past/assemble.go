package past

import (
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// assemble makes the postings that the store would have given at that moment: the chunks known then in order, and no word that is in none of them.
func assemble(present *crm.Postings, kept int, cuts []*cut, asOf time.Time) (crm.Past, int) {
	out := crm.Past{Postings: &crm.Postings{}, Bodies: map[string]crm.Passage{}}
	total, length := kept, 0
	for i := range present.Chunks {
		if c := &present.Chunks[i]; known(c.Time, c.Created, asOf) {
			length += c.Tokens()
		}
	}
	for _, c := range cuts {
		total += len(c.chunks)
		for _, words := range c.words {
			length += len(words)
		}
		out.Earlier = append(out.Earlier, c.chunks...)
		for _, b := range c.bodies {
			out.Bodies[b.Chunk] = b
		}
	}
	m := &merger{from: present, to: out.Postings, ids: make([]uint32, len(present.Words))}
	m.to.Chunks, m.to.Sequence = make([]crm.PostedChunk, 0, total), make([]uint32, 0, length)
	if len(cuts) > 0 {
		m.at = make(map[string]uint32, len(present.Words))
		for i, w := range present.Words {
			m.at[w] = uint32(i)
		}
	}
	for i := range present.Chunks {
		c := &present.Chunks[i]
		for len(cuts) > 0 && cuts[0].chunks[0].Activity.Compare(c.Activity) < 0 {
			m.cut(cuts[0])
			cuts = cuts[1:]
		}
		if known(c.Time, c.Created, asOf) {
			m.chunk(*c)
		}
	}
	for _, c := range cuts {
		m.cut(c)
	}
	const perChunk, perPassage = 250, 200
	return out, total*perChunk + len(out.Earlier)*perPassage + 4*len(m.to.Sequence) + 16*len(m.to.Words)
}

// merger writes postings. A word gets its id when it is first met, as in the store.
type merger struct {
	from, to *crm.Postings
	ids      []uint32          // of the words of from, plus one; 0: not met yet
	at       map[string]uint32 // word → its index in from
	others   map[string]uint32 // words that from does not have → id
}

// chunk takes over a present chunk.
func (m *merger) chunk(c crm.PostedChunk) {
	words := m.from.Sequence[c.From:c.To]
	c.From = uint32(len(m.to.Sequence))
	for _, w := range words {
		m.to.Sequence = append(m.to.Sequence, m.known(w))
	}
	c.To = uint32(len(m.to.Sequence))
	m.to.Chunks = append(m.to.Chunks, c)
}

// cut adds a superseded text.
func (m *merger) cut(c *cut) {
	for i := range c.chunks {
		k := &c.chunks[i]
		p := crm.PostedChunk{ID: k.ID, Activity: k.Activity, Pos: k.Pos, Kind: k.Kind, Time: k.Time, Created: k.Created, Session: k.Session, Speaker: k.Speaker,
			People: c.chunks[0].People, Language: k.Language, Generated: k.Generated, Traits: k.Traits, From: uint32(len(m.to.Sequence))}
		for _, w := range c.words[i] {
			m.to.Sequence = append(m.to.Sequence, m.word(w))
		}
		p.To = uint32(len(m.to.Sequence))
		m.to.Chunks = append(m.to.Chunks, p)
	}
}

func (m *merger) known(w uint32) uint32 {
	if m.ids[w] == 0 {
		m.to.Words = append(m.to.Words, m.from.Words[w])
		m.ids[w] = uint32(len(m.to.Words))
	}
	return m.ids[w] - 1
}

func (m *merger) word(w string) uint32 {
	if i, ok := m.at[w]; ok {
		return m.known(i)
	}
	id, ok := m.others[w]
	if !ok {
		if m.others == nil {
			m.others = map[string]uint32{}
		}
		id = uint32(len(m.to.Words))
		m.others[w] = id
		m.to.Words = append(m.to.Words, w)
	}
	return id
}
