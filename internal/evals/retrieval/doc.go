// Package retrieval owns the judgement of search: evaluation sets, run files, the measures that the published figures use, the folds that keep learned weights away
// from what they are scored on, and the learning of those weights. It knows nothing of how a run came about.
package retrieval
