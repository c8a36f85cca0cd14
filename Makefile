# Every target works on a fresh machine with Go alone; what needs more says so and skips loudly, or fails when CONTEXTD_TEST=required.
GO ?= go
EVAL_DATA ?=
KILLS ?= 200
EVENTS ?= 10000
FUZZTIME ?= 30s
export CGO_ENABLED ?= 0

.PHONY: all build test check lint bench eval reliability fuzz demo-check

all: check test

build:
	$(GO) build -trimpath -o bin/contextd ./cmd/contextd

test:
	$(GO) test ./...

# Formatting, vet, linters, the import table, and a tidy module.
check:
	@test -z "$$(gofmt -l cmd indexer retriever engine prompts internal)" || { gofmt -l cmd indexer retriever engine prompts internal; echo "gofmt: these files are not formatted"; exit 1; }
	$(GO) vet ./...
	$(GO) test ./internal/archtest
	$(GO) mod tidy -diff
	@if command -v golangci-lint >/dev/null 2>&1; then golangci-lint run ./...; \
	elif [ "$$CONTEXTD_TEST" = required ]; then echo "golangci-lint is required and missing"; exit 1; \
	else echo "SKIPPED: golangci-lint is not installed"; fi

# Speed, as ratios measured side by side in one run, and what was missed. Leave the machine alone meanwhile.
bench:
	$(GO) test -count=1 -timeout 30m -run '^$$' -bench . -benchtime 1x ./internal/evals/bench

# Retrieval and mail measures on evaluation sets, which are not part of the repository.
eval: build
	@if [ -z "$(EVAL_DATA)" ] || [ ! -d "$(EVAL_DATA)" ]; then echo "SKIPPED: make eval needs EVAL_DATA=DIR with the evaluation sets; nothing was measured"; \
	else CONTEXTD_TEST_DATA="$(abspath $(EVAL_DATA))" $(GO) test -count=1 -v -run 'TestEval' ./internal/evals/...; fi

# Kills the real binary again and again between real events and counts what was lost or doubled.
reliability: build
	CONTEXTD_TEST_KILLS=$(KILLS) CONTEXTD_TEST_EVENTS=$(EVENTS) $(GO) test -count=1 -v -timeout 40m -run 'TestReliability' ./internal/evals/reliability

# Every fuzz target for FUZZTIME each.
fuzz:
	@set -e; for target in FuzzWebhookBody:./internal/hubspot FuzzSignature:./internal/hubspot FuzzHTMLToText:./indexer FuzzChunk:./indexer FuzzReply:./engine; do \
	  echo "== $$target"; $(GO) test -run '^$$' -fuzz "^$${target%%:*}$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x $${target#*:}; done

# The demo, to its end, judged by its own counts; then once more as a program that is opened in a browser and stopped.
demo-check:
	$(GO) test -count=1 -v -run '^TestDemo' ./cmd/contextd
