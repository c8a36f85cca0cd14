package hubspot

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// flexString is a string that HubSpot sometimes writes as a number or boolean. Numbers keep their digits: ids exceed what a float64 can hold.
type flexString string

// UnmarshalJSON accepts scalars; null is "".
func (s *flexString) UnmarshalJSON(b []byte) error {
	switch {
	case len(b) == 0 || string(b) == "null":
		*s = ""
		return nil
	case b[0] == '"':
		return json.Unmarshal(b, (*string)(s))
	case b[0] == '{' || b[0] == '[':
		return errors.New("want a string or a number")
	}
	*s = flexString(b)
	return nil
}

// wireObject is HubSpot's record shape ("SimplePublicObject").
type wireObject struct {
	ID         flexString              `json:"id"`
	Properties map[string]flexString   `json:"properties"`
	History    map[string][]wireChange `json:"propertiesWithHistory"`
	CreatedAt  flexString              `json:"createdAt"`
	UpdatedAt  flexString              `json:"updatedAt"`
	Archived   bool                    `json:"archived"`
	// Associations are the first page only: more when Paging is present.
	Associations map[string]struct {
		Results []struct {
			ID   flexString `json:"id"`
			Type string     `json:"type"`
		} `json:"results"`
		Paging *wirePaging `json:"paging"`
	} `json:"associations"`
}

// wireChange is one entry of a property's history.
type wireChange struct {
	Value      flexString `json:"value"`
	Timestamp  flexString `json:"timestamp"`
	SourceType string     `json:"sourceType"`
	SourceID   flexString `json:"sourceId"`
}

// wirePaging names the next page; its link shows other paths and is never followed.
type wirePaging struct {
	Next *struct {
		After flexString `json:"after"`
	} `json:"next"`
}

func (p *wirePaging) after() string {
	if p == nil || p.Next == nil {
		return ""
	}
	return string(p.Next.After)
}

func (o wireObject) text(name string) string { return string(o.Properties[name]) }

// parseTime reads ISO 8601 or milliseconds since the epoch, in UTC; zero for anything else.
func parseTime(s string) time.Time {
	s = strings.TrimSpace(s)
	if s == "" {
		return time.Time{}
	}
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil {
		if ms < -latestEvent || ms > latestEvent {
			return time.Time{}
		}
		return time.UnixMilli(ms).UTC()
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999Z0700", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// firstTime is the first of these that is a time.
func firstTime(values ...string) time.Time {
	for _, v := range values {
		if t := parseTime(v); !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}
