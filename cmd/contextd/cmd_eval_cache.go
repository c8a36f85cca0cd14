package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"sync"

	"github.com/gofrs/flock"

	"github.com/contextd/contextd/indexer/generation"
	"github.com/contextd/contextd/internal/crm"
)

// cachedEmbedder keeps what its embedder made in a file, so that a set is embedded once. The file is a sequence of records: 32 bytes of SHA-256 over fingerprint, kind and
// text, the length of the vector (uint32), the vector (float32), CRC-32C over all of it; little endian. It only grows. A record that was cut off by a crash is cut away when
// the file is opened; a damaged one is an error. One process has it at a time.
type cachedEmbedder struct {
	generation.Embedder
	lock    *flock.Flock
	mu      sync.Mutex // guards what follows
	file    *os.File
	vectors map[[32]byte][]float32
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// openCache opens or makes the file.
func openCache(path string, e generation.Embedder) (c *cachedEmbedder, err error) {
	c = &cachedEmbedder{Embedder: e, lock: flock.New(path + ".lock"), vectors: map[[32]byte][]float32{}}
	if held, err := c.lock.TryLock(); err != nil || !held {
		return nil, errors.Join(fmt.Errorf("embed cache %s: another process has it", path), err)
	}
	if c.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, errors.Join(err, c.lock.Unlock())
	}
	if err := c.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("embed cache %s: %w", path, err), c.Close())
	}
	return c, nil
}

// read takes all records over and leaves the file at its end.
func (c *cachedEmbedder) read() error {
	raw, err := io.ReadAll(c.file)
	if err != nil {
		return err
	}
	at := 0
	for at < len(raw) {
		rest := raw[at:]
		if len(rest) < 40 {
			break
		}
		n := int(binary.LittleEndian.Uint32(rest[32:]))
		size := 36 + 4*n + 4
		if n > 1<<16 {
			return fmt.Errorf("damaged at byte %d: delete the file", at)
		}
		if len(rest) < size {
			break
		}
		if crc32.Checksum(rest[:size-4], castagnoli) != binary.LittleEndian.Uint32(rest[size-4:]) {
			return fmt.Errorf("damaged at byte %d: delete the file", at)
		}
		v := make([]float32, n)
		for i := range v {
			v[i] = math.Float32frombits(binary.LittleEndian.Uint32(rest[36+4*i:]))
		}
		c.vectors[[32]byte(rest[:32])] = v
		at += size
	}
	if err := c.file.Truncate(int64(at)); err != nil {
		return err
	}
	_, err = c.file.Seek(int64(at), io.SeekStart)
	return err
}

func (c *cachedEmbedder) key(kind crm.EmbedKind, text string) [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%s", c.Fingerprint(), kind, text))
}

// Embed implements generation.Embedder.
func (c *cachedEmbedder) Embed(ctx context.Context, kind crm.EmbedKind, texts []string) ([][]float32, crm.Usage, error) {
	out := make([][]float32, len(texts))
	var missing []string
	at := map[string][]int{}
	c.mu.Lock()
	for i, t := range texts {
		if v, ok := c.vectors[c.key(kind, t)]; ok {
			out[i] = v
			continue
		}
		if at[t] == nil {
			missing = append(missing, t)
		}
		at[t] = append(at[t], i)
	}
	c.mu.Unlock()
	if len(missing) == 0 {
		return out, crm.Usage{}, nil
	}
	made, use, err := c.Embedder.Embed(ctx, kind, missing)
	if err != nil {
		return nil, use, err
	}
	if len(made) != len(missing) {
		return nil, use, fmt.Errorf("%d vectors for %d texts: %w", len(made), len(missing), crm.ErrInvalid)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var records []byte
	for i, t := range missing {
		key := c.key(kind, t)
		records = appendVector(records, key, made[i])
		c.vectors[key] = made[i]
		for _, j := range at[t] {
			out[j] = made[i]
		}
	}
	_, err = c.file.Write(records)
	return out, use, err
}

func appendVector(b []byte, key [32]byte, v []float32) []byte {
	start := len(b)
	b = append(b, key[:]...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(v)))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
}

// Close gives the file back.
func (c *cachedEmbedder) Close() error {
	var err error
	if c.file != nil {
		err = errors.Join(c.file.Sync(), c.file.Close())
	}
	return errors.Join(err, c.lock.Unlock())
}
