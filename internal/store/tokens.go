package store

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// TokenPrefix begins every API token, so that people and scanners recognise one.
const TokenPrefix = "contextd_pat_"

// TokenRoles lists the roles of API tokens, from least to most.
func TokenRoles() []string { return []string{"viewer", "reviewer", "approver", "admin"} }

// Token is an API token without its secret.
type Token struct {
	Name    string       `json:"name"`
	Role    string       `json:"role"`
	Portal  crm.PortalID `json:"portal"`
	Created time.Time    `json:"created"`
	Revoked time.Time    `json:"revoked,omitzero"`
	Used    time.Time    `json:"used,omitzero"` // to the minute
}

// CreateToken makes a token for one portal and returns its secret, which is stored nowhere: only its SHA-256 is. crm.ErrInvalid for an unknown role or an empty
// name, crm.ErrConflict when an unrevoked token has that name.
func (db *DB) CreateToken(ctx context.Context, portal crm.PortalID, name, role string, by crm.Actor) (secret string, err error) {
	if portal <= 0 || name == "" || !slices.Contains(TokenRoles(), role) {
		return "", fmt.Errorf("create token %q for portal %d with role %q: want a name and one of %v: %w", name, portal, role, TokenRoles(), crm.ErrInvalid)
	}
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails, says crypto/rand
	secret = TokenPrefix + base64.RawURLEncoding.EncodeToString(random)
	hash := sum([]byte(secret))
	err = db.w.write(ctx, func(t *tx) error {
		taken, err := t.exists("SELECT 1 FROM tokens WHERE portal = ? AND name = ? AND revoked_at = 0", int64(portal), name)
		if err != nil {
			return err
		}
		if taken {
			return fmt.Errorf("the name is taken: %w", crm.ErrConflict)
		}
		return errorsOf(
			t.do("INSERT INTO tokens (hash, name, role, portal, created_at, revoked_at, used_at) VALUES (?, ?, ?, ?, ?, 0, 0)", hash, name, role, int64(portal), micros(t.now)),
			t.audit(crm.AuditEntry{Action: "token.created", Actors: []crm.Actor{by}, Portal: portal, Subject: "token/" + name,
				IDs: map[string]string{"role": role}, Hashes: map[string]string{"token": hash}}))
	})
	if err != nil {
		return "", fmt.Errorf("create token %q: %w", name, err)
	}
	return secret, nil
}

// CheckToken returns the token of a secret; crm.ErrForbidden for an unknown or revoked one. The lookup is by hash, so its time says nothing about the secret.
func (db *DB) CheckToken(ctx context.Context, secret string) (tok Token, err error) {
	hash := sum([]byte(secret))
	tok, ok, at := db.checked.get(hash)
	if ok && db.now().Sub(tok.Used) < time.Minute {
		return tok, nil
	}
	err = db.r.read(ctx, func(v *view) (err error) {
		tok, err = scanToken(func(dest ...any) error {
			return v.one("SELECT "+tokenColumns+" FROM tokens WHERE hash = ? AND revoked_at = 0", []any{hash}, dest...)
		})
		return err
	})
	if isKind(err, crm.ErrNotFound) {
		return Token{}, fmt.Errorf("check token: unknown or revoked: %w", crm.ErrForbidden)
	}
	if err != nil {
		return Token{}, fmt.Errorf("check token: %w", err)
	}
	if now := db.now(); now.Sub(tok.Used) >= time.Minute { // one write a minute, not one per request
		err = db.w.write(ctx, func(t *tx) error { return t.useToken(hash, tok, now) })
		if err != nil {
			return Token{}, fmt.Errorf("check token: note its use: %w", err)
		}
		tok.Used = moment(micros(now))
	}
	db.checked.put(hash, tok, at)
	return tok, nil
}

// useToken notes when a token was used, and in the audit the first time of each UTC day: an entry for every request would drown all others.
func (t *tx) useToken(hash string, tok Token, now time.Time) error {
	if err := t.do("UPDATE tokens SET used_at = ? WHERE hash = ?", micros(now), hash); err != nil {
		return err
	}
	if !tok.Used.IsZero() && crm.Day(tok.Used) == crm.Day(now) {
		return nil
	}
	return t.audit(crm.AuditEntry{Action: "token.used", Actors: []crm.Actor{{Kind: crm.TokenActor, ID: tok.Name}}, Portal: tok.Portal, Subject: "token/" + tok.Name, IDs: map[string]string{"day": crm.Day(now)},
		Hashes: map[string]string{}})
}

// tokenTopic is raised by a commit that revokes a token.
const tokenTopic = "tokens"

// mostChecked is how many tokens are remembered: there are few.
const mostChecked = 1000

// checkedTokens remembers tokens that were found valid, by the hashes of their secrets, until any token is revoked: nearly every request has one.
type checkedTokens struct {
	mu  sync.RWMutex
	all map[string]Token
	at  int // how often it was cleared
}

func (c *checkedTokens) get(hash string) (tok Token, ok bool, at int) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	tok, ok = c.all[hash]
	return tok, ok, c.at
}

// put remembers a token that was read when the memory had been cleared this often: what was read before a revocation is worth nothing after it.
func (c *checkedTokens) put(hash string, tok Token, at int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at != at {
		return
	}
	if c.all == nil || len(c.all) >= mostChecked {
		c.all = map[string]Token{}
	}
	c.all[hash] = tok
}

func (c *checkedTokens) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all, c.at = nil, c.at+1
}

const tokenColumns = "name, role, portal, created_at, revoked_at, used_at" //nolint:gosec // names of columns, not a credential

func scanToken(scan func(...any) error) (tok Token, err error) {
	var created, revoked, used int64
	err = scan(&tok.Name, &tok.Role, &tok.Portal, &created, &revoked, &used)
	tok.Created, tok.Revoked, tok.Used = moment(created), moment(revoked), moment(used)
	return tok, err
}

// Tokens lists a portal's tokens, revoked ones included, oldest first.
func (db *DB) Tokens(ctx context.Context, portal crm.PortalID) (out []Token, err error) {
	err = db.r.read(ctx, func(v *view) error {
		return v.each("SELECT "+tokenColumns+" FROM tokens WHERE portal = ? ORDER BY created_at, name", []any{int64(portal)}, func(scan func(...any) error) error {
			tok, err := scanToken(scan)
			out = append(out, tok)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list tokens of portal %d: %w", portal, err)
	}
	return out, nil
}

// RevokeToken ends a token for good; crm.ErrNotFound when no unrevoked token has that name.
func (db *DB) RevokeToken(ctx context.Context, portal crm.PortalID, name string, by crm.Actor) error {
	err := db.w.write(ctx, func(t *tx) error {
		n, err := t.exec("UPDATE tokens SET revoked_at = ? WHERE portal = ? AND name = ? AND revoked_at = 0", micros(t.now), int64(portal), name)
		if err != nil {
			return err
		}
		if n == 0 {
			return crm.ErrNotFound
		}
		t.topics[tokenTopic] = true
		return t.audit(crm.AuditEntry{Action: "token.revoked", Actors: []crm.Actor{by}, Portal: portal, Subject: "token/" + name})
	})
	if err != nil {
		return fmt.Errorf("revoke token %q: %w", name, err)
	}
	return nil
}
