# make demo   set up, run the main scenario, show what happened
# make test   set up, run every test (test-large: those that compile the engine anew, minutes each)
# make bench  set up, measure how fast it is (ten minutes; bench-large: 10 million users, 9 GiB)
#
# Needs Python 3.11 to 3.13 and make; everything else goes into .venv/.
# Another interpreter: make demo PYTHON=/path/to/python3.12

PYTHON ?=
SCENARIO ?= scenarios/zero_followers.yaml
# More options for the run, such as ARGS="--seed 7".
ARGS ?=
# Two workers pay for themselves; more cost memory, each loads the compiled code. A file stays with
# one of them, so what its tests share is made once; tests/conftest.py says which file is first.
WORKERS ?= 2
SPREAD := -n $(WORKERS) --dist loadfile --no-loadscope-reorder

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SETTINGS := pyproject.toml constraints.txt

.PHONY: help demo test test-large bench bench-large check format docs clean

help:
	@sed -n '1,6s/^# \{0,1\}//p' Makefile

demo: .venv/installed
	@$(BIN)/foryou run "$(SCENARIO)" $(ARGS)

test: .venv/installed-dev
	@$(BIN)/python -m pytest $(SPREAD) -m "not large"

test-large: .venv/installed-dev
	@$(BIN)/python -m pytest -m large tests

# More options, such as ARGS="--only whole --users 100k" or ARGS="--stored --write-docs".
bench: .venv/installed-dev
	@$(BIN)/python tests/bench/run.py $(ARGS)

bench-large: .venv/installed-dev
	@$(BIN)/python tests/bench/run.py --only whole --users 10m $(ARGS)

check: .venv/installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: .venv/installed-dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: .venv/installed-dev
	@$(BIN)/python docs/make_reference.py

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find sim tests docs -name __pycache__ -prune -exec rm -rf {} +

# The stamps are older than the settings when these change, so that a later call installs again.
.venv/installed: $(SETTINGS) | .venv/bin/python
	@echo "Installing what foryou needs into .venv (the first time takes a minute or two)"
	@$(PIP) install --constraint constraints.txt --editable .
	@touch $@

.venv/installed-dev: $(SETTINGS) | .venv/bin/python
	@echo "Installing what foryou and its tests need into .venv (the first time takes a minute or two)"
	@$(PIP) install --constraint constraints.txt --editable ".[dev]"
	@touch $@ .venv/installed

# The first of these that starts, has a version we test, and can make environments.
.venv/bin/python:
	@usable='import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'; \
	for python in "$(PYTHON)" python3 python3.13 python3.12 python3.11 python; do \
	    [ -n "$$python" ] || continue; \
	    if "$$python" -c "$$usable" >/dev/null 2>&1; then \
	        echo "Making .venv with $$("$$python" --version)"; \
	        "$$python" -m venv --clear .venv && exit 0; \
	        exit 1; \
	    fi; \
	    [ -z "$(PYTHON)" ] || break; \
	done; \
	echo "foryou needs Python 3.11, 3.12 or 3.13 with the venv module, and found none." >&2; \
	python="$(PYTHON)"; python="$${python:-python3}"; \
	echo "Tried $$python: $$("$$python" --version 2>/dev/null || echo 'it does not start')." >&2; \
	echo "Install one of them (on Debian and Ubuntu: python3 and python3-venv), or name it:" >&2; \
	echo "    make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; \
	exit 1
