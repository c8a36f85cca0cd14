package main

import "time"

// suggestion is what the commands read of a suggestion; output keeps everything that the service sent.
type suggestion struct {
	ID         string       `json:"id"`
	Workflow   string       `json:"workflow"`
	Prompt     promptRef    `json:"prompt"`
	Model      string       `json:"model"`
	Subject    string       `json:"subject"`
	Record     recordName   `json:"record"`
	State      string       `json:"state"`
	Confidence float64      `json:"confidence"`
	Verdict    string       `json:"verdict"`
	Reasons    []string     `json:"reasons"`
	Changes    []changeView `json:"changes"`
	Claims     []claimView  `json:"claims"`
	Usage      struct {
		InputTokens  int     `json:"input_tokens"`
		OutputTokens int     `json:"output_tokens"`
		CostUSD      float64 `json:"cost_usd"`
		FromCache    int     `json:"from_cache"`
		Unpriced     int     `json:"unpriced"`
	} `json:"usage"`
	CreatedAt time.Time  `json:"created_at"`
	DecidedAt *time.Time `json:"decided_at"`
	DecidedBy string     `json:"decided_by"`
	ETag      string     `json:"etag"`
	Assignee  *string    `json:"assignee"`
	Snoozed   *time.Time `json:"snoozed_until"`
	Comments  []struct {
		By   string    `json:"by"`
		At   time.Time `json:"at"`
		Text string    `json:"text"`
	} `json:"comments"`
}

type promptRef struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
}

type recordName struct {
	Type string `json:"type"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (r recordName) String() string {
	path := r.Type + "/" + r.ID
	if r.Name == "" {
		return path
	}
	return r.Name + " (" + path + ")"
}

type changeView struct {
	ID         string   `json:"id"`
	Kind       string   `json:"kind"`
	Property   string   `json:"property"`
	Before     *string  `json:"before"`
	After      string   `json:"after"`
	Confidence float64  `json:"confidence"`
	Threshold  float64  `json:"threshold"`
	Verdict    string   `json:"verdict"`
	Reasons    []string `json:"reasons"`
	Would      bool     `json:"would_apply,omitempty"`
	Failure    string   `json:"failure,omitempty"`
	State      string   `json:"state"`
}

type claimView struct {
	Text      string `json:"text"`
	Supported bool   `json:"supported"`
	Why       string `json:"why"`
	Factor    string `json:"factor"`
	Effect    string `json:"effect"`
	Moved     string `json:"moved"`
	Evidence  []struct {
		Record   string     `json:"record"`
		Property string     `json:"property"`
		Source   string     `json:"source"`
		Activity string     `json:"activity"`
		Kind     string     `json:"kind"`
		Time     *time.Time `json:"time"`
		Person   string     `json:"person"`
		Quote    string     `json:"quote"`
	} `json:"evidence"`
	Contradictions []struct {
		Activity string     `json:"activity"`
		Time     *time.Time `json:"time"`
		Person   string     `json:"person"`
		Quote    string     `json:"quote"`
		Why      string     `json:"why"`
	} `json:"contradictions"`
}

// passageView is one search result.
type passageView struct {
	Activity string             `json:"activity"`
	Kind     string             `json:"kind"`
	Time     *time.Time         `json:"time"`
	Person   string             `json:"person"`
	Text     string             `json:"text"`
	Score    float64            `json:"score"`
	Parts    map[string]float64 `json:"parts"`
}

// runView is one run of a workflow; the last fields come with a dry run only, which is a suggestion beside them.
type runView struct {
	Run         string   `json:"run"`
	State       string   `json:"state"`
	Suggestions []string `json:"suggestions"`
	Error       string   `json:"error"`

	suggestion
	PromptText string `json:"prompt_text"`
	Reply      string `json:"reply"`
	Checks     []struct {
		Claim any    `json:"claim"`
		Check string `json:"check"`
		OK    bool   `json:"ok"`
		Why   string `json:"why"`
	} `json:"checks"`
	Passages []passageView `json:"passages"`
}

type auditView struct {
	Seq     int64             `json:"seq"`
	Time    time.Time         `json:"time"`
	Action  string            `json:"action"`
	Actors  []string          `json:"actors"`
	Portal  int64             `json:"portal"`
	Subject string            `json:"subject"`
	IDs     map[string]string `json:"ids"`
	Hashes  map[string]string `json:"hashes"`
}

type workView struct {
	Kind      string     `json:"kind"`
	Key       string     `json:"key"`
	Lane      string     `json:"lane"`
	State     string     `json:"state"`
	Attempts  int        `json:"attempts"`
	NotBefore *time.Time `json:"not_before"`
	LastError string     `json:"last_error"`
}

// name is "kind:key", as work redrive and bury take it.
func (w workView) name() string { return w.Kind + ":" + w.Key }

// backfillView is how far the reading of one object type is.
type backfillView struct {
	Object    string `json:"object"`
	State     string `json:"state"` // queued, running, done or failed
	Listed    int64  `json:"listed"`
	Indexed   int64  `json:"indexed"`
	Failed    int64  `json:"failed"`
	LastError string `json:"last_error"`
}

type tokenView struct {
	Name      string     `json:"name"`
	Role      string     `json:"role"`
	Token     string     `json:"token"` // only in the answer to its creation
	CreatedAt *time.Time `json:"created_at"`
	UsedAt    *time.Time `json:"used_at"`
	RevokedAt *time.Time `json:"revoked_at"`
}

type statusView struct {
	Events struct {
		Received int            `json:"received"`
		Done     int            `json:"done"`
		InReview int            `json:"in_review"`
		Dead     int            `json:"dead"`
		Ignored  map[string]int `json:"ignored"`
	} `json:"events"`
	Work          map[string]int     `json:"work"`
	OldestSeconds float64            `json:"oldest_seconds"`
	Coverage      map[string]float64 `json:"coverage"`
	Paused        []struct {
		Model     string    `json:"model"`
		Workflows []string  `json:"workflows"`
		Cause     string    `json:"cause"`
		Since     time.Time `json:"since"`
		Next      time.Time `json:"next"`
	} `json:"paused"`
	Failing []struct {
		Model     string    `json:"model"`
		Workflows []string  `json:"workflows"`
		Cause     string    `json:"cause"`
		Since     time.Time `json:"since"`
	} `json:"failing"`
	Held    []heldView `json:"held"`
	HubSpot struct {
		Problem string `json:"problem"`
		Apps    []struct {
			ID        string     `json:"id"`
			LearnedAt *time.Time `json:"learned_at"`
		} `json:"apps"`
	} `json:"hubspot"`
	Stops   []stopView  `json:"stops"`
	Budget  budgetView  `json:"budget"`
	Usage   []usageView `json:"usage"`
	Write   any         `json:"write"` // on or off
	Version string      `json:"version"`
}
