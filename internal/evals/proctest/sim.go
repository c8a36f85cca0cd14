package proctest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os/exec"
	"testing"
)

// Sim is the simulated HubSpot as a process: the line that `contextd hubsim` prints when it is ready.
type Sim struct {
	BaseURL      string `json:"base_url"`
	PortalID     int64  `json:"portal_id"`
	Token        string `json:"token"`
	ClientSecret string `json:"client_secret"`
	AppID        int64  `json:"app_id"`
}

// StartSim runs `contextd hubsim` on a free port with further arguments until the test ends.
func StartSim(t testing.TB, binary string, args ...string) *Sim {
	t.Helper()
	cmd := exec.Command(binary, append([]string{"hubsim", "--listen", "127.0.0.1:0"}, args...)...)
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
		_ = cmd.Process.Kill() // it may have ended already
		_ = cmd.Wait()         // killed: its exit status says nothing
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = cmd.Wait() // its error output is complete only now
		t.Fatalf("the simulator said nothing: %v: %s", err, stderr.String())
	}
	var s Sim
	if err := json.Unmarshal([]byte(line), &s); err != nil {
		t.Fatalf("the simulator's line %q: %v", line, err)
	}
	return &s
}

// Door calls the simulator's control door and must succeed.
func (s *Sim) Door(t testing.TB, method, path string, body, into any) {
	t.Helper()
	if err := Call(t.Context(), method, s.BaseURL+path, "", body, into); err != nil {
		t.Fatal(err)
	}
}
