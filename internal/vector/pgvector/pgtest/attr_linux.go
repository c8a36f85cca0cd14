package pgtest

import (
	"os"
	"syscall"
)

// nobody is the overflow user of Linux, which owns nothing.
const nobody = 65534

// ordinary runs a program as an ordinary user, since PostgreSQL refuses to run as root, and lets it end with the test process, however that ends.
func ordinary() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if os.Geteuid() == 0 {
		attr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return attr
}
