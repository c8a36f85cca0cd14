package retriever

import (
	"context"
	"slices"

	"github.com/contextd/contextd/internal/crm"
)

// Names knows the people of an account by name, so that a question about one of them finds what they took part in. The result is shared and must not be changed.
type Names interface {
	Names(ctx context.Context, account crm.Ref) ([]Name, error)
}

// Name is one name of a contact: the full one, or a part or a short form that means nobody else in the account.
type Name struct {
	Text    string
	Contact crm.Ref
}

// resolve finds the contacts whom the text names. The longest name wins: "Anna Schmidt" is not also every other Anna.
func resolve(out *question, words []string, names []Name) {
	if len(names) == 0 {
		return
	}
	for i := 0; i < len(words); {
		longest := 0
		var found []crm.Ref
		for _, n := range names {
			w := crm.Terms(n.Text)
			if len(w) == 0 || len(w) < longest || len(words)-i < len(w) || !slices.Equal(words[i:i+len(w)], w) {
				continue
			}
			if len(w) > longest {
				longest, found = len(w), nil
			}
			found = append(found, n.Contact)
		}
		for _, ref := range found {
			if !slices.Contains(out.people, ref) {
				out.people = append(out.people, ref)
			}
		}
		i += max(1, longest)
	}
}
