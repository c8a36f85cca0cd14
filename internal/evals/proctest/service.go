package proctest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Setup says how a service is run; every field but PublicURL and Further is required. Env is the environment to start from (os.Environ(), which only a test reads); the
// service's own settings are added to it, and after them Further. PublicURL "" means the address itself.
type Setup struct {
	Binary    string
	Sim       *Sim
	Address   string
	PublicURL string
	Env       []string
	Further   []string
}

// Service is the service as a process that can be killed and started again on the same data. Its methods are for the test's own goroutine.
type Service struct {
	Dir string // the data directory
	Log string // the file that it logs to

	t       testing.TB
	binary  string
	env     []string
	address string
	token   string // "": the local one
	log     *os.File
	cmd     *exec.Cmd
}

// NewService prepares a service with writing on and short quiet periods; nothing runs before Start. When the test has failed, its end shows the last lines of the
// service's log.
func NewService(t testing.TB, u Setup) *Service {
	t.Helper()
	dir := t.TempDir()
	log, err := os.OpenFile(filepath.Join(dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) // a test may write to it, too
	if err != nil {
		t.Fatal(err)
	}
	if u.PublicURL == "" {
		u.PublicURL = "http://" + u.Address
	}
	c := &Service{t: t, binary: u.Binary, Dir: filepath.Join(dir, "data"), Log: log.Name(), address: u.Address, log: log}
	c.env = append(append([]string{}, u.Env...),
		"CONTEXTD_DATA_DIR="+c.Dir, "CONTEXTD_SERVER__LISTEN="+u.Address, "CONTEXTD_SERVER__ADMIN_LISTEN="+FreeAddress(t), "CONTEXTD_SERVER__PUBLIC_URL="+u.PublicURL,
		"CONTEXTD_HUBSPOT__BASE_URL="+u.Sim.BaseURL, "CONTEXTD_HUBSPOT__TOKEN="+u.Sim.Token, "CONTEXTD_HUBSPOT__CLIENT_SECRET="+u.Sim.ClientSecret,
		fmt.Sprintf("CONTEXTD_HUBSPOT__APP_ID=%d", u.Sim.AppID), fmt.Sprintf("CONTEXTD_HUBSPOT__PORTAL_ID=%d", u.Sim.PortalID),
		"CONTEXTD_HUBSPOT__WRITE=on", "CONTEXTD_WORKFLOWS__QUIET=300ms")
	c.env = append(c.env, u.Further...)
	t.Cleanup(func() {
		c.Kill()
		_ = log.Close() // only the processes wrote to it
		if t.Failed() {
			b, _ := os.ReadFile(log.Name()) // without it there is just less to show
			t.Logf("last lines of the service:\n%s", tail(string(b), 40))
		}
	})
	return c
}

func tail(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// Command runs one subcommand to its end, which must be a good one, and returns what it prints.
func (c *Service) Command(args ...string) string {
	c.t.Helper()
	cmd := exec.Command(c.binary, args...)
	cmd.Env = c.env
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		c.t.Fatalf("contextd %v: %v: %s", args, err, tail(said.String()+string(out), 20))
	}
	return string(out)
}

// In is the running service as an administrator of one of several portals sees it: one more token is made for that. The process belongs to c.
func (c *Service) In(portal int64) *Service {
	c.t.Helper()
	id := strconv.FormatInt(portal, 10)
	var made struct {
		Token string `json:"token"`
	}
	if out := c.Command("token", "create", "test-"+id, "--role", "admin", "--portal", id, "--json"); json.Unmarshal([]byte(out), &made) != nil || made.Token == "" {
		c.t.Fatalf("no token was made: %s", out)
	}
	return &Service{Dir: c.Dir, Log: c.Log, t: c.t, address: c.address, token: made.Token}
}

// Other runs one subcommand of another binary on the service's data, and returns what it prints and whether it ended well.
func (c *Service) Other(binary string, args ...string) (stdout string, err error) {
	cmd := exec.CommandContext(c.t.Context(), binary, args...)
	cmd.Env = c.env
	out, err := cmd.Output()
	return string(out), err
}

// Start starts the process and does not wait for it to be ready.
func (c *Service) Start() {
	c.t.Helper()
	c.cmd = exec.Command(c.binary, "serve", "--log-format", "json")
	c.cmd.Env, c.cmd.Stdout, c.cmd.Stderr = c.env, c.log, c.log
	if err := c.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
}

// Kill ends the process without a chance to clean up; nothing happens when none runs.
func (c *Service) Kill() {
	if c.cmd == nil {
		return
	}
	_ = c.cmd.Process.Signal(syscall.SIGKILL) // it may have ended already
	_ = c.cmd.Wait()                          // killed: its exit status says nothing
	c.cmd = nil
}

// Stop asks the process to end in good order and waits for it; another exit status than 0 fails the test.
func (c *Service) Stop() {
	c.t.Helper()
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		c.t.Fatalf("stop the service: %v", err)
	}
	if err := c.cmd.Wait(); err != nil {
		c.t.Errorf("the service did not stop in good order: %v", err)
	}
	c.cmd = nil
}

// Ready waits until the service answers and returns how long that took.
func (c *Service) Ready(limit time.Duration) (time.Duration, error) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(c.t.Context(), limit)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if Call(ctx, http.MethodGet, "http://"+c.address+"/readyz", "", nil, nil) == nil {
			return time.Since(start), nil
		}
		select {
		case <-ctx.Done():
			return time.Since(start), errors.New("the service does not become ready")
		case <-tick.C:
		}
	}
}

// API makes one request under /api/v1, with headers as Call has them: with the token of In, or with the local one that the service keeps in its data directory.
func (c *Service) API(method, path string, body, into any, headers ...string) error {
	token := c.token
	if token == "" {
		b, err := os.ReadFile(filepath.Join(c.Dir, "local.json"))
		if err != nil {
			return err
		}
		var local struct {
			Token string `json:"token"`
		}
		if err := json.Unmarshal(b, &local); err != nil {
			return err
		}
		token = local.Token
	}
	return Call(c.t.Context(), method, "http://"+c.address+"/api/v1"+path, token, body, into, headers...)
}
