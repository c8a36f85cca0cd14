package engine

import (
	"fmt"
	"slices"

	"github.com/contextd/contextd/internal/model"
)

// Bytes that make room for one token: where the provider estimated, it took three for one; where the server counted, tokens may be longer.
const (
	bytesEstimated = 4
	bytesCounted   = 6
)

// leaveOut drops the passages of least value, so that the prompt fits into the model's window: those of the activity in question go last, and one stays. The ids of the
// others stay as they are. false when nothing can go.
func (r *run) leaveOut(t *model.TooLong) bool {
	if len(r.passages) < 2 {
		return false
	}
	size := 0
	for _, p := range r.passages {
		size += len(p.Text)
	}
	room := (t.Tokens - t.Window) * bytesEstimated
	if t.Sent {
		room = max((t.Tokens-t.Window)*bytesCounted, size/4)
	}
	if t.Window == 0 {
		room = size / 3
	}
	before := len(r.passages)
	for room > 0 && len(r.passages) > 1 {
		least := 0
		for i, p := range r.passages {
			if r.rank[p.ID] > r.rank[r.passages[least].ID] {
				least = i
			}
		}
		p := r.passages[least]
		room -= len(p.Text) + 64 // and its heading
		r.passages = slices.Delete(r.passages, least, least+1)
		delete(r.sources, p.ID)
	}
	r.leftOut += before - len(r.passages)
	return len(r.passages) < before
}

// leftOutText says what a person should know of it, "" when all passages were shown.
func (r *run) leftOutText() string {
	if r.leftOut == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d passages, those of least value, were left out: they do not fit into the prompt", r.leftOut, r.leftOut+len(r.passages))
}

// shownChunks are the chunks that the model saw, in the order of the prompt.
func (r *run) shownChunks() []string {
	var out []string
	for _, p := range r.passages {
		out = append(out, p.Chunk)
	}
	return out
}
