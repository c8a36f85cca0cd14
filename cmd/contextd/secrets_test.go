package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/contextd/contextd/internal/hubspot/hubsim"
	"github.com/contextd/contextd/internal/model/modeltest"
)

// guarded is a buffer that several write to and one reads.
type guarded struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (g *guarded) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.buf.Write(b)
}

func (g *guarded) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.buf.String()
}

// tokenPrefix begins every token of ours, and is no secret.
const tokenPrefix = "contextd_pat_"

// hunt looks for planted secrets, also in part and in the encodings in which they could be shown.
type hunt map[string]string

func (h hunt) in(text string) (found []string) {
	for name, secret := range h {
		for _, form := range []string{secret, secret[:12], secret[len(secret)-12:], url.QueryEscape(secret), fmt.Sprintf("%x", secret)} {
			if strings.Contains(text, form) {
				found = append(found, name)
				break
			}
		}
	}
	slices.Sort(found)
	return found
}

// echoing answers with the secret that it was sent, wherever a careless client may repeat it from, until it is told otherwise.
type echoing struct {
	good http.HandlerFunc
	mu   sync.Mutex
	sent int
}

func (e *echoing) answer(w http.ResponseWriter, r *http.Request) {
	key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") + r.Header.Get("X-Api-Key")
	e.mu.Lock()
	e.sent++
	n := e.sent
	e.mu.Unlock()
	w.Header().Set("X-Request-Id", key)
	w.Header().Set("Content-Type", "application/json")
	switch n {
	case 1:
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, `{"error":{"message":"%s%s is busy","type":%q,"code":%q}}`, strings.Repeat("x", 290), key, key, key)
	case 2:
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, "<html>upstream with Authorization: Bearer %s failed", key)
	case 3:
		fmt.Fprintf(w, `{"id":%q,"choices":`, key) // cut off
	default:
		e.good(w, r)
	}
}

// TestSecretsStaySecret plants every secret that an installation has, has servers repeat what they are sent, and looks for it in everything that the program writes and answers: the log at its most talkative, the
// data directory, metrics, profiles, pages, the API, the audit and its export, the doctor, and errors of the configuration. The two files that exist to hold a secret are for their owner alone.
func TestSecretsStaySecret(t *testing.T) {
	planted := hunt{"HubSpot's token": "pat-eu1-0a1b2c3d-planted-token", "client secret": "5ecde7-planted-client-secret", "OpenAI key": "sk-proj-planted-openai-key-0001",
		"Anthropic key": "sk-ant-api03-planted-anthropic-1", "Ollama key": "planted-ollama-gateway-key-77", "source token": "planted-source-token-31415926", "embedder key": "sk-embed-planted-embedder-key-9",
		"password of the vector store": "planted-pg-p4ssw0rd-2718", "key of Qdrant": "planted-qdrant-api-key-1618", "mistyped token": "planted-mistyped-token-0000"}
	openai := &echoing{good: protocols["openai"].Truthful()}
	anthropic := &echoing{good: protocols["anthropic"].Truthful()}
	ollama := &echoing{good: protocols["ollama"].Truthful()}
	o, a, l := modeltest.OpenAI(40960).Serve(t, openai.answer), modeltest.Anthropic(200_000).Serve(t, anthropic.answer), modeltest.Ollama(40960).Serve(t, ollama.answer)
	source := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"industry":"software","said":%q}`, r.Header.Get("Authorization")) // a field too many: refused
	}))
	defer source.Close()

	dir, free := t.TempDir(), closedPort(t)
	front, admin := closedPort(t), closedPort(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	sim := hubsim.New(hubsim.Options{Portal: 7, Token: planted["HubSpot's token"], ClientSecret: planted["client secret"], RateLimit: -1, DailyLimit: -1, SearchLimit: -1,
		WebhookURL: "http://" + front + "/webhooks/hubspot"})
	ctx, stop := context.WithCancel(context.Background()) // not the test's: it has to end before the clean-up
	simulating := runSimulator(ctx, sim, ln)
	for name, text := range map[string]string{"token": planted["HubSpot's token"], "openai.key": planted["OpenAI key"], "contextd.yaml": fmt.Sprintf(`
data_dir: %q
server: {listen: %q, admin_listen: %q}
hubspot: {portal_id: 7, base_url: "http://%s", token_file: %q, client_secret: %q, write: on}
model: {provider: openai, model: %s, base_url: %q, api_key_file: %q}
models:
  - {workflows: [lead_score], provider: anthropic, model: %s, base_url: %q, api_key: %q}
  - {workflows: [call_summary], provider: ollama, model: %s, base_url: %q, api_key: %q}
