# Everything that people and CI do with this book. `make` alone lists the targets.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export PYTHON
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup book test pages pdf execute bench mutants lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## install the locked environment into .venv (needs a network once)

# A changed lock gets a new environment: pip would leave in the old one what the lock dropped.
$(STAMP): requirements.txt pyproject.toml
	python=$$(tools/find-python) && "$$python" -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --require-hashes --only-binary :all: -r requirements.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

book: setup ## build the book into _build/html, warnings are errors
	$(BIN)/python tools/build_book.py

test: setup ## lint, imports, types, unit tests, doctests, and every chapter against its stored outputs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/mypy tptools tools benchmarks
	$(BIN)/pytest --numprocesses auto --dist worksteal
	$(BIN)/pytest --numprocesses auto --dist loadfile --nbval --nbval-current-env book

pages: setup ## open every page of the built book in Chromium, print it, and look for faults
	$(BIN)/pytest -m pages --numprocesses 2 --dist loadfile tests/pages

pdf: setup ## print the built book into _build/pdf/book.pdf, with Chromium
	$(BIN)/python tools/print_book.py

execute: setup ## run chapters and store their text outputs (CHAPTERS="name ..." for some)
	$(BIN)/python tools/execute.py $(CHAPTERS)

bench: setup ## measure speed against other implementations
	$(BIN)/python -m benchmarks

mutants: setup ## put small faults into modules (MODULES="kmc.sweep ..." SEED=1 N=20) and list what no test notices
	$(BIN)/python tools/mutants.py --seed $(or $(SEED),1) --number $(or $(N),20) $(MODULES)

# 3.11.0, not 3.11: Debian 12 has 3.11.2, and some packages have left the first 3.11 releases behind.
lock: setup ## make requirements.txt from requirements.in (UPGRADE=--upgrade for newer versions)
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet $(UPGRADE) --universal --generate-hashes --python-version 3.11.0 \
		--custom-compile-command 'make lock' requirements.in -o requirements.txt

clean: ## remove what was built and cached (the environment stays)
	rm -rf _build .mypy_cache .pytest_cache .hypothesis .ruff_cache
	find tptools tests tools book -name __pycache__ -prune -exec rm -rf {} +
