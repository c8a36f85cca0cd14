// Package inbox turns stored webhook deliveries into work: it decodes each delivery behind the reply, decides what every event makes dirty, recognises echoes of
// contextd's own writes, and hands both to the store in one transaction. A delivery that a crash left undecoded is taken up at the next start.
package inbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Store is the inbox's side of the store.
type Store interface {
	// Undecoded returns stored deliveries that were not decoded yet, oldest first.
	Undecoded(ctx context.Context, limit int) ([]crm.Delivery, error)
	// Decode stores a delivery's events (each once, by its key), raises their marks, and ends the delivery, all in one transaction. A cause makes it dead: kept, shown.
	Decode(ctx context.Context, delivery int64, events []crm.Decoded, deadCause string) error
	// Delivered signals (coalesced) after a delivery was stored.
	Delivered(ctx context.Context) <-chan struct{}
	// Wrote reports whether contextd wrote this value to this property since that moment.
	Wrote(ctx context.Context, ref crm.Ref, property, value string, since time.Time) (bool, error)
	// Ours reports whether contextd made this note or task.
	Ours(ctx context.Context, activity crm.Ref) (bool, error)
}

// Inbox decodes deliveries until its context ends. Fields are set before Run.
type Inbox struct {
	Store   Store
	Decode  func(body []byte) (events []crm.Event, bad []error, err error)
	Portals map[crm.PortalID]App // the configured ones; events of others are ignored
	Log     *slog.Logger
	Now     func() time.Time
}

// App says how contextd's own writes look in one portal.
type App struct {
	Own func(app string) bool // whether HubSpot names this app as the source of our writes; nil: it is not known
}

const (
	page       = 64
	echoWindow = 10 * time.Minute // how long after a write its echo is expected at the latest
)

// Run decodes what is there, then waits for signals. It returns nil when ctx ends. A store that is down is tried again every second; nothing is lost meanwhile.
func (in *Inbox) Run(ctx context.Context) error {
	delivered := in.Store.Delivered(ctx)
	for ctx.Err() == nil {
		n, err := in.drain(ctx)
		if err != nil && ctx.Err() == nil {
			in.Log.Error("decode deliveries", "error", err)
		}
		if n > 0 && err == nil {
			continue
		}
		wait := 30 * time.Second // signals never get lost inside one process; this only bounds the harm of a bug
		if err != nil {
			wait = time.Second
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-delivered:
		case <-t.C:
		}
		t.Stop()
	}
	return nil
}

// drain decodes one page of deliveries and returns how many.
func (in *Inbox) drain(ctx context.Context) (int, error) {
	deliveries, err := in.Store.Undecoded(ctx, page)
	if err != nil {
		return 0, err
	}
	for i, d := range deliveries {
		if err := in.one(ctx, d); err != nil {
			return i, fmt.Errorf("delivery %d: %w", d.ID, err)
		}
	}
	return len(deliveries), nil
}

func (in *Inbox) one(ctx context.Context, d crm.Delivery) error {
	events, bad, err := in.decode(d)
	if err != nil {
		return in.Store.Decode(ctx, d.ID, nil, err.Error())
	}
	decoded := make([]crm.Decoded, 0, len(events))
	for _, e := range events {
		one, err := in.plan(ctx, e)
		if err != nil {
			return err
		}
		decoded = append(decoded, one)
	}
	err = in.Store.Decode(ctx, d.ID, decoded, cause(bad))
	if err != nil && !errors.Is(err, crm.ErrTemporary) && ctx.Err() == nil {
		// It will never be stored as it is, and everybody behind it waits.
		in.Log.Error("delivery cannot be stored", "delivery", d.ID, "error", err)
		return in.Store.Decode(ctx, d.ID, nil, err.Error())
	}
	return err
}

// decode keeps a body that makes the decoder panic from stopping the rest. The panic's value may quote the body: its type is enough.
func (in *Inbox) decode(d crm.Delivery) (events []crm.Event, bad []error, err error) {
	defer func() {
		if v := recover(); v != nil {
			in.Log.Error("decoder panicked", "delivery", d.ID, "panic", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
			events, bad, err = nil, nil, fmt.Errorf("the decoder panicked: %T: %w", v, crm.ErrInvalid)
		}
	}()
	return in.Decode(d.Body)
}

// cause joins what was wrong with single entries; the good ones beside them are stored all the same.
func cause(bad []error) string {
	if len(bad) == 0 {
		return ""
	}
	return errors.Join(bad...).Error()
}

// plan decides what one event makes dirty, or why it is ignored.
func (in *Inbox) plan(ctx context.Context, e crm.Event) (crm.Decoded, error) {
	app, known := in.Portals[e.Portal]
	if !known {
		return crm.Decoded{Event: e, Ignored: crm.IgnoredForeign}, nil
	}
	echo, err := in.isEcho(ctx, e, app)
	if err != nil {
		return crm.Decoded{}, err
	}
	if echo {
		return crm.Decoded{Event: e, Ignored: crm.IgnoredEcho}, nil
	}
	if marks := Marks(e); len(marks) > 0 {
		return crm.Decoded{Event: e, Marks: marks}, nil
	}
	return crm.Decoded{Event: e, Ignored: crm.IgnoredUnsupported}, nil
}

// isEcho recognises our own writes: by the app that HubSpot names, or, even when the source is missing or renamed, by the ledger: of the values that were written to
// properties, and of the notes and tasks that were made. An echo that overtakes the ledger's entry of a new note is looked at once, and ends there: our notes carry
// our key.
func (in *Inbox) isEcho(ctx context.Context, e crm.Event, app App) (bool, error) {
	if e.Source == "INTEGRATION" && app.Own != nil && app.Own(e.SourceID) {
		return true, nil
	}
	if byPerson(e.Source) {
		return false, nil
	}
	switch e.Type {
	case crm.PropertyChange, crm.Creation, crm.AssociationChange:
	default: // what becomes of our notes otherwise is not our doing
		return false, nil
	}
	for _, r := range []crm.Ref{e.Object, e.From, e.To} {
		if r.Type != crm.Notes && r.Type != crm.Tasks {
			continue
		}
		if ours, err := in.Store.Ours(ctx, r); ours || err != nil {
			return ours, err
		}
	}
	if e.Type != crm.PropertyChange {
		return false, nil
	}
	return in.Store.Wrote(ctx, e.Object, e.Property, e.Value, e.OccurredAt.Add(-echoWindow))
}

// byPerson reports sources that are certainly a person's hand (reference: HubSpot's list of property sources): such a change is never an echo.
func byPerson(source string) bool {
	switch source {
	case "CRM_UI", "CRM_UI_BULK_ACTION", "MOBILE_IOS", "MOBILE_ANDROID", "CONTACTS_WEB", "SALES", "HELP_DESK":
		return true
	}
	return false
}
