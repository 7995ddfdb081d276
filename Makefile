# Two commands matter: `make demo` and `make test`. Each does its own set-up.
PY ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test test-long check load bench province docs lock clean

help: ## show these lines
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

demo: $(VENV)/.demo ## start everything on this machine and answer lookups
	@exec $(BIN)/python -m lookup demo

test: $(VENV)/.dev ## run every test, with a real PostgreSQL and a real Redis
	@$(BIN)/python -m tests.run

test-long: $(VENV)/.dev ## what test has in short, at full length
	@exec env TRACUU_LONG=1 $(BIN)/python -m pytest $(LONG)

check: $(VENV)/.dev ## format, lint, types, import contracts, unit tests
	@$(BIN)/python -m tests.check

load: $(VENV)/.dev ## put load on the service and judge it: make load PROFILE=smoke
	@exec $(BIN)/python -m loadtests.load $(LOAD_OPTIONS)

bench: $(VENV)/.dev ## measure the service beside others and judge the ratios
	@exec $(BIN)/python -m loadtests.bench $(call option,CITIZENS,citizens)

province: $(VENV)/.dev ## load 3.6 million citizens and lose the caches under load
	@exec $(BIN)/python -m loadtests.province $(PROVINCE_OPTIONS)

docs: $(VENV)/.dev ## print again the papers whose content stands in code
	@$(BIN)/python -m deploy.print

lock: ## compile both lock files again (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
	  --extra demo -o requirements.lock pyproject.toml
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
	  --extra demo --extra load --extra bench --extra test --extra check \
	  -c requirements.lock -o requirements-dev.lock pyproject.toml

clean: ## remove the environment and the demo's data
	rm -rf $(VENV) .tracuu

# An environment is made once for each lock file. uv is used where it is on PATH.
$(VENV)/.demo: requirements.lock
	@test -e $(VENV)/.dev || sh deploy/install.sh $(PY) $(VENV) requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock
	@sh deploy/install.sh $(PY) $(VENV) requirements-dev.lock
	@touch $@

# Tests of which there is a short form in `make test`, and those that have none.
LONG = tests/long tests/life/test_audit_kill.py tests/life/test_rude_clients.py

# Only what stands on make's command line: shells have a HOST of their own.
option = $(if $(filter command,$(origin $1)),--$2 $($1))
LOAD_OPTIONS = $(call option,PROFILE,profile) $(call option,RATE,rate) \
  $(call option,MINUTES,minutes) $(call option,PROCESSES,processes) \
  $(call option,HOST,host) $(if $(filter command,$(origin WEB)),--web)
PROVINCE_OPTIONS = $(call option,CITIZENS,citizens) \
  $(call option,HEALTH_RECORDS,health-records) $(call option,SECONDS,seconds)
