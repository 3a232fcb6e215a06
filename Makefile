# Two commands: `make run` sets everything up and starts the site; `make test` runs the whole suite.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
METRICS := $(or $(DATA_DIR),var)/metrics

.PHONY: run setup test lint format clean

# The web processes add their metrics up through a folder that starts empty.
run: setup
	@rm -rf "$(METRICS)" && mkdir -p "$(METRICS)"
	@. $(BIN)/activate && exec env PROMETHEUS_MULTIPROC_DIR="$(METRICS)" honcho start --no-prefix

setup: $(VENV)/installed
	@$(BIN)/python manage.py setup

# MORE="-m long" adds options for pytest.
test: $(VENV)/installed-dev
	$(BIN)/python -m pytest $(MORE)

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	git ls-files -z 'templates/*.html' | xargs -0 --no-run-if-empty $(BIN)/djade --check --target-version 5.2

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	git ls-files -z 'templates/*.html' | xargs -0 --no-run-if-empty $(BIN)/djade --target-version 5.2

clean:
	rm -rf $(VENV)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.txt constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt -c constraints.txt
	@touch $@
