package prompts

import "testing"

func TestBuiltinWorkflowsLoad(t *testing.T) {
	ws, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	if len(ws) != 3 {
		t.Fatalf("%d workflows, want 3", len(ws))
	}
}
