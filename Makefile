# Everything starts here: `make` lists the commands. Each sets up what it needs by itself.
MAKEFLAGS += --no-print-directory
# Many processes are started here; without compiled modules each of them would take seconds longer.
unexport PYTHONDONTWRITEBYTECODE
STAMPS := .venv/.stamps
PY := .venv/bin/python

.PHONY: help setup run demo test check fmt crash fuzz bench capabilities package sbom lock clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

setup: $(STAMPS)/postrum $(STAMPS)/azurite ## .venv with everything in it, and Azurite; the others call this
	$(if $(filter setup,$(MAKECMDGOALS)),@echo "setup: ready",@:)

run: setup ## the product with a sample mailbox, on this machine, until Ctrl-C
	@$(PY) -m local.run $(ARGS)

demo: setup ## one pass over the sample mailbox, and a table of what was done
	@$(PY) -m local.demo $(ARGS)

test: setup ## all tests; ARGS="-k name" picks some
	@$(PY) -m pytest $(ARGS)

check: setup ## lint, format, types, and who may import whom
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy
	@.venv/bin/lint-imports

fmt: setup ## format the code, and mend what can be mended
	@.venv/bin/ruff check --fix --quiet || true
	@.venv/bin/ruff format

crash: setup ## kill the product at every point of a message's way, and compare the end state
	@$(PY) -m tests.crash $(ARGS)

fuzz: setup ## read generated and mutated mails for two minutes; ARGS="--seconds 600 --corpus DIR"
	@$(PY) -m tests.fuzz $(ARGS)

bench: setup ## figures of speed and memory, as a table and in bench/results.json
	@$(PY) -m bench $(ARGS)

capabilities: setup ## which of the numbered promises, pains and faults have a test
	@$(PY) -m tests.capabilities

package: setup ## the zip that is deployed, in dist/, and its size
	@$(PY) -m local.package $(ARGS)

sbom: setup ## the bill of materials of that zip, in dist/, as CycloneDX
	@$(PY) -m local.sbom $(ARGS)

lock: $(STAMPS)/requirements ## write the lock files anew; UPGRADE=1 takes newer versions
	@echo "lock: requirements.txt, requirements-dev.txt, package-lock.json"
	@for name in requirements requirements-dev; do \
		.venv/bin/uv pip compile --quiet --python-version 3.13 --generate-hashes --no-emit-index-url \
			--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) $$name.in -o $$name.txt || exit 1; \
	done
	@$(PY) -m local.setup lock

clean: ## remove what the other commands made, data of `make run` too
	@rm -rf .venv .cache node_modules build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps say what is done; a second call looks at their times only.
$(STAMPS)/python: .python-version local/venv.sh
	@sh local/venv.sh
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/requirements: $(STAMPS)/python requirements.txt requirements-dev.txt local/requirements.sh
	@sh local/requirements.sh
	@touch $@

$(STAMPS)/postrum: $(STAMPS)/requirements pyproject.toml
	@echo "setup: postrum"
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(STAMPS)/azurite: $(STAMPS)/requirements package.json package-lock.json .npmrc local/setup.py
	@$(PY) -m local.setup
	@touch $@
