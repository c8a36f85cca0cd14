package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// gateState is what the gate is told of the run itself.
func (r *run) gateState(hour, day int) GateState {
	now := r.now().UTC()
	if r.Zone != nil {
		if z := r.Zone(r.subject.Portal); z != nil {
			now = now.In(z)
		}
	}
	return GateState{Mode: r.w.Policy.Mode, Workflow: r.w.Name, Record: crm.Record{Ref: r.record.Ref, Name: r.record.Name, Properties: r.record.Properties}, Account: r.accountName(), Now: now, LastHour: hour, RecordsDay: day}
}

// writtenAlone counts what the policy's caps are about; 0 where there is none. With a cap, one run at a time is between here and its proposal being stored: two could
// otherwise both be the last that fits.
func (r *run) writtenAlone(ctx context.Context, p Policy) (hour, day int, err error) {
	if p.MaxPerHour == 0 && p.MaxPerRecordPerDay == 0 {
		return 0, 0, nil
	}
	if r.store {
		r.deciding.Lock()
		r.locked = true
	}
	if p.MaxPerHour != 0 {
		if hour, err = r.Proposals.WrittenAlone(ctx, r.subject.Portal, crm.Ref{}, time.Hour); err != nil {
			return 0, 0, fmt.Errorf("count writes of the last hour: %w", err)
		}
	}
	if p.MaxPerRecordPerDay != 0 {
		if day, err = r.Proposals.WrittenAlone(ctx, r.subject.Portal, r.record.Ref, 24*time.Hour); err != nil {
			return 0, 0, fmt.Errorf("count writes to the record: %w", err)
		}
	}
	return hour, day, nil
}

// release lets the next run decide.
func (r *run) release() {
	if r.locked {
		r.locked = false
		r.deciding.Unlock()
	}
}
