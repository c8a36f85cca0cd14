package realinput

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/evals/proctest"
	"github.com/contextd/contextd/prompts"
)

// modelReport is the one line of the run with real small models.
type modelReport struct {
	Row            string            `json:"row"`
	Activities     int               `json:"activities"`
	Chunks         int               `json:"chunks"`
	EmbedRequests  int               `json:"embed_requests"`
	IndexSeconds   float64           `json:"index_seconds"`
	Runs           map[string]string `json:"runs"`     // by workflow: the state of its suggestion, or dead
	Attempts       int               `json:"attempts"` // how often a workflow was run for a subject, asked for or not, to its end or to a failure
	ChatRequests   int               `json:"chat_requests"`
	RunSeconds     float64           `json:"run_seconds"`
	Claims         int               `json:"claims"`
	Supported      int               `json:"supported"`
	ClaimsVerified int               `json:"claims_verified"`
}

// TestRealModels: one real conversation is indexed with a real embedder, and every workflow runs once with a real model that is small enough to invent freely. What becomes of
// it is a suggestion, a reasoned drop or a dead letter with its cause, and whatever is called supported stands in the texts.
func TestRealModels(t *testing.T) {
	server := os.Getenv("CONTEXTD_TEST_OLLAMA")
	if server == "" {
		t.Skip("SKIPPED: no real Ollama: set CONTEXTD_TEST_OLLAMA=http://host:port (.ci/ollama serve starts one)")
	}
	binary, address := proctest.Build(t), proctest.FreeAddress(t)
	front := newFront(t, server)
	s := proctest.StartSim(t, binary, append(conversation(t), "--rate-limit", "1000000")...)
	env := append(os.Environ(), "CONTEXTD_MODEL__PROVIDER=ollama", "CONTEXTD_MODEL__MODEL=smollm2", "CONTEXTD_MODEL__BASE_URL="+front.URL,
		"CONTEXTD_EMBEDDER__PROVIDER=ollama", "CONTEXTD_EMBEDDER__MODEL=all-minilm", "CONTEXTD_EMBEDDER__BASE_URL="+front.URL)
	c := proctest.NewService(t, proctest.Setup{Binary: binary, Sim: s, Address: address, Env: env})
	c.Command("setup", "hubspot")
	c.Start()
	if _, err := c.Ready(time.Minute); err != nil {
		t.Fatal(err)
	}
	r := modelReport{Row: "real models", Runs: map[string]string{}}
	begun := time.Now()
	c.Command("index")
	r.IndexSeconds = time.Since(begun).Seconds()
	r.EmbedRequests = front.count("/api/embed")
	begun = time.Now()
	r.runAll(t, c, s)
	r.RunSeconds, r.ChatRequests = time.Since(begun).Seconds(), front.count("/api/chat")
	r.check(t, c)
	c.Stop()
	counts := setReport{IndexSeconds: 1, Claims: r.Supported, ClaimsVerified: r.ClaimsVerified}
	counts.count(t, c, s)
	r.Activities, r.Chunks = counts.Activities, counts.Chunks
	log, err := os.ReadFile(c.Log)
	if err != nil || bytes.Contains(log, []byte("panic")) {
		t.Errorf("the log tells of a panic (%v)", err)
	}
	r.Attempts = attempts(log)
	printLine(t, r)
	switch {
	case r.ClaimsVerified != r.Supported:
		t.Errorf("%d of %d supported claims do not stand where their quotes say", r.Supported-r.ClaimsVerified, r.Supported)
	case r.ChatRequests > 2*r.Attempts, r.ChatRequests == 0, r.Attempts < len(r.Runs):
		t.Errorf("%d model calls in %d attempts at %d runs that were asked for", r.ChatRequests, r.Attempts, len(r.Runs))
	case counts.Chunks == 0, r.EmbedRequests == 0:
		t.Errorf("%d chunks by %d requests: nothing was indexed", counts.Chunks, r.EmbedRequests)
	}
}

// runAll asks for one run of each workflow, one after the other: two would share the cores.
func (r *modelReport) runAll(t *testing.T, c *proctest.Service, s *proctest.Sim) {
	t.Helper()
	all, err := prompts.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range all {
		var subject string
		for _, typ := range w.Subjects {
			if found := objects(t, s, string(typ)); len(found) > 0 && subject == "" {
				subject = found[0].Path
			}
		}
		if subject == "" {
			t.Errorf("%s: the portal has none of %v", w.Name, w.Subjects)
			continue
		}
		id := startRuns(t, c, w.Name, []object{{Path: subject}})[0]
		r.Runs[w.Name] = outcome(t, c, id)
	}
}

// attempts counts in the service's log how often it set about a run: the service starts some by itself, for customers that no run has looked at and after its own writes.
func attempts(log []byte) (n int) {
	for line := range bytes.Lines(log) {
		var said struct{ Msg, Kind string }
		if json.Unmarshal(line, &said) != nil {
			continue
		}
		if said.Msg == "considered" || said.Kind == "consider" && slices.Contains([]string{"work buried", "work waits", "work failed and is tried again"}, said.Msg) {
			n++
		}
	}
	return n
}

// outcome waits for the end of a run: as long as anything real may take, for it is another machine's speed that is waited for.
func outcome(t *testing.T, c *proctest.Service, id string) string {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(5 * time.Minute); ; <-tick.C {
		var run struct {
			State string  `json:"state"`
			Error *string `json:"error"`
		}
		if err := c.API(http.MethodGet, "/runs/"+id, nil, &run); err != nil {
			t.Fatal(err)
		}
		switch {
		case run.State == "done":
			return run.State
		case run.State == "dead" && run.Error != nil && *run.Error != "":
			t.Logf("run %s is dead: %s", id, *run.Error)
			return run.State
		case run.State == "dead":
			t.Errorf("run %s is dead without a cause", id)
			return run.State
		case time.Now().After(deadline):
			t.Fatalf("run %s is %s and does not end", id, run.State)
		}
	}
}

// check looks at what the runs came to.
func (r *modelReport) check(t *testing.T, c *proctest.Service) {
	t.Helper()
	v := verifier{t: t, c: c, texts: map[string]stored{}}
	for _, one := range suggestions(t, c) {
		if r.Runs[one.Workflow] = one.State; one.State == "dropped" && len(one.Reasons) == 0 {
			t.Errorf("%s was dropped without a reason", one.Workflow)
		}
		r.Claims += len(one.Claims)
		supported, proven := v.claims(one)
		r.Supported, r.ClaimsVerified = r.Supported+supported, r.ClaimsVerified+proven
		for _, claim := range one.Claims {
			if made := invented(claim.Text, claim.Evidence); claim.Supported && made != "" {
				t.Errorf("%s: %q is called supported, but %q is nowhere in its evidence", one.Workflow, claim.Text, made)
			}
		}
	}
	for w, state := range r.Runs {
		if state == "done" {
			t.Errorf("%s has ended, and there is no suggestion of it", w)
		}
	}
}

var figures = regexp.MustCompile(`[0-9]{3,}`)

// invented is a longer number of a claim that its evidence does not have; years may follow from the date of an activity.
func invented(text string, all []evidence) string {
	var shown strings.Builder
	for _, e := range all {
		shown.WriteString(strings.NewReplacer(",", "", ".", "").Replace(e.Quote))
	}
	for _, n := range figures.FindAllString(strings.ReplaceAll(text, ",", ""), -1) {
		if !strings.Contains(shown.String(), n) && !strings.HasPrefix(n, "20") {
			return n
		}
	}
	return ""
}

// conversation writes the shortest conversation of the chats, where the evaluation data are, as a set of its own with a mail; without them the simulator holds the demo's portal.
func conversation(t *testing.T) (args []string) {
	t.Helper()
	root := os.Getenv("CONTEXTD_TEST_DATA")
	if root == "" {
		t.Log("CONTEXTD_TEST_DATA is not set: the demo's portal is indexed instead of a conversation")
		return nil
	}
	docs, lines := readCorpus(t, filepath.Join(root, "retrieval", "locomo", "corpus.jsonl"))
	size := map[string]int{}
	for _, d := range docs {
		size[d.Account]++
	}
	least := docs[0].Account
	for account, n := range size {
		if n < size[least] || n == size[least] && account < least {
			least = account
		}
	}
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "corpus.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	enc := json.NewEncoder(f)
	for i, d := range docs {
		if d.Account == least {
			if err := enc.Encode(lines[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	dir, _ = present(t, dir)
	return []string{"--load", dir}
}

// Bounds that keep the run short on two cores: tokens of an answer and of the window, and threads of the runner, which spin.
const (
	mostPredicted = 128
	smallWindow   = 3072
	runnerThreads = 2
)

// front stands before a real server, bounds what it is asked for, and counts.
type front struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string
}

func newFront(t *testing.T, server string) *front {
	t.Helper()
	to, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	f := &front{}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			bound(r.Out)
		},
		ModifyResponse: func(r *http.Response) error {
			if r.Request.URL.Path != "/api/show" {
				return nil
			}
			b, err := io.ReadAll(bufio.NewReader(r.Body))
			if err != nil {
				return err
			}
			setBody(&r.Body, &r.ContentLength, r.Header, regexp.MustCompile(`"llama\.context_length":\d+`).ReplaceAll(b, fmt.Appendf(nil, `"llama.context_length":%d`, smallWindow)))
			return nil
		},
	}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.asked = append(f.asked, r.URL.Path)
		f.mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

// bound lowers what a request asks for.
func bound(r *http.Request) {
	if r.URL.Path != "/api/chat" && r.URL.Path != "/api/embed" {
		return
	}
	var ask map[string]any
	if json.NewDecoder(r.Body).Decode(&ask) != nil {
		return // the server will say what it thinks of it
	}
	options, _ := ask["options"].(map[string]any)
	if options == nil {
		options = map[string]any{}
	}
	options["num_thread"] = runnerThreads
	if n, is := options["num_predict"].(float64); is {
		options["num_predict"] = min(n, mostPredicted)
	}
	ask["options"] = options
	if b, err := json.Marshal(ask); err == nil {
		setBody(&r.Body, &r.ContentLength, r.Header, b)
	}
}

func setBody(body *io.ReadCloser, length *int64, h http.Header, b []byte) {
	*body, *length = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	h.Del("Content-Length")
}

func (f *front) count(path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(f.asked), func(p string) bool { return p != path }))
}
