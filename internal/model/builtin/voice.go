package builtin

import (
	"strings"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
)

// voice says whose words a sentence holds.
type voice int

const (
	unknownVoice voice = iota
	theirVoice         // the other side's
	ourVoice           // the portal's own people's
)

// voices is who of the people is on which side, by lower-case name; what the request shows of it.
type voices map[string]voice

// listen learns the sides from who sent, received and wrote down: senders of outgoing texts and authors of notes and tasks are ours, senders of incoming texts and
// the subject are theirs. Where both are said, incoming wins: a forwarded text is not ours.
func listen(r model.Request) voices {
	v := voices{}
	for i := range r.Passages {
		p := &r.Passages[i]
		if (p.Direction == crm.Outgoing && !call(p.Kind)) || (p.Kind == crm.Note || p.Kind == crm.Task) && p.Direction != crm.Incoming {
			v.set(p.Person, ourVoice)
		}
	}
	for _, key := range []string{"owner", "owner_name", "hubspot_owner"} {
		v.set(r.Facts[key], ourVoice)
	}
	for i := range r.Passages {
		if p := &r.Passages[i]; p.Direction == crm.Incoming && !call(p.Kind) {
			v.set(p.Person, theirVoice)
		}
	}
	for _, key := range []string{"name", "contact"} {
		v.set(r.Facts[key], theirVoice)
	}
	v.set(r.Facts["firstname"]+" "+r.Facts["lastname"], theirVoice)
	return v
}

func call(k crm.Kind) bool { return k == crm.Call || k == crm.Meeting }

func (v voices) set(name string, side voice) {
	if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
		v[name] = side
	}
}

// of says whose words a sentence is. In a conversation somebody who is not known as ours is taken for a guest; without a named speaker it is our own record of it.
func (v voices) of(s *sentence) voice {
	p := s.passage
	if (p.Kind == crm.Note || p.Kind == crm.Task) && p.Direction != crm.Incoming {
		return unknownVoice // our words about them; what is pasted there of a mail of theirs is incoming
	}
	if side, ok := v[strings.ToLower(s.speaker)]; ok && s.speaker != "" && !(call(p.Kind) && s.speaker == p.Person && s.lead == s.start && !v.turns(p)) {
		return side
	}
	if call(p.Kind) {
		if s.speaker == "" || s.speaker == p.Person && !v.turns(p) {
			return unknownVoice
		}
		return theirVoice
	}
	if p.Direction == crm.Outgoing {
		return ourVoice
	}
	return theirVoice
}

// turns reports whether a passage is a transcript.
func (v voices) turns(p *crm.Passage) bool {
	return turnPrefix().MatchString(p.Text)
}
