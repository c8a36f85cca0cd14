package retriever

import (
	"math"
	"slices"
)

// invert makes the posting lists of stems.
func (a *account) invert(words int) {
	stemOf := a.stemWords(words)
	n := a.vocabulary.count()
	places, chunks, last := make([]uint32, n+1), make([]uint32, n+1), make([]int32, n)
	a.words = slices.Repeat([]int32{none}, words)
	for i := range a.at {
		of, mark := stemOf[a.language[i]], int32(i+1)
		for _, w := range a.said(int32(i)) {
			s := of[w]
			if a.words[w] == none {
				a.words[w] = s
			}
			places[s]++
			if last[s] != mark {
				last[s] = mark
				chunks[s]++
			}
		}
	}
	a.start = ascending(chunks)
	a.share()
	a.fill(stemOf, ascending(places), slices.Clone(a.start), last)
}

// ascending turns counts into where each of them begins in an array of all. The last count is of none.
func ascending(counts []uint32) []uint32 {
	var sum uint32
	for i, n := range counts {
		counts[i], sum = sum, sum+n
	}
	return counts
}

// stemWords gives the stem of every word that is used, by language.
func (a *account) stemWords(words int) [][]int32 {
	used := make([][]bool, len(a.languages))
	for l := range used {
		used[l] = make([]bool, words)
	}
	for i := range a.at {
		in := used[a.language[i]]
		for _, w := range a.said(int32(i)) {
			in[w] = true
		}
	}
	stemOf := make([][]int32, len(a.languages))
	for l, language := range a.languages {
		stemOf[l] = a.vocabulary.stemmed(used[l], language)
	}
	return stemOf
}

// fill writes the places of every stem and its postings; place and next are where those of each stem begin.
func (a *account) fill(stemOf [][]int32, place, next []uint32, last []int32) {
	n := len(last)
	clear(last)
	forms := a.forms()
	a.place, a.form = make([]uint32, place[n]), make([]uint8, place[n])
	a.post = make([]posting, a.start[n])
	for i := range a.at {
		of, mark, at := stemOf[a.language[i]], int32(i+1), a.begins[i]
		opening := a.chunk(int32(i)).From + openingWords
		for _, w := range a.said(int32(i)) {
			s := of[w]
			if last[s] != mark {
				last[s] = mark
				a.post[next[s]] = posting{chunk: uint32(i), at: place[s], opens: at < opening}
				next[s]++
			}
			if p := &a.post[next[s]-1]; p.count < math.MaxUint16 {
				p.count++
			}
			a.place[place[s]], a.form[place[s]] = at, strange
			if a.words[w] == s {
				a.form[place[s]] = forms[w]
			}
			place[s]++
			at++
		}
	}
	for k := range a.post {
		p := &a.post[k]
		p.weight = a.saturated(p.chunk, float32(p.count))
	}
}

// saturated is what a term adds to BM25, without its idf.
func (a *account) saturated(chunk uint32, count float32) float32 {
	return count * (saturation[a.shapes[chunk]] + 1) / (count + a.norm[chunk])
}

// share lists the words of every stem.
func (a *account) share() {
	a.sharers = make([]uint32, len(a.start))
	for _, s := range a.words {
		if s != none {
			a.sharers[s]++
		}
	}
	ascending(a.sharers)
	a.sharing = make([]uint32, a.sharers[len(a.sharers)-1])
	next := slices.Clone(a.sharers)
	for w, s := range a.words {
		if s != none {
			a.sharing[next[s]] = uint32(w)
			next[s]++
		}
	}
}

// strange is the form of a word that has another stem elsewhere in the account, or of one too many.
const strange = 255

// forms number the words of every stem.
func (a *account) forms() []uint8 {
	out := make([]uint8, len(a.words))
	for s := range len(a.sharers) - 1 {
		for n, w := range a.sharing[a.sharers[s]:a.sharers[s+1]] {
			out[w] = uint8(min(n, strange))
		}
	}
	return out
}

// written reports whether a posting has just this word, of this form. Where forms cannot tell, the text does.
func (a *account) written(p *posting, word uint32, form uint8) bool {
	if form != strange {
		return slices.Contains(a.form[p.at:p.at+uint32(p.count)], form)
	}
	return slices.ContainsFunc(a.placesOf(p), func(at uint32) bool { return a.sequence[at] == word })
}

// formOf is the form of a word among those of a stem.
func (a *account) formOf(word uint32, stem int32) uint8 {
	if int(word) >= len(a.words) || a.words[word] != stem {
		return strange
	}
	n := slices.Index(a.sharing[a.sharers[stem]:a.sharers[stem+1]], word)
	return uint8(min(n, strange))
}

// postings of a stem. One that came to the vocabulary later has none.
func (a *account) postings(stem int32) []posting {
	if int(stem)+1 >= len(a.start) {
		return nil
	}
	return a.post[a.start[stem]:a.start[stem+1]]
}

// places of a posting.
func (a *account) placesOf(p *posting) []uint32 { return a.place[p.at : p.at+uint32(p.count)] }

// stemOf is the stem of a word that the account has; none when it does not.
func (a *account) stemOf(word string) int32 {
	if id := a.vocabulary.id(word); int(id) < len(a.words) {
		return a.words[id]
	}
	return none
}
