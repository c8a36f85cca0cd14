// Package audit signs heads of the audit's Merkle tree and checks, with nothing but such a signed head, that an entry is part of the tree. The tree itself is the store's.
package audit

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/contextd/contextd/internal/crm"
)

// Head says how many entries the tree has and what its root's hash is.
type Head struct {
	Size int64
	Root tlog.Hash
}

// Key signs checkpoints. Its public half is what somebody outside needs to check them.
type Key struct {
	signer note.Signer
	Public string // the verifier's key, in the text form of package note
}

// NewKey makes the key of an installation and the text to keep it as (a secret).
func NewKey() (Key, []byte, error) {
	name := "contextd-audit-" + strings.ToLower(rand.Text()[:10])
	secret, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return Key{}, nil, fmt.Errorf("make an audit key: %w", err)
	}
	text := []byte(secret + "\n" + public + "\n")
	k, err := ParseKey(text)
	return k, text, err
}

// ParseKey reads NewKey's text; anything else is crm.ErrInvalid.
func ParseKey(text []byte) (Key, error) {
	secret, public, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	signer, err := note.NewSigner(secret)
	if err != nil {
		return Key{}, fmt.Errorf("audit key: %w: %w", err, crm.ErrInvalid)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil || verifier.Name() != signer.Name() || verifier.KeyHash() != signer.KeyHash() {
		return Key{}, fmt.Errorf("audit key: its public half does not belong to it: %w", crm.ErrInvalid)
	}
	return Key{signer: signer, Public: public}, nil
}

// Sign makes a checkpoint: a note whose text is the signer's name, the size, and the root in base64, each on a line (the format of C2SP tlog-checkpoint).
func (k Key) Sign(h Head) (string, error) {
	text := fmt.Sprintf("%s\n%d\n%s\n", k.signer.Name(), h.Size, base64.StdEncoding.EncodeToString(h.Root[:]))
	signed, err := note.Sign(&note.Note{Text: text}, k.signer)
	if err != nil {
		return "", fmt.Errorf("sign a checkpoint: %w", err)
	}
	return string(signed), nil
}

// Open checks a checkpoint's signature with a public key and reads it. crm.ErrInvalid for a key or text of another form, crm.ErrForbidden for a signature that is not
// the key's.
func Open(checkpoint, public string) (Head, error) {
	verifier, err := note.NewVerifier(strings.TrimSpace(public))
	if err != nil {
		return Head{}, fmt.Errorf("public key: %w: %w", err, crm.ErrInvalid)
	}
	signed, err := note.Open([]byte(checkpoint), note.VerifierList(verifier))
	if err != nil {
		return Head{}, fmt.Errorf("checkpoint: %w: %w", err, crm.ErrForbidden)
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return Head{}, fmt.Errorf("checkpoint: it is not one of %s: %w", verifier.Name(), crm.ErrInvalid)
	}
	size, err1 := strconv.ParseInt(lines[1], 10, 64)
	root, err2 := tlog.ParseHash(lines[2])
	if err1 != nil || err2 != nil || size < 0 {
		return Head{}, fmt.Errorf("checkpoint: its size or root cannot be read: %w", crm.ErrInvalid)
	}
	return Head{Size: size, Root: root}, nil
}
