# `make run` sets everything up and starts the site; `make demo` starts a site with a finished campaign of simulated
# people in it. `make test` runs the suite, `make check` everything else that has to be right before a commit.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
METRICS := $(or $(DATA_DIR),var)/metrics

.PHONY: run setup demo test test-js test-long check lint lint-js migrations production schema format clean

# The web processes add their metrics up through a folder that starts empty.
run: setup
	@rm -rf "$(METRICS)" && mkdir -p "$(METRICS)"
	@. $(BIN)/activate && exec env PROMETHEUS_MULTIPROC_DIR="$(METRICS)" honcho start --no-prefix

setup: $(VENV)/installed
	@$(BIN)/python manage.py setup

# In a folder and at an address of its own, so that it can run beside the real site. MNIST is taken over if it is there.
demo: export DATA_DIR ?= var/demo
demo: export BIND ?= 127.0.0.1:8010
demo: export SITE_URL ?= http://$(BIND)
demo: export DADC_MNIST_DIR ?= $(wildcard var/base_data)
demo: $(VENV)/installed
	@. $(BIN)/activate && exec python manage.py demo $(MORE)

# One process a core, unless WORKERS says otherwise. MORE="tests/test_rules.py -k votes" adds options for pytest.
WORKERS ?= auto
test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(MORE)

# The tests that take minutes, one after the other: they use all cores by themselves.
test-long: $(VENV)/installed-dev
	$(BIN)/python -m pytest -m long $(MORE)

check: lint lint-js test-js migrations production schema

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	git ls-files -z 'templates/*.html' | xargs -0 --no-run-if-empty $(BIN)/djade --check --target-version 5.2

# Models and migrations agree.
migrations: $(VENV)/installed-dev
	$(BIN)/python manage.py makemigrations --check --dry-run

# Django's checks of a site on the internet.
production: $(VENV)/installed-dev
	SITE_URL=https://dadc.example.org ALLOWED_HOSTS=dadc.example.org \
		$(BIN)/python manage.py check --deploy --fail-level WARNING

# The API's description is complete and valid.
schema: $(VENV)/installed-dev
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null

# The JavaScript's checks come from npm, which the site itself never needs.
lint-js:
	@if command -v npm >/dev/null; then \
	    { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --silent --no-audit --no-fund; } && \
	    npx biome ci --error-on-warnings; \
	else echo "The JavaScript is not linted: there is no npm here."; fi

test-js:
	@if command -v node >/dev/null; then node --test --test-reporter=spec tests/js/*.test.js; \
	else echo "The JavaScript is not tested: there is no node here."; fi

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
