package reliability

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// number reads a size of the run from the environment, as the Makefile sets it; without CONTEXTD_TEST_KILLS the tests skip.
func number(t *testing.T, name string) int {
	v := os.Getenv(name)
	if v == "" {
		t.Skipf("SKIPPED: %s is not set; run `make reliability`", name)
	}
	n, err := strconv.Atoi(v)
	if err != nil || n <= 0 {
		t.Fatalf("%s=%q: want a positive number", name, v)
	}
	return n
}

// build compiles the real binary once.
var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "contextd-reliability")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "contextd")
	cmd := exec.Command("go", "build", "-o", path, "github.com/contextd/contextd/cmd/contextd")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func binary(t *testing.T) string {
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// sim is the simulated HubSpot as a process.
type sim struct {
	BaseURL      string `json:"base_url"`
	PortalID     int64  `json:"portal_id"`
	Token        string `json:"token"`
	ClientSecret string `json:"client_secret"`
	AppID        int64  `json:"app_id"`
}

func startSim(t *testing.T, args ...string) *sim {
	cmd := exec.Command(binary(t), append([]string{"hubsim", "--listen", "127.0.0.1:0"}, args...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the simulator said nothing: %v: %s", err, stderr.String())
	}
	var s sim
	if err := json.Unmarshal([]byte(line), &s); err != nil {
		t.Fatalf("the simulator's line %q: %v", line, err)
	}
	return &s
}

// call makes one JSON request and decodes the answer; any status from 400 on is an error.
func call(ctx context.Context, method, url, token string, body, into any) error {
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, r)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 400 {
		return fmt.Errorf("%s %s: %d: %.300s", method, url, resp.StatusCode, b)
	}
	if into == nil || len(b) == 0 {
		return nil
	}
	return json.Unmarshal(b, into)
}

// door calls the simulator's control door and must succeed.
func (s *sim) door(t *testing.T, method, path string, body, into any) {
	t.Helper()
	if err := call(t.Context(), method, s.BaseURL+path, "", body, into); err != nil {
		t.Fatal(err)
	}
}

// service is the service as a process that can be killed and started again.
type service struct {
	t       *testing.T
	env     []string
	dir     string
	address string
	log     *os.File
	cmd     *exec.Cmd
}

func newService(t *testing.T, s *sim, address, publicURL string) *service {
	dir := t.TempDir()
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	c := &service{t: t, dir: filepath.Join(dir, "data"), address: address, log: log}
	c.env = append(os.Environ(),
		"CONTEXTD_DATA_DIR="+c.dir, "CONTEXTD_SERVER__LISTEN="+address, "CONTEXTD_SERVER__ADMIN_LISTEN="+freeAddress(t), "CONTEXTD_SERVER__PUBLIC_URL="+publicURL,
		"CONTEXTD_HUBSPOT__BASE_URL="+s.BaseURL, "CONTEXTD_HUBSPOT__TOKEN="+s.Token, "CONTEXTD_HUBSPOT__CLIENT_SECRET="+s.ClientSecret,
		fmt.Sprintf("CONTEXTD_HUBSPOT__APP_ID=%d", s.AppID), fmt.Sprintf("CONTEXTD_HUBSPOT__PORTAL_ID=%d", s.PortalID),
		"CONTEXTD_HUBSPOT__WRITE=on", "CONTEXTD_WORKFLOWS__QUIET=300ms")
	t.Cleanup(func() {
		c.kill()
		_ = log.Close()
		if t.Failed() {
			b, _ := os.ReadFile(log.Name())
			t.Logf("last lines of the service:\n%s", tail(string(b), 40))
		}
	})
	return c
}

func tail(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// command runs one subcommand to its end.
func (c *service) command(args ...string) {
	cmd := exec.Command(binary(c.t), args...)
	cmd.Env = c.env
	if out, err := cmd.CombinedOutput(); err != nil {
		c.t.Fatalf("contextd %v: %v: %s", args, err, tail(string(out), 20))
	}
}

func (c *service) start() {
	c.cmd = exec.Command(binary(c.t), "serve", "--log-format", "json")
	c.cmd.Env, c.cmd.Stdout, c.cmd.Stderr = c.env, c.log, c.log
	if err := c.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
}

// kill ends the process without a chance to clean up.
func (c *service) kill() {
	if c.cmd == nil {
		return
	}
	_ = c.cmd.Process.Signal(syscall.SIGKILL)
	_ = c.cmd.Wait()
	c.cmd = nil
}

// ready waits until the service answers and returns how long that took.
func (c *service) ready(limit time.Duration) (time.Duration, error) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(c.t.Context(), limit)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if call(ctx, http.MethodGet, "http://"+c.address+"/readyz", "", nil, nil) == nil {
			return time.Since(start), nil
		}
		select {
		case <-ctx.Done():
			return time.Since(start), errors.New("the service does not become ready")
		case <-tick.C:
		}
	}
}

// token is the local one that the service keeps in its data directory.
func (c *service) token() (string, error) {
	b, err := os.ReadFile(filepath.Join(c.dir, "local.json"))
	if err != nil {
		return "", err
	}
	var local struct {
		Token string `json:"token"`
	}
	return local.Token, json.Unmarshal(b, &local)
}

// status is what the service believes of its events.
type status struct {
	Events struct {
		Received int            `json:"received"`
		Done     int            `json:"done"`
		InReview int            `json:"in_review"`
		Dead     int            `json:"dead"`
		Open     int            `json:"open"`
		Ignored  map[string]int `json:"ignored"`
	} `json:"events"`
}

func (s status) ignored() (n int) {
	for _, k := range s.Events.Ignored {
		n += k
	}
	return n
}

func (c *service) status() (s status, err error) {
	token, err := c.token()
	if err != nil {
		return s, err
	}
	return s, call(c.t.Context(), http.MethodGet, "http://"+c.address+"/api/v1/status", token, nil, &s)
}
