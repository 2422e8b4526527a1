# make run: the app.  make test: everything that is tested.  Needs Python 3.11 to 3.13.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: run test lint format screenshot clean

run: $(VENV)/run.stamp  ## start the app on its embedded default, on this machine only; the address is printed
	$(BIN)/python -m streamlit run streamlit_app.py --server.address localhost $(ARGS)

test: $(VENV)/dev.stamp $(VENV)/browser.stamp lint  ## lint, types, import rules, and every test, the browser's included
	REQUIRE_BROWSER=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadgroup \
		--junit-xml test-results/junit.xml $(ARGS)

lint: $(VENV)/dev.stamp  ## what must hold before a commit
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev.stamp  ## rewrite the code as ruff wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

screenshot: $(VENV)/dev.stamp $(VENV)/browser.stamp  ## draw the picture in the README again
	$(BIN)/python -m tests.browser.screenshot docs/single-cell.png

clean:  ## forget the virtual environment and all caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache test-results

# Each stamp is younger than what it was made from, so a second run starts at once.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed: install one, or name it with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Python cannot make a virtual environment: on Debian and Ubuntu, apt-get install python3-venv"; exit 1; }

$(VENV)/run.stamp: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements.txt requirements-dev.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/run.stamp

$(VENV)/browser.stamp: $(VENV)/dev.stamp
	$(BIN)/python -m tests.browser.chromium
	@touch $@
