package openai

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/shared"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/internal/model/wire"
)

const (
	defaultAnswer = 8192             // tokens; reasoning counts
	listAge       = 10 * time.Minute // a server may be started anew with another window
	listAgain     = 30 * time.Second
	listLimit     = 10 * time.Second // a list is short, and no answer needs it
)

// Writer is a chat model behind the Chat Completions API. It is safe for concurrent use.
type Writer struct {
	c      client
	chat   openai.ChatCompletionService
	listed *wire.Known[listed]
}

// NewWriter checks the options and asks nothing yet.
func NewWriter(o Options) (*Writer, error) {
	o.Timeout = cmp.Or(o.Timeout, writingTimeout)
	c, err := newClient(o, largestReply)
	if err != nil {
		return nil, err
	}
	return &Writer{c: c, chat: openai.NewChatCompletionService(c.options...), listed: &wire.Known[listed]{Age: listAge, Again: listAgain, Limit: listLimit, Ask: c.list}}, nil
}

// Close ends idle connections.
func (w *Writer) Close() { w.c.idle() }

// Name is openai/ and the model, whoever serves it.
func (w *Writer) Name() string { return w.c.name() }

// Check asks the server whether it has the model, as far as it tells, and says what it found. It costs nothing.
func (w *Writer) Check(ctx context.Context) (string, error) { return w.c.check(ctx) }

// window is the model's, 0 where the server does not tell. A server that cannot be asked now says more when it is asked for an answer.
func (w *Writer) window(ctx context.Context) int {
	if w.c.theirs { // its list has no windows, and its models refuse what is too long
		return 0
	}
	l, _ := w.listed.Get(ctx) // with an error it is the older answer, if there is one
	return l.window
}

// Complete asks the model for one object of r.Schema. Where the server tells its window, the prompt is measured before it is sent; afterwards the server's count is
// compared with what was sent: *model.TooLong when it does not fit or was shortened. An answer that is no whole reply is wire.ErrGarbled.
func (w *Writer) Complete(ctx context.Context, r model.Request) (model.Response, error) {
	window := w.window(ctx)
	answer := r.MaxTokens
	if answer <= 0 {
		answer = defaultAnswer
		if window > 0 {
			answer = min(answer, window/4)
		}
	}
	if need := wire.Estimate(r.System, r.Prompt) + answer; window > 0 && need > window {
		return model.Response{}, fmt.Errorf("%s: %w", w.Name(), &model.TooLong{Tokens: need, Window: window})
	}
	params, err := w.params(r, answer)
	if err != nil {
		return model.Response{}, err
	}
	var got *openai.ChatCompletion
	err = w.c.call(ctx, "chat", func(ctx context.Context) (err error) {
		got, err = w.chat.New(ctx, params)
		return err
	})
	switch {
	case wire.TooLong(err):
		return model.Response{}, fmt.Errorf("%s: %w", w.Name(), &model.TooLong{Window: window, Sent: true, Err: err})
	case err != nil:
		return model.Response{}, err
	case len(got.Choices) != 1:
		return model.Response{}, fmt.Errorf("%s: %d choices instead of one: %w", w.Name(), len(got.Choices), wire.ErrGarbled)
	}
	read, wrote := int(got.Usage.PromptTokens), int(got.Usage.CompletionTokens)
	if least := wire.Least(r.System, r.Prompt); read > 0 && (read < least || window > 0 && read+wrote >= window) {
		return model.Response{}, fmt.Errorf("%s: the server read %d tokens of at least %d and wrote %d: %w", w.Name(), read, least, wrote, &model.TooLong{Tokens: max(read, least) + wrote, Window: window, Sent: true})
	}
	choice := got.Choices[0]
	finish, err := w.finish(choice)
	if err != nil {
		return model.Response{}, err
	}
	return model.Response{Text: []byte(choice.Message.Content), Model: "openai/" + cmp.Or(got.Model, w.c.model), Finish: finish, Usage: crm.Usage{InputTokens: read, OutputTokens: wrote, CachedTokens: int(got.Usage.PromptTokensDetails.CachedTokens)}}, nil
}

func (w *Writer) params(r model.Request, answer int) (openai.ChatCompletionNewParams, error) {
	schema, err := wire.Lower(r.Schema)
	if err != nil {
		return openai.ChatCompletionNewParams{}, fmt.Errorf("%s: %w", w.Name(), &model.Unsent{Err: err})
	}
	p := openai.ChatCompletionNewParams{Model: w.c.model}
	p.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{Name: "answer", Strict: openai.Bool(true), Schema: schema}}
	if w.c.theirs {
		p.MaxCompletionTokens, p.Store = openai.Int(int64(answer)), openai.Bool(false)
	} else {
		p.MaxTokens, p.Temperature = openai.Int(int64(answer)), openai.Float(0)
	}
	if r.System != "" {
		p.Messages = append(p.Messages, openai.SystemMessage(r.System))
	}
	p.Messages = append(p.Messages, openai.UserMessage(strings.ToValidUTF8(r.Prompt, "\uFFFD")))
	return p, nil
}

// finish says why the model stopped. A gateway ends a choice with "error" when the server behind it broke off.
func (w *Writer) finish(c openai.ChatCompletionChoice) (model.Finish, error) {
	switch {
	case c.Message.Refusal != "", c.FinishReason == "content_filter":
		return model.Refusal, nil
	case c.FinishReason == "error":
		return "", fmt.Errorf("%s: the server broke off its answer: %w", w.Name(), crm.ErrTemporary)
	}
	return model.Finish(c.FinishReason), nil // stop and length are OpenAI's words, too
}
