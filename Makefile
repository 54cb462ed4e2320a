# `make run` and `make test` are all that is needed; `make help` lists the rest.
PYTHON ?= python3
PORT ?= 8501
# Where the server listens; empty: localhost only
ADDRESS ?=
# Where to take torch from instead of the package index, e.g. https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=

VENV := .venv
BIN := $(VENV)/bin
APP := $(VENV)/.app-installed
TESTS := $(VENV)/.tests-installed

# One thread per test process: two processes share the machine (pytest -n 2), and results do not depend on its cores.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest
WORKERS := -n 2 --dist loadfile

.NOTPARALLEL:
.PHONY: help install run test lint types test-fast test-slow test-e2e chaos fuzz screenshots
.PHONY: bench bench-full bench-parity bench-ui bench-load results lock clean

help: ## list the targets
	@grep -E '^[a-z0-9-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

install: $(APP) ## make .venv with everything the app needs

run: $(APP) ## start the app on http://localhost:8501 (PORT=…, ADDRESS=0.0.0.0 for other machines)
	$(if $(ADDRESS),ULMFIT_HOSTS="$${ULMFIT_HOSTS:-*}") $(BIN)/python -m streamlit run app.py \
		--server.port $(PORT) $(if $(ADDRESS),--server.address $(ADDRESS))

test: lint types test-fast test-slow test-e2e ## everything, in this order

lint: $(TESTS) ## style, formatting, the Dockerfile
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/hadolint Dockerfile

types: $(TESTS) ## static types
	$(BIN)/mypy

test-fast: $(TESTS) ## unit and page tests
	$(PYTEST) $(WORKERS) -m "not slow and not e2e"

test-slow: $(TESTS) ## real texts, real small trainings, worker processes
	$(PYTEST) $(WORKERS) -m "slow and not chaos"

test-e2e: $(TESTS) ## a real browser; needs Chromium (Debian, Ubuntu: apt-get install chromium)
	$(PYTEST) tests/e2e

chaos: $(TESTS) ## kill workers at fifty random moments; a quarter of an hour
	$(PYTEST) $(WORKERS) -m chaos

fuzz: $(TESTS) ## ten thousand hostile inputs for every property of tests/fuzz, and the record of it; an hour or two
	$(BIN)/python -m benchmarks.fuzz

screenshots: $(TESTS) ## pictures of every page into docs/screenshots; some minutes, needs Chromium
	$(BIN)/python -m tools.screenshots

bench: $(TESTS) ## speed against plain fastai, compact size, on a quiet machine; at most 45 minutes
	$(BIN)/python -m benchmarks.compare bench

bench-full: $(TESTS) ## the same at full size, more texts and repeats; hours, goes on where it was interrupted
	$(BIN)/python -m benchmarks.compare full

bench-parity: $(TESTS) ## the same training as plain fastai gives the same losses; at most 45 minutes
	$(BIN)/python -m benchmarks.compare parity

bench-ui: $(TESTS) ## how fast the app answers, on a quiet machine; a quarter of an hour, needs Chromium
	$(BIN)/python -m benchmarks.ui

bench-load: $(TESTS) ## many visitors at once, on a quiet machine; ten minutes, needs Chromium
	$(BIN)/python -m benchmarks.load

quality: $(TESTS) ## accuracy and perplexity of the models and of what costs less; hours, goes on where it was interrupted
	$(BIN)/python -m benchmarks.quality

labels: $(TESTS) ## accuracy with 50 to 2,000 labels; hours, goes on where it was interrupted, needs Chromium
	$(BIN)/python -m benchmarks.labels

results: $(TESTS) ## render docs/results.md and the shipped cards from the records in benchmarks/results
	$(BIN)/python -m benchmarks.render
	$(BIN)/python -m benchmarks.cards

lock: $(TESTS) ## write the versions installed in .venv to requirements*.txt
	$(BIN)/python tools/lock.py

clean: ## remove .venv and caches; never touches models or data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

$(APP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name it with: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
ifneq ($(TORCH_INDEX),)
	$(BIN)/python -m pip install --no-deps --index-url $(TORCH_INDEX) $$(grep -E '^torch(vision)?==' requirements.txt)
endif
	$(BIN)/python -m pip install -r requirements.txt
	$(BIN)/python -m pip install --no-deps --no-build-isolation -e .
	@touch $@

$(TESTS): $(APP) requirements-test.txt
	$(BIN)/python -m pip install -r requirements-test.txt
	@touch $@
