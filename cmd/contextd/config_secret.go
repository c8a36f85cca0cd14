package main

import "log/slog"

const mask = "****"

// Secret is a value that never shows itself: printed, logged or encoded it is masked, and an empty one stays empty. Reveal is the only way to it.
type Secret string

// Reveal is the secret itself, for the header or the hash that needs it.
func (s Secret) Reveal() string { return string(s) }

// String is "****", or "" when nothing is set.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return mask
}

// GoString keeps %#v from telling.
func (s Secret) GoString() string { return `"` + s.String() + `"` }

// LogValue keeps slog from telling.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText masks the secret in JSON, in YAML and wherever else text is asked for.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON masks the secret.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }
