package prompts

import "embed"

//go:embed */workflow.yaml */README.md */prompt@*.md */output.schema.json */golden/*.yaml
var builtin embed.FS

// Builtin loads the workflows that contextd brings along.
func Builtin() ([]Workflow, error) { return Load(builtin) }
