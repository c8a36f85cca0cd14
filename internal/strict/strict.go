// Package strict reads JSON that somebody else wrote, and refuses what encoding/json lets pass: a key given twice, bytes that are no UTF-8, numbers beyond float64, bottomless
// nesting, and anything behind the value.
package strict

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxNumber   = 64  // characters
	maxExponent = 308 // of ten
)

// Value reads one value and nothing else: nil, bool, string, json.Number, []any or map[string]any, nested to that depth. An error names the place, with long keys
// shortened, and never a value.
func Value(raw []byte, depth int) (any, error) {
	if !utf8.Valid(raw) {
		return nil, errors.New("it is not UTF-8")
	}
	d := &decoder{json.NewDecoder(bytes.NewReader(raw)), depth}
	d.UseNumber()
	v, err := d.value(0, "")
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON value")
	}
	return v, nil
}

type decoder struct {
	*json.Decoder
	depth int
}

func (d *decoder) broken() error { return fmt.Errorf("not valid JSON at byte %d", d.InputOffset()) }

func (d *decoder) value(depth int, at string) (any, error) {
	if depth > d.depth {
		return nil, fmt.Errorf("it is nested deeper than %d levels", d.depth)
	}
	t, err := d.Token()
	if err != nil {
		return nil, d.broken()
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '[' {
			return d.list(depth, at)
		}
		return d.object(depth, at)
	case json.Number:
		if !sized(t.String()) {
			return nil, fmt.Errorf("a number out of range at %s", orRoot(at))
		}
		return t, nil
	default:
		return t, nil
	}
}

// sized: the number is one of float64 and short enough to be computed with exactly, as a validator does: "1e-2000000" would cost it seconds, or its life.
func sized(n string) bool {
	f, err := strconv.ParseFloat(n, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) || len(n) > maxNumber {
		return false
	}
	mantissa, exponent, has := strings.Cut(strings.ToLower(n), "e")
	if !has {
		return true
	}
	e, err := strconv.Atoi(exponent)
	return err == nil && e >= -maxExponent && e <= maxExponent && (f != 0 || strings.Trim(mantissa, "-0.") == "")
}

func (d *decoder) list(depth int, at string) (any, error) {
	list := []any{}
	for i := 0; d.More(); i++ {
		v, err := d.value(depth+1, at+"/"+strconv.Itoa(i))
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	if _, err := d.Token(); err != nil {
		return nil, d.broken()
	}
	return list, nil
}

func (d *decoder) object(depth int, at string) (any, error) {
	object := map[string]any{}
	for d.More() {
		k, err := d.Token()
		key, ok := k.(string)
		if err != nil || !ok {
			return nil, d.broken()
		}
		if _, twice := object[key]; twice {
			return nil, fmt.Errorf("a key stands twice at %s", orRoot(at))
		}
		if object[key], err = d.value(depth+1, at+"/"+shortened(key)); err != nil {
			return nil, err
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, d.broken()
	}
	return object, nil
}

func orRoot(at string) string {
	if at == "" {
		return "the root"
	}
	return at
}

func shortened(key string) string {
	if len(key) > 20 {
		return strings.ToValidUTF8(key[:20], "") + "…"
	}
	return key
}
