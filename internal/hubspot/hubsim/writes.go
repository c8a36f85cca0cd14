package hubsim

import "time"

// Write is one accepted change made through the API: creates, updates, archives, associations, definitions, transcripts. People's changes are not in this log.
type Write struct {
	Seq          int               `json:"seq"`
	Time         time.Time         `json:"time"`
	Method       string            `json:"method"`
	Path         string            `json:"path"`
	Object       string            `json:"object"` // "deals/40000000001", "properties/deals/ai_summary"
	Before       map[string]string `json:"before"`
	After        map[string]string `json:"after"`
	Associations []string          `json:"associations,omitempty"` // objects that a create, or an association call, linked
	App          string            `json:"app"`
	Repeat       bool              `json:"repeat"` // it changed nothing
}

func (s *Server) wrote(c *call, w Write) {
	w.Seq, w.Time, w.Method, w.Path, w.App = len(s.log)+1, s.now(), c.Method, c.URL.Path, c.actor.id
	s.log = append(s.log, w)
}

// Writes is the log after sequence number since, oldest first.
func (s *Server) Writes(since int) []Write {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Write{}, s.log[min(max(since, 0), len(s.log)):]...)
}
