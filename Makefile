# `make run` and `make test` need nothing but Python 3.11 or newer: they set up .venv themselves.
# Another interpreter: make run PYTHON=python3.12.  More for the command: make run ARGS="--help".

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run test fast lint conformance support clean
.DELETE_ON_ERROR:

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

run: $(VENV)/installed  ## run the default scenario with the installed command
	@$(BIN)/vnetsim run $(ARGS)

test: $(VENV)/installed-test  ## run every test, slow ones too, and hold branch coverage
	$(BIN)/python -m pytest --cov --cov-report=term $(ARGS)

fast: $(VENV)/installed-test  ## run the tests that take moments, without coverage
	$(BIN)/python -m pytest -m "not slow" $(ARGS)

lint: $(VENV)/installed-test  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict simulator

conformance: $(VENV)/installed-test  ## write docs/reference/conformance.md anew from ../shared
	$(BIN)/python -m tests.conformance.report

support: $(VENV)/installed-test  ## write docs/reference/support.md anew from the registries
	$(BIN)/python -m tests.support.report

clean:  ## remove the environment and every cache
	rm -rf $(VENV) build dist .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find simulator tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Installed again only when pyproject.toml changes: the install is editable, so the sources need no step.
$(VENV)/installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/installed-test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	@touch $@ $(VENV)/installed

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "vnetsim needs Python 3.11 or newer, and '$(PYTHON)' is not on the PATH. Name one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; } >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "vnetsim needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; } >&2
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "no virtual environment could be made; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; } >&2
