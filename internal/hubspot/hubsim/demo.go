package hubsim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/contextd/contextd/internal/crm"
)

// demo is what the loaded stories leave behind: what they know, and what still happens on the last day.
type demo struct {
	stories []Story
	day     []dayChange
}

// dayChange is one thing that a person does on the last day.
type dayChange struct {
	at    time.Time
	what  string
	apply func(silent bool) error
}

// LoadDemo fills the portal with the embedded stories, silently, up to the morning of the last day. ReplayDay does the rest.
func (s *Server) LoadDemo() error { return s.loadStories(demoFiles, "demo/stories") }

func (s *Server) loadStories(fsys fs.FS, dir string) error {
	names, err := fs.Glob(fsys, dir+"/*.yaml")
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setNow(s.portal.Now)
	for t, list := range s.portal.Properties {
		for _, c := range list {
			s.tables[t].defineCustom(c, s.base)
		}
	}
	for _, name := range names { // Glob sorts: ids are the same every time
		f, err := readStory(fsys, name)
		if err == nil {
			err = s.loadStory(f)
		}
		if err != nil {
			return fmt.Errorf("story %s: %w", name, err)
		}
	}
	slices.SortStableFunc(s.demo.day, func(a, b dayChange) int { return a.at.Compare(b.at) })
	return nil
}

// Usage names the portal's own properties of companies, which measure the use of the product.
func (s *Server) Usage() (names []string) {
	for _, c := range s.portal.Properties[crm.Companies] {
		names = append(names, c.Name)
	}
	return names
}

func readStory(fsys fs.FS, name string) (storyFile, error) {
	var f storyFile
	raw, err := fs.ReadFile(fsys, name)
	if err != nil {
		return f, err
	}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true) // a misspelt key would be a fact that nobody reads
	if err := dec.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return f, err
	}
	return f, nil
}

// Stories are the loaded stories with references resolved, for evaluations.
func (s *Server) Stories() []Story {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.demo.stories)
}

// ReplayDay does what people did on the last day, in order of time and as fast as it can; webhooks follow. It returns how many changes it made. A second call
// makes none.
func (s *Server) ReplayDay(ctx context.Context) (int, error) {
	n := 0
	for {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		s.mu.Lock()
		if len(s.demo.day) == 0 {
			s.mu.Unlock()
			return n, nil
		}
		c := s.demo.day[0]
		err := c.apply(false)
		if err == nil {
			s.demo.day = s.demo.day[1:]
			n++
		}
		s.mu.Unlock()
		if err != nil {
			return n, fmt.Errorf("replay %s: %w", c.what, err)
		}
	}
}

// happen applies a change at once if it is history, or keeps it for the last day.
func (s *Server) happen(at time.Time, replay bool, what string, apply func(silent bool) error) error {
	if replay || !at.Before(s.portal.Day.From) {
		s.demo.day = append(s.demo.day, dayChange{at, what, apply})
		return nil
	}
	if err := apply(true); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// loggedAt is when an activity came into HubSpot: as written, or right after it took place, but inside the account's life and on the right side of the last day.
func (s *Server) loggedAt(it storyItem, since time.Time) time.Time {
	if !it.Created.IsZero() {
		return it.Created
	}
	at := it.At
	switch it.Type {
	case "call", "meeting":
		at = at.Add(time.Duration(it.Minutes+2) * time.Minute)
	case "task": // at is the due date
		at = at.Add(-72 * time.Hour)
	}
	first, last := since.Add(time.Hour), s.portal.Day.From.Add(-time.Hour)
	if it.Replay {
		first, last = s.portal.Day.From, s.portal.Day.Until
	}
	if at.Before(first) {
		at = first
	}
	if at.After(last) {
		at = last
	}
	return at
}
