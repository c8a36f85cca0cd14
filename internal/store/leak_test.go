package store_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails when a test of this package leaves a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
