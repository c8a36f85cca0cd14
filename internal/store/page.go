package store

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// pageCursor says where a list continues: after the row with this time and id. Callers see it as an opaque word.
type pageCursor struct {
	id  int64
	at  int64
	key string
}

func (c pageCursor) String() string {
	return strconv.FormatInt(c.id, 36) + "." + strconv.FormatInt(c.at, 36) + "." + c.key
}

// parseCursor reads String's word; "" is the beginning, anything else crm.ErrInvalid.
func parseCursor(s string) (c pageCursor, err error) {
	if s == "" {
		return c, nil
	}
	parts := strings.SplitN(s, ".", 3)
	if len(parts) == 3 {
		id, err1 := strconv.ParseInt(parts[0], 36, 64)
		at, err2 := strconv.ParseInt(parts[1], 36, 64)
		if err1 == nil && err2 == nil {
			return pageCursor{id: id, at: at, key: parts[2]}, nil
		}
	}
	return c, fmt.Errorf("cursor %q: %w", s, crm.ErrInvalid)
}

// errorsOf is the first error of several steps, each of which is harmless after another has failed: the transaction is rolled back.
func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func isKind(err error, kinds ...error) bool {
	for _, k := range kinds {
		if errors.Is(err, k) {
			return true
		}
	}
	return false
}
