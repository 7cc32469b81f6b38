# Antiphon. `make` alone prints what there is.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8484
DATA ?= data
MUSIC ?=
PLAYER := src/antiphon/app/player/index.html
OPENID := tools/openid-provider/node_modules/.installed
EAR := tools/ear/.venv/.installed
# Not the files of most tests first: those of few (whole servers) take the longest.
TOGETHER := -n 2 --dist loadfile --no-loadscope-reorder
ON_ENGINES := not engines and not embedded and not browser
# The shape of answers, who may do what, processes and ports, providers of sign-ins, foreign protocols and sound in space
# do not depend on what keeps the data; moves between installations have tests of their own.
NOT_OF_ENGINES := $(addprefix --ignore=tests/e2e/test_, access.py api.py migration.py operations.py openid_peer.py \
	sirikit.py spatial_live.py)
ON_MIXES := tests/e2e/test_listening.py tests/e2e/test_deliveries.py
WEB_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test test-web test-browser engines test-engines test-faults test-oracles check bench prove-ledger \
	lock clean

help: ## Print the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(VENV)/.runtime $(PLAYER) ## The environment in .venv, the player built
setup-dev: $(VENV)/.dev $(PLAYER) ## The same with what tests and checks need

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(EAR): tools/ear/requirements.lock
	$(PYTHON) -m venv tools/ear/.venv
	tools/ear/.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

%/node_modules/.installed: %/package-lock.json | $(BIN)/python
	. tools/node.sh && cd $* && npm install --no-save --no-audit --no-fund --loglevel=error
	@touch $@

$(PLAYER): web/node_modules/.installed $(WEB_SOURCES)
	. tools/node.sh && cd web && npm run build --silent
	@touch $@

run: setup ## Serve at http://127.0.0.1:8484; MUSIC=/path imports a folder; DATA=/path, PORT=
	$(BIN)/antiphon serve --data "$(DATA)" --port $(PORT) $(if $(MUSIC),--music "$(MUSIC)",--demo)

test: setup-dev test-web $(OPENID) ## All tests that need no server and no browser
	$(BIN)/pytest $(TOGETHER) -m "not browser and not real_music and not engines and not oracles" -rs

test-web: $(PLAYER) ## The player's own unit tests
	. tools/node.sh && cd web && npm test --silent

test-browser: setup-dev $(PLAYER) $(OPENID) ## The tests in a real Chromium, with real music
	$(BIN)/pytest -m "browser or real_music" -rs

engines: setup-dev ## Redis, S3, Kafka, ... on loopback until Ctrl-C; prints their URLs
	$(BIN)/python -m antiphon.testing.engines

test-engines: setup-dev $(PLAYER) $(OPENID) ## The tests on real engines, then the end-to-end tests on all and on some of them
	-$(BIN)/python -m antiphon.testing.engines --install
	$(BIN)/pytest $(TOGETHER) -m "engines and not faults" -rs
	ANTIPHON_TEST_ENGINES=all $(BIN)/pytest tests/e2e $(NOT_OF_ENGINES) -m "$(ON_ENGINES)" -rs
	ANTIPHON_TEST_ENGINES=cassandra,redis $(BIN)/pytest tests/e2e/test_listening.py -m "$(ON_ENGINES)" -rs
	ANTIPHON_TEST_ENGINES=bigtable,hdfs,s3,kafka $(BIN)/pytest $(ON_MIXES) -m "$(ON_ENGINES)" -rs

test-faults: setup-dev $(PLAYER) $(OPENID) ## Engines killed, paused, cut off, full and slow; whole installations moved: most of an hour
	$(BIN)/pytest -m faults -rs

test-oracles: setup-dev $(EAR) ## The spatial renderer against the reference renderer of BS.2127
	$(BIN)/pytest -m oracles -rs

check: setup-dev ## Format, lint, types, arrows
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	. tools/node.sh && cd web && npm run check --silent

bench: setup-dev $(PLAYER) $(EAR) ## Every figure that the README quotes, beside its peer
	$(BIN)/python -m bench

PLAYS ?= 10000000
prove-ledger: setup-dev ## Ten million plays (PLAYS=) through a kill -9 for each 50,000, and zombies: exact
	ANTIPHON_LEDGER_PLAYS=$(PLAYS) $(BIN)/python -m bench.ledger

lock: ## Resolve the locks again: hashes, no addresses
	uv pip compile -q pyproject.toml --group build --generate-hashes --no-emit-index-url --no-header --python-version 3.11 -o requirements.lock
	uv pip compile -q pyproject.toml --group build --group dev --generate-hashes --no-emit-index-url --no-header --python-version 3.11 -o requirements-dev.lock
	uv pip compile -q pyproject.toml --group build --extra cluster --extra archive -c <(sed 's/ \\$$//; /--hash/d' requirements-dev.lock) --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 -o requirements-cluster.lock

clean: ## Remove what was built
	rm -rf $(VENV) web/node_modules tools/openid-provider/node_modules tools/ear/.venv src/antiphon/app/player .cache
