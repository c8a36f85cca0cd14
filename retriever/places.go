package retriever

import "sync"

// places remembers where in the account the chunks of a list are. A dense arm that ranks all of an account answers with the same list again and again.
type places struct {
	mu     sync.Mutex
	chunks []string
	at     []int32
	byID   map[string]int32
}

// align gives the account's chunk for each id; none for an id that it does not have.
func (a *account) align(ids []string) []int32 {
	p := &a.places
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(ids) == 0 {
		return nil
	}
	if len(ids) == len(p.chunks) && &ids[0] == &p.chunks[0] {
		return p.at
	}
	if p.byID == nil {
		p.byID = make(map[string]int32, len(a.at))
		for i := range a.at {
			p.byID[a.chunk(int32(i)).ID] = int32(i)
		}
	}
	p.chunks, p.at = ids, make([]int32, len(ids))
	for k, id := range ids {
		i, ok := p.byID[id]
		if !ok {
			i = none
		}
		p.at[k] = i
	}
	return p.at
}
