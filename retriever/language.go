package retriever

import (
	"cmp"
	"maps"
	"slices"
)

const (
	// surely is from how many words on a text's own language is believed; shorter ones speak that of their session or account ("ok, si").
	surely = 12
	// mostLanguages of an account count; rarer ones are read as its first one.
	mostLanguages = 8
)

// speak decides the language of every chunk: words are stemmed by it, and what was said in a dozen words must be stemmed like the rest.
func (a *account) speak() {
	a.language = make([]int8, len(a.posted))
	if l, ok := a.only(); ok {
		a.languages = []string{l}
		return
	}
	whole, sessions := map[string]int{}, map[string]map[string]int{}
	for i := range a.posted {
		c := &a.posted[i]
		if c.Language == "" {
			continue
		}
		if sessions[c.Session] == nil {
			sessions[c.Session] = map[string]int{}
		}
		sessions[c.Session][c.Language] += c.Tokens()
		whole[c.Language] += c.Tokens()
	}
	a.languages = slices.SortedFunc(maps.Keys(whole), func(x, y string) int { return cmp.Or(cmp.Compare(whole[y], whole[x]), cmp.Compare(x, y)) })
	a.languages = a.languages[:min(len(a.languages), mostLanguages)]
	if len(a.languages) == 0 {
		a.languages = []string{"en"} // nothing was recognised: texts too short to tell
	}
	usual := map[string]int8{}
	for session, votes := range sessions {
		top := a.languages[0]
		for _, l := range a.languages {
			if votes[l] > votes[top] {
				top = l
			}
		}
		usual[session] = int8(slices.Index(a.languages, top))
	}
	for i := range a.language {
		c := a.chunk(int32(i))
		own := slices.Index(a.languages, c.Language)
		if own < 0 || c.Tokens() < surely {
			own = int(usual[c.Session])
		}
		a.language[i] = int8(own)
	}
}

// only is the language of an account that has no other; false when there are several, or none was recognised.
func (a *account) only() (string, bool) {
	language := ""
	for i := range a.posted {
		switch l := a.posted[i].Language; {
		case l == "" || l == language:
		case language == "":
			language = l
		default:
			return "", false
		}
	}
	return language, language != ""
}
