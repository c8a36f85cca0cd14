//go:build !linux

package pgtest

import "syscall"

// ordinary has nothing to do where tests are not run as root.
func ordinary() *syscall.SysProcAttr { return nil }
