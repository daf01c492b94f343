# What people and CI run. Everything a target needs it makes: .venv from the lock, and the engine where none is installed.
# Another Python than the first that is new enough: make PYTHON=/path/to/python3

STACK ?= local
RUN := .venv/bin/python -m

MAKEFLAGS += --no-print-directory --no-builtin-rules
.PHONY: help demo up preview refresh destroy recover pulumi verify tail trigger replay dead-letters sandbox down test test-full test-long mutants check bench lock clean venv engine end

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'
	@echo '  with STACK=local by default, and ARGS="..." handed on to pulumi, ops or pytest'

DELIVERY ?= webhook
DEMO_webhook := local
DEMO_partner := local-partner
DEMO := $(or $(DEMO_$(DELIVERY)),$(error DELIVERY is '$(DELIVERY)'; write webhook or partner))
demo: engine ## both clouds on this machine, the whole stack on them, and three events through it (DELIVERY=partner)
	@$(RUN) sandbox up
	@$(RUN) tools.stack up $(DEMO)
	@$(RUN) tools.demo $(DEMO)

up preview refresh destroy recover pulumi: engine
	@$(RUN) tools.stack $@ '$(STACK)' $(ARGS)
up: ## deploy STACK
preview: ## what `up` would change
refresh: ## look at what really exists
destroy: ## delete everything in STACK
recover: ## put STACK right after a killed run

pulumi: ## any other command of the engine on STACK, ARGS="stack output commands"

verify trigger replay dead-letters: engine
	@$(RUN) tools.ops $@ '$(STACK)' $(ARGS)
# Ctrl-C is how a tail ends, and no error. The shell outlives it (`trap`), so that make, which
# ends by it too, has no failed line to tell of.
tail: engine
	@trap : INT; $(RUN) tools.ops $@ '$(STACK)' $(ARGS) || test $$? -eq 130
verify: ## see that STACK works: every part of the path, then all of it
tail: ## show STACK's events as they arrive
trigger: ## post a sample event to STACK
replay: ## send STACK's events of some time again, ARGS="--since 1h --rule tap"
dead-letters: ## what STACK's targets did not take, ARGS=list|explain|send|delete

sandbox: venv ## start both clouds on this machine
	@$(RUN) sandbox up

down: ## destroy what is in the sandbox, stop it, leave nothing
	@test ! -d "$${SANDBOX_DIR:-.sandbox}" || $(MAKE) end
end: venv
	@$(RUN) tools.stack down
	@$(RUN) sandbox down

test: engine ## all tests, except those that take long
	@$(RUN) pytest -n 4 -m 'not full' $(ARGS) # twice the cores of a small machine: half of the time they wait

test-full: test-long mutants ## what takes long: the whole crash matrix, all faulty life cycles, and mutation testing

test-long: engine
	@$(RUN) pytest -n 2 --dist load -m full $(ARGS) || test $$? -eq 5 # 5: there are none

mutants: venv ## mutation testing of the provider alone
	@$(RUN) tests.mutation

check: venv ## format, lint, types
	@$(RUN) ruff format --check -q .
	@$(RUN) ruff check -q .
	@$(RUN) mypy

bench: engine ## how long it takes, against an empty program
	@$(RUN) bench $(ARGS)

UV := uv==0.13.9
COMPILE = "$$folder/bin/python" -m uv pip compile -q --generate-hashes --no-emit-index-url --universal \
	--python-version 3.11 --custom-compile-command "make lock"
lock: venv ## pin again what pyproject.toml asks for
	@set -e; folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	$(RUN) venv "$$folder"; "$$folder/bin/python" -m pip install -q --disable-pip-version-check $(UV); \
	$(COMPILE) -o requirements.txt pyproject.toml; \
	$(COMPILE) --extra dev -c requirements.txt -o requirements-dev.txt pyproject.toml

clean: down ## remove what make made here, but for the engine's cache
	@rm -rf .venv tools/bin .sandbox .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

venv:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			exec "$$python" -m tools.venv; \
		fi; \
	done; echo 'error: no Python 3.11 or newer on PATH: install one, or name it: make PYTHON=/path/to/python3' >&2; exit 1

engine: venv
	@$(RUN) tools.engine
