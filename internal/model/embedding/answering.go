package embedding

import (
	"fmt"
	"sync"

	"github.com/contextd/contextd/internal/crm"
)

// Answering remembers which model a server says it answers with. Servers have aliases, so that it need not be the name that was asked for; but it must stay the same:
// vectors of two models cannot be compared. The zero value is ready; it is safe for concurrent use.
type Answering struct {
	mu   sync.Mutex
	name string
}

// Check takes the name in an answer, "" when it has none. Another one than before is crm.ErrTemporary: the embedder has to be opened anew.
func (a *Answering) Check(name string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.name == "" || name == "" {
		a.name += name
		return nil
	}
	if name != a.name {
		return fmt.Errorf("vectors of model %.80q instead of %.80q: %w", name, a.name, crm.ErrTemporary)
	}
	return nil
}
