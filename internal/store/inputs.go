package store

import (
	"crypto/rand"

	"github.com/contextd/contextd/internal/crm"
)

// keepInputs stores what a change was decided by (change "": what the run had read) and returns the hash that the audit names it by; "" when there is nothing to keep.
func (t *tx) keepInputs(p crm.Proposal, change, body string) (hash string, err error) {
	if body == "" {
		return "", nil
	}
	salt := rand.Text()
	hash = saltedHash(salt, body)
	return hash, t.do("INSERT INTO inputs (portal, hash, proposal, change, salt, body) VALUES (?, ?, ?, ?, ?, ?)", int64(p.Portal), hash, p.ID, change, salt, body)
}

func saltedHash(salt, body string) string { return sum([]byte(salt + "\x00" + body)) }

// runRead is what a run had read, as its row of inputs holds it.
type runRead struct {
	Passages []string `json:"passages"` // chunks that the prompt showed
}

func (t *tx) keepRead(p crm.Proposal, raw crm.Raw) (hash string, err error) {
	if len(raw.Passages) == 0 {
		return "", nil
	}
	body, err := encode(runRead{raw.Passages})
	if err != nil {
		return "", err
	}
	return t.keepInputs(p, "", body)
}
