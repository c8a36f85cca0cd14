package hubsim

// Document says where a document of an evaluation set went: which activity, and for transcripts which utterances of it (0-based, Last included).
type Document struct {
	ID       string `json:"id"`
	Activity string `json:"activity"`
	First    *int   `json:"first,omitempty"`
	Last     *int   `json:"last,omitempty"`
}
