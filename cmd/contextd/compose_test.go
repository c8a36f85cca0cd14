package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/contextd/contextd/internal/hubspot/hubsim"
	"github.com/contextd/contextd/internal/vector/pgvector/pgtest"
	"github.com/contextd/contextd/internal/vector/qdrant/qdranttest"
)

// composeFile is what the tests read of docker-compose.yml. Everything else in it is between Docker and whoever deploys.
type composeFile struct {
	Services map[string]composeService
	Volumes  map[string]any
	Configs  map[string]any
	Secrets  map[string]struct{ File string }
}

type composeService struct {
	Image       string
	Build       string
	Profiles    []string
	Environment map[string]string
	Volumes     []string
	Secrets     []string
	Healthcheck struct{ Test []string }
	DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	Configs     []struct{ Source string }
}

func readCompose(t *testing.T) composeFile {
	t.Helper()
	raw, err := os.ReadFile("../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	var c composeFile
	if err := yaml.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Services) < 4 {
		t.Fatalf("only %d services are read: the file or this test is broken", len(c.Services))
	}
	return c
}

var pinned = regexp.MustCompile(`^[a-z0-9/._-]+:v?\d+\.\d+(\.\d+)?(-[a-z0-9.]+)?$`)

// Each service says when it is well and whom it waits for, runs a version that stays the same, and keeps its data in a volume with a name.
func TestComposeServices(t *testing.T) {
	c := readCompose(t)
	for name, s := range c.Services {
		if s.Build == "" && !pinned.MatchString(s.Image) {
			t.Errorf("%s: image %q is not of one version", name, s.Image)
		}
		if len(s.Healthcheck.Test) < 2 || !strings.HasPrefix(s.Healthcheck.Test[0], "CMD") {
			t.Errorf("%s has no health check", name)
		}
		if len(s.Volumes) == 0 {
			t.Errorf("%s keeps nothing", name)
		}
		for _, v := range s.Volumes {
			volume, _, _ := strings.Cut(v, ":")
			if _, ok := c.Volumes[volume]; !ok {
				t.Errorf("%s: volume %q is not among the named ones", name, v)
			}
		}
		for dependency, d := range s.DependsOn {
			if d.Condition != "service_healthy" {
				t.Errorf("%s waits for %s until it is %q, not healthy", name, dependency, d.Condition)
			}
			if profiles := c.Services[dependency].Profiles; !slices.Equal(profiles, s.Profiles) {
				t.Errorf("%s of %v waits for %s, which is only there with %v", name, s.Profiles, dependency, profiles)
			}
		}
		for _, secret := range s.Secrets {
			if c.Secrets[secret].File == "" {
				t.Errorf("%s: secret %s is nowhere", name, secret)
			}
		}
		for _, config := range s.Configs {
			if _, ok := c.Configs[config.Source]; !ok {
				t.Errorf("%s: config %s is nowhere", name, config.Source)
			}
		}
	}
	dockerfile, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range regexp.MustCompile(`(?m)^FROM (\S+)`).FindAllStringSubmatch(string(dockerfile), -1) {
		if !pinned.MatchString(from[1]) {
			t.Errorf("Dockerfile: image %q is not of one version", from[1])
		}
	}
}

