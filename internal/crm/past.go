package crm

import "time"

// Standing is a text that an activity had for a while and has no longer: another one took its place, or the activity is gone.
type Standing struct {
	Activity Ref
	Version  string
	From     time.Time // when it became known
	To       time.Time // when the next text became known, or that the activity is gone
}

// At reports whether the text is what was known before a moment.
func (s Standing) At(asOf time.Time) bool { return s.From.Before(asOf) && !s.To.Before(asOf) }

// Past is an account as it was known before a moment. It is shared and never changed.
type Past struct {
	Postings *Postings // of everything that was known then, and of nothing else
	Present  *Postings // of the account as it is now
	// Earlier are the chunks among Postings whose text is the present one no more, so that no index holds them: by activity, then position, with texts and headers, without
	// vectors.
	Earlier []Chunk
	Bodies  map[string]Passage // of Earlier by chunk id, as the store would give them
}
