package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// The limits are generous multiples of what was measured, so that a missing index or a commit per row is found and a slow machine is not.
func TestSpeed(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	db := openFor(t, t.TempDir(), Options{})
	const deliveries, perDelivery = 500, 100
	start := time.Now()
	for i := range deliveries {
		id, err := db.Deliver(t.Context(), []byte("[]"), start)
		if err != nil {
			t.Fatal(err)
		}
		var events []crm.Decoded
		for j := range perDelivery {
			ref := crm.Ref{Portal: 1, Type: crm.Calls, ID: fmt.Sprint(i*perDelivery/2 + j)}
			events = append(events, crm.Decoded{Event: crm.Event{Portal: 1, Key: fmt.Sprint(i, j), Type: crm.Creation, Object: ref},
				Marks: []crm.Mark{{Portal: 1, Kind: crm.IndexWork, Key: ref.Path(), Lane: crm.Lane(j % 3)}}})
		}
		if err := db.Decode(t.Context(), id, events, ""); err != nil {
			t.Fatal(err)
		}
	}
	decoded := time.Since(start)
	start = time.Now()
	s, err := db.Status(t.Context(), 1)
	if err != nil || s.Events.Open != deliveries*perDelivery {
		t.Fatalf("status: %+v, %v", s, err)
	}
	open := time.Since(start)
	for {
		claims, err := db.Claim(t.Context(), crm.IndexWork, crm.Lanes(), 512, "a", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if len(claims) == 0 {
			break
		}
		if _, err := db.Finish(t.Context(), claims); err != nil {
			t.Fatal(err)
		}
	}
	start = time.Now()
	s, err = db.Status(t.Context(), 1)
	if err != nil || s.Events.Done != deliveries*perDelivery {
		t.Fatalf("status: %+v, %v", s, err)
	}
	done := time.Since(start)
	t.Logf("10,000 events decoded in %s; status of 50,000 events: %s all open, %s all done", decoded/5, open, done)
	if decoded/5 > 8*time.Second || open > 2*time.Second || done > 2*time.Second {
		t.Error("slower than four times the goals")
	}
}
