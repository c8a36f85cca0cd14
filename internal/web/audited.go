package web

// AuditVerified is what a comparison found: everything fits.
type AuditVerified struct {
	Entries int64  `json:"entries"`
	Root    string `json:"root"`    // of the tree, in base64
	Kept    int    `json:"kept"`    // checkpoints that were made here
	Outside int    `json:"outside"` // checkpoints that were given
	Key     string `json:"key"`     // public, of this installation

	Complete []AuditCount `json:"complete,omitempty"` // when it was asked for
}

// AuditCount counts one kind of row against the entries that tell of it.
type AuditCount struct {
	Kind    string   `json:"kind"`
	Rows    int      `json:"rows"`
	Entries int      `json:"entries"`
	Lacking int      `json:"lacking"`           // rows without an entry
	Surplus int      `json:"surplus"`           // entries without a row
	Missing []string `json:"missing,omitempty"` // the first of those rows
	Extra   []string `json:"extra,omitempty"`   // the first of those entries
	State   bool     `json:"state,omitempty"`   // rows are what holds now, such as a stop: entries about what has ended, or was said anew, since then are none too many
}

// AuditReplayed counts verdicts that were repeated. Those whose inputs were erased, or that are older than the keeping of inputs, are no faults.
type AuditReplayed struct {
	Verdicts int           `json:"verdicts"` // of the gate, as the audit tells
	Replayed int           `json:"replayed"` // whose inputs are kept
	Same     int           `json:"same"`     // that came out as they did then
	Erased   int           `json:"erased"`
	Unstated int           `json:"unstated"`
	Runs     int           `json:"runs"`
	Texts    AuditTexts    `json:"texts"`  // of the runs: prompts, replies and what was read
	Values   AuditTexts    `json:"values"` // that were to be written
	Last     int64         `json:"last"`   // number of the last entry that was looked at
	Faults   []AuditReplay `json:"faults"`
	Omitted  int           `json:"omitted"` // faults beyond those that are listed
}

// AuditTexts counts texts that entries name by their hashes.
type AuditTexts struct {
	Kept   int `json:"kept"`
	Erased int `json:"erased"`
}

// AuditReplay is one fault: a verdict that comes out otherwise now (different), or something that is altered or missing.
type AuditReplay struct {
	Seq      int64      `json:"seq"`
	Proposal string     `json:"proposal"`
	Change   string     `json:"change,omitempty"`
	Property string     `json:"property,omitempty"`
	Fault    string     `json:"fault"`
	What     string     `json:"what"` // verdict, inputs, prompt, reply or read
	Then     *AuditWord `json:"then,omitempty"`
	Now      *AuditWord `json:"now,omitempty"`
}

// AuditWord is what the gate said. Confidence and threshold are texts: either can be NaN.
type AuditWord struct {
	Verdict    string   `json:"verdict"`
	Would      bool     `json:"would"`
	Confidence string   `json:"confidence"`
	Threshold  string   `json:"threshold"`
	Reasons    []string `json:"reasons"`
}

// AuditCheckpoint is a signed head. Exported says whether it has left this machine; Problem why not.
type AuditCheckpoint struct {
	Size       int64  `json:"size"`
	Checkpoint string `json:"checkpoint"`
	Key        string `json:"key"`
	Exported   bool   `json:"exported"`
	Problem    string `json:"problem,omitempty"`
}
