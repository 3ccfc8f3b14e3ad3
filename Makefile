# SPDX-License-Identifier: Apache-2.0
# Thin names: what a target does is in scripts/ or in a verb of the `vla` command.

SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The values reach the verbs through the environment, just as they were typed: neither make nor the shell reads them.
define as_typed
ifneq ($$(origin $(1)),undefined)
override export $(1) := $$(value $(1))
endif
endef
$(foreach name,INSTRUCTION SEED POLICY ARGS SPLIT EPISODES WORDINGS WORKERS ONLY,$(eval $(call as_typed,$(name))))

VLA ?= vla
ENV := . scripts/env.sh

# `make setup` says that there was nothing to do; as a step of another target it keeps quiet.
SETUP := scripts/setup.sh $(if $(filter setup,$(MAKECMDGOALS)),,--quiet)

PIP_INSTALL := python -m pip install --quiet --no-input --disable-pip-version-check

# What RT-2 alone takes: whoever names it gets it.
FOR_RT2 = case "$${POLICY-} $${ARGS-}" in *rt2*) \
	$(PIP_INSTALL) --requirement requirements/rt2.txt --constraint requirements/constraints.txt;; esac

.PHONY: help setup demo sim say status log arm disarm estop reset faults parity train eval eval-babyai export bench test lint format lock setup-dev clean distclean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

setup: ## make .venv, install the requirements, build the workspace; nothing is done twice
	@$(SETUP)

setup-dev: ## the same, with the tools for lint and tests
	@$(SETUP) --dev

demo: setup ## drive to three things in a room never trained on, judge it, write out/demo [SEED= INSTRUCTION= POLICY=]
	@$(ENV) && $(FOR_RT2) && exec $(VLA) demo $${SEED+--seed="$$SEED"} $${INSTRUCTION+--instruction="$$INSTRUCTION"} $${POLICY+--policy="$$POLICY"}

sim: setup ## bring up the simulator, the policy and the gate, until Ctrl-C [SEED= POLICY=]
	@$(ENV) && $(FOR_RT2) && exec $(VLA) sim $${SEED+--seed="$$SEED"} $${POLICY+--policy="$$POLICY"}

say: setup ## tell the robot what to do; an empty sentence stops it [INSTRUCTION="go to the red ball"]
	@[ -n "$${INSTRUCTION+given}" ] || { echo 'give the sentence: make say INSTRUCTION="go to the red ball"' >&2; exit 2; }
	@$(ENV) && exec $(VLA) say -- "$$INSTRUCTION"

status: setup ## show what the policy, the gate and the monitor report
	@$(ENV) && exec $(VLA) status

log: setup ## show what happened lately [ARGS="--last 50 --warnings"]
	@$(ENV) && exec $(VLA) log $$ARGS

arm: setup ## let the gate pass commands
	@$(ENV) && exec $(VLA) arm

disarm: setup ## hold the robot still
	@$(ENV) && exec $(VLA) disarm

estop: setup ## stop at once, until `make reset`
	@$(ENV) && exec $(VLA) estop

reset: setup ## release the emergency stop; the gate stays disarmed
	@$(ENV) && exec $(VLA) reset

faults: setup ## break the running stack in every way and measure the gate, write out/faults [ARGS="e_stop camera"]
	@$(ENV) && exec $(VLA) faults $$ARGS

parity: setup ## play the demo's tasks with ROS and without, write out/parity [SEED= POLICY= ARGS="--rooms 3"]
	@$(ENV) && $(FOR_RT2) && exec $(VLA) parity $${SEED+--seed="$$SEED"} $${POLICY+--policy="$$POLICY"} $$ARGS

train: setup ## train the shipped policy from its fixed seeds; goes on where it was cut [ARGS=]
	@$(ENV) && $(FOR_RT2) && exec $(VLA) train $$ARGS

eval: setup ## measure a policy in closed loop on what it was never trained on [SPLIT= EPISODES= SEED= POLICY= WORDINGS= WORKERS= ARGS=]
	@$(ENV) && $(FOR_RT2) && exec $(VLA) eval $${SPLIT+--split="$$SPLIT"} $${EPISODES+--episodes="$$EPISODES"} $${SEED+--seed="$$SEED"} $${POLICY+--policy="$$POLICY"} $${WORDINGS+--wordings="$$WORDINGS"} $${WORKERS+--workers="$$WORKERS"} $$ARGS

eval-babyai: setup ## measure the shipped networks on BabyAI, a benchmark of others [ARGS="--level GoTo --policy bot"]
	@$(ENV) && $(PIP_INSTALL) --no-deps --requirement requirements/babyai.txt && exec $(VLA) babyai-eval $$ARGS

export: setup-dev ## write a policy as graphs that run without PyTorch, into out/export [ARGS=]
	@$(ENV) && exec $(VLA) export $$ARGS

bench: setup-dev ## measure what the README claims about speed, into benchmarks/results [ONLY="textbook start"]
	@$(ENV) && exec python -m benchmarks $$ONLY

test: setup-dev lint ## lint, then run every test [ARGS="-k gate"]
	@$(ENV) && exec python -m pytest $$ARGS

lint: setup-dev ## check style, types and spelling
	@$(ENV) && exec scripts/lint.sh

format: setup-dev ## put the Python files into shape
	@$(ENV) && python -m ruff check --fix --quiet . ; python -m ruff format .

lock: setup-dev ## pin what the requirements need in turn (requirements/constraints.txt)
	@$(ENV) && exec python scripts/lock.py

clean: ## remove what was built; .venv and out stay
	rm -rf build install log .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find src test scripts -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove .venv too; out stays
	rm -rf .venv
