package prompts

import "embed"

//go:embed */workflow.yaml */README.md */prompt@*.md */output.schema.json */golden/*.yaml
var builtin embed.FS

// Builtin loads the workflows that contextd brings along. What takes long and only finds mistakes (compiling their schemas, reading their golden cases) is left to the tests, which Load
// them; the cases are read when somebody asks for them.
func Builtin() ([]Workflow, error) { return load(builtin, true) }
