# lbha: make demo shows it, make test proves it. `make help` lists the rest.

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
FUZZTIME ?= 3s
# Random schedules of the election's simulator, in `make soak`.
SCHEDULES ?= 1000000

LAB := bin/lab
# The drills run in a kernel with IPVS: this one when it has it, another one in a process of its own when not.
IN_KERNEL := $(CURDIR)/$(LAB) exec --auto --
# Drills that need no IPVS run in namespaces of this kernel, which is faster.
IN_NAMESPACES := $(CURDIR)/$(LAB) exec --native --

export CGO_ENABLED := 0

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: build
build: bin/lbha ## one static binary: bin/lbha

.PHONY: bin/lbha
bin/lbha:
	@go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o $@ ./cmd/lbha

.PHONY: $(LAB)
$(LAB):
	@go build -o $@ ./test/netns/cmd/lab

.PHONY: demo
demo: bin/lbha $(LAB) ## watch a pair fail over, step by step, with what was measured
	@$(LAB) demo

.PHONY: lab
lab: bin/lbha $(LAB) ## leave the pair up and open a shell in it
	@$(LAB) play

.PHONY: test
test: check unit fuzz drills ## everything: formatting, vet, staticcheck, tidy, unit tests, fuzz, drills
	@echo 'make test: all passed'

.PHONY: check
check: ## formatting, vet, staticcheck, go.mod
	@echo '== formatting'; out=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$out" || { echo "gofmt -w these:"; echo "$$out"; exit 1; }
	@echo '== go vet'; go vet -tags lab,labhost ./...
	@echo '== staticcheck'; go tool staticcheck -tags lab,labhost ./...
	@echo '== go.mod is tidy'; go mod tidy -diff

.PHONY: unit
unit: bin/setup ## unit tests, with the race detector
	@echo '== unit tests'; CGO_ENABLED=1 go test -race ./...

.PHONY: fuzz
fuzz: ## a short fuzz of each parser (FUZZTIME=3s)
	@echo '== fuzz, $(FUZZTIME) each'; test/fuzz $(FUZZTIME)

.PHONY: drills
drills: bin/setup bin/lbha ## the drills, on real kernels
	@$(MAKE) --no-print-directory -j2 --output-sync=target drills-in-namespaces drills-with-ipvs
	@echo '== nothing outlives the lab'; go test -tags labhost -count=1 ./test/netns/cmd/lab

.PHONY: drills-in-namespaces
drills-in-namespaces:
	@echo '== drills in namespaces'; LBHA=$(CURDIR)/bin/lbha go test -tags lab -count=1 -p 1 -exec '$(IN_NAMESPACES)' -run Lab $$(go list ./internal/... | grep -v /ipvs)
	@LBHA=$(CURDIR)/bin/lbha go test -tags lab -count=1 -exec '$(IN_NAMESPACES)' ./test/netns/drills/plain

.PHONY: drills-with-ipvs
drills-with-ipvs:
	@echo '== drills in a kernel with IPVS'; LBHA=$(CURDIR)/bin/lbha go test -tags lab -count=1 -p 1 -exec '$(IN_KERNEL)' ./internal/ipvs ./test/netns ./test/netns/drills

.PHONY: bin/setup
bin/setup: $(LAB)
	@$(LAB) setup

.PHONY: soak
soak: ## a long run of the election's simulator (SCHEDULES=1000000)
	@go test ./internal/vrrp -run Schedules -schedules $(SCHEDULES) -timeout 0 -v

.PHONY: clean
clean: ## remove what was built; the cache of packages stays
	@rm -rf bin
