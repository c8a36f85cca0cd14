package retriever

import "slices"

// The features of a candidate, in the order of FeatureNames. All are 0 where nothing speaks for the item and about 1 at best, inside one question.
const (
	fBM25 = iota
	fPrev
	fNext
	fPrev2
	fNext2
	fWide
	fSession
	fSpeaker
	fPerson
	fDate
	fDateMatch
	fCoverage
	fWindowCoverage
	fWideCoverage
	fSessionCoverage
	fExact
	fRare
	fOpening
	fBigrams
	fNear
	fNumber
	fTime
	fName
	fLength
	fStatement
	fAfterQuestion
	fAnswers
	fFollows
	fHistory
	fStatic
	fStaticNear
	fStaticSession
	fSoft
	fSoftWindow
	fDense
	fWindow
	fDenseNear
	fDenseSession
	featureCount
)

// FeatureNames names the features of a Candidate, in order.
func FeatureNames() []string { return slices.Clone(featureNames[:]) }

var featureNames = [featureCount]string{
	fBM25:            "bm25",             // BM25 of the item, best = 1
	fPrev:            "bm25_prev",        // of the item before it in its session
	fNext:            "bm25_next",        // of the item behind it
	fPrev2:           "bm25_prev2",       // two before
	fNext2:           "bm25_next2",       // two behind
	fWide:            "wide",             // of all items around it, by a fifth less for each step
	fSession:         "session",          // BM25 of the whole session as one document, best = 1; 0 where the item is all of it
	fSpeaker:         "speaker",          // by somebody whom the question names
	fPerson:          "person",           // its activity is linked to a contact whom the question names
	fDate:            "date",             // from the time that the question names
	fDateMatch:       "date_match",       // the same, where a question word matches
	fCoverage:        "coverage",         // share of the question's idf mass in the item
	fWindowCoverage:  "window_coverage",  // how much more of it the item has with two on each side
	fWideCoverage:    "wide_coverage",    // how much more again with five on each side
	fSessionCoverage: "session_coverage", // how much more again in the whole session
	fExact:           "exact",            // share of the idf mass whose words stand in the item as the question writes them
	fRare:            "rare",             // idf of the rarest question word in the item, rarest of the question = 1
	fOpening:         "opening",          // share of the idf mass in the item's first words
	fBigrams:         "bigrams",          // share of the question's word pairs in the item
	fNear:            "near",             // share of its pairs whose words are within five words of each other, in any order
	fNumber:          "number",           // a number, where the question wants one
	fTime:            "time",             // a time, where the question asks when
	fName:            "name",             // a name, where the question asks who, where or which
	fLength:          "length",           // logarithm of its length, where a question word matches
	fStatement:       "statement",        // it is not itself a question
	fAfterQuestion:   "after_question",   // BM25 of the item before it, where that is somebody else's question
	fAnswers:         "answers",          // the same, where the item is by somebody whom the question names
	fFollows:         "follows_question", // the item before it is a question
	fHistory:         "history",          // BM25 with the words of the conversation so far, best = 1
	fStatic:          "static",           // cosine of the sums of word vectors, best = 1
	fStaticNear:      "static_near",      // mean of the items beside it
	fStaticSession:   "static_session",   // how much more the best of its session has
	fSoft:            "soft",             // idf-weighted mean over question words of the closest word in the item
	fSoftWindow:      "soft_window",      // how much more with the closest word of two items on each side
	fDense:           "dense",            // cosine of the embedder, best = 1
	fWindow:          "dense_window",     // cosine of the item between its neighbours, best = 1
	fDenseNear:       "dense_near",       // mean of the items beside it
	fDenseSession:    "dense_session",    // how much more the best of its session has
}
