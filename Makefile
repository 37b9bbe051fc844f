# Everything runs from a fresh clone: each target first makes the environment that it needs.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help demo up down test lint format bench docs new-dag preview-sms lock setup clean
.DEFAULT_GOAL := help

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | sort | while IFS=$$'\t' read -r t d; do printf '  make %-11s %s\n' "$$t" "$$d"; done

setup: $(READY) ## create the environment .venv from the locked requirements

$(READY): requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed; name it with make PYTHON=/path/to/python3"; exit 1; }
	@echo "Creating the environment with $$($(PYTHON) --version); the first time takes some minutes"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## start the sandbox store and Airflow, run every DAG once, show what it did
	@$(BIN)/python -m include.sandbox demo

up: $(READY) ## start the same with schedules on and leave it running
	@$(BIN)/python -m include.sandbox up

down: $(READY) ## stop it
	@$(BIN)/python -m include.sandbox down

test: $(READY) ## run all tests that this machine can run; skipped ones are listed with their reasons
	@$(BIN)/python -m pytest -n auto --dist loadfile

lint: $(READY) ## check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(READY) ## bring the code into the house's style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(READY) ## measure, side by side in one run; results in var/bench/
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r benchmarks/requirements.txt \
		|| echo "libvips is not available here: the photo benchmark goes without it"
	@$(BIN)/python -m benchmarks

docs: $(READY) ## write docs/DAGS.md from the DAGs
	@$(BIN)/python -m scripts.dag_docs

new-dag: $(READY) ## write a DAG with rule, test and docs: make new-dag name=my_automation
	@test -n "$(name)" || { echo "which name? make new-dag name=my_automation"; exit 1; }
	@$(BIN)/python -m scripts.new_dag "$(name)"

preview-sms: $(READY) ## show what a campaign would text: make preview-sms campaign=sms_birthday [day=2026-11-20] [count=5]
	@$(BIN)/python -m scripts.preview_sms "$(campaign)" $(if $(day),--day "$(day)") $(if $(count),--count "$(count)")

lock: $(READY) ## compile requirements.in to the hashed requirements.txt
	@$(BIN)/uv pip compile requirements.in --universal --python-version 3.11 --generate-hashes --upgrade \
		--no-emit-index-url --no-header --quiet -o requirements.txt
	@$(BIN)/uv pip compile benchmarks/requirements.in --universal --python-version 3.11 --generate-hashes --upgrade \
		--no-emit-index-url --no-header --quiet -o benchmarks/requirements.txt

clean: down ## stop everything and forget the sandbox's data
	@rm -rf var
