package store

import "github.com/contextd/contextd/internal/crm"

// touched says which activities of which accounts a commit changed. An account without a list must be forgotten as a whole.
type touched map[crm.Ref]map[crm.Ref]bool

func (t touched) add(account, activity crm.Ref) {
	of, ok := t[account]
	switch {
	case !ok:
		t[account] = map[crm.Ref]bool{activity: true}
	case of != nil:
		of[activity] = true
	}
}

func (t touched) forget(account crm.Ref) { t[account] = nil }

// join adds what another one says.
func (t touched) join(o touched) {
	for account, of := range o {
		if of == nil {
			t.forget(account)
		}
		for activity := range of {
			t.add(account, activity)
		}
	}
}
