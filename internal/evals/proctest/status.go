package proctest

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// Status is what the service believes of its events and its open work.
type Status struct {
	Events struct {
		Received int            `json:"received"`
		Done     int            `json:"done"`
		InReview int            `json:"in_review"`
		Dead     int            `json:"dead"`
		Open     int            `json:"open"`
		Ignored  map[string]int `json:"ignored"`
	} `json:"events"`
	Work      map[string]int `json:"work"`
	Undecoded int            `json:"undecoded"`
}

// Ignored counts the events that were ignored for any reason.
func (s Status) Ignored() (n int) {
	for _, k := range s.Events.Ignored {
		n += k
	}
	return n
}

// OpenWork counts what is left to do: rows of every lane, deliveries that are not decoded.
func (s Status) OpenWork() int {
	n := s.Undecoded
	for _, k := range s.Work {
		n += k
	}
	return n
}

// Status asks the service.
func (c *Service) Status() (s Status, err error) {
	return s, c.API(http.MethodGet, "/status", nil, &s)
}

// PeakRSS is the most resident memory that the running process ever had, in bytes: VmHWM of proc(5). It is an error where there is no such file system.
func (c *Service) PeakRSS() (int64, error) {
	if c.cmd == nil {
		return 0, errors.New("peak memory: nothing runs")
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("peak memory: %w", err)
	}
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("peak memory: %q: %w", line, err)
			}
			return kb << 10, nil
		}
	}
	return 0, errors.New("peak memory: the process tells no VmHWM")
}
