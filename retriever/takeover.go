package retriever

import (
	"cmp"
	"slices"

	"github.com/viterin/vek/vek32"

	"github.com/contextd/contextd/internal/codes"
	"github.com/contextd/contextd/internal/crm"
)

// takeOver makes the vectors of the chunks. Those of chunks that the account before has just so are copied, and with them the bodies of those whose activity was not read
// again since.
func (a *account) takeOver(before *account) {
	var old []int32
	if before != nil && before.vocabulary == a.vocabulary {
		old = a.counterparts(before)
	}
	for i := range old {
		if j := old[i]; j != none && a.chunk(int32(i)).Read == before.chunk(j).Read && a.chunk(int32(i)).Read != 0 {
			a.bodies[i].Store(before.bodies[j].Load())
		}
	}
	if a.vocabulary.static == nil {
		return
	}
	sum := make([]float32, a.vocabulary.static.Dimension())
	vectors := codes.Make(len(sum), nil, len(a.at), false)
	of := a.vocabulary.meanings()
	for i := range a.at {
		if old != nil && old[i] != none && slices.Equal(a.said(int32(i)), before.said(old[i])) {
			vectors.PushRow(before.vectors, int(old[i]))
			continue
		}
		clear(sum)
		for _, w := range a.said(int32(i)) {
			if len(of[w]) > 0 {
				vek32.Add_Inplace(sum, of[w])
			}
		}
		unit(sum)
		vectors.Push(sum)
	}
	a.vectors = &vectors
}

// counterparts are the chunks of the account before that have the ids of this one's; none where there is none.
func (a *account) counterparts(before *account) []int32 {
	place := make([]int32, len(before.at)) // of each posted chunk
	for i, j := range before.at {
		place[j] = int32(i)
	}
	posted, old := slices.Repeat([]int32{none}, len(a.posted)), before.posted
	for i, k := 0, 0; i < len(a.posted) && k < len(old); {
		switch c := compareChunks(&a.posted[i], &old[k]); {
		case c < 0:
			i++
		case c > 0:
			k++
		default:
			if a.posted[i].ID == old[k].ID {
				posted[i] = place[k]
			}
			i, k = i+1, k+1
		}
	}
	out := make([]int32, len(a.at))
	for i, j := range a.at {
		out[i] = posted[j]
	}
	return out
}

// compareChunks is the order of postings.
func compareChunks(x, y *crm.PostedChunk) int {
	return cmp.Or(x.Activity.Compare(y.Activity), cmp.Compare(x.Pos, y.Pos))
}
