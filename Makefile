# Everything is run from here, by people and by .ci/run alike.

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
INSTALLED := .venv/.installed
# What the benchmarks compare with, in an environment of its own.
PEERS := .venv-bench/.installed
# Tests wait for servers and processes of their own: one worker more than there are cores.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')

export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Containers like to set it. Nothing is compiled ahead here, so every process would compile what it imports, every time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint check format dictionary bench lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## two simulated campaigns of 45 and 52 days, from the platforms' double to a leaderboard; no credentials
	@$(BIN)/campaign demo $(ARGS)

test: $(INSTALLED) ## run the tests (ARGS="tests/registry -x" narrows them)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(INSTALLED) ## check style and types
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

check: lint test ## lint, then test

format: $(INSTALLED) ## rewrite the code in the house style
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

dictionary: $(INSTALLED) ## write docs/data-dictionary.md anew, after a change of the SQL
	@$(BIN)/python -m warehouse.data_dictionary docs/data-dictionary.md

bench: $(INSTALLED) $(PEERS) ## measure speed and memory, against dlt too (ARGS="--quick", "--all", "--only growth"; docs/benchmarks.md)
	@$(BIN)/python -m benchmarks $(ARGS)

# Stamped last: an interrupted installation is done again. -qq leaves pip its errors only; what is imported is
# compiled then, all the rest never.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; $(PYTHON) is missing or older. Try: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) has no venv module; install it (on Debian and Ubuntu: apt-get install python3-venv)" >&2; exit 1; }
	@echo "Building .venv from requirements.lock (a minute or so) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --no-input --no-deps --no-compile --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --no-input --no-deps --no-build-isolation -e .
	@touch $@

$(PEERS): benchmarks/requirements.lock
	@echo "Building .venv-bench from benchmarks/requirements.lock ..."
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -m pip install -qq --no-input --no-deps --no-compile --require-hashes -r benchmarks/requirements.lock
	@touch $@

# uv reads its own settings, not pip's: where packages come from a mirror, set them for uv as well.
lock: ## choose the newest versions that pyproject.toml allows and pin them, and the benchmarks' peers
	@set -eu; tools=$$(mktemp -d); trap 'rm -rf "$$tools"' EXIT; \
	$(PYTHON) -m venv "$$tools"; \
	"$$tools/bin/python" -m pip install -qq --no-input uv; \
	"$$tools/bin/uv" pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--extra dev --no-header --no-annotate pyproject.toml -o requirements.lock; \
	"$$tools/bin/uv" pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate benchmarks/requirements.in -o benchmarks/requirements.lock; \
	echo "requirements.lock and benchmarks/requirements.lock are written; run: make check"

clean: ## remove .venv, .venv-bench and caches; data/ is kept
	@rm -rf .venv .venv-bench build *.egg-info .pytest_cache .hypothesis .ruff_cache .mypy_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
