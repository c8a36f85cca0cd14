package modeltest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
)

// Truthful is an answering server for Protocol.Serve: it reads the passages out of the prompt, as a model would have to, and quotes the longest line of each.
func (p Protocol) Truthful() http.HandlerFunc {
	return p.Spoilt(model.Stop, func(answer string) string { return answer })
}

// Spoilt is Truthful with its answer changed before it is sent.
func (p Protocol) Spoilt(finish model.Finish, spoil func(answer string) string) http.HandlerFunc {
	return p.answering(finish, spoil, func(ctx context.Context, r model.Request) (model.Response, error) {
		for i, one := range r.Passages {
			r.Passages[i].Text = slices.MaxFunc(strings.Split(one.Text, "\n"), func(a, b string) int { return cmp.Compare(len(a), len(b)) })
		}
		return Quote{}.Complete(ctx, r)
	})
}

// Obeying is the worst model as an answering server.
func (p Protocol) Obeying() http.HandlerFunc {
	return p.answering(model.Stop, func(answer string) string { return answer }, Obeying{}.Complete)
}

// answering asks who writes, with what a prompt says.
func (p Protocol) answering(finish model.Finish, spoil func(answer string) string, writes func(context.Context, model.Request) (model.Response, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		prompt, schema, err := p.Asks(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		got, err := writes(r.Context(), model.Request{Schema: schema, Prompt: prompt, Passages: passagesOf(prompt), Repair: strings.Contains(prompt, repairMark)})
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, p.Reply(spoil(string(got.Text)), finish)) // a client that has left is part of the tests
	}
}

// repairMark stands in prompts that ask a second time.
const repairMark = "\nYour previous answer was refused: "

// passagesOf finds the passages of a rendered prompt: a heading "### P1 (…)" and lines that begin with "| ".
func passagesOf(prompt string) (out []crm.Passage) {
	for line := range strings.Lines(prompt) {
		if heading, is := strings.CutPrefix(line, "### "); is {
			if id, _, passage := strings.Cut(heading, " ("); passage {
				out = append(out, crm.Passage{ID: id})
			}
		}
		if text, is := strings.CutPrefix(line, "| "); is && len(out) > 0 {
			last := &out[len(out)-1]
			last.Text = strings.TrimPrefix(last.Text+"\n"+strings.TrimRight(text, "\n"), "\n")
		}
	}
	return out
}

// schemaOf is a field of a JSON request, or an error.
func schemaOf(raw json.RawMessage, prompt string) (string, json.RawMessage, error) {
	if len(raw) == 0 || prompt == "" {
		return "", nil, fmt.Errorf("a request without prompt or schema: %w", crm.ErrInvalid)
	}
	return prompt, raw, nil
}
