# `make demo` and `make test` are all that a newcomer needs: each sets up first what is missing.

VENV ?= .venv
TESTERS ?= 2
BIN := $(VENV)/bin
export VENV STACK

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types format protos locks test-trixie bench-setup image clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Build .venv, only when a lock has changed (STACK=A or B overrides the choice of stack, GPU=1 adds CUDA)
	@requirements/setup.sh

demo: setup ## Fine-tune, gate and push a BERT classifier on real film reviews (minutes, on two cores)
	@$(BIN)/bertline run demo

test: setup ## Run the tests (ARGS="-k gate" picks some; TESTERS=0 keeps to one process)
	@$(BIN)/python -m pytest -n $(TESTERS) --dist loadfile $(ARGS)

lint: setup ## Check style and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/hadolint kubeflow/Dockerfile

types: setup ## Check the types
	@$(BIN)/basedpyright --pythonpath $(BIN)/python

format: setup ## Format the code and mend what can be mended
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

protos: setup ## Compile serving/protos into what the client loads
	@$(BIN)/python -m grpc_tools.protoc -Iserving/protos --include_imports \
		--descriptor_set_out=serving/protos/wire.binpb serving/protos/*.proto

bench-setup: setup ## Build .venv-benchmarks: k6 and ONNX Runtime, beside which benchmarks/ measures
	@benchmarks/setup.sh

locks: ## Resolve the requirements anew into the locks (needs uv; UPGRADE=1 also takes newer versions)
	@requirements/lock.sh

test-trixie: ## Run .ci/run on stack B in a Debian trixie root (needs root and debootstrap)
	@tests/trixie.sh

image: ## Build the container image (IMAGE=name:tag, ENCODER=handle or empty, GPU=1, PUSH=1)
	@kubeflow/image.sh

clean: ## Delete the tools' caches and build leftovers; .venv, runs and served models stay
	@rm -rf build dist bertline.egg-info .pytest_cache .ruff_cache
	@find . -path ./.venv -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +
