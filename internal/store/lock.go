//go:build unix

package store

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// HeldError says that another process holds the data directory.
type HeldError struct{ Dir string }

// Error names the directory.
func (e *HeldError) Error() string {
	return fmt.Sprintf("%s is in use by another contextd process", e.Dir)
}

// hold takes the directory's lock for as long as the file stays open. The kernel drops it when the process dies, so a crash leaves nothing to clean up.
func hold(dir, path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, &HeldError{Dir: dir}
	}
	return nil, fmt.Errorf("lock %s: %w", dir, err)
}
