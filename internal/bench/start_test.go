package bench

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// bareServer is the least that answers /livez.
const bareServer = `package main

import (
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("live")) })
	panic(http.ListenAndServe(os.Args[1], nil))
}
`

// programs builds the product and the bare server as they would be shipped.
func programs(b *testing.B) (product, bare string) {
	b.Helper()
	dir := b.TempDir()
	source := filepath.Join(dir, "bare.go")
	if err := os.WriteFile(source, []byte(bareServer), 0o600); err != nil {
		b.Fatal(err)
	}
	product, bare = filepath.Join(dir, "contextd"), filepath.Join(dir, "bare")
	build(b, product, "./cmd/contextd")
	build(b, bare, source)
	return product, bare
}

// build builds in the product's own module, as it is shipped.
func build(b *testing.B, to, what string) {
	b.Helper()
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", to, what)
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("build %s: %v: %s", what, err, out)
	}
}

// process is a started server.
type process struct {
	cmd   *exec.Cmd
	start float64 // seconds from exec to the first 200
}

// launch starts a program and asks for path until it answers. The address stands for ADDRESS in args and env.
func launch(b *testing.B, program, path string, args, env []string) process {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	var said strings.Builder
	cmd := exec.CommandContext(b.Context(), program)
	for _, a := range args {
		cmd.Args = append(cmd.Args, strings.ReplaceAll(a, "ADDRESS", address))
	}
	cmd.Env = []string{"HOME=" + b.TempDir(), "PATH=" + os.Getenv("PATH")}
	for _, e := range env {
		cmd.Env = append(cmd.Env, strings.ReplaceAll(e, "ADDRESS", address))
	}
	cmd.Stderr = &said
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	tick := time.NewTicker(250 * time.Microsecond) // asking without a pause would take a core away from the one who starts
	defer tick.Stop()
	for ; time.Since(begin) < time.Minute; <-tick.C {
		resp, err := client.Get("http://" + address + path)
		if err != nil {
			continue
		}
		_, rerr := io.Copy(io.Discard, resp.Body)
		if closed := resp.Body.Close(); rerr == nil && closed == nil && resp.StatusCode == http.StatusOK {
			return process{cmd, time.Since(begin).Seconds()}
		}
	}
	_ = cmd.Process.Kill()
	b.Fatalf("%s does not answer within a minute: %v: %s", program, cmd.Wait(), said.String())
	return process{}
}

// stop ends it as a service manager does and waits.
func (p process) stop(b *testing.B) {
	b.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		b.Fatal(err)
	}
	_ = p.cmd.Wait() // the bare server knows no good end
}

type startRound struct{ bare, empty, full, emptyReady, fullReady float64 }

// startOn weighs the start of the real binary with an empty directory and with this one, and what it takes in memory at rest.
func startOn(b *testing.B, dir string) {
	b.Helper()
	if runtime.GOOS != "linux" {
		measured.skipped = append(measured.skipped, "S1 start, S2 idle memory: resident memory is read from /proc")
		return
	}
	product, bare := programs(b)
	env := func(dir string) []string {
		return []string{"CONTEXTD_DATA_DIR=" + dir, "CONTEXTD_SERVER__LISTEN=ADDRESS", "CONTEXTD_SERVER__ADMIN_LISTEN=127.0.0.1:0", "CONTEXTD_HUBSPOT__PORTAL_ID=" + portal.String(),
			"CONTEXTD_HUBSPOT__TOKEN=not-used", "CONTEXTD_HUBSPOT__CLIENT_SECRET=" + secret, "CONTEXTD_HUBSPOT__BASE_URL=http://127.0.0.1:1"}
	}
	serve := []string{"serve"}
	once := func(program, path string, args, env []string) float64 {
		p := launch(b, program, path, args, env)
		defer p.stop(b)
		return p.start
	}
	got, unsound := alternate(b, true, func() (r startRound) {
		r.bare = once(bare, "/livez", []string{"ADDRESS"}, nil)
		r.empty = once(product, "/livez", serve, env(b.TempDir()))
		r.full = once(product, "/livez", serve, env(dir))
		r.emptyReady = once(product, "/readyz", serve, env(b.TempDir()))
		r.fullReady = once(product, "/readyz", serve, env(dir))
		return r
	})
	bareMS := milliseconds(column(got, func(r startRound) float64 { return r.bare }))
	start := func(name string, limit float64, of func(startRound) float64, what string) {
		measured.add(b, goal{name: name, limit: limit, atMost: true, unsound: unsound, what: what, ratios: column(got, func(r startRound) float64 { return of(r) / r.bare }),
			note: milliseconds(column(got, of)) + " / " + bareMS})
	}
	start("S1 start, empty", 5, func(r startRound) float64 { return r.empty }, "exec to the first 200 of /livez with a new data directory / bare net/http binary")
	start("S1 start, 1 M vectors", 20, func(r startRound) float64 { return r.full }, "the same with 1 M chunks in 100,000 activities / bare net/http binary")
	start("S1 ready, empty", 5, func(r startRound) float64 { return r.emptyReady }, "exec to the first 200 of /readyz, which everything waits for, with a new data directory / bare net/http binary")
	start("S1 ready, 1 M vectors", 20, func(r startRound) float64 { return r.fullReady }, "the same with 1 M chunks in 100,000 activities / bare net/http binary")
	p := launch(b, product, "/livez", serve, env(b.TempDir()))
	defer p.stop(b)
	measured.add(b, goal{name: "S2 idle memory, empty", limit: 60, atMost: true, what: "MiB resident with a new data directory, once it stays the same", note: "absolute",
		ratios: []float64{settled(b, p.cmd.Process.Pid)}})
	q := launch(b, product, "/livez", serve, env(dir))
	defer q.stop(b)
	info, err := os.Stat(product)
	if err != nil {
		b.Fatal(err)
	}
	measured.add(b, goal{name: "S2 memory, 1 M vectors", what: "MiB resident with 1 M chunks, once it stays the same or after ten seconds, while it makes profiles of accounts", ratios: []float64{settled(b, q.cmd.Process.Pid)}})
	measured.add(b, goal{name: "S2 binary", limit: 70, atMost: true, what: "MiB of the stripped binary, model included", note: "absolute", ratios: []float64{float64(info.Size()) / (1 << 20)}})
}
