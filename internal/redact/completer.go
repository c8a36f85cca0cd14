package redact

import (
	"context"

	"github.com/contextd/contextd/internal/model"
)

// Completer is a chat model that is told pseudonyms and whose answers are read with the values in their place. Usage, finish and errors are the model's own. Equal requests
// become equal requests, so that a cache behind it finds them.
type Completer struct {
	model.Completer
	Finder *Finder
}

// notice tells a model what the pseudonyms are, once there are any.
const notice = " Marks in square brackets such as [mail-1] or [phone-2b] stand for values that you need not know. Where you quote or use one, copy it exactly as it stands, brackets included, and make up none."

// Complete asks with the prompt and system text alone: what a request holds beside them for the built-in writer (passages and facts as values) goes no further.
func (c Completer) Complete(ctx context.Context, r model.Request) (model.Response, error) {
	b := newBook(c.Finder, c.Finder.people(r))
	r.System, r.Prompt = b.replace(r.System), b.replace(r.Prompt)
	r.Passages, r.Facts = nil, nil
	if len(b.value) > 0 {
		r.System += notice
	}
	got, err := c.Completer.Complete(ctx, r)
	got.Text, got.Masked = b.restore(got.Text), b.masked()
	return got, err
}

// people are the names of those who took part in what a request quotes, and of the contact that it is about; nil when they need not be kept back.
func (f *Finder) people(r model.Request) *terms {
	if !f.kinds[Person] {
		return nil
	}
	t := &terms{}
	for _, p := range r.Passages {
		t.person(p.Person)
	}
	t.person(r.Facts["contact"])
	if first, last := r.Facts["firstname"], r.Facts["lastname"]; first != "" || last != "" {
		t.person(first + " " + last)
	}
	return t
}
