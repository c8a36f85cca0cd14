package prompts

import (
	"embed"
	"encoding/json"
	"fmt"
)

//go:embed */workflow.yaml */README.md */prompt@*.md */output.schema.json */golden/*.yaml
var builtin embed.FS

// alreadyRead is what the workflow.yaml of each built-in workflow says, by name, as JSON without zero values: reading that takes a fraction of the time of reading YAML, at every start. A test
// makes it and compares.
//
//go:embed builtin.json
var alreadyRead []byte

// Builtin loads the workflows that contextd brings along. What takes long and only finds mistakes (reading their YAML, compiling their schemas, checking and rendering them, reading their golden cases) is left to
// the tests, which Load them; the cases are read when somebody asks for them.
func Builtin() ([]Workflow, error) {
	var read map[string]Workflow
	if err := json.Unmarshal(alreadyRead, &read); err != nil {
		return nil, fmt.Errorf("the built-in workflows: %w", err)
	}
	return load(builtin, read)
}
