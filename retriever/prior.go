package retriever

// PriorWeights are the hand-set weights that learning starts from and is pulled towards: BM25 with neighbours, session, speaker and date, and where there are vectors a
// fifth of their cosine (two fifths of a transformer's).
func PriorWeights() *Weights {
	w := &Weights{Version: weightsVersion, Note: "set by hand", Linear: map[Class]map[Shape]*Linear{}, Answer: Linear{Offset: -2, Weights: map[string]float64{"clarity": 2, "coverage": 2, "soft": 1}}}
	for _, class := range Classes() {
		w.Linear[class] = map[Shape]*Linear{}
		for _, shape := range Shapes() {
			l := map[string]float64{"bm25": 1, "bm25_prev": 0.2, "bm25_next": 0.2, "bm25_prev2": 0.1, "bm25_next2": 0.1, "session": 0.3, "speaker": 0.25, "person": 0.1, "date_match": 0.3}
			switch shape {
			case Transcript:
				l["bm25_prev"], l["bm25_next"], l["bm25_prev2"], l["bm25_next2"] = 0.5, 0.5, 0.2, 0.2
			case Document:
				l["bm25_prev"], l["bm25_next"], l["bm25_prev2"], l["bm25_next2"], l["session"] = 0.1, 0.1, 0, 0, 0.1
			}
			switch class {
			case WordVectors:
				l["dense"] = 0.2
			case Transformer:
				l["dense"], l["dense_window"] = 0.4, 0.3
			}
			for name := range l {
				l[name] *= 3 // so that differences are about log odds, as those of learned weights are
			}
			w.Linear[class][shape] = &Linear{Weights: l}
		}
	}
	return w
}
