package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
	"github.com/contextd/contextd/internal/web"
)

// local is what a service leaves in its data directory (0600), so that commands of the same user reach it.
type local struct {
	URL     string         `json:"url"` // "" before anybody listened; after an end without notice nobody does
	Token   string         `json:"token"`
	Portals []crm.PortalID `json:"portals,omitempty"` // whose data this is, for commands that run without the service and its configuration
}

const localFile = "local.json"

func readLocal(dir string) (local, error) {
	var l local
	b, err := os.ReadFile(filepath.Join(dir, localFile))
	if err != nil {
		return l, err
	}
	if err := json.Unmarshal(b, &l); err != nil {
		return l, withExit(exitConfig, fmt.Errorf("%s is damaged: data_dir: delete the file, a new one with a new local token is made: %w", filepath.Join(dir, localFile), err))
	}
	return l, nil
}

// keepLocal writes the file with this URL, these portals (none: those that were there) and the token that was there, or a new one. It returns what it wrote.
func keepLocal(dir, url string, portals []crm.PortalID) (local, error) {
	l, err := readLocal(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return l, err
	}
	if len(portals) > 0 {
		l.Portals = portals
	}
	if l.Token == "" {
		l.Token = "contextd_pat_local_" + rand.Text()
	}
	l.URL = url
	b, err := json.Marshal(l)
	if err != nil {
		return l, err
	}
	path := filepath.Join(dir, localFile)
	if err := os.WriteFile(path+".new", b, 0o600); err != nil {
		return l, fmt.Errorf("keep the local token: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return l, fmt.Errorf("keep the local token: %w", err)
	}
	return l, nil
}

// access answers who may call: holders of the store's tokens, and whoever can read the local file of the data directory.
type access struct {
	*store.DB

	portals []crm.PortalID
	local   string

	mu   sync.Mutex
	once map[string]web.Identity // words of one-time links that were not used yet
}

// localScope separates the local token from the portal that a command names with --portal.
const localScope = "@"

func localIdentity() web.Identity {
	return web.Identity{ID: "local", Name: "local", Role: web.Administrator}
}

// Identify implements web.Access.
func (a *access) Identify(ctx context.Context, secret string) (web.Identity, error) {
	word, portal, scoped := strings.Cut(secret, localScope)
	if a.local != "" && subtle.ConstantTimeCompare([]byte(word), []byte(a.local)) == 1 {
		who := localIdentity()
		if scoped {
			var err error
			if who.Portal, err = crm.ParsePortalID(portal); err != nil || !slices.Contains(a.portals, who.Portal) {
				return web.Identity{}, fmt.Errorf("local token for portal %q: %w", portal, crm.ErrNotFound)
			}
			who.ID += localScope + portal
		}
		return who, nil
	}
	tok, err := a.DB.CheckToken(ctx, secret)
	if errors.Is(err, crm.ErrForbidden) {
		return web.Identity{}, fmt.Errorf("token: %w", crm.ErrNotFound)
	}
	if err != nil {
		return web.Identity{}, err
	}
	return identityOf(tok), nil
}

func identityOf(t store.Token) web.Identity {
	return web.Identity{ID: t.Portal.String() + "/" + t.Name, Name: t.Name, Role: web.Role(t.Role), Portal: t.Portal}
}

// Identity implements web.Access: a revoked token ends its sessions.
func (a *access) Identity(ctx context.Context, id string) (web.Identity, error) {
	if word, portal, _ := strings.Cut(id, localScope); word == localIdentity().ID {
		who := localIdentity()
		if portal == "" {
			return who, nil
		}
		var err error
		who.ID = id
		who.Portal, err = crm.ParsePortalID(portal)
		return who, err
	}
	portal, name, _ := strings.Cut(id, "/")
	p, err := crm.ParsePortalID(portal)
	if err != nil {
		return web.Identity{}, fmt.Errorf("identity %s: %w", id, crm.ErrNotFound)
	}
	tokens, err := a.DB.Tokens(ctx, p)
	if err != nil {
		return web.Identity{}, err
	}
	for _, t := range tokens {
		if t.Name == name && t.Revoked.IsZero() {
			return identityOf(t), nil
		}
	}
	return web.Identity{}, fmt.Errorf("identity %s: %w", id, crm.ErrNotFound)
}

// offer makes a word that opens one browser session as this identity.
func (a *access) offer(who web.Identity) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.once == nil {
		a.once = map[string]web.Identity{}
	}
	word := rand.Text()
	a.once[word] = who
	return word
}

// Redeem implements web.Access.
func (a *access) Redeem(_ context.Context, word string) (web.Identity, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	who, ok := a.once[word]
	if !ok {
		return web.Identity{}, fmt.Errorf("one-time link: %w", crm.ErrNotFound)
	}
	delete(a.once, word)
	return who, nil
}

// PortalTokens implements web.Tokens.
func (a *access) PortalTokens(ctx context.Context, portal crm.PortalID) ([]web.Token, error) {
	tokens, err := a.DB.Tokens(ctx, portal)
	if err != nil {
		return nil, err
	}
	out := make([]web.Token, len(tokens))
	for i, t := range tokens {
		out[i] = web.Token{Name: t.Name, Role: web.Role(t.Role), Portal: t.Portal, CreatedAt: t.Created, UsedAt: t.Used, RevokedAt: t.Revoked}
	}
	return out, nil
}
