package main

import (
	"context"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/retriever"
)

// Bounds of what is remembered of accounts' people: a name that is new is known a minute later.
const (
	peopleFor  = time.Minute
	mostPeople = 4096 // accounts
)

// people knows the contacts of accounts by name.
type people struct {
	db *store.DB

	mu    sync.Mutex
	known map[crm.Ref]called
}

type called struct {
	names []retriever.Name
	until time.Time
}

// Names implements retriever.Names.
func (p *people) Names(ctx context.Context, account crm.Ref) ([]retriever.Name, error) {
	p.mu.Lock()
	c, ok := p.known[account]
	p.mu.Unlock()
	now := time.Now()
	if ok && now.Before(c.until) {
		return c.names, nil
	}
	members, err := p.db.Members(ctx, account)
	if err != nil {
		return nil, err
	}
	c = called{namesOf(members), now.Add(peopleFor)}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil || len(p.known) >= mostPeople {
		p.known = map[crm.Ref]called{}
	}
	p.known[account] = c
	return c.names, nil
}

// namesOf are the full names of contacts, and those parts of them that mean nobody else.
func namesOf(members []crm.Member) (out []retriever.Name) {
	parts := map[string]int{}
	for _, m := range members {
		if m.Ref.Type == crm.Contacts {
			for _, part := range strings.Fields(m.Name) {
				parts[strings.ToLower(part)]++
			}
		}
	}
	for _, m := range members {
		if m.Ref.Type != crm.Contacts || strings.Contains(m.Name, "@") {
			continue
		}
		fields := strings.Fields(m.Name)
		out = append(out, retriever.Name{Text: m.Name, Contact: m.Ref})
		for _, part := range fields {
			if first, _ := utf8.DecodeRuneInString(part); len(fields) > 1 && utf8.RuneCountInString(part) > 2 && !unicode.IsLower(first) && parts[strings.ToLower(part)] == 1 { // "van" is nobody
				out = append(out, retriever.Name{Text: part, Contact: m.Ref})
			}
		}
	}
	return out
}