enrichment: {source: {url: %q, token: %q, private: on}}
workflows: {quiet: 300ms}
log: {level: debug, format: json}
`, filepath.Join(dir, "data"), front, admin, ln.Addr(), filepath.Join(dir, "token"), planted["client secret"], modeltest.OpenAIModel, o.URL, filepath.Join(dir, "openai.key"), modeltest.AnthropicModel, a.URL, planted["Anthropic key"], modeltest.OllamaModel, l.URL, planted["Ollama key"],
		source.URL+"/v1", planted["source token"])} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config := filepath.Join(dir, "contextd.yaml")
	var shown []string // everything that a person or a program is shown, beside the log
	command := func(environ []string, args ...string) string {
		t.Helper()
		var out, talk strings.Builder
		err := run(t.Context(), append([]string{"--config", config}, args...), append([]string{"HOME=" + dir}, environ...), strings.NewReader(""), &out, &talk, allCommands())
		all := fmt.Sprint(out.String(), talk.String(), err)
		shown = append(shown, all)
		return all
	}
	var log guarded
	serving := make(chan error, 1)
	go func() {
		serving <- run(ctx, []string{"serve", "--config", config}, []string{"HOME=" + dir}, strings.NewReader(""), io.Discard, &log, allCommands())
	}()
	ended := false
	end := func() {
		if ended {
			return
		}
		ended = true
		stop()
		if err := <-serving; err != nil {
			t.Errorf("serve: %v", err)
		}
		if err := <-simulating; err != nil {
			t.Error(err)
		}
	}
	defer end()
	eventually(t, func() bool {
		resp, err := http.Get("http://" + front + "/readyz")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})

	local, err := readLocal(filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	planted["local token"] = strings.TrimPrefix(local.Token, tokenPrefix)
	made := command(nil, "token", "create", "robot", "--role", "admin", "--json")
	shown = nil // the one time that it is shown
	var token struct {
		Token string `json:"token"`
	}
	if err := json.NewDecoder(strings.NewReader(made)).Decode(&token); err != nil || token.Token == "" {
		t.Fatalf("%v: %s", err, made)
	}
	planted["API token"] = strings.TrimPrefix(token.Token, tokenPrefix)
	key, err := os.ReadFile(filepath.Join(dir, "data", auditKeyFile))
	if err != nil || len(bytes.TrimSpace(key)) < 24 {
		t.Fatalf("audit key: %v", err)
	}
	planted["audit key"] = strings.TrimSpace(string(key))

	ask := func(method, path, token, cookie, body string) (*http.Response, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+front+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		if cookie != "" {
			req.Header.Set("Cookie", cookie)
		}
		if method == http.MethodPost {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(text)
	}
	resp, _ := ask(http.MethodPost, "/login", "", "", url.Values{"token": {tokenPrefix + planted["API token"]}}.Encode())
	cookies := resp.Cookies()
	if len(cookies) != 1 || len(cookies[0].Value) < 24 {
		t.Fatalf("log in: %s %v", resp.Status, cookies)
	}
	planted["session cookie"] = cookies[0].Value

	p := &pipeline{T: t, sim: sim, door: "http://" + ln.Addr().String()}
	company := p.create("companies", map[string]any{"name": "Harborline Lifts", "domain": "harborline.example"})
	contact := p.create("contacts", map[string]any{"firstname": "Mira", "lastname": "Kovac", "email": "mira@harborline.example"}, company)
	deal := p.create("deals", map[string]any{"dealname": "Renewal 2027", "dealstage": "appointmentscheduled", "pipeline": "default"}, company, contact)
	p.create("emails", mailOf(1, question), company, contact, deal)
	p.create("calls", map[string]any{"hs_call_title": "Renewal", "hs_call_body": strings.Repeat("Mira Kovac: We need a price for 140 technicians by Friday, and the board approved a budget of 48,000 euros. I am worried about the old tablets in Bristol, and Declan wants to see the contract before he signs it. ", 3)}, company, contact, deal)
	eventually(t, func() bool {
		openai.mu.Lock()
		anthropic.mu.Lock()
		ollama.mu.Lock()
		defer openai.mu.Unlock()
		defer anthropic.mu.Unlock()
		defer ollama.mu.Unlock()
		return openai.sent > 4 && anthropic.sent > 3 && ollama.sent > 3
	})
	eventually(t, func() bool { return strings.Contains(log.String(), `"considered"`) })

	auth := tokenPrefix + planted["API token"]
	for _, path := range []string{"/api/v1/status", "/api/v1/suggestions", "/api/v1/work", "/api/v1/audit", "/api/v1/usage", "/api/v1/tokens", "/api/v1/prompts", "/api/v1/openapi.json"} {
		_, text := ask(http.MethodGet, path, auth, "", "")
		_, refused := ask(http.MethodGet, path, tokenPrefix+planted["mistyped token"], "", "")
		shown = append(shown, text, refused)
	}
	for _, path := range []string{"/", "/status", "/no/such/page?token=" + planted["mistyped token"]} {
		_, text := ask(http.MethodGet, path, "", cookies[0].Name+"="+cookies[0].Value, "")
		shown = append(shown, strings.ReplaceAll(text, url.QueryEscape(planted["mistyped token"]), "")) // its own address may stand in a page
	}
	_, text := ask(http.MethodPost, "/login", "", "", url.Values{"token": {tokenPrefix + planted["mistyped token"]}}.Encode())
	shown = append(shown, text)
	_, text = ask(http.MethodPost, "/webhooks/hubspot", "", "", `[{"objectId":1}]`)
	shown = append(shown, text)
	for _, path := range []string{"/metrics", "/debug/pprof/cmdline", "/debug/pprof/goroutine?debug=2", "/debug/pprof/heap?debug=1"} {
		shown = append(shown, fetched(t, "http://"+admin+path))
	}
	for _, args := range [][]string{{"doctor"}, {"status"}, {"work", "list"}, {"audit", "list"}, {"audit", "export"}, {"config", "print", "--show-origin"}, {"config", "check"}, {"token", "list"}, {"review", "list", "-o", "jsonl"}} {
		command(nil, args...)
	}
	for _, set := range []string{"VECTORS__URL=postgres://contextd:" + planted["password of the vector store"] + "@" + free + "/x", "VECTORS__URL=qdrants://" + free, "EMBEDDER__PROVIDER=openai", "HUBSPOT__TOKN=" + planted["HubSpot's token"],
		"MODEL__API_KEY=" + planted["OpenAI key"] + " and more", "BUDGET__MONTHLY_USD=" + planted["OpenAI key"][:1] + "x"} {
		environ := []string{"CONTEXTD_" + set, "CONTEXTD_DATA_DIR=" + filepath.Join(dir, "other"), "CONTEXTD_VECTORS__API_KEY=" + planted["key of Qdrant"]}
		if strings.HasPrefix(set, "EMBEDDER") {
			environ = append(environ, "CONTEXTD_EMBEDDER__MODEL=m", "CONTEXTD_EMBEDDER__API_KEY="+planted["embedder key"], "CONTEXTD_EMBEDDER__BASE_URL="+o.URL)
		}
		for _, args := range [][]string{{"config", "check"}, {"config", "print", "--show-origin"}, {"doctor"}} {
			command(environ, args...)
		}
	}
	end()

	if found := planted.in(log.String()); len(found) > 0 {
		t.Errorf("the log shows %q", found)
	}
	for _, text := range shown {
		if found := planted.in(text); len(found) > 0 {
			t.Errorf("shown: %q in\n%.2000s", found, text)
		}
	}
	seen := huntFiles(t, planted, filepath.Join(dir, "data"))
	// That nothing was found proves something only where something could be: all of this has words of the mail, or of the servers' errors.
	if !seen["contextd.db"] || !strings.Contains(log.String(), "is busy") && !strings.Contains(log.String(), "status 503") || !slices.ContainsFunc(shown, func(s string) bool { return strings.Contains(s, "writer") }) {
		t.Errorf("the hunt has looked into %v, and at a log of %d bytes:\n%.3000s", seen, log.buf.Len(), log.String())
	}
	for name, secret := range planted {
		if found := planted.in(`{"msg":"status 401: ` + secret + `"}`); !slices.Contains(found, name) {
			t.Errorf("the hunt would overlook %s", name)
		}
	}
}

// fetched is what an address answers, which must be something.
func fetched(t *testing.T, address string) string {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || len(text) == 0 {
		t.Fatalf("%s: %s, %d bytes, %v", address, resp.Status, len(text), err)
	}
	return string(text)
}

// huntFiles looks into every file of a data directory; those that exist to hold a secret must be for their owner alone. It tells which hold words of the mail.
func huntFiles(t *testing.T, planted hunt, dir string) map[string]bool {
	t.Helper()
	holders := map[string][]string{localFile: {"local token"}, auditKeyFile: {"audit key"}}
	seen := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		found := slices.DeleteFunc(planted.in(string(text)), func(name string) bool { return slices.Contains(holders[d.Name()], name) })
		if len(found) > 0 {
			t.Errorf("%s holds %q", d.Name(), found)
		}
		if holders[d.Name()] != nil && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %v", d.Name(), info.Mode().Perm())
		}
		seen[d.Name()] = strings.Contains(string(text), "technicians")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return seen
}