// environ is a service's environment as the process would see it, with its secrets in a folder of the test. Changes stand for what a test cannot have: names of other
// containers, the folder of the volume. What Docker fills in from outside is empty.
func (s composeService) environ(t *testing.T, changes map[string]string) []string {
	t.Helper()
	secrets := t.TempDir()
	for _, name := range s.Secrets {
		if err := os.WriteFile(filepath.Join(secrets, name), []byte(name+"-of-the-test\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := maps.Clone(s.Environment)
	maps.Copy(env, changes)
	var out []string
	for name, value := range env {
		if !strings.HasPrefix(value, "${") {
			out = append(out, name+"="+strings.ReplaceAll(value, "/run/secrets", secrets))
		}
	}
	return out
}

// composed are the services that run contextd, with the vector store that each depends on.
func composed(t *testing.T, c composeFile) map[string]composeService {
	out := map[string]composeService{}
	for name, s := range c.Services {
		if s.Build != "" {
			out[name] = s
		}
	}
	if len(out) != 2 {
		t.Fatalf("%d services are built from here, want one on Qdrant and one on PostgreSQL", len(out))
	}
	return out
}

// Every setting of the compose file is one that the program knows, in the form that it wants, and names a service of the same file.
func TestComposeSettings(t *testing.T) {
	c := readCompose(t)
	for name, s := range composed(t, c) {
		cfg, err := loadConfig(sources{Environ: s.environ(t, nil)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for variable := range s.Environment {
			known := variable == "PGPASSWORD" // read by the driver
			for _, o := range cfg.origins {
				known = known || string(o) == variable || strings.HasPrefix(string(o), variable+" ") // a secret's origin names its file, too
			}
			if !known {
				t.Errorf("%s: %s sets nothing", name, variable)
			}
		}
		host := regexp.MustCompile(`^[a-z]+://(?:[a-z]+@)?([a-z]+):\d+`).FindStringSubmatch(cfg.Vectors.URL)
		if host == nil {
			t.Errorf("%s: vectors.url %q names no host", name, cfg.Vectors.URL)
		} else if _, waits := s.DependsOn[host[1]]; !waits {
			t.Errorf("%s: vectors.url is at %s, which it does not wait for", name, host[1])
		}
		if !slices.ContainsFunc(s.Volumes, func(v string) bool { return strings.HasSuffix(v, ":"+cfg.DataDir) }) {
			t.Errorf("%s: data_dir %s is in no volume: %v", name, cfg.DataDir, s.Volumes)
		}
		if cfg.HubSpot.Token == "" || cfg.HubSpot.ClientSecret == "" {
			t.Errorf("%s: the secrets do not arrive", name)
		}
		if probe := strings.Join(s.Healthcheck.Test, " "); !strings.HasSuffix(probe, cfg.Server.Listen[strings.LastIndex(cfg.Server.Listen, ":"):]+"/readyz") {
			t.Errorf("%s listens on %s and is probed by %s", name, cfg.Server.Listen, probe)
		}
	}
}

// The lines that the file tells to add for Ollama are settings that the program knows, and name the service and a model that it fetches.
func TestComposeOllama(t *testing.T) {
	raw, err := os.ReadFile("../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	c := readCompose(t)
	for name, s := range composed(t, c) {
		environ := s.environ(t, nil)
		for _, line := range regexp.MustCompile(`(?m)^#   (CONTEXTD_MODEL__[A-Z_]+=\S+)$`).FindAllStringSubmatch(string(raw), -1) {
			environ = append(environ, line[1])
		}
		cfg, err := loadConfig(sources{Environ: environ})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		host := regexp.MustCompile(`^http://([a-z]+):11434$`).FindStringSubmatch(cfg.Model.BaseURL)
		if cfg.Model.Provider != "ollama" || host == nil {
			t.Fatalf("%s: the model is %+v", name, cfg.Model)
		}
		if pull := c.Services[host[1]].Environment["PULL"]; !strings.Contains(pull, ":-"+cfg.Model.Model+"}") {
			t.Errorf("%s: the model %s is not among those that %s fetches: %q", name, cfg.Model.Model, host[1], pull)
		}
	}
}

// The program starts with each service's environment, on the store that it names, and says that it is ready.
func TestComposeStarts(t *testing.T) {
	sim := hubsim.New(hubsim.Options{Portal: 7})
	simListener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	simulating := runSimulator(ctx, sim, simListener)
	t.Cleanup(func() {
		stop()
		if err := <-simulating; err != nil {
			t.Error(err)
		}
	})
	for name, s := range composed(t, readCompose(t)) {
		t.Run(name, func(t *testing.T) {
			url := s.Environment["CONTEXTD_VECTORS__URL"]
			switch scheme, _, _ := strings.Cut(url, ":"); scheme {
			case "qdrant":
				url = "qdrant://" + qdranttest.Start(t)
			case "postgres":
				url = pgtest.Start(t, os.Getenv, 18)
			default:
				t.Fatalf("no store for %s here", url)
			}
			startComposed(t, s.environ(t, map[string]string{
				"CONTEXTD_VECTORS__URL": url, "CONTEXTD_DATA_DIR": t.TempDir(), "CONTEXTD_SERVER__LISTEN": "127.0.0.1:0", "CONTEXTD_SERVER__ADMIN_LISTEN": "127.0.0.1:0",
				"CONTEXTD_HUBSPOT__BASE_URL": "http://" + simListener.Addr().String(), "CONTEXTD_HUBSPOT__PORTAL_ID": "7",
			}))
		})
	}
}

// startComposed runs contextd serve until it says that it is ready, asks what Docker would ask, and stops it.
func startComposed(t *testing.T, environ []string) {
	ctx, stop := context.WithCancel(t.Context())
	log, stderr := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"serve"}, environ, nil, io.Discard, stderr, allCommands())
		stderr.Close() // never fails
		ended <- err
	}()
	ready := ""
	for lines := bufio.NewScanner(log); ready == "" && lines.Scan(); {
		var entry struct{ Msg, Listen string }
		if json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Msg == "contextd is ready" {
			ready = entry.Listen
		} else {
			t.Log(lines.Text())
		}
	}
	go io.Copy(io.Discard, log) // ends when the program closes its side
	if ready != "" {
		if res, err := http.Get(ready + "/readyz"); err != nil {
			t.Error(err)
		} else {
			if res.StatusCode != http.StatusOK {
				t.Errorf("/readyz says %s", res.Status)
			}
			if err := res.Body.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	stop()
	if err := <-ended; err != nil || ready == "" {
		t.Errorf("ready at %q, ended with %v", ready, err)
	}
}
