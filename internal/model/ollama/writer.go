package ollama

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ollama/ollama/api"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/internal/model/wire"
)

const (
	writingTimeout = 10 * time.Minute // a model may load for five and a processor alone writes slowly
	cardAge        = 10 * time.Minute // a model can be pulled anew while we run
	cardAgain      = 10 * time.Second // and one that is missing is pulled now
	cardLimit      = 20 * time.Second // nothing is loaded for it
	mostContext    = 16384            // tokens of prompt and answer; more costs the server memory that no workflow needs
	defaultAnswer  = 2048             // tokens
)

// Writer is a chat model on an Ollama server. It asks the server about the model when it is first needed, so that a server which is down when we start is only a
// temporary error of the first request. It is safe for concurrent use.
type Writer struct {
	c       client
	threads int
	card    *wire.Known[card]
}

// card is what the server says about the model.
type card struct {
	digest  string
	context int  // num_ctx of every request: another number would load the model anew
	thinks  bool // it has to be told not to
}

// NewWriter checks the options and asks nothing yet; MaxTokens and Prefixes are of embedders and have no meaning here.
func NewWriter(o Options) (*Writer, error) {
	if o.Timeout == 0 {
		o.Timeout = writingTimeout
	}
	o, base, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	w := &Writer{c: newClient(base, o, largestReply), threads: o.Threads}
	w.card = &wire.Known[card]{Age: cardAge, Again: cardAgain, Limit: cardLimit, Ask: w.learn}
	return w, nil
}

// Close ends idle connections.
func (w *Writer) Close() { w.c.idle() }

// Name is ollama/ and the model as it is configured.
func (w *Writer) Name() string { return "ollama/" + w.c.model }

// Check asks the server whether it can write with this model, and says what it found.
func (w *Writer) Check(ctx context.Context) (string, error) {
	k, err := w.card.Fresh(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, context of %d tokens", w.named(k), k.context), nil
}

func (w *Writer) named(k card) string { return fmt.Sprintf("%s@%.12s", w.Name(), k.digest) }

// learn asks the server about the model.
func (w *Writer) learn(ctx context.Context) (card, error) {
	digest, err := w.c.digest(ctx)
	if err != nil {
		return card{}, err
	}
	info, err := w.c.show(ctx, false)
	if err != nil {
		return card{}, err
	}
	if len(info.Capabilities) > 0 && !slices.Contains(info.Capabilities, "completion") {
		return card{}, fmt.Errorf("%s: the model cannot write, it is for %v: %w", w.Name(), info.Capabilities, crm.ErrForbidden)
	}
	return card{digest: digest, context: min(windowOf(info.ModelInfo), mostContext), thinks: slices.Contains(info.Capabilities, "thinking")}, nil
}

// Complete asks the model for one object of r.Schema. The prompt is measured before it is sent and compared with what the server says it read: *model.TooLong when
// it does not fit or was shortened. An answer that is no whole reply is wire.ErrGarbled; one that the server broke off because the model repeats itself has no reason to end.
func (w *Writer) Complete(ctx context.Context, r model.Request) (model.Response, error) {
	k, err := w.card.Get(ctx)
	if err != nil && k.context == 0 {
		return model.Response{}, err
	} // an older card is good enough: what is wrong is found out by the request itself
	answer := r.MaxTokens
	if answer <= 0 {
		answer = min(defaultAnswer, k.context/4)
	}
	if need := wire.Estimate(r.System, r.Prompt) + answer; need > k.context {
		return model.Response{}, fmt.Errorf("%s: %w", w.Name(), &model.TooLong{Tokens: need, Window: k.context})
	}
	var got api.ChatResponse
	err = w.c.run(ctx, "chat", request(r.System, r.Prompt), func(ctx context.Context) error {
		return w.c.api.Chat(ctx, w.request(r, k, answer), func(part api.ChatResponse) error {
			got = part
			return nil
		})
	})
	switch {
	case wire.TooLong(err):
		return model.Response{}, fmt.Errorf("%s: %w", w.Name(), &model.TooLong{Window: k.context, Sent: true, Err: err})
	case err != nil:
		return model.Response{}, err
	case !got.Done && got.Message.Content == "":
		return model.Response{}, fmt.Errorf("%s: the server stopped before the end: %w", w.Name(), wire.ErrGarbled)
	case !got.Done: // the server breaks an answer off that says one token more than thirty times in a row (its llm/server.go), with neither reason nor counts: asked again it says the same
		return model.Response{Text: []byte(got.Message.Content), Model: w.named(k), Usage: crm.Usage{InputTokens: wire.Estimate(r.System, r.Prompt), OutputTokens: wire.Estimate(got.Message.Content)}}, nil
	}
	if err := w.whole(r, k, got.Metrics); err != nil {
		return model.Response{}, err
	}
	return model.Response{Text: []byte(got.Message.Content), Model: w.named(k), Finish: model.Finish(got.DoneReason),
		Usage: crm.Usage{InputTokens: got.PromptEvalCount, OutputTokens: got.EvalCount}}, nil
}

func (w *Writer) request(r model.Request, k card, answer int) *api.ChatRequest {
	no := false
	ask := &api.ChatRequest{Model: w.c.model, Stream: &no, Truncate: &no, Shift: &no, Format: r.Schema,
		Options: map[string]any{"num_ctx": k.context, "num_predict": answer, "temperature": 0, "seed": 1}}
	if w.threads > 0 {
		ask.Options["num_thread"] = w.threads
	}
	if k.thinks {
		ask.Think = &api.ThinkValue{Value: false}
	}
	if r.System != "" {
		ask.Messages = append(ask.Messages, api.Message{Role: "system", Content: r.System})
	}
	ask.Messages = append(ask.Messages, api.Message{Role: "user", Content: strings.ToValidUTF8(r.Prompt, "\uFFFD")})
	return ask
}

// whole compares what the server says it read and wrote with what was sent. Servers that know no truncate shorten a prompt to the window, and drop its beginning
// when the answer fills what is left, without a word.
func (w *Writer) whole(r model.Request, k card, m api.Metrics) error {
	if m.PromptEvalCount == 0 { // not told
		return nil
	}
	least := wire.Least(r.System, r.Prompt)
	if m.PromptEvalCount+m.EvalCount >= k.context || m.PromptEvalCount < least {
		return fmt.Errorf("%s: the server read %d tokens of at least %d and wrote %d: %w", w.Name(), m.PromptEvalCount, least, m.EvalCount,
			&model.TooLong{Tokens: max(m.PromptEvalCount, least) + m.EvalCount, Window: k.context, Sent: true})
	}
	return nil
}
