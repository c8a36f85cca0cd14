package modeltest

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
)

// Failing is a line of a provider's table of errors: what its server answers, and what that has to be for us.
type Failing struct {
	Answer http.HandlerFunc
	Kind   error
	Long   bool // *model.TooLong
	Waits  bool // *crm.RetryAfter
	Says   string
}

// Fails asks once per line; an error is of one kind only.
func (p Protocol) Fails(t *testing.T, lines map[string]Failing) {
	t.Helper()
	for name, f := range lines {
		t.Run(name, func(t *testing.T) {
			_, err := p.Open(t, p.Serve(t, f.Answer).URL, time.Minute).Complete(t.Context(), Request("We need a price."))
			var long *model.TooLong
			var later *crm.RetryAfter
			if err == nil || !errors.Is(err, f.Kind) || errors.As(err, &long) != f.Long || errors.As(err, &later) != f.Waits || !strings.Contains(err.Error(), f.Says) {
				t.Fatalf("error %v: want %v, too long %v, to wait %v, %q", err, f.Kind, f.Long, f.Waits, f.Says)
			}
			for _, other := range []error{crm.ErrTemporary, crm.ErrForbidden, crm.ErrInvalid} {
				if !errors.Is(f.Kind, other) && errors.Is(err, other) {
					t.Errorf("error %v is %v, too", err, other)
				}
			}
		})
	}
}

// Ends asks once per body, which is a good answer, and compares why the model stopped.
func (p Protocol) Ends(t *testing.T, bodies map[string]model.Finish) {
	t.Helper()
	for body, want := range bodies {
		if got, err := p.Open(t, p.Serve(t, Answer(200, body)).URL, time.Minute).Complete(t.Context(), Request("x")); err != nil || got.Finish != want {
			t.Errorf("%s: finish %q, %v, want %q", body, got.Finish, err, want)
		}
	}
}

// Fitting is a server with a window, and its answer to a prompt of about 1,300 tokens.
type Fitting struct {
	Window, Asked int
	Answer        http.HandlerFunc
	Long          bool
}

// Fits checks that a prompt which does not fit is never sent, and that one which the server shortened is never believed, whichever way it says so.
func Fits(t *testing.T, protocol func(window int) Protocol, cases map[string]Fitting) {
	t.Helper()
	r := Request(strings.Repeat("We need a price for the lift in the northern depot. ", 100))
	for name, c := range cases {
		p := protocol(c.Window)
		s := p.Serve(t, c.Answer)
		_, err := p.Open(t, s.URL, time.Minute).Complete(t.Context(), r)
		var long *model.TooLong
		if is := errors.As(err, &long); is != c.Long || (err != nil) != c.Long || is && (long.Window != c.Window || !errors.Is(err, crm.ErrInvalid) || errors.Is(err, crm.ErrTemporary)) {
			t.Errorf("%s: error %v", name, err)
		}
		if n := len(s.Asked()); n != c.Asked {
			t.Errorf("%s: %d requests, want %d", name, n, c.Asked)
		}
	}
}

// Forgets checks that a server which hangs when it is asked about the model holds nobody up for longer than a moment, and is not asked again for every request.
func (p Protocol) Forgets(t *testing.T, path string) {
	t.Helper()
	asked := make(chan struct{}, 100)
	rest := p.Rest
	p.Rest = func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, path) {
			asked <- struct{}{}
			hang(w, r)
			return
		}
		rest(w, r)
	}
	c := p.Open(t, p.Serve(t, Answer(200, p.Reply(Good, model.Stop))).URL, 300*time.Millisecond)
	errs := make(chan error, 4)
	for range cap(errs) {
		go func() {
			_, err := c.Complete(t.Context(), Request("x"))
			errs <- err
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil && !errors.Is(err, crm.ErrTemporary) {
			t.Errorf("error %v, want none or a temporary one", err)
		}
	}
	if _, err := c.Complete(t.Context(), Request("x")); err != nil && !errors.Is(err, crm.ErrTemporary) {
		t.Errorf("error %v", err)
	}
	if n := len(asked); n != 1 {
		t.Errorf("five requests asked %d times about the model, want once", n)
	}
}
