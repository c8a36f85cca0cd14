package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// micros is how a moment is stored; none is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// moment is the inverse of micros.
func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// flag is how a bool is stored: both databases compare small integers alike.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// encode stores a value as JSON. Only values of this program are encoded, which cannot fail but for a programmer's error.
func encode(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode %T: %w", v, err)
	}
	return string(b), nil
}

// decode reads encode's text; "" leaves v as it is.
func decode(s string, v any) error {
	if s == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(s), v); err != nil {
		return fmt.Errorf("decode %T: %w", v, err)
	}
	return nil
}

// path is how a reference is stored beside its portal; the zero reference is "".
func path(r crm.Ref) string {
	if r.IsZero() {
		return ""
	}
	return r.Path()
}

// refOf is the inverse of path.
func refOf(portal crm.PortalID, s string) (crm.Ref, error) {
	if s == "" {
		return crm.Ref{}, nil
	}
	return crm.ParsePath(portal, s)
}

func refsOf(portal crm.PortalID, paths []string) ([]crm.Ref, error) {
	var out []crm.Ref
	for _, p := range paths {
		r, err := refOf(portal, p)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// encodeRefs stores references of one portal as a JSON list of "type/id".
func encodeRefs(refs []crm.Ref) (string, error) {
	paths := make([]string, len(refs))
	for i, r := range refs {
		paths[i] = path(r)
	}
	return encode(paths)
}

// decodeRefs is the inverse of encodeRefs.
func decodeRefs(portal crm.PortalID, s string) ([]crm.Ref, error) {
	var paths []string
	if err := decode(s, &paths); err != nil {
		return nil, err
	}
	return refsOf(portal, paths)
}

// actorOf reads a stored actor; "" is none.
func actorOf(s string) (crm.Actor, error) {
	var a crm.Actor
	if s == "" {
		return a, nil
	}
	err := a.UnmarshalText([]byte(s))
	return a, err
}

// sum is the lower-case hex SHA-256 of b.
func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}
