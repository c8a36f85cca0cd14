package analysis

import (
	"math/bits"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Limits of the guess.
const (
	languageBytes = 4 << 10 // of a text are read
	clearVotes    = 12      // with three times the votes of every other language end the count early
	minVotes      = 1.3     // fewer are no answer: the weight of two words that few languages share
	fewWords      = 10      // a text of so few is short: one word that is no other language's is enough
	shortVotes    = 0.9     // in a short text
	shortLead     = 2       // × the second language's votes in a short text
	letterVote    = 0.3     // of a word of one letter: they also stand for lists, sizes and initials
	againVote     = 0.1     // of a word that is the last one that voted again: "Hon. …, Hon. …" is no Swedish
	leadOver      = 1.2     // × the second language's votes
	minShare      = 0.04    // of the words: a list of names that holds two function words is no language
	cueVote       = 0.4     // of a letter or ending, at most cueWords times
	cueWords      = 6
)

// The languages that are told apart by script.
const (
	latinScript = iota
	kana
	han
	hangul
	cyrillic
	otherScript
	scripts
)

// languageSet is a set of positions in latin.
type languageSet uint16

var (
	stopSets = sync.OnceValue(func() map[string]languageSet { return setsOf(functionWords) })
	cueSets  = sync.OnceValue(func() map[rune]languageSet { return flip(letterCues) })
	endSets  = sync.OnceValue(func() map[string]languageSet { return flip(wordEnds) })
)

func setsOf(words map[string][]string) map[string]languageSet {
	out := map[string]languageSet{}
	for i, lang := range latin {
		for _, w := range words[lang] {
			out[w] |= 1 << i
		}
	}
	return out
}

func flip[K comparable](cues map[K][]string) map[K]languageSet {
	out := map[K]languageSet{}
	for cue, langs := range cues {
		for i, lang := range latin {
			for _, l := range langs {
				if l == lang {
					out[cue] |= 1 << i
				}
			}
		}
	}
	return out
}

// Language guesses the language of a text as ISO 639-1: en, de, fr, es, it, pt, nl, sv, da, no, fi or pl by function words, rare letters and endings; ja, zh, ko, ru
// or uk by script; "" when unsure. It reads 4 KiB at most.
func Language(text string) string {
	var b ballot
	b.read(text[:min(len(text), languageBytes)])
	if l := b.byScript(); l != "" {
		return l
	}
	return b.byWords()
}

// ballot counts what speaks for each language.
type ballot struct {
	letters   [scripts]int
	ukrainian bool
	settled   bool
	words     int
	votes     [12]float64
	cues      int
	word      [40]byte // the one being read, in lower case
	n         int
	long      bool
	last      [40]byte // the last one that voted
	lastN     int
	apart     int // where its apostrophe stands, 0 without one
}

func (b *ballot) read(text string) {
	for i := 0; i < len(text) && !b.settled; {
		c := text[i]
		if c < utf8.RuneSelf {
			i++
			switch {
			case c >= 'a' && c <= 'z':
				b.letters[latinScript]++
				b.put(c)
			case c >= 'A' && c <= 'Z':
				b.letters[latinScript]++
				b.put(c + 'a' - 'A')
			case c == '\'' && b.n > 0:
				b.apart = b.n
				b.put(c)
			default:
				b.close()
			}
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		b.rune(r)
	}
	b.close()
}

func (b *ballot) rune(r rune) {
	if r == '’' && b.n > 0 {
		b.apart = b.n
		b.put('\'')
		return
	}
	r = unicode.ToLower(r)
	if set, ok := cueSets()[r]; ok && b.cues < cueWords {
		b.cues++
		b.vote(set, cueVote)
	}
	if !unicode.IsLetter(r) {
		b.close()
		return
	}
	script := scriptOf(r)
	b.letters[script]++
	if script != latinScript {
		b.close()
		b.ukrainian = b.ukrainian || r == 'і' || r == 'ї' || r == 'є'
		return
	}
	var raw [utf8.UTFMax]byte
	for _, c := range raw[:utf8.EncodeRune(raw[:], r)] {
		b.put(c)
	}
}

func scriptOf(r rune) int {
	switch {
	case r < 0x0370 || (r >= 0x1E00 && r < 0x1F00):
		return latinScript
	case r >= 0x0400 && r < 0x0530:
		return cyrillic
	case (r >= 0x3040 && r < 0x3100) || (r >= 0xFF66 && r < 0xFFA0):
		return kana
	case (r >= 0x4E00 && r < 0xA000) || unicode.Is(unicode.Han, r):
		return han
	case r >= 0xAC00 && r < 0xD7B0 || r >= 0x1100 && r < 0x1200:
		return hangul
	}
	return otherScript
}

func (b *ballot) put(c byte) {
	if b.n == len(b.word) {
		b.long = true
		return
	}
	b.word[b.n] = c
	b.n++
}

// close counts the word that ends here.
func (b *ballot) close() {
	if b.n == 0 {
		return
	}
	n, word := b.n, b.word[:b.n]
	b.words++
	set, ok := stopSets()[string(word)]
	if !ok && b.apart > 0 { // l'offre, qu'il, what's
		set, ok = stopSets()[string(word[:b.apart])]
	}
	switch {
	case ok:
		weight := 1.0
		if n == 1 {
			weight = letterVote
		}
		if string(word) == string(b.last[:b.lastN]) {
			weight *= againVote
		}
		b.lastN = copy(b.last[:], word)
		b.vote(set, weight)
	case n >= 6 && !b.long && b.cues < cueWords:
		for size := min(6, n-2); size >= 3; size-- {
			if set, ok := endSets()[string(word[n-size:])]; ok {
				b.cues++
				b.vote(set, cueVote)
				break
			}
		}
	}
	b.n, b.long, b.apart = 0, false, 0
	if b.words%32 == 0 {
		best, second, _ := b.leaders()
		b.settled = best >= clearVotes && best >= 3*second
	}
}

// vote divides a vote among the languages of a set.
func (b *ballot) vote(set languageSet, weight float64) {
	weight /= float64(bits.OnesCount16(uint16(set)))
	for s := uint16(set); s != 0; s &= s - 1 {
		b.votes[bits.TrailingZeros16(s)] += weight
	}
}

// byScript decides where the script is enough.
func (b *ballot) byScript() string {
	letters := 0
	for _, n := range b.letters {
		letters += n
	}
	l := &b.letters
	switch half := letters / 2; {
	case letters < 4:
	case l[kana] > 0 && l[kana]+l[han] > half:
		return "ja"
	case l[hangul] > half:
		return "ko"
	case l[han] > half:
		return "zh"
	case l[cyrillic] > half && b.ukrainian:
		return "uk"
	case l[cyrillic] > half:
		return "ru"
	}
	return ""
}

func (b *ballot) byWords() string {
	best, second, name := b.leaders()
	if b.words <= fewWords && best >= shortVotes && best >= shortLead*second {
		return name
	}
	if best < minVotes || best < leadOver*second || best < minShare*float64(b.words) {
		return ""
	}
	return name
}

func (b *ballot) leaders() (best, second float64, name string) {
	for i, v := range b.votes {
		switch {
		case v > best:
			best, second, name = v, best, latin[i]
		case v > second:
			second = v
		}
	}
	return best, second, name
}
