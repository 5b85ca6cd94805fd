# Two commands matter: `make demo` shows the main job, `make test` proves it. Both set themselves up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.run-installed
TEST := $(VENV)/.test-installed
CODE := src emulator tests tools benchmarks

.PHONY: demo test check format types imports derived derive bench matrix kill model lock clean setup

demo: $(RUN)
	@$(BIN)/defender365 demo

test: $(TEST)
	@$(BIN)/python -m pytest -n auto

check: $(TEST)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest -n auto
	$(BIN)/python -m coverage combine -q
	$(BIN)/python -m coverage report
	$(BIN)/python -m tools.derive --check

format: $(TEST)
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

derive: $(TEST)
	$(BIN)/python -m tools.derive

bench: $(TEST)
	$(BIN)/python -m benchmarks.run

# Runs every loop in every situation and writes the fault matrix into docs/connector.md.
matrix: $(TEST)
	$(BIN)/python -m tools.matrix --write

# Kills the connector thousands of times, at its requests and writes, and looks for what is lost.
kill: $(TEST)
	$(BIN)/python -m tests.kill.sweep --kills 3000 --seed 7

# A long search for a sequence that loses or doubles an alert; e.g. make model EXAMPLES=5000 SEED=7.
model: $(TEST)
	@$(BIN)/python -m tests.machine.long --examples $(or $(EXAMPLES),2000) --seed $(or $(SEED),1) --processes $(or $(PROCESSES),1)

setup: $(TEST)

# Rewrites the pinned, hashed sets from requirements/*.in; needs uv on the path.
lock:
	cd requirements && for set in run test google; do uv pip compile -q --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-header $$set.in -o $$set.txt; done

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=...")'
	@$(PYTHON) -m venv $(VENV)

$(RUN): $(BIN)/python requirements/run.txt pyproject.toml emulator/pyproject.toml
	@echo "Installing the pinned dependencies (once) ..."
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements/run.txt
	@$(BIN)/pip install -q --disable-pip-version-check --no-build-isolation --no-deps -e . -e emulator
	@touch $@

$(TEST): $(RUN) requirements/test.txt
	@echo "Installing the pinned test dependencies (once) ..."
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements/test.txt
	@# Microsoft's own KQL parser, where Node is: the tests say loudly when it is not there.
	@if command -v npm >/dev/null; then npm install --silent --no-save --no-package-lock --no-audit \
	  --no-fund --prefix $(VENV)/kusto @kusto/language-service-next@12.4.1 >/dev/null 2>&1 \
	  || echo "Microsoft's KQL parser could not be installed; its tests will be skipped."; fi
	@touch $@

clean:
	rm -rf $(VENV) .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
