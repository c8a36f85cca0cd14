package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What a start meets outside of the program is said in one error with what, where and how to mend it, and with the exit code that scripts expect.
func TestAStartThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	free := closedPort(t)
	for name, c := range map[string]struct {
		set  string
		code int
		want []string
	}{
		"no token":           {"HUBSPOT__TOKEN=", exitConfig, []string{"hubspot.token is missing", "CONTEXTD_HUBSPOT__TOKEN"}},
		"a token with blank": {"HUBSPOT__TOKEN=a b", exitConfig, []string{"hubspot.token", "copy it again"}},
		"port taken":         {"SERVER__LISTEN=" + taken.Addr().String(), exitUnreachable, []string{"cannot listen on " + taken.Addr().String(), "server.listen", "stop the program"}},
		"data under a file":  {"DATA_DIR=" + filepath.Join(file, "d"), exitConfig, []string{"data directory cannot be made", "data_dir", "choose a directory"}},
		"unknown setting":    {"HUBSPOT__TOKN=x", exitConfig, []string{"did you mean CONTEXTD_HUBSPOT__TOKEN?"}},
		"qdrant is away":     {"VECTORS__URL=qdrant://" + free, exitUnreachable, []string{"the vector store does not answer: vectors.url: see that " + free + " is running"}},
		"pgvector is away":   {"VECTORS__URL=postgres://u:s3cr3t@" + free + "/x", exitUnreachable, []string{"the vector store does not answer: vectors.url: see that " + free + " is running"}},
	} {
		t.Run(name, func(t *testing.T) {
			set := map[string]string{"DATA_DIR": filepath.Join(t.TempDir(), "d"), "SERVER__LISTEN": "127.0.0.1:0", "SERVER__ADMIN_LISTEN": "127.0.0.1:0", "HUBSPOT__PORTAL_ID": "7",
				"HUBSPOT__TOKEN": "t", "HUBSPOT__CLIENT_SECRET": "s", "HUBSPOT__BASE_URL": "http://" + free}
			key, value, _ := strings.Cut(c.set, "=")
			set[key] = value
			environ := []string{"HOME=" + t.TempDir()}
			for key, value := range set {
				environ = append(environ, "CONTEXTD_"+key+"="+value)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a start that does succeed ends, too
			defer cancel()
			var out, talk strings.Builder
			err := run(ctx, []string{"serve"}, environ, strings.NewReader(""), &out, &talk, allCommands())
			if exitCode(err) != c.code {
				t.Fatalf("exit %d, want %d: %v", exitCode(err), c.code, err)
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%v\ndoes not say %q", err, w)
				}
			}
			if strings.Contains(err.Error(), "s3cr3t") || out.Len() > 0 || strings.Contains(talk.String(), "ready") {
				t.Errorf("%v; on standard output %q, said %q", err, out.String(), talk.String())
			}
		})
	}
}

// closedPort is an address where nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return address
}
