package crm

import "time"

// Question is what the retriever is asked. Account is the scope and is required; Focus, when set, is an activity whose chunks are always included, whole, as far
// as the budget allows. Budget is in tokens of the packed passages (0: no packing, Limit applies); Limit is in passages (0: 10).
type Question struct {
	Filter
	Text   string
	Focus  Ref
	Budget int
	Limit  int
}

// Passage is a chunk that retrieval returned. ID is the citation id inside one Context ("P1", "P2" … in chronological order). Start and End are byte offsets
// in the text of that activity's version.
type Passage struct {
	ID        string             `json:"id"`
	Chunk     string             `json:"chunk"`
	Activity  Ref                `json:"activity"`
	Version   string             `json:"version"`
	Kind      Kind               `json:"kind"`
	Time      time.Time          `json:"time,omitzero"`
	Person    string             `json:"person"`
	Direction Direction          `json:"direction,omitempty"`
	Subject   string             `json:"subject,omitempty"`
	Text      string             `json:"text"`
	Start     int                `json:"start"`
	End       int                `json:"end"`
	Score     float64            `json:"score"`
	Parts     map[string]float64 `json:"parts,omitempty"` // what the score is made of: dense, keyword, …
	Language  string             `json:"language,omitempty"`
}

// Context is what a question brought back: passages in chronological order (search: by score), and how well they cover the question (0…1, share of the
// question's idf mass found in them).
type Context struct {
	Passages []Passage
	Coverage float64
	Left     int // candidates that were left out by the budget or limit
}
