package crm

import "time"

// Question is what the retriever is asked. Account is the scope and is required; Focus, when set, is an activity whose chunks are always included, whole, as far
// as the budget allows. Budget is in tokens of the packed passages (0: no packing, Limit applies); Limit is in passages (0: 10).
type Question struct {
	Filter
	Text    string
	History []string  // earlier questions and answers of the same conversation, oldest first; pronouns of Text may refer to them
	Now     time.Time // the moment that "last week" counts from; zero: AsOf, else the wall clock
	Focus   Ref
	Budget  int
	Limit   int
	Why     []Ref // activities to explain: Context.Unused says why each is not among the passages
}

// Passage is a chunk that retrieval returned. ID is the citation id inside one Context ("P1", "P2" … in chronological order). Start and End are byte offsets
// in the text of that activity's version.
type Passage struct {
	ID        string    `json:"id"`
	Chunk     string    `json:"chunk"`
	Activity  Ref       `json:"activity"`
	Version   string    `json:"version"`
	Kind      Kind      `json:"kind"`
	Time      time.Time `json:"time,omitzero"`
	Person    string    `json:"person"`
	Direction Direction `json:"direction,omitempty"`
	Subject   string    `json:"subject,omitempty"`
	Text      string    `json:"text"`
	Start     int       `json:"start"`
	End       int       `json:"end"`
	Score     float64   `json:"score"`
	Parts     Parts     `json:"parts,omitempty"` // what the score is made of: dense, keyword, …
	Language  string    `json:"language,omitempty"`
	New       bool      `json:"new,omitempty"` // this text was not known when the workflow's last suggestion was written
}

// Context is what a question brought back: passages in chronological order (search: by score), how well they cover the question (0…1, share of the question's idf
// mass found in them), and whether they are likely to answer it at all (0…1; below the threshold of the workflow, nothing should be claimed).
type Context struct {
	Passages   []Passage
	Coverage   float64
	Answerable float64
	Left       int // candidates that were left out by the budget or limit
	Unused     []Unused
}

// Unused says why an activity that was asked about gave no passage. Rank is the place of its best chunk among the candidates (1 is best; 0: it was none).
type Unused struct {
	Activity Ref     `json:"activity"`
	Reason   string  `json:"reason"`
	Rank     int     `json:"rank,omitempty"`
	Score    float64 `json:"score,omitempty"`
}
