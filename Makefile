# Every target only runs commands that can also be typed without make. make itself turns every failure into exit status 2.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON_FROM := $(origin PYTHON)
PYTHON ?= python3
STACK ?= studio-2025
ARGS ?=

# How the user's shell calls ansible-playbook; printed commands use this form.
export SAF_ANSIBLE_PLAYBOOK := $(if $(findstring :$(CURDIR)/.venv/bin:,:$(PATH):),,.venv/bin/)ansible-playbook
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
UV_VERSION := 0.13.9

# A virtual environment contains its own path, so it is rebuilt if the clone was moved or copied.
MOVED := $(shell test ! -s .venv/.ready || test "$$(cat .venv/.ready)" = "$$(pwd -P)" || echo forget-venv)
# The oldest Python that the stack's lock supports.
STACK_PYTHON = $(shell sed -nE 's/^python_requires: *"?>=([0-9.]+).*/\1/p' stacks/$(STACK)/stack.yml)
# The installer's lock is for all stacks.
OLDEST_PYTHON = $(shell sed -nE 's/^python_requires: *"?>=([0-9.]+).*/\1/p' stacks/*/stack.yml | sort -V | head -n 1)

QUICK ?=
CHECK ?=
KEEP ?=
RUNS ?=
INVENTORY ?=

.PHONY: forget-venv help setup setup-test setup-browser bench site status audit collect report compare smoke stop start reset lock host lint sanity unit integration browser molecule longer interrupted faults soak fuzz perf-bench screenshots docs test test-all
help:
	@$(firstword $(wildcard .venv/bin/python) $(PYTHON)) tools/make_help.py '$(INVENTORY)' $(DEVELOPERS)

setup: .venv/.ready ## the controller environment, in .venv
setup-test: .venv/.ready-test
setup-browser: .venv/.ready-browser node_modules/.ready

forget-venv:
	@echo "This clone was moved or copied from $$(cat .venv/.ready): its .venv is rebuilt."
	@rm -rf .venv

.venv/bin/uv: $(MOVED)
	@tools/make_venv.sh '$(PYTHON)' $(UV_VERSION) $(if $(filter file default undefined,$(PYTHON_FROM)),,chosen)

.venv/.ready: .venv/bin/uv pyproject.toml uv.lock
	@UV_PROJECT_ENVIRONMENT=.venv uv sync --quiet --locked --inexact --no-default-groups && ln -sf ../../saf .venv/bin/saf && pwd -P > $@

.venv/.ready-test: .venv/.ready
	@UV_PROJECT_ENVIRONMENT=.venv uv sync --quiet --locked --inexact --group test && pwd -P > $@

.venv/.ready-browser: .venv/.ready-test
	@UV_PROJECT_ENVIRONMENT=.venv uv sync --quiet --locked --inexact --group test --group browser && pwd -P > $@

# What checks the report's page; the product itself uses no Node.js.
node_modules/.ready: package.json package-lock.json
	@tools/setup_host.sh browser
	@npm ci --silent && touch $@

.venv/.ready-docs: .venv/.ready
	@UV_PROJECT_ENVIRONMENT=.venv uv sync --quiet --locked --inexact --group docs && pwd -P > $@

# --- for people. tools/saf.py builds the command, prints it and runs it. QUICK=1 CHECK=1 KEEP=1 INVENTORY=folder RUNS=a,b ARGS='...'
yes = $(filter-out 0 no false,$(1))
SAF = $(firstword $(wildcard .venv/bin/python) python3) tools/saf.py
COMMON = $(if $(INVENTORY),-i '$(INVENTORY)') $(if $(call yes,$(CHECK)),--check)

bench: setup
	@$(SAF) bench $(COMMON) $(if $(call yes,$(QUICK)),--quick) $(if $(call yes,$(KEEP)),--keep) -- $(ARGS)

site status audit collect smoke stop start reset: setup
	@$(SAF) $@ $(COMMON) -- $(ARGS)

compare: setup
	@$(SAF) compare $(COMMON) $(foreach run,$(subst $(comma), ,$(RUNS)),'$(run)') -- $(ARGS)

report: setup
	@$(SAF) report $(COMMON) $(if $(RUNS),'$(RUNS)') -- $(ARGS)

# --- for developers; `make help` lists the targets that have a description
DEVELOPERS = $(shell sed -nE 's/^([a-z-]+):.*\#\# .*/\1/p' Makefile)
comma := ,

lock: setup ## compile the stack's and the installer's locks from their .in files
	@test -n "$(STACK_PYTHON)" || { echo "stacks/$(STACK)/stack.yml needs a line 'python_requires: \">=X.Y,<X.Z\"'."; exit 1; }
	cd stacks/$(STACK) && uv pip compile --quiet --universal --python-version $(STACK_PYTHON) --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock STACK=$(STACK)" requirements.in -o requirements.lock
	python tools/stamp_lock.py stacks/$(STACK)
	cd data && uv pip compile --quiet --universal --python-version $(OLDEST_PYTHON) --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" installer.in -o installer.lock

# --- tests. `make test` is all of them; each stage can be run alone.
# In this order: `site` sees untouched nodes, which it leaves to `damage`, `refuse`, `bench` and `reset`; the others have separate
# nodes and run beside them. `bench` measures and runs alone (tools/run_molecule.py).
SCENARIOS := fakemac site firewall damage refuse mixed surroundings bench reset local
# Those of `make test-all`.
LONGER := secure faults interrupted upgrade nodes offline monitoring containers
SCENARIO ?=
# Two clusters want two cores and 12 GB.
JOBS ?= $(shell test "$$(nproc)" -gt 1 && awk '/^MemTotal/ {exit $$2 < 12e6}' /proc/meminfo && echo 2 || echo 1)

host: ## what the scenarios need on this machine (podman, runc, mmdebstrap)
	@tools/setup_host.sh

lint: setup-test ## ruff, codespell, mypy, ansible-lint, argument specs
	@tools/lint.sh

sanity: setup-test ## ansible-test over the built collection
	@tools/ansible_test.sh

unit: setup-test ## pure tests, in seconds, with their coverage
	pytest tests/unit -n auto --cov

integration: setup-test host ## plays, processes, iperf3 on this machine, and properties over thousands of made-up runs
	pytest tests/integration tests/properties -n 2 --dist loadfile

browser: setup-browser ## the report's page in a real browser (chromium): axe, HTML validator, contrast, 375 px, print, keyboard
	pytest tests/browser -n 2 --dist loadgroup

molecule: setup-test host ## scenarios on test nodes, two at a time (JOBS=1: one); SCENARIO=name for one
	@tools/run_molecule.py $(if $(SCENARIO),$(SCENARIO),--jobs $(JOBS) --all $(SCENARIOS) --besides $(LONGER))

longer: setup-test host ## the scenarios that `make test` leaves to `make test-all`
	@tools/run_molecule.py $(LONGER)

interrupted: setup-test host ## provisionings that are killed at COUNT=20 points, and what the next run makes of it; SEED=N: which points
	@COUNT='$(or $(COUNT),20)' SEED='$(or $(SEED),1)' tools/run_molecule.py interrupted

faults: setup-test host ## the whole catalog of faults on a cluster at work, about an hour; ARGS="cut_60 head_gcs_9", ARGS=--list
	@tools/run_faults.py $(ARGS)

CYCLES ?= 200
soak: setup-test host ## CYCLES=200 of random quick faults: nothing lost that is retried, nothing grows on a node
	@tools/soak.py --cycles $(CYCLES) $(ARGS)

perf-bench: setup-test host ## this project's results against the same measurements by hand, as ratios; ARGS="network" or "--python <venv's python> gemm memory llm"
	@python tools/perf_bench.py $(ARGS)

fuzz: setup-test ## ten times as many made-up inputs as `make integration` has, other ones each time
	HYPOTHESIS_PROFILE=long pytest tests/properties/test_fuzz_*.py -n 2 --dist loadfile

screenshots: setup-browser ## renew docs/screenshots in a real browser; ARGS="--all DIR": every story, width and theme, to look at
	@python tools/screenshots.py $(ARGS)

docs: .venv/.ready-docs ## these documents as a web site, with a page for each module and role: .cache/site
	@python tools/docs_site.py

test: ## what CI runs: set up, lint, sanity, unit and integration tests, the page in a browser, scenarios
	@tools/test.sh

test-all: ## `make test`, and what is longer: all faults, provisionings that are killed, our figures against the same by hand
	@tools/test.sh --all
