# Everything runs in a virtual environment of the project's own; `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
WORKERS ?= 2

# What is compiled is kept, whatever the machine's habit: the tests start the program over a thousand times.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test lint types layers collect check attack fuzz faults outages soak cluster cluster-trial bench audit sbom lock format clean

help:  ## What can be made
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

demo: $(VENV)/.runtime  ## The whole line on a bundled CRM, no set-up
	@$(BIN)/webhook-engine demo

test:  ## The gate: style, types, layers, tests, packaging
	@$(MAKE) --no-print-directory $(VENV)/.tests
	@$(MAKE) --no-print-directory --jobs 2 types lint layers audit collect
	@$(MAKE) --no-print-directory check

lint: $(VENV)/.tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.tests
	$(BIN)/mypy

layers: $(VENV)/.tests
	$(BIN)/lint-imports --no-cache

# Beside the types, which take one processor: what a run of tests compiles, each of its workers would by itself.
collect: $(VENV)/.tests
	@$(BIN)/python -m pytest --collect-only -qq >/dev/null || $(BIN)/python -m pytest --collect-only -qq

# Spread by file: the tests of one file share processes and servers. In the order of tests/conftest.py: xdist's own
# begins with the files of many tests, which are those of quick ones.
check: $(VENV)/.tests
	@sh tests/tools/install-servers.sh
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered --cov-fail-under=92

attack: $(VENV)/.tests  ## Hostile clients and targets in earnest: thousands of connections, every wrong key: some minutes
	WEBHOOK_ENGINE_ATTACK=1 HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest tests/attack

FUZZ_SECONDS ?= 150

fuzz: $(VENV)/.tests  ## Each reader, led by the lines that an input reaches, for FUZZ_SECONDS; half an hour
	@$(LOCKED) requirements/fuzz.txt
	$(BIN)/python -m tests.attack.fuzz --seconds $(FUZZ_SECONDS)

faults: $(VENV)/.tests  ## Real processes, ended fifty times in every way under load: some minutes
	WEBHOOK_ENGINE_ENDS=50 WEBHOOK_ENGINE_RESTARTS=20 $(BIN)/python -m pytest tests/faults tests/cluster

outages: $(VENV)/.tests  ## PostgreSQL restarted every 5 to 40 s under two workers for ten minutes, and gone for one
	WEBHOOK_ENGINE_OUTAGES_S=600 $(BIN)/python -m pytest -rP tests/cluster/test_outages.py

SOAK_MINUTES ?= 60

soak: $(VENV)/.tests  ## The same for an hour or SOAK_MINUTES, and the files' own kills; tells what it counted
	WEBHOOK_ENGINE_ENDS=100000 WEBHOOK_ENGINE_SECONDS=$$(($(SOAK_MINUTES) * 15)) \
	  WEBHOOK_ENGINE_QUEUE_KILLS=$$(($(SOAK_MINUTES) * 5)) WEBHOOK_ENGINE_STORE_KILLS=$$(($(SOAK_MINUTES) * 5)) \
	  $(BIN)/python -m pytest -rP tests/faults/test_ends.py tests/queue/test_durability.py tests/store/test_kill.py

cluster: $(VENV)/.tests  ## PostgreSQL, NATS, two workers and the console on loopback, until Ctrl-C
	@$(BIN)/python -m deploy.loopback up

cluster-trial: $(VENV)/.tests  ## Hands it 100,000 events while a worker and a NATS node are killed, and accounts for each
	@$(BIN)/python -m deploy.loopback trial

bench: $(VENV)/.bench  ## The figures of docs/performance.md, as ratios
	$(BIN)/python -m benchmarks

audit: $(VENV)/.tests  ## Known holes in what is installed; says so where nobody can be asked
	@sh requirements/audit.sh

sbom: $(VENV)/.tests  ## What the program brings along, as CycloneDX, in build/sbom.json
	@$(BIN)/python requirements/sbom.py build/sbom.json

lock:  ## Pin anew what is installed, from pyproject.toml; needs uv
	@sh requirements/lock.sh

format: $(VENV)/.tests  ## Put the source into the house's form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## Forget everything that was built
	rm -rf $(VENV) build dist .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "webhook-engine needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 …" >&2; exit 1; }
	@echo "Preparing $(VENV) (once) …"
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "$(PYTHON) cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(PIP) install --require-hashes --requirement requirements/pip.txt

# Pinned and with hashes; the program itself is built with what is pinned too, not with what is newest today.
LOCKED := $(PIP) install --require-hashes --requirement

$(VENV)/.runtime: pyproject.toml requirements/run.txt | $(VENV)/bin/python
	@$(LOCKED) requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.tests: requirements/tests.txt requirements/browser.txt $(VENV)/.runtime
	@$(LOCKED) requirements/tests.txt
	@$(LOCKED) requirements/browser.txt --no-deps
	@touch $@

$(VENV)/.bench: requirements/bench.txt $(VENV)/.tests
	@$(LOCKED) requirements/bench.txt
	@touch $@
