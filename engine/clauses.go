package engine

import (
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// clause is a piece of a text between two borders, as far as the checks of denial and doubt look at it.
type clause struct {
	tokens  []token
	content map[string]bool // stems of its longer words, and its numbers
	denies  bool
	asks    bool // its sentence ends in a question mark
}

// Words that begin a clause of their own without a comma before them.
var clauseWords = wordSet("but aber sondern mais pero sino")

// clausesOf cuts a normalised text at punctuation and at "but". whole keeps sentences together: commas are then no borders.
func clausesOf(text string, whole bool) []clause {
	var out []clause
	var cur []token
	end := func(asks bool) {
		if len(cur) > 0 {
			out = append(out, clauseOf(cur, asks))
		}
		cur = nil
	}
	for line := range strings.SplitSeq(text, "\n") {
		tokens := lex(line)
		for i, t := range tokens {
			switch {
			case t.kind == markToken && strings.ContainsAny(t.text, ".!?"):
				if t.text == "." && i+1 < len(tokens) && !tokens[i+1].gap {
					cur = append(cur, t)
					continue
				}
				end(t.text == "?")
			case t.kind == markToken && (t.text == ";" || strings.ContainsAny(t.text, ",:()\"") && !whole), !whole && clauseWords[t.lower]:
				end(false)
			case t.kind == markToken && t.text == ":" && i < 4: // who speaks
				end(false)
			default:
				cur = append(cur, t)
			}
		}
		end(false)
	}
	return out
}

func clauseOf(tokens []token, asks bool) clause {
	c := clause{tokens: tokens, content: map[string]bool{}, denies: denies(tokens), asks: asks}
	var f facts
	for i := 0; i < len(tokens); {
		i += f.read(tokens, i, "", true)
	}
	for _, a := range f.numbers {
		c.content[numberKey(a.value)] = true
	}
	for _, t := range tokens {
		if base, _, _ := strings.Cut(t.lower, "'"); t.kind != wordToken || functionWords[t.lower] || functionWords[base] || negations[t.lower] {
			continue // "they're"
		}
		for _, term := range crm.Terms(t.text) {
			if len(term) > 3 {
				c.content[stem(term)] = true
			}
		}
	}
	return c
}

func shared(a, b map[string]bool) (n int) {
	for k := range a {
		if b[k] {
			n++
		}
	}
	return n
}

// alike lists the clauses that share the most content with c, and how much that is: none when nothing is shared.
func alike(c clause, among []clause) (best []clause, most int) {
	for _, x := range among {
		switch n := shared(c.content, x.content); {
		case n == 0 || n < most:
		case n > most:
			best, most = []clause{x}, n
		default:
			best = append(best, x)
		}
	}
	return best, most
}
