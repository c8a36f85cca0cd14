package bench

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

type demoRound struct{ start, idle float64 } // seconds to the first 200, MiB of resident memory once everything is done

// BenchmarkDemo starts the real binary five times. The goals are absolute: what they are compared with is a person's patience and a small machine.
func BenchmarkDemo(b *testing.B) {
	if runtime.GOOS != "linux" {
		b.Skip("SKIPPED: resident memory is read from /proc")
	}
	path := filepath.Join(b.TempDir(), "contextd")
	build(b, path, "./cmd/contextd")
	var got []demoRound
	for range rounds {
		got = append(got, runDemo(b, path))
	}
	measured.add(b, goal{name: "S1 start of the demo", limit: 5, atMost: true, what: "seconds from exec to the first 200 of /readyz, simulated HubSpot included", note: "absolute",
		ratios: column(got, func(r demoRound) float64 { return r.start })})
	measured.add(b, goal{name: "S2 idle memory", limit: 250, atMost: true, what: "MiB resident once the demo's day is worked off, simulated HubSpot included", note: "absolute",
		ratios: column(got, func(r demoRound) float64 { return r.idle })})
}

func runDemo(b *testing.B, path string) (r demoRound) {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), path, "demo", "--listen", address, "--sim-listen", "127.0.0.1:0", "--data-dir", b.TempDir())
	stderr, err := cmd.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	}()
	done := make(chan string)
	go func() {
		var said strings.Builder
		defer func() { done <- said.String() }()
		for s := bufio.NewScanner(stderr); s.Scan(); {
			said.WriteString(s.Text() + "\n")
			if strings.HasPrefix(s.Text(), "  events ") { // the last line of its summary: nothing is left to do
				return
			}
		}
	}()
	r.start = firstAnswer(b, "http://"+address+"/readyz", begin)
	if said := <-done; !strings.Contains(said, "\n  events ") {
		b.Fatalf("the demo ended early, %v: %s", cmd.Wait(), said)
	}
	r.idle = resident(b, cmd.Process.Pid)
	return r
}

func firstAnswer(b *testing.B, url string, begin time.Time) float64 {
	b.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for time.Since(begin) < time.Minute {
		resp, err := http.Get(url)
		if err == nil {
			_ = resp.Body.Close() // nothing is read of it
			if resp.StatusCode == http.StatusOK {
				return time.Since(begin).Seconds()
			}
		}
		<-tick.C
	}
	b.Fatalf("%s does not answer within a minute", url)
	return 0
}

// resident is VmRSS of a process in MiB.
func resident(b *testing.B, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			if err != nil {
				b.Fatal(err)
			}
			return kib / 1024
		}
	}
	b.Fatal("no VmRSS in /proc")
	return 0
}

// settled is what a process takes in MiB when ten looks in a row, over two seconds, hardly differ, at the latest after ten seconds. There is no signal for "idle".
func settled(b *testing.B, pid int) float64 {
	b.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	last, same := resident(b, pid), 0
	for range 50 {
		<-tick.C
		now := resident(b, pid)
		if same++; now < 0.99*last || now > 1.01*last {
			last, same = now, 0
		}
		if same == 10 {
			return now
		}
	}
	return last
}
