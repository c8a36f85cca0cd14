package flat

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

const (
	idBytes       = 16
	checksumBytes = 4
)

// facts are what the index knows of an activity besides its vectors and words. Sets of references are kept as one string, their paths in order with a blank between:
// equal sets are equal strings.
type facts struct {
	kind             uint8 // place in crm.Kinds, from 1; 0 is none
	generated        bool
	time, created    int64 // micros
	modified         int64
	accounts, people string
	digest           string
	ids              []byte // idBytes per chunk
}

func (f *facts) chunks() int { return len(f.ids) / idBytes }

func kindNumber(k crm.Kind) uint8 { return uint8(slices.Index(crm.Kinds(), k) + 1) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sealed appends a checksum over the name of a row and what it holds, so that a row that was damaged or stands in another's place is found.
func sealed(row string, b []byte) []byte {
	return binary.LittleEndian.AppendUint32(b, crc32.Update(crc32.Checksum([]byte(row), castagnoli), castagnoli, b))
}

func unsealed(row string, b []byte) ([]byte, error) {
	if len(b) < checksumBytes {
		return nil, fmt.Errorf("%w: %s is cut off", ErrDamaged, row)
	}
	body := b[:len(b)-checksumBytes]
	if binary.LittleEndian.Uint32(b[len(body):]) != crc32.Update(crc32.Checksum([]byte(row), castagnoli), castagnoli, body) {
		return nil, fmt.Errorf("%w: the checksum of %s does not match", ErrDamaged, row)
	}
	return body, nil
}

func (f *facts) encode(ref crm.Ref) []byte {
	b := make([]byte, 0, 64+len(f.accounts)+len(f.people)+len(f.digest)+len(f.ids))
	flags := f.kind << 1
	if f.generated {
		flags |= 1
	}
	b = append(b, flags)
	b = binary.AppendVarint(b, f.time)
	b = binary.AppendVarint(b, f.created-f.time) // mostly near each other
	b = binary.AppendVarint(b, f.modified-f.created)
	digest := f.digest
	if raw, err := hex.DecodeString(digest); err == nil && len(raw) == idBytes && hex.EncodeToString(raw) == digest {
		b, digest = append(b, 1), string(raw) // as crm.DigestOf makes it: half the size
	} else {
		b = append(b, 0)
	}
	for _, s := range []string{digest, f.accounts, f.people} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	return sealed(ref.String(), append(b, f.ids...))
}

func decodeFacts(ref crm.Ref, b []byte) (f facts, err error) {
	if b, err = unsealed(ref.String(), b); err != nil {
		return facts{}, err
	}
	short := func() (facts, error) { return facts{}, fmt.Errorf("%w: the facts of %s are cut off", ErrDamaged, ref) }
	if len(b) == 0 {
		return short()
	}
	f.kind, f.generated, b = b[0]>>1, b[0]&1 == 1, b[1:]
	for _, t := range []*int64{&f.time, &f.created, &f.modified} {
		v, n := binary.Varint(b)
		if n <= 0 {
			return short()
		}
		*t, b = v, b[n:]
	}
	f.created += f.time
	f.modified += f.created
	if len(b) == 0 {
		return short()
	}
	packed := b[0] == 1
	b = b[1:]
	for _, s := range []*string{&f.digest, &f.accounts, &f.people} {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return short()
		}
		*s, b = string(b[n:n+int(size)]), b[n+int(size):]
	}
	if packed {
		f.digest = hex.EncodeToString([]byte(f.digest))
	}
	if len(b)%idBytes != 0 {
		return short()
	}
	f.ids = slices.Clone(b)
	return f, nil
}

// setOf is a set of references of one portal as a string. A reference of another portal, without type or id, or with a blank, is crm.ErrInvalid.
func setOf(portal crm.PortalID, refs []crm.Ref) (string, error) {
	paths := make([]string, len(refs))
	for i, r := range refs {
		if r.Portal != portal || !validRef(r) {
			return "", fmt.Errorf("%s is no reference of portal %s: %w", r, portal, crm.ErrInvalid)
		}
		paths[i] = r.Path()
	}
	slices.Sort(paths)
	return strings.Join(slices.Compact(paths), " "), nil
}

func validRef(r crm.Ref) bool {
	return r.Portal > 0 && r.Type != "" && r.ID != "" && !strings.ContainsAny(string(r.Type), " /") && !strings.Contains(r.ID, " ")
}

// refsOf is the inverse of setOf.
func refsOf(portal crm.PortalID, set string) []crm.Ref {
	var out []crm.Ref
	for path := range strings.FieldsSeq(set) {
		typ, id, _ := strings.Cut(path, "/")
		out = append(out, crm.Ref{Portal: portal, Type: crm.ObjectType(typ), ID: id})
	}
	return out
}

// micros stores a time; 0 is the zero time, which no activity has.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// appendUnit appends v at unit length. One that has it already stays as it is, bit by bit.
func appendUnit(dst, v []float32) []float32 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if math.Abs(sum-1) < 1e-6 {
		return append(dst, v...)
	}
	scale := 1 / math.Sqrt(sum)
	for _, x := range v {
		dst = append(dst, float32(float64(x)*scale))
	}
	return dst
}
