package anthropic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
	"github.com/contextd/contextd/internal/model/wire"
)

// Options says which model. Model and APIKey are required.
type Options struct {
	BaseURL string // empty: Anthropic; a gateway's without the /v1
	APIKey  string
	Model   string
	Timeout time.Duration // of one request; 0: 10 minutes
}

const (
	defaultURL     = "https://api.anthropic.com"
	writingTimeout = 10 * time.Minute // no streaming: nothing arrives before the whole answer is there
	largestReply   = 4 << 20
	defaultAnswer  = 8192 // tokens; the least that any model writes without streaming
	infoAge        = time.Hour
	infoAgain      = 30 * time.Second
	infoLimit      = 10 * time.Second // no answer needs it
)

// Writer is a chat model behind the Messages API. It is safe for concurrent use.
type Writer struct {
	messages anthropic.MessageService
	models   anthropic.ModelService
	idle     func()
	base     string
	model    string
	timeout  time.Duration
	window   *wire.Known[int] // tokens that the model reads; 0: not told
}

// NewWriter checks the options and asks nothing yet.
func NewWriter(o Options) (*Writer, error) {
	o.BaseURL, o.Timeout = cmp.Or(o.BaseURL, defaultURL), cmp.Or(o.Timeout, writingTimeout)
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return nil, fmt.Errorf("anthropic: base URL %q is not of the form https://host: %w", o.BaseURL, crm.ErrInvalid)
	}
	if o.Model == "" || strings.ContainsAny(o.Model, " \n") {
		return nil, fmt.Errorf("anthropic: %q is no model's name: %w", o.Model, crm.ErrInvalid)
	}
	if o.APIKey == "" {
		return nil, fmt.Errorf("anthropic: there is no key: %w", crm.ErrInvalid)
	}
	h, idle := wire.Transport{Judge: judge, Limit: largestReply, Secret: o.APIKey}.Client()
	options := []option.RequestOption{option.WithBaseURL(o.BaseURL), option.WithAPIKey(o.APIKey), option.WithHTTPClient(h), option.WithMaxRetries(0), option.WithRequestTimeout(o.Timeout)}
	w := &Writer{messages: anthropic.NewMessageService(options...), models: anthropic.NewModelService(options...), idle: idle, base: o.BaseURL, model: o.Model, timeout: o.Timeout}
	w.window = &wire.Known[int]{Age: infoAge, Again: infoAgain, Limit: infoLimit, Ask: w.reads}
	return w, nil
}

// Close ends idle connections.
func (w *Writer) Close() { w.idle() }

// Name is anthropic/ and the model.
func (w *Writer) Name() string { return "anthropic/" + w.model }

func (w *Writer) call(ctx context.Context, doing string, do func(context.Context) error) error {
	return wire.Call(ctx, w.timeout, w.Name()+": "+doing, func(ctx context.Context) error { return wire.Undecoded(do(ctx)) })
}

// Check asks for the model's description, which needs the key and costs nothing, and says what it found.
func (w *Writer) Check(ctx context.Context) (string, error) {
	info, err := w.describe(ctx)
	if err != nil {
		return "", err
	}
	if info.MaxInputTokens == 0 {
		return w.Name(), nil
	}
	return fmt.Sprintf("%s, context of %d tokens", w.Name(), info.MaxInputTokens), nil
}

func (w *Writer) describe(ctx context.Context) (info *anthropic.ModelInfo, err error) {
	err = w.call(ctx, "describe the model", func(ctx context.Context) (err error) {
		info, err = w.models.Get(ctx, w.model, anthropic.ModelGetParams{})
		return err
	})
	return info, err
}

// reads is how many tokens the model reads, 0 when that is not told: a gateway may have no description of it. The API itself refuses what is too long.
func (w *Writer) reads(ctx context.Context) (int, error) {
	info, err := w.describe(ctx)
	var f *wire.Failure
	switch {
	case errors.As(err, &f) && f.Status == http.StatusNotFound, errors.Is(err, wire.ErrGarbled):
		return 0, nil
	case err != nil:
		return 0, err
	}
	return int(info.MaxInputTokens), nil
}

// Complete asks the model for one object of r.Schema: *model.TooLong when the prompt does not fit or was shortened. An answer that is no whole reply is wire.ErrGarbled.
func (w *Writer) Complete(ctx context.Context, r model.Request) (model.Response, error) {
	schema, err := wire.Lower(r.Schema)
	if err != nil {
		return model.Response{}, fmt.Errorf("%s: %w", w.Name(), &model.Unsent{Err: err})
	}
	window, _ := w.window.Get(ctx) // a server that cannot be asked now says more when it is asked for an answer
	if need := wire.Estimate(r.System, r.Prompt); window > 0 && need > window {
		return model.Response{}, fmt.Errorf("%s: %w", w.Name(), &model.TooLong{Tokens: need, Window: window})
	}
	ask := anthropic.MessageNewParams{Model: w.model, MaxTokens: int64(cmp.Or(max(r.MaxTokens, 0), defaultAnswer)),
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(strings.ToValidUTF8(r.Prompt, "\uFFFD")))}}
	ask.OutputConfig.Format = anthropic.JSONOutputFormatParam{Schema: schema}
	if r.System != "" {
		ask.System = []anthropic.TextBlockParam{{Text: r.System}}
	}
	var got *anthropic.Message
	err = w.call(ctx, "messages", func(ctx context.Context) (err error) {
		got, err = w.messages.New(ctx, ask)
		return err
	})
	switch {
	case wire.TooLong(err):
		return model.Response{}, fmt.Errorf("%s: %w", w.Name(), &model.TooLong{Window: window, Sent: true, Err: err})
	case err != nil:
		return model.Response{}, err
	}
	return w.response(r, got, window)
}

// response reads the answer: its texts, why it ended, and whether the whole prompt was read.
func (w *Writer) response(r model.Request, got *anthropic.Message, window int) (model.Response, error) {
	u := got.Usage
	out := model.Response{Model: "anthropic/" + cmp.Or(got.Model, w.model),
		Usage: crm.Usage{InputTokens: int(u.InputTokens + u.CacheCreationInputTokens + u.CacheReadInputTokens), OutputTokens: int(u.OutputTokens), CachedTokens: int(u.CacheReadInputTokens)}}
	if got.Type != "message" {
		return out, fmt.Errorf("%s: an answer that is no message: %w", w.Name(), wire.ErrGarbled)
	}
	for _, b := range got.Content {
		if b.Type == "text" {
			out.Text = append(out.Text, b.Text...)
		}
	}
	if least := wire.Least(r.System, r.Prompt); out.Usage.InputTokens > 0 && out.Usage.InputTokens < least {
		return model.Response{}, fmt.Errorf("%s: the server read %d tokens of at least %d: %w", w.Name(), out.Usage.InputTokens, least, &model.TooLong{Tokens: least, Window: window, Sent: true})
	}
	switch got.StopReason {
	case anthropic.StopReasonEndTurn:
		out.Finish = model.Stop
	case anthropic.StopReasonMaxTokens:
		out.Finish = model.Length
	case anthropic.StopReasonRefusal:
		out.Finish = model.Refusal
	case anthropic.StopReasonModelContextWindowExceeded:
		return model.Response{}, fmt.Errorf("%s: the answer filled the window: %w", w.Name(), &model.TooLong{Tokens: out.Usage.InputTokens + out.Usage.OutputTokens, Window: window, Sent: true})
	default:
		out.Finish = model.Finish(got.StopReason)
	}
	return out, nil
}
