package store

import (
	"fmt"

	"github.com/gofrs/flock"
)

// HeldError says that another process holds the data directory.
type HeldError struct{ Dir string }

// Error names the directory.
func (e *HeldError) Error() string {
	return fmt.Sprintf("%s is in use by another contextd process", e.Dir)
}

// hold takes the directory's lock until it is closed. The kernel drops it when the process dies, so a crash leaves nothing to clean up.
func hold(dir, path string) (*flock.Flock, error) {
	lock := flock.New(path, flock.SetPermissions(0o600))
	got, err := lock.TryLock()
	switch {
	case err != nil:
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	case !got:
		return nil, &HeldError{Dir: dir}
	}
	return lock, nil
}
