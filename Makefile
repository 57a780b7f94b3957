# `make help` explains the targets. Each one installs what it needs: Debian packages (tools/setup/packages.txt), Node, npm packages.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

PREFIX ?= /usr/local
DESTDIR ?=

setup = export PATH="$$(tools/setup/node.sh):$$PATH"

.PHONY: help
help: ## Show this help
	@echo "kata-ts: OCI containers inside lightweight virtual machines"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: deps
deps:
	@tools/setup/install.sh build run

.PHONY: run
run: build ## Run a container in a VM: prints the guest's kernel, from inside
	@tools/run-demo.sh

.PHONY: build
build: deps ## Build programs, guest and configuration into out/
	@$(setup); node tools/build/all.mjs

.PHONY: test
test: build ## Run every test: types, lint, unit, native, sanitizers, fuzz, real VMs
	@tools/setup/install.sh test
	@$(setup); node tools/test/run.mjs

.PHONY: soak
soak: build ## Run and pipe for hours, and fail on growth; SOAK_SCALE=0.05 takes minutes
	@tools/setup/install.sh test
	@$(setup); npx vitest run --project soak

.PHONY: core-scheduling
core-scheduling: build ## Prove core scheduling on a kernel that has it; builds that kernel the first time
	@tools/setup/install.sh test core-scheduling
	@$(setup); npx vitest run --project core-scheduling

.PHONY: lint
lint: deps ## Check types, style, layers and unused code
	@$(setup); node tools/test/run.mjs --only lint

.PHONY: bench
bench: build ## Measure start, memory and throughput; writes docs/performance.md
	@tools/setup/install.sh test
	@$(setup); node bench/run.mjs

.PHONY: install
install: build ## Install below DESTDIR/PREFIX (default /usr/local)
	@$(setup); node tools/build/install.mjs --prefix "$(PREFIX)" --destdir "$(DESTDIR)"

.PHONY: clean
clean: ## Remove everything that was built (out/ and generated sources; the download cache stays in out/cache)
	@if [ -d out ]; then find out -mindepth 1 -maxdepth 1 ! -name cache ! -name toolchain -exec rm -rf {} +; fi
	@rm -rf src/wire/gen
