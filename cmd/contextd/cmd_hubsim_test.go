package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// startHubsim runs the command and returns its ready line and what stops it: the rest of standard output and the error.
func startHubsim(t *testing.T, args ...string) (ready hubsimReady, stop func() (string, error)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"hubsim", "--listen", "127.0.0.1:0"}, args...), nil, strings.NewReader(""), w, io.Discard, commands{})
		w.CloseWithError(io.EOF)
		done <- err
	}()
	t.Cleanup(cancel)
	out := bufio.NewReader(r)
	line, err := out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("no ready line: %v, %v", err, <-done)
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatal(err)
	}
	return ready, func() (string, error) {
		cancel()
		rest, err := io.ReadAll(out)
		if err != nil {
			t.Error(err)
		}
		return string(rest), <-done
	}
}

func simState(t *testing.T, base string) (state struct {
	Companies  int
	Activities map[string]int
}) {
	t.Helper()
	res, err := http.Get(base + "/_sim/state")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&state); err != nil {
		t.Fatal(err)
	}
	return state
}

func TestHubsimServesWhatItWasAskedFor(t *testing.T) {
	ready, stop := startHubsim(t, "--companies", "3", "--portal", "77", "--token", "tok", "--client-secret", "sec", "--app-id", "9")
	if ready.PortalID != 77 || ready.Token != "tok" || ready.ClientSecret != "sec" || ready.AppID != 9 {
		t.Errorf("ready line is %+v", ready)
	}
	if st := simState(t, ready.BaseURL); st.Companies != 3 {
		t.Errorf("%d companies, want 3", st.Companies)
	}
	req, err := http.NewRequest(http.MethodGet, ready.BaseURL+"/account-info/v3/details", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer tok")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var account struct{ PortalID int64 }
	if err := json.NewDecoder(res.Body).Decode(&account); err != nil || account.PortalID != 77 {
		t.Errorf("account %+v, %v", account, err)
	}
	if rest, err := stop(); rest != "" || err != nil {
		t.Errorf("stopped with %v and %q on stdout, want nothing", err, rest)
	}
}

func TestHubsimDemoPortalSendsTheLastDayAsWebhooks(t *testing.T) {
	delivered := make(chan int, 1000)
	receiver := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var events []json.RawMessage
		if json.NewDecoder(r.Body).Decode(&events) == nil { // a delivery cut off by the stop is not one
			delivered <- len(events)
		}
	})}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go receiver.Serve(ln) //nolint:errcheck // ends with Close
	defer receiver.Close()
	ready, stop := startHubsim(t, "--webhook-url", "http://"+ln.Addr().String()+"/webhooks/hubspot")
	select {
	case n := <-delivered:
		if n == 0 {
			t.Error("an empty batch")
		}
	case <-time.After(20 * time.Second):
		t.Error("no webhook came")
	}
	if st := simState(t, ready.BaseURL); st.Companies < 20 || st.Activities["call"] == 0 {
		t.Errorf("the demo portal holds %+v", st)
	}
	if rest, err := stop(); rest != "" || err != nil {
		t.Errorf("stopped with %v and %q on stdout", err, rest)
	}
}

func TestHubsimNamesATakenPort(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	text, code := transcript(t, commands{}, nil, "", "hubsim", "--companies", "1", "--listen", ln.Addr().String())
	if code != exitUnreachable || !strings.Contains(text, "cannot listen on "+ln.Addr().String()+" (bind: address already in use): --listen: ") {
		t.Errorf("exit %d:\n%s", code, text)
	}
}

func TestHubsimRefusesASetThatIsNotThere(t *testing.T) {
	if text, code := transcript(t, commands{}, nil, "", "hubsim", "--load", "/nowhere"); code != exitFailed || !strings.Contains(text, "--load") {
		t.Errorf("exit %d:\n%s", code, text)
	}
}

func TestNormalise(t *testing.T) {
	mail := "<p>Yes, March works.</p><br>On Mon, Nov 2, 2026 at 9:00 AM Ann Lee &lt;ann@x.test&gt; wrote:<blockquote>Does March work?</blockquote>"
	html, _ := transcript(t, commands{}, nil, mail, "normalise", "--kind", "email", "--html")
	lines, _ := transcript(t, commands{}, nil, mail, "normalise", "--kind", "email", "--html", "-o", "jsonl")
	plain, _ := transcript(t, commands{}, nil, mail, "normalise", "--kind", "email", "--html", "-o", "table")
	odd, _ := transcript(t, commands{}, nil, "\ufeffcaf\xe9 now", "normalise", "--kind", "note")
	quiet, _ := transcript(t, commands{}, nil, "caf\xe9", "normalise", "--kind", "note", "--quiet")
	empty, _ := transcript(t, commands{}, nil, "", "normalise", "--kind", "note")
	golden(t, "normalise.txt", html+lines+plain+odd+quiet+empty)

	var stdout, stderr bytes.Buffer
	err := run(context.Background(), []string{"normalise", "--kind", "note"}, nil, io.LimitReader(endless{}, maxNormalise+1), &stdout, &stderr, commands{})
	if exitCode(err) != exitFailed || stdout.Len() > 0 {
		t.Errorf("too much input: %v, %d bytes on stdout", err, stdout.Len())
	}
}

// endless is input without end.
type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'a'
	}
	return len(b), nil
}
