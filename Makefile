# Two commands matter: `make demo` and `make test`. `make help` lists the rest.

PYTHON ?=
SCALE ?= demo
SYNCS ?= 0
SIZES ?= 100k 1M
YES ?=
ONLY ?=
TARGET ?=

VENV := .venv
# MetricFlow stays apart: what a run and the tests need installs in half a minute without it.
SEMANTIC := .venv-semantic
# So does Elementary's program, which a run never needs.
ELEMENTARY := .venv-elementary
RUN := $(VENV)/bin/python -m prohandel
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check --no-input --quiet
# The landing that linters compile the models against; apart from the demo's.
LINT_HOME := target/lint
# As .sqlfluff has them, so that sqlfluff goes on from what dbt has parsed.
LINT_TARGET := --profile prohandel_analytics --target embedded \
	--vars "{using_category: true, using_supplier: true, using_inventory_history: true}"

export PYTHONUNBUFFERED = 1

.DEFAULT_GOAL := help
.PHONY: help demo dashboard report test test-full lint check-sql check-python check-parse secrets-scan pytest docs elementary-report semantic mutation faults benchmark install install-dev packages clean lock holidays

help: ## Lists the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' Makefile

demo: install ## Lands a simulated retailer, builds and tests everything, prints a summary. SYNCS=24: that many more hourly syncs.
	$(RUN) land simulate --scale $(SCALE) --syncs $(SYNCS)
	$(RUN) run

dashboard: install ## The pages over the demo warehouse, in the browser: http://127.0.0.1:8501.
	$(RUN) dashboard

report: install ## The weekly report over the demo warehouse as one page that opens offline: target/report.html.
	$(RUN) report --weekly --to target/report.html

test: lint secrets-scan pytest ## Linters, type checker, a parse without any warning, a scan for secrets, and all tests but the slow ones.

test-full: export PROHANDEL_TEST_SINGLY = 1
test-full: export PROHANDEL_TEST_KILLS = 10
test-full: export PROHANDEL_TEST_RANDOM = 1
test-full: export PROHANDEL_RANDOM_LANDINGS = 200
test-full: PYTEST_FLAGS += -m "slow or not slow"
test-full: lint secrets-scan pytest ## The same and the slow tests: each change of the scenarios by itself, ten killed runs, 200 random landings (hours).

lint: install-dev packages $(LINT_HOME)/landed ## Linters and type checker alone.
	@$(MAKE) --no-print-directory --jobs 2 check-python check-sql

check-python: install-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

# Staging looks at the landed columns, so the models compile only where something has landed.
$(LINT_HOME)/landed: $(wildcard prohandel/landing/*.py prohandel/landing/simulate/*.py) | install-dev
	@mkdir -p $(LINT_HOME)
	PROHANDEL_HOME=$(LINT_HOME) $(RUN) land simulate --scale small
	@touch $@

secrets-scan: install-dev ## Looks for secrets in the files and in every commit.
	$(VENV)/bin/python -m tests.python.project.secrets_scan

check-parse: install-dev packages $(LINT_HOME)/landed
	PROHANDEL_HOME=$(LINT_HOME) $(RUN) db start
	$(VENV)/bin/dbt --warn-error --quiet parse --no-partial-parse --show-all-deprecations $(LINT_TARGET) \
		--profiles-dir $(LINT_HOME)/profiles --target-path $(LINT_HOME)/target --log-path $(LINT_HOME)/logs

check-sql: check-parse
	PROHANDEL_HOME=$(LINT_HOME) $(RUN) db start
	$(VENV)/bin/sqlfluff lint --processes 0 --disable-progress-bar models snapshots tests/singular analyses

pytest: install-dev packages
	$(VENV)/bin/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(PYTEST_FLAGS)

docs: install ## dbt's documentation with the lineage as one page that opens offline: target/docs/index.html.
	$(RUN) docs

elementary-report: install packages $(ELEMENTARY)/.installed ## Elementary's report as one page that opens offline: target/elementary/report.html. TARGET=prod: of that target.
	$(RUN) elementary-report $(if $(TARGET),--target "$(TARGET)")

semantic: install-dev packages $(SEMANTIC)/.installed ## MetricFlow in .venv-semantic: validates the metrics and compares them with the marts.
	$(VENV)/bin/pytest --capture=no tests/python/semantic

mutation: install-dev packages ## Plants deliberate errors in a copy, one at a time, and shows the test that catches each. ONLY=name: just those.
	$(VENV)/bin/python -m tests.python.mutation.runner --only "$(ONLY)" --write docs/mutations.md

install: $(VENV)/.installed ## The virtual environment, with what a run needs.

install-dev: $(VENV)/.installed-dev

packages: install ## The dbt packages: installed, from the hub or its mirror, or the project's own minimal ones.
	$(RUN) packages

$(VENV)/bin/python:
	@sh .ci/venv "$(VENV)" "$(PYTHON)"

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing into $(VENV) (half a minute) ..."
	$(PIP) install --no-deps --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@echo "Installing the development tools into $(VENV) ..."
	$(PIP) install --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

$(SEMANTIC)/bin/python:
	@sh .ci/venv "$(SEMANTIC)" "$(PYTHON)"

$(SEMANTIC)/.installed: requirements-semantic.lock | $(SEMANTIC)/bin/python
	@echo "Installing MetricFlow into $(SEMANTIC) ..."
	$(SEMANTIC)/bin/python -m pip --disable-pip-version-check --no-input --quiet install --no-deps --require-hashes -r $<
	@touch $@

$(ELEMENTARY)/bin/python:
	@sh .ci/venv "$(ELEMENTARY)" "$(PYTHON)"

$(ELEMENTARY)/.installed: requirements-elementary.lock | $(ELEMENTARY)/bin/python
	@echo "Installing Elementary into $(ELEMENTARY) ..."
	$(ELEMENTARY)/bin/python -m pip --disable-pip-version-check --no-input --quiet install --no-deps --require-hashes -r $<
	@touch $@

clean: ## Removes everything that make has made. Asks before the warehouse goes; YES=1 does not.
	@sh .ci/clean "$(YES)"

faults: install-dev packages ## Plants faults in simulated landings, runs 30 clean days, and writes what was said to docs/faults.md (an hour).
	$(VENV)/bin/python -m tests.python.quality.faults.lab --write docs/faults.md

benchmark: install packages ## Measures builds and runs of landings of SIZES="100k 1M" lines; see benchmarks/README.md.
	$(VENV)/bin/python -m benchmarks $(SIZES)

lock: install-dev ## Renews the lock files.
	$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
		--extra dev --group build --output-file requirements-dev.lock pyproject.toml
	$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
		--group build --constraints requirements-dev.lock --output-file requirements.lock pyproject.toml
	$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
		--group semantic --constraints requirements-dev.lock --output-file requirements-semantic.lock
	$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
		--group elementary --output-file requirements-elementary.lock

holidays: install-dev ## Writes the seed of public holidays anew.
	$(VENV)/bin/python -m prohandel.seeds.public_holidays
