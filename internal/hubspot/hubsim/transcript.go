package hubsim

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// transcript is what was said in one call.
type transcript struct {
	ID         string      `json:"id"`
	Engagement int64       `json:"engagementId"`
	Source     string      `json:"transcriptSource"`
	Utterances []utterance `json:"transcriptUtterances"`
	CreatedAt  string      `json:"createdAt"`
	UpdatedAt  string      `json:"updatedAt"`
}

type utterance struct {
	ID       string  `json:"id"`
	Speaker  speaker `json:"speaker"`
	Text     string  `json:"text"`
	Language string  `json:"languageCode"`
	Start    int64   `json:"startTimeMillis"`
	End      int64   `json:"endTimeMillis"`
}

type speaker struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email,omitempty"`
}

func (s *Server) readTranscript(c *call) reply {
	if id, valid := parseID(c.PathValue("script")); valid {
		if t := s.transcripts[id]; t != nil && s.find(crm.Calls, t.Engagement) != nil {
			return ok(t)
		}
	}
	return fail(404, "OBJECT_NOT_FOUND", "No transcript found with id "+c.PathValue("script"))
}

func (s *Server) createTranscript(c *call) reply {
	var in struct {
		Engagement flexID      `json:"engagementId"`
		Utterances []utterance `json:"transcriptCreateUtterances"`
	}
	if bad := c.decode(&in); bad != nil {
		return *bad
	}
	o, missing := s.locate(crm.Calls, string(in.Engagement), "", true)
	if missing != nil {
		return *missing
	}
	if len(in.Utterances) == 0 {
		return badRequest("Some required fields were not set: [transcriptCreateUtterances]")
	}
	t := s.attach(c.actor, o, "INTEGRATOR_GENERATED", in.Utterances)
	s.wrote(c, Write{Object: o.path(), Before: map[string]string{}, After: map[string]string{"hs_call_transcription_id": t.ID}})
	return ok(map[string]string{"id": t.ID})
}

// attach stores a transcript for a call, replacing an earlier one, and points the call to it.
func (s *Server) attach(a actor, o *object, source string, said []utterance) *transcript {
	id := s.nextScript
	s.nextScript++
	for i := range said {
		said[i].ID = fmt.Sprintf("%d-%d", id, i+1)
	}
	t := &transcript{ID: strconv.FormatInt(id, 10), Engagement: o.id, Source: source, Utterances: said, CreatedAt: stamp(a.at), UpdatedAt: stamp(a.at)}
	s.transcripts[id] = t
	s.set(a, o, map[string]string{"hs_call_has_transcript": "true", "hs_call_transcription_id": t.ID})
	return t
}

// turn is one line of a transcript: "Speaker name: text".
type turn struct{ Speaker, Text string }

// parseTurns splits a transcript into turns; a line without a speaker goes on with the one before.
func parseTurns(text string) []turn {
	var out []turn
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, said, found := strings.Cut(line, ": ")
		switch {
		case found && isName(name):
			out = append(out, turn{name, said})
		case len(out) > 0:
			out = append(out, turn{out[len(out)-1].Speaker, line})
		default:
			out = append(out, turn{"Unknown", line})
		}
	}
	return out
}

// isName tells a speaker's name, with or without an office in brackets, from the beginning of a sentence.
func isName(s string) bool {
	name, _, _ := strings.Cut(s, " (")
	n := len(strings.Fields(name))
	return n > 0 && n <= 6 && len(name) <= 60 && len(s) <= 200
}

// spread makes utterances of turns over the length of a call, each as long as it has words. email finds a speaker's address; it may be nil.
func spread(turns []turn, length time.Duration, language string, email func(name string) string) []utterance {
	total := 0
	for _, t := range turns {
		total += len(strings.Fields(t.Text)) + 1
	}
	ids := map[string]string{}
	out := make([]utterance, 0, len(turns))
	spoken := 0
	for _, t := range turns {
		if ids[t.Speaker] == "" {
			ids[t.Speaker] = "speaker-" + strconv.Itoa(len(ids)+1)
		}
		u := utterance{Speaker: speaker{ID: ids[t.Speaker], Name: t.Speaker}, Text: t.Text, Language: language, Start: length.Milliseconds() * int64(spoken) / int64(total)}
		if email != nil {
			u.Speaker.Email = email(t.Speaker)
		}
		spoken += len(strings.Fields(t.Text)) + 1
		u.End = length.Milliseconds() * int64(spoken) / int64(total)
		out = append(out, u)
	}
	return out
}
