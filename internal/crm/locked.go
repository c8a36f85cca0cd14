package crm

import (
	"fmt"
	"time"
)

// Lock is how people came to have the last word at a field that contextd wrote to.
type Lock string

// The ways to a locked field.
const (
	LockEdited   Lock = "edited"   // another value stands there than the one that was written
	LockConflict Lock = "conflict" // a write gave way to what a person had put there
	LockUndone   Lock = "undone"   // a person took the write back
)

// LockedField is a property that contextd wrote to and a person has changed since: every further value waits for a person until it is released.
type LockedField struct {
	Record     Ref
	RecordName string
	Property   string
	How        Lock
	Wrote      string // what contextd wrote, or would have
	Present    string // what stands there as far as is known
	Workflow   string
	Proposal   string    // the suggestion of that write
	By         string    // who, as an actor or as HubSpot says it; "" when nobody says
	At         time.Time // when it was changed or undone; when it was found, where nothing says when; zero when not even that
}

// String is the field as people name it.
func (l LockedField) String() string { return fmt.Sprintf("%s of %s", l.Property, l.Record.Path()) }
