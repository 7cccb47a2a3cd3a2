# Every target stands on $(VENV), which is made anew whenever pyproject.toml changes. It needs Python 3.11 or newer.
PYTHON ?= python3
VENV ?= .venv
DEMO := build/demo
# A file's tests stay together: they share what is costly to make. One process more than there are cores: each of them
# waits a sixth of its time.
IN_PARALLEL = --numprocesses $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)') --dist loadfile
# By the newest pip, which finds out in a third of the time what fits; Python compiles what it imports when it does.
PIP_QUICKLY := --quiet --disable-pip-version-check --no-compile

# Hundreds of processes import the same modules: compiled once, whatever images set.
export PYTHONDONTWRITEBYTECODE :=

# Metaflow starts its own tools by name, and runs nothing as root without the name of a user.
export PATH := $(abspath $(VENV))/bin:$(PATH)
export USER := $(or $(filter-out root,$(USER)),metaflow)

.DEFAULT_GOAL := all
.PHONY: all help install demo demo-once demo-service demo-service-once test check types format coverage schema benchmark soak edge smoke clean

all: check test  ## check and test

help:  ## show this
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1: \2/p' Makefile | awk -F ': ' '{ printf "%-17s  %s\n", $$1, $$2 }'

install: $(VENV)/installed  ## make the environment with all that developing needs

$(VENV)/installed: pyproject.toml
	rm -rf $(VENV)
	$(PYTHON) -m venv --upgrade-deps $(VENV)
	pip install $(PIP_QUICKLY) --editable '.[dev]'
	touch $@

demo: install  ## run the sample flows once, start the gateway over them, show a query with its answer; Ctrl-C ends it
	python examples/run_flows.py $(DEMO)
	python examples/demo.py $(DEMO)

demo-once: install  ## the same, but end after the answer
	python examples/run_flows.py $(DEMO)
	python examples/demo.py $(DEMO) --once

demo-service: install  ## the demo over a metadata service and S3 on this machine (those of the tests)
	python examples/demo_service.py

demo-service-once: install  ## the same with some of the flows' runs, but end after the answer
	python examples/demo_service.py --once

test: install  ## run all tests
	pytest $(IN_PARALLEL)

check: install types  ## formatting, lint, types, layers
	ruff format --check
	ruff check
	pytest --quiet tests/test_layers.py

types: install  ## check types alone
	mkdir -p build
	ln -sfn .. build/metaflow_graphql
	basedpyright

format: install  ## format the code and mend what the linter can
	ruff check --fix
	ruff format

# Attacks, mutations and loads run in processes that are measured, which coverage would distort; the tests over all the
# runs again, through a service or in S3, enter no line that others do not.
UNCOVERED := decoding_attacks decoding_fuzzing execution_fuzzing service_gateway_faults soak
UNCOVERED += edge edge_fuzzing service_parity service_s3_parity s3_provider_parity same_over_service

coverage: install  ## run the tests and show the lines that none enters
	coverage erase
	coverage run -m pytest $(IN_PARALLEL) $(UNCOVERED:%=--ignore tests/test_%.py)
	coverage combine --quiet
	coverage report

schema: install  ## write schema/schema.graphql anew
	mkdir -p build
	metaflow-graphql schema > build/schema.graphql
	cp build/schema.graphql schema/schema.graphql

benchmark: install  ## print the ratios of benchmarks/
	for benchmark in benchmarks/*.py; do python $$benchmark || exit 1; done

soak: install  ## let fifty clients ask and tag for five minutes, over a service that stalls and recovers
	python tests/soak.py --minutes 5 --clients 50

edge: install  ## measure what hostile requests cost a gateway, run the audits of its HTTP, fuzz for a minute
	python tests/edge_measuring.py

smoke: install  ## install the wheel alone, without Metaflow, and try it
	rm -rf build/bdist.* build/lib build/smoke
	pip wheel --quiet --no-deps --wheel-dir build/smoke .
	python -m venv --without-pip build/smoke/venv
	pip --python build/smoke/venv install $(PIP_QUICKLY) build/smoke/*.whl
	build/smoke/venv/bin/metaflow-graphql --help
	build/smoke/venv/bin/metaflow-graphql schema | diff - schema/schema.graphql

clean:  ## remove what was made: environment, demo, build
	rm -rf $(VENV) build *.egg-info examples/typescript/node_modules examples/typescript/generated
