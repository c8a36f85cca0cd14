package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// demoSummary is what `demo --once -o json` prints: counted from the stores and from the simulator's own write log, not from what the engine believes.
type demoSummary struct {
	Companies   int `json:"companies"`
	Contacts    int `json:"contacts"`
	Deals       int `json:"deals"`
	Activities  int `json:"activities"`
	Chunks      int `json:"chunks"`
	Events      int `json:"events"`
	Runs        int `json:"runs"`
	Suggestions struct {
		Applied int `json:"applied"`
		Pending int `json:"pending"`
		Dropped int `json:"dropped"`
	} `json:"suggestions"`
	Writes struct {
		Properties int `json:"properties"` // values, exact repeats left out
		Notes      int `json:"notes"`
		Tasks      int `json:"tasks"`
	} `json:"writes"`
	Claims       int   `json:"claims"`
	ClaimsQuoted int   `json:"claims_quoted"`
	EchoEvents   int   `json:"echo_events"`
	Dead         int   `json:"dead"`
	ElapsedMS    int64 `json:"elapsed_ms"`
}

func (d *demonstration) summary(ctx context.Context, portal crm.PortalID) (demoSummary, error) {
	var s demoSummary
	c, err := d.s.db.Counts(ctx, portal)
	if err != nil {
		return s, err
	}
	s.Companies, s.Contacts, s.Deals, s.Activities, s.Chunks, s.Events, s.Runs = c.Companies, c.Contacts, c.Deals, c.Activities, c.Chunks, c.Events, c.Runs
	s.Suggestions.Applied, s.Suggestions.Pending, s.Suggestions.Dropped = c.Suggestions[crm.Applied], c.Suggestions[crm.Pending], c.Suggestions[crm.Dropped]
	s.Claims, s.ClaimsQuoted, s.EchoEvents, s.Dead = c.Claims, c.ClaimsQuoted, c.Echoes, c.Dead
	notes, tasks := map[string]bool{}, map[string]bool{}
	for _, w := range d.sim.Writes(0) {
		if w.Repeat {
			continue
		}
		typ, _, _ := strings.Cut(w.Object, "/")
		switch {
		case typ == string(crm.Notes):
			notes[w.Object] = true
		case typ == string(crm.Tasks):
			tasks[w.Object] = true
		case crm.ObjectType(typ).IsRecord():
			s.Writes.Properties += len(w.After)
		}
	}
	s.Writes.Notes, s.Writes.Tasks = len(notes), len(tasks)
	s.ElapsedMS = time.Since(d.start).Milliseconds()
	return s, nil
}

func (s demoSummary) print(w io.Writer) {
	fmt.Fprintf(w, "  suggestions   %d written back, %d wait for a person, %d dropped\n", s.Suggestions.Applied, s.Suggestions.Pending, s.Suggestions.Dropped)
	fmt.Fprintf(w, "  claims        %d, every quote found in its source: %d\n", s.Claims, s.ClaimsQuoted)
	fmt.Fprintf(w, "  written       %d property values, %d notes, %d tasks; %d echoes of them came back and were ended\n", s.Writes.Properties, s.Writes.Notes, s.Writes.Tasks, s.EchoEvents)
	fmt.Fprintf(w, "  events        %d, dead %d, after %.1f s\n", s.Events, s.Dead, float64(s.ElapsedMS)/1000)
}
