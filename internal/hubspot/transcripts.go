package hubspot

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// TranscriptScope is optional: without it calls are read without their transcripts, and Refused names it.
const TranscriptScope = "crm.extensions_calling_transcripts.read"

// transcript reads a call's turns in order; none when it is gone or the scope is missing.
func (c *Client) transcript(ctx context.Context, id string) ([]crm.Turn, error) {
	var w struct {
		Utterances []struct {
			Speaker struct {
				ID    flexString `json:"id"`
				Name  string     `json:"name"`
				Email string     `json:"email"`
			} `json:"speaker"`
			Text  string  `json:"text"`
			Start float64 `json:"startTimeMillis"`
		} `json:"transcriptUtterances"`
	}
	path := "/crm/extensions/calling/" + c.opt.Versions.Transcripts + "/transcripts/" + url.PathEscape(id)
	err := c.do(ctx, call{operation: "read transcript " + id, method: http.MethodGet, path: path}, &w)
	var refusal *APIError
	switch {
	case errors.Is(err, crm.ErrNotFound):
		return nil, nil
	case errors.As(err, &refusal) && refusal.Status == http.StatusForbidden:
		c.mu.Lock()
		c.refused[TranscriptScope] = true
		c.mu.Unlock()
		return nil, nil
	case err != nil:
		return nil, err
	}
	turns := make([]crm.Turn, 0, len(w.Utterances))
	for _, u := range w.Utterances {
		speaker := u.Speaker.Name
		if speaker == "" {
			speaker = u.Speaker.Email
		}
		if speaker == "" {
			speaker = string(u.Speaker.ID)
		}
		t := crm.Turn{Speaker: speaker, Text: u.Text}
		if u.Start > 0 && u.Start < 7*24*3600*1000 {
			t.Start = time.Duration(u.Start) * time.Millisecond
		}
		turns = append(turns, t)
	}
	return turns, nil
}
