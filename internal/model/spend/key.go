package spend

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/model"
)

// asked is everything that an answer depends on.
type asked struct {
	Portal    crm.PortalID
	Model     string // who would answer, with everything that is the same in all requests: address, digest, temperature
	Workflow  string
	Template  crm.PromptRef
	System    string
	Prompt    string
	Schema    string
	MaxTokens int
}

// keyOf is the hash of a question. A repair differs from the first question by its prompt, two portals by themselves.
func keyOf(identity string, r model.Request) (string, error) {
	b, err := json.Marshal(asked{r.Subject.Portal, identity, r.Workflow, r.Template, r.System, r.Prompt, string(r.Schema), r.MaxTokens})
	if err != nil {
		return "", fmt.Errorf("key of a question: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}
