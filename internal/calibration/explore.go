package calibration

import (
	"crypto/sha256"
	"encoding/binary"
)

// Explore tells whether a change that would be written without a person is shown to one all the same, so that a fit does not feed on what it lets through alone. It depends on
// the id and the salt of the portal and on nothing else: the same change is always sampled or never, and nobody can see from a change which it will be.
func Explore(salt, change string, share float64) bool { return fraction(salt, change) < share }

// fraction spreads ids evenly over [0, 1).
func fraction(salt, id string) float64 {
	sum := sha256.Sum256([]byte(salt + "\x00" + id))
	return float64(binary.BigEndian.Uint64(sum[:8])>>11) / (1 << 53)
}
