package prompts

import "embed"

//go:embed call_summary lead_score reply_draft
var builtin embed.FS

// Builtin loads the three workflows that contextd brings along: call_summary, lead_score and reply_draft.
func Builtin() ([]Workflow, error) { return Load(builtin) }
