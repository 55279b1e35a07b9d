# One command for each thing that is done often; `make` alone lists them.
# Needed: make, git and Python 3.11 or newer. uv is used where it is on the PATH, otherwise pip.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo demo-stack test check format bench bench-peers soak docs golden chart release-check screenshots lock clean

VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
DEVELOPMENT := $(VENV)/.development
UV := $(shell command -v uv 2>/dev/null)

# The first Python that is new enough: on some systems `python3` is older than its neighbours.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$name && break; done)

ifneq ($(UV),)
create = $(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
install = $(UV) pip install --quiet --python $(BIN)/python
else
create = $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV) || { \
	echo "No virtual environment: install python3-venv or uv, then try again." >&2; exit 1; }
install = $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif
wanted = $(if $(strip $(PYTHON)),,$(error Python 3.11 or newer is needed; \
	install it or name it, as in: make $(MAKECMDGOALS) PYTHON=/path/to/python3))

# With arguments a part of the suite is meant, and a part cannot reach the coverage of the whole.
coverage = $(if $(ARGS),,--cov --cov-report=term)

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

demo: $(RUNTIME) ## Start simulated backup servers and the exporter, print the addresses (ARGS="--speed 600")
	$(BIN)/python -m exporter demo $(ARGS)

demo-stack: $(RUNTIME) ## The demo with a Prometheus, our alerts and an Alertmanager beside it
	$(BIN)/python -m scripts.demo_stack $(ARGS)

test: $(DEVELOPMENT) ## Run the suite with coverage, or a part of it without (ARGS=tests/test_house.py)
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(coverage) $(ARGS)

check: $(DEVELOPMENT) ## Check format, lint, types, layers and generated pages; changes nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m scripts.generated_pages --check
	$(BIN)/python -m grafana.generate --check

format: $(DEVELOPMENT) ## Format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(DEVELOPMENT) ## Measure speed and memory (ARGS are passed on)
	$(BIN)/python -m bench $(ARGS)

# Only compared with, so no lock knows them. The exporter pins versions of 2020 that do not build with
# a newer Python; it runs with newer ones, but needs the last urllib3 that warns in its own way.
PEERS := .bench-peers
bench-peers: $(DEVELOPMENT) ## Get the other programs that `make bench` compares with, if they are there
	rm -rf $(PEERS)
	$(install) --target $(PEERS)/veeam-exporter --no-deps veeam-exporter==1.1.0
	$(install) --target $(PEERS)/veeam-exporter requests "urllib3<2" PyYAML tenacity \
		python-dateutil Jinja2 prometheus-client
	$(install) --target $(PEERS)/veeam-365 veeam-365==0.4.1

soak: $(DEVELOPMENT) ## Kill and plague the real exporter, judge its numbers (ARGS="--seconds 300 --product azure")
	$(BIN)/python -m tests.soak $(ARGS)

docs: $(DEVELOPMENT) ## Write the reference pages anew from the tables in the code
	$(BIN)/python -m scripts.generated_pages
	$(BIN)/python -m grafana.generate

golden: $(DEVELOPMENT) ## Write the golden files anew from what the code says now; read the diff
	UPDATE_GOLDEN=1 $(BIN)/python -m pytest -k golden $(ARGS)

chart: $(DEVELOPMENT) ## Copy rules and dashboards into the Helm chart and render the plain manifests
	$(BIN)/python -m scripts.chart

release-check: $(DEVELOPMENT) ## Build wheel and sdist, install each afresh and try it
	$(BIN)/python -m scripts.release_check $(ARGS)

screenshots: $(DEVELOPMENT) ## Take the pictures of the documentation anew
	$(BIN)/python -m scripts.screenshots $(ARGS)

# The dev lock is constrained by the runtime lock: what is tested is what is shipped.
LOCK = compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--custom-compile-command "make lock"
lock: ## Resolve the newest allowed versions into the lock files (needs uv)
	@test -n "$(UV)" || { echo "make lock needs uv on the PATH." >&2; exit 1; }
	$(UV) pip $(LOCK) --upgrade pyproject.toml --output-file requirements.lock
	$(UV) pip $(LOCK) --upgrade pyproject.toml --extra dev --constraint requirements.lock \
		--output-file requirements-dev.lock
	$(UV) pip $(LOCK) --upgrade --group build --constraint requirements-dev.lock \
		--output-file requirements-build.lock

clean: ## Remove the environment and everything else that is made
	rm -rf $(VENV) $(PEERS) build dist htmlcov .coverage .coverage.* coverage.xml
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUNTIME): requirements.lock
	@$(wanted)$(create)
	$(install) --require-hashes -r requirements.lock
	@touch $@

$(DEVELOPMENT): requirements-dev.lock pyproject.toml
	@$(wanted)$(create)
	$(install) --require-hashes -r requirements-dev.lock
	$(install) --no-deps --no-build-isolation --editable .
	@touch $(RUNTIME) $@
