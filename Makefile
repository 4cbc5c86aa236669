# Everything that one does with the project; `make help` lists it. Needs bash, make and Python 3.11 to 3.14, nothing else.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	"$$p" -c '$(FITS)' 2>/dev/null && { echo "$$p"; break; }; done)

# More for pytest: make test ARGS="-k calendar -x"
ARGS ?=

.PHONY: help
help: ## list what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | sort | while IFS=$$'\t' read -r name about; do \
		printf '  make %-10s %s\n' "$$name" "$$about"; done

.PHONY: demo
demo: .venv/installed ## the whole system with a demonstration province, on http://127.0.0.1:8000
	@$(BIN)/ktxh demo $(ARGS)

.PHONY: test
test: .venv/installed ## all tests; uses PostgreSQL and RabbitMQ where they run, else starts its own
	@$(BIN)/python -m pytest $(ARGS)

.PHONY: lint
lint: .venv/installed ## style, types and who may import whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

.PHONY: check
check: lint test ## what has to pass before anything is merged

.PHONY: bench
bench: .venv/installed ## measure, side by side, as a table and as JSON
	@$(BIN)/python -m tests.bench $(ARGS)

.PHONY: fmt
fmt: .venv/installed ## put the code into its usual form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: lock
lock: .venv/uv ## resolve the dependencies anew into requirements.lock (ARGS=--upgrade takes newer ones)
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
		--group dev pyproject.toml --output-file requirements.lock $(ARGS)

.PHONY: setup
setup: .venv/installed ## make .venv with the locked dependencies (the others do it by themselves)

.PHONY: clean
clean: ## remove .venv and caches; data in .ktxh stay
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './web/node_modules/*' -prune -exec rm -rf {} +

# ------------------------------------------------------------------ set-up

.venv/installed: .venv/synced pyproject.toml
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable . \
		|| $(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

# uv is quick; where only pip is told how to reach the packages, pip does the same.
.venv/synced: .venv/uv requirements.lock
	@echo "Installing the dependencies …"
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock \
		|| $(BIN)/python -m pip install --quiet --no-deps --require-hashes --requirement requirements.lock
	@touch $@

.venv/uv:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11, 3.12, 3.13 or 3.14 is needed, and was not found." >&2; \
		echo "Debian, Ubuntu: apt install python3 python3-venv. Elsewhere: make PYTHON=/path/to/python3" >&2; exit 1; fi
	@$(PYTHON) -c '$(FITS)' || { echo "$(PYTHON) is $$($(PYTHON) --version); 3.11 to 3.14 are supported" >&2; exit 1; }
	@echo "Making .venv with $$($(PYTHON) --version) …"
	@if $(PYTHON) -c 'import ensurepip' 2>/dev/null; then $(PYTHON) -m venv --clear .venv; \
	elif command -v uv >/dev/null; then uv venv --quiet --clear --seed --python $(PYTHON) .venv; \
	elif command -v virtualenv >/dev/null; then virtualenv --quiet --clear --python $(PYTHON) .venv; \
	else \
		echo "This Python can't make virtual environments: its ensurepip is missing." >&2; \
		echo "Debian, Ubuntu: apt install python3-venv. Then run make again." >&2; exit 1; fi
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.8'
	@touch $@
