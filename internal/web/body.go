package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
)

// maxDepth is how deep a request's JSON may nest; none of ours is deeper than 3.
const maxDepth = 16

// readJSON decodes one JSON object strictly into out: unknown and repeated fields, other content types, further values and wild nesting are refused. An empty body
// leaves out as it is.
func readJSON(c *gin.Context, out any) error {
	if e := c.GetHeader("Content-Encoding"); e != "" && e != "identity" {
		return &statusError{http.StatusUnsupportedMediaType, "send the body uncompressed"}
	}
	body, err := io.ReadAll(c.Request.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return &statusError{http.StatusRequestEntityTooLarge, "the body is larger than 1 MiB"}
	case err != nil:
		return &statusError{http.StatusBadRequest, "the body could not be read to its end"}
	case len(bytes.TrimSpace(body)) == 0:
		return nil
	}
	if kind, _, err := mime.ParseMediaType(c.GetHeader("Content-Type")); err != nil || kind != "application/json" {
		return &statusError{http.StatusUnsupportedMediaType, "send Content-Type: application/json"}
	}
	if !utf8.Valid(body) {
		return fmt.Errorf("the body is not UTF-8: %w", crm.ErrInvalid)
	}
	if err := checkJSON(body); err != nil {
		return fmt.Errorf("the body %w: %w", err, crm.ErrInvalid)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(out); err != nil {
		return fmt.Errorf("the body does not fit: %w: %w", err, crm.ErrInvalid)
	}
	return nil
}

// checkJSON refuses what encoding/json would let pass or read in a surprising way.
func checkJSON(body []byte) error {
	d := json.NewDecoder(bytes.NewReader(body))
	first, err := d.Token()
	if err != nil {
		return errors.New("is not JSON")
	}
	if first != json.Delim('{') {
		return errors.New("is not a JSON object")
	}
	if err := checkValue(d, first, 1); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("holds more than one JSON value")
	}
	return nil
}

// checkValue walks the rest of the value that began with t.
func checkValue(d *json.Decoder, t json.Token, depth int) error {
	open, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	if depth > maxDepth {
		return errors.New("is nested too deep")
	}
	seen := map[string]bool{}
	for d.More() {
		next, err := d.Token()
		if err != nil {
			return errors.New("is not JSON")
		}
		if key, isKey := next.(string); isKey && open == '{' {
			if seen[key] {
				return errors.New("names a field twice")
			}
			seen[key] = true
			if next, err = d.Token(); err != nil {
				return errors.New("is not JSON")
			}
		}
		if err := checkValue(d, next, depth+1); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil { // the closing bracket
		return errors.New("is not JSON")
	}
	return nil
}
