package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// ConsiderKey is the work key "workflow:type/id" of running a workflow for a subject.
func ConsiderKey(workflow string, subject crm.Ref) string { return workflow + ":" + subject.Path() }

// ParseConsiderKey reads ConsiderKey's form within a portal; anything else is crm.ErrInvalid.
func ParseConsiderKey(portal crm.PortalID, key string) (workflow string, subject crm.Ref, err error) {
	workflow, path, ok := strings.Cut(key, ":")
	if !ok || workflow == "" {
		return "", crm.Ref{}, fmt.Errorf("key %q: want workflow:type/id: %w", key, crm.ErrInvalid)
	}
	if subject, err = crm.ParsePath(portal, path); err != nil {
		return "", crm.Ref{}, fmt.Errorf("key %q: %w", key, err)
	}
	return workflow, subject, nil
}

// hashOf is the lower-case hex SHA-256 over parts, each with its length, cut to n characters.
func hashOf(n int, parts ...any) string {
	h := sha256.New()
	for _, p := range parts {
		s := fmt.Sprint(p)
		fmt.Fprintf(h, "%d:%s|", len(s), s) // a hash never fails to write
	}
	return hex.EncodeToString(h.Sum(nil))[:n]
}

// ActivityKey is the ai_ctx_key of a workflow's note or task for a subject: the same one for every run, so that a later run replaces what an earlier one wrote.
func ActivityKey(portal crm.PortalID, workflow string, subject crm.Ref) string {
	sum := sha256.Sum256([]byte(portal.String() + "|" + workflow + "|" + subject.Path()))
	return hex.EncodeToString(sum[:])[:32]
}

// Marker is the line in a note or task by which people and the applier recognise it.
func Marker(key string) string { return markerLead + key[:min(len(key), 12)] }

// markerLead begins that line.
const markerLead = "Ref: CTX-"

// proposalID and changeID are functions of the run alone, so that a run repeated after a crash proposes and writes the same. A change's id is its effect's.
func proposalID(workflow string, version int, subject crm.Ref, seq int64) string {
	return hashOf(32, "proposal", subject.Portal, workflow, subject.Path(), version, seq)
}

func changeID(proposal string, pos int, c crm.Change) string {
	return hashOf(32, "change", proposal, pos, c.Kind, c.Property)
}
