# Every target works on a fresh machine with Go alone; what needs more says so and skips loudly, or fails when CONTEXTD_TEST=required.
GO ?= go
EVAL_DATA ?=
# Of the attacks, every EVERY-th; 1: all of them.
EVERY ?= 1
EVAL_SETS ?= ../shared/data/retrieval
KILLS ?= 200
EVENTS ?= 10000
FUZZTIME ?= 30s
PORTALS ?= 1000
UPDATE ?=
export CGO_ENABLED ?= 0

.PHONY: all build test check lint bench eval calibration reliability fuzz demo-check

all: check test

build:
	$(GO) build -trimpath -o bin/contextd ./cmd/contextd

test:
	$(GO) test ./...

# Formatting, vet, linters, the import table, and a tidy module.
check:
	@test -z "$$(gofmt -l cmd indexer retriever engine prompts internal)" || { gofmt -l cmd indexer retriever engine prompts internal; echo "gofmt: these files are not formatted"; exit 1; }
	$(GO) vet ./...
	cd internal/bench && $(GO) vet . && $(GO) test . && $(GO) mod tidy -diff
	$(GO) test ./internal/archtest
	$(GO) mod tidy -diff
	@if command -v golangci-lint >/dev/null 2>&1; then golangci-lint run ./...; \
	elif [ "$$CONTEXTD_TEST" = required ]; then echo "golangci-lint is required and missing"; exit 1; \
	else echo "SKIPPED: golangci-lint is not installed"; fi

# Speed, as ratios measured side by side in one run, and what was missed. Leave the machine alone meanwhile.
bench:
	cd internal/bench && $(GO) test -count=1 -timeout 60m -run '^$$' -bench . -benchtime 1x .

# Retrieval against the accepted figures and the goals: on the sets in EVAL_SETS, which are not part of the repository, where they are there, on all three back ends, whose
# figures must agree; on the set of our own always. Then the mail measures, and the attacks of the safety set, where EVAL_DATA names their data.
eval: build
	@sets="$$(for f in $(EVAL_SETS)/*/corpus.jsonl; do [ -e $$f ] && printf '%s:' "$$(cd $$(dirname $$f) && pwd)"; done)"; \
	if [ -n "$$sets" ]; then CONTEXTD_TEST_SETS="$${sets%:}" $(GO) test -count=1 -v -timeout 30m -run '^TestEvalBackEnds$$' ./internal/evals/retrieval; \
	else echo "SKIPPED: no evaluation sets in $(EVAL_SETS): only the set of our own is measured"; fi
	bin/contextd eval retrieval --set internal/evals/retrieval/testdata/own --gate
	bin/contextd eval retrieval --set internal/evals/retrieval/testdata/own --mode pipeline --gate
	bin/contextd eval similar --gate
	bin/contextd eval workflows --gate
	bin/contextd eval backtest --gate
	@if [ -z "$(EVAL_DATA)" ] || [ ! -d "$(EVAL_DATA)" ]; then echo "SKIPPED: the mail measures and the attacks of the safety set need EVAL_DATA=DIR; they were not made"; \
	else CONTEXTD_TEST_DATA="$(abspath $(EVAL_DATA))" CONTEXTD_TEST_EVERY=$(EVERY) $(GO) test -count=1 -v -timeout 60m -run 'TestEval' ./internal/evals/...; fi

# Error budgets in simulated portals, against the figures in docs; UPDATE=-update writes those anew.
calibration:
	CONTEXTD_TEST_PORTALS=$(PORTALS) $(GO) test -count=1 -v -timeout 60m -run '^TestTheBudgetHolds$$' ./internal/evals/calibration $(UPDATE)

# Kills the real binary again and again, between real events and among writes on their way, and counts what was lost or doubled; then the other promises about writes, each
# with its control: people's edits that race with ours, storms that are stopped, batches that fail in part. One line of JSON for each run.
reliability: build
	CONTEXTD_TEST_KILLS=$(KILLS) $(GO) test -count=1 -v -timeout 10m -run '^(TestNoHumanEditIsLost|TestStormsAreStopped|TestMixedReads|TestMixedWrites)$$' ./cmd/contextd ./internal/hubspot
	CONTEXTD_TEST_KILLS=$(KILLS) CONTEXTD_TEST_EVENTS=$(EVENTS) $(GO) test -count=1 -v -timeout 60m -run 'TestReliability' ./internal/evals/reliability

# Every fuzz target for FUZZTIME each.
fuzz:
	@set -e; for target in FuzzWebhookBody:./internal/hubspot FuzzSignature:./internal/hubspot FuzzHTMLToText:./indexer FuzzChunk:./indexer FuzzReply:./engine FuzzBody:./engine FuzzFind:./internal/redact; do \
	  echo "== $$target"; $(GO) test -run '^$$' -fuzz "^$${target%%:*}$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x $${target#*:}; done

# The demo, to its end, judged by its own counts; then once more as a program that is opened in a browser and stopped.
demo-check:
	$(GO) test -count=1 -v -run '^TestDemo' ./cmd/contextd
