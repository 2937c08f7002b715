# The commands of the project; `make` lists them. The environment is .venv (.venv-library for `make library`), Airflow's home .airflow, the lake data/lake.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LIBRARY := .venv-library
DUCKLAKE := .venv-ducklake
TESTS ?= tests
SIDE_BY_SIDE := --dist loadfile --no-loadscope-reorder # the files in the order of tests/conftest.py

# Some containers set it; every process of the tests and of Airflow would compile what it imports again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run up down up-scale down-scale test test-live test-browser test-scale test-ducklake library lint check docs env lock sbom audit clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 20

run: $(VENV)/.installed-run ## the sample news world through both DAGs, then the hottest records
	@$(BIN)/python -m deploy sample

up: $(VENV)/.installed-all ## a local Airflow in the background, with the sample world (LIVE=1: with data/sources.yaml)
	@$(BIN)/python -m deploy up $(if $(LIVE),--live)

down: ## stop all that `make up` started
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m deploy down; fi

up-scale: $(VENV)/.installed-all ## the Airflow of many machines on this one: PostgreSQL, Redis, S3 server, two Celery workers
	@$(BIN)/python -m deploy up --scale

down-scale: ## stop all that `make up-scale` started
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m deploy down --scale; fi

test: $(VENV)/.installed-all ## every test that starts no whole Airflow; those without their service skip and say why (TESTS=tests/unit: only these)
	$(BIN)/python -m pytest -n 3 $(SIDE_BY_SIDE) -m "not live and not scale" $(TESTS) # the third one fills the time in which others wait

test-live: $(VENV)/.installed-all ## hours, backfills and the daily round in a whole Airflow with its scheduler
	$(BIN)/python -m pytest -m "live and not browser" tests/integration/test_live_airflow.py

test-browser: $(VENV)/.installed-all ## the pages of a whole Airflow in Chromium; SCREENSHOTS=docs/images takes the pictures of the documentation
	$(BIN)/python -m pytest -m browser tests/integration/test_browser.py

test-ducklake: $(VENV)/.installed-all $(DUCKLAKE)/.installed ## the DuckLake catalogue, read by DuckDB's own extension
	$(BIN)/python -m pytest tests/integration/test_ducklake.py

test-scale: $(VENV)/.installed-all ## kill parts of the Airflow of many machines, compare the lake (SCALE=long: 200 sources, 24 hours, all failures)
	$(BIN)/python -m pytest -m scale tests/integration/test_scale.py tests/integration/test_week_in_redis.py

library: $(LIBRARY)/.installed ## the library's tests in an environment without Airflow, with the share of its lines that they run
	@! $(LIBRARY)/bin/python -c "import airflow" 2>/dev/null || { echo "$(LIBRARY) has Airflow: make clean, and again"; exit 1; }
	$(LIBRARY)/bin/python -m pytest -n 2 $(SIDE_BY_SIDE) --cov --cov-report= -m "not live" tests/unit tests/integration
	@$(LIBRARY)/bin/python .ci/coverage_by_room.py

lint: $(VENV)/.installed-all ## format, lint, imports, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

check: lint test test-live ## format, lint, imports, types, tests: what has to pass before a change lands

docs: $(VENV)/.installed-all ## write what the documentation takes from the code: table of rooms, drawing of the walk, data dictionary, pictures of the sample world
	$(BIN)/python docs/rooms.py
	$(BIN)/python -m pipeline dictionary > docs/data-dictionary.md.new
	mv docs/data-dictionary.md.new docs/data-dictionary.md
	$(BIN)/python -m docs.pictures

env: $(VENV)/.installed-all ## only make the environment

lock: $(VENV)/.installed-all ## pin the versions again after a change in pyproject.toml; what is pinned stays where it can
	echo uv | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --custom-compile-command "make lock" --no-annotate --no-emit-index-url \
	  pyproject.toml - -o constraints.txt > /dev/null

sbom: $(VENV)/.installed-all ## the list of all dependencies with their versions, as CycloneDX, into build/sbom.json
	@mkdir -p build
	$(BIN)/uv tool run -c constraints.txt --from cyclonedx-bom cyclonedx-py requirements --no-validate --pyproject pyproject.toml --output-reproducible \
	  -o build/sbom.json constraints.txt

audit: $(VENV)/.installed-all ## known vulnerabilities of the pinned versions; fails where the service that knows them is out of reach
	$(BIN)/uv tool run -c constraints.txt --from pip-audit pip-audit -r constraints.txt --no-deps --disable-pip --strict

clean: down down-scale ## remove environment, caches and Airflow's home; the lake stays
	rm -rf $(VENV) $(LIBRARY) $(DUCKLAKE) .airflow .airflow-scale .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.installed-run: pyproject.toml constraints.txt deploy/install.sh
	@deploy/install.sh $(PYTHON) $(VENV) airflow
	@touch $@

$(VENV)/.installed-all: pyproject.toml constraints.txt deploy/install.sh
	@deploy/install.sh $(PYTHON) $(VENV) celery,dev
	@touch $@ $(VENV)/.installed-run

$(LIBRARY)/.installed: pyproject.toml constraints.txt deploy/install.sh
	@deploy/install.sh $(PYTHON) $(LIBRARY) dev
	@touch $@

# The extension exists for one version of DuckDB, which is not the one of the project (docs/decisions): an environment of its own.
$(DUCKLAKE)/.installed: Makefile
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(DUCKLAKE)
	$(BIN)/uv pip install --quiet --python $(DUCKLAKE)/bin/python duckdb==1.5.5 duckdb-extension-ducklake==1.5.5
	@touch $@
