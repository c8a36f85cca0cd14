package retrieval_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/evals/proctest"
	"github.com/contextd/contextd/internal/vector/pgvector/pgtest"
	"github.com/contextd/contextd/internal/vector/qdrant/qdranttest"
)

// postgresMajor is the version that the figures are of.
const postgresMajor = 18

// TestEvalBackEnds measures the sets that CONTEXTD_TEST_SETS names (separated as in PATH) with the real program on all three back ends: embedded, a real PostgreSQL that it starts,
// and Qdrant. Weights are learned without what is scored. The program holds the figures against the accepted ones, the goals and each other, and prints them. With
// CONTEXTD_TEST_ACCEPT it accepts them instead.
func TestEvalBackEnds(t *testing.T) {
	sets := filepath.SplitList(os.Getenv("CONTEXTD_TEST_SETS"))
	if len(sets) == 0 {
		t.Skip("CONTEXTD_TEST_SETS names no evaluation sets: make eval does, where there are some")
	}
	judge := "--gate --tolerance .01 --goals goals.tsv"
	if os.Getenv("CONTEXTD_TEST_ACCEPT") != "" {
		judge = "--accept"
	}
	args := append([]string{"eval", "retrieval", "--folds", "protocol", "--accepted", "accepted.tsv", "--vectors", "flat:"}, strings.Fields(judge)...)
	for _, s := range sets {
		args = append(args, "--set", s)
	}
	args = append(args, postgresPlace(t)...)
	args = append(args, qdrantPlace(t)...)
	cmd := exec.CommandContext(t.Context(), proctest.Build(t), args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
}

// postgresPlace is a new database, or nothing and a loud word where there is no server and none is required.
func postgresPlace(t *testing.T) []string {
	t.Helper()
	servers := &pgtest.Servers{Getenv: os.Getenv}
	t.Cleanup(func() {
		if err := servers.Stop(); err != nil {
			t.Error(err)
		}
	})
	if missing := servers.Missing(postgresMajor); missing != nil && os.Getenv("CONTEXTD_TEST") != "required" {
		fmt.Println("SKIPPED: nothing is measured on pgvector:", missing)
		return nil
	}
	return []string{"--vectors", "pgvector=" + servers.Database(t, postgresMajor)}
}

// qdrantPlace is the real server that CONTEXTD_TEST_QDRANT names, or the double in this process, which is called one in every figure.
func qdrantPlace(t *testing.T) []string {
	t.Helper()
	if addr := os.Getenv("CONTEXTD_TEST_QDRANT"); addr != "" {
		return []string{"--vectors", "qdrant=qdrant://" + addr}
	}
	double, err := qdranttest.New(qdranttest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(double.Close)
	fmt.Println("NO REAL QDRANT: qdrant-double is a server in the test's process that answers as a real one was observed to; CONTEXTD_TEST_QDRANT=host:port measures on a real one")
	return []string{"--vectors", "qdrant-double=qdrant://" + double.Addr()}
}
