# SPDX-License-Identifier: Apache-2.0
"""The table of architectures leads to classes that are there and fit together."""

import dataclasses
import subprocess
import sys

import pytest

from vla_policy.architectures import ARCHITECTURES, architecture_of, find_architecture
from vla_policy.errors import CheckpointError
from vla_policy.models.network import AnyNetwork


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda each: each.name)
def test_an_architecture_is_found_by_its_name_and_by_its_sizes(architecture):
    config = architecture.make_config({})
    assert find_architecture(architecture.name) is architecture
    assert architecture_of(config) is architecture
    assert architecture.make_config(dataclasses.asdict(config)) == config


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda each: each.name)
def test_a_deployment_asks_for_the_inputs_that_a_policy_gives(architecture):
    config = architecture.make_config({})
    network = architecture.make_network(config)
    assert isinstance(network, AnyNetwork)
    deployment = architecture.make_deployment(network)
    assert deployment.input_names == tuple(architecture.make_inputs(config))


@pytest.mark.parametrize("name", ["rt9", None, ["end_to_end"]])
def test_an_unknown_architecture_is_named(name):
    with pytest.raises(CheckpointError, match="architecture must be one of end_to_end"):
        find_architecture(name)


def test_sizes_of_no_architecture_are_refused():
    with pytest.raises(CheckpointError, match="is the configuration of no architecture"):
        architecture_of("sizes")


def test_the_table_and_all_sizes_are_free_of_torch():
    script = (
        "import sys; from vla_policy.architectures import ARCHITECTURES\n"
        "for each in ARCHITECTURES: each.make_inputs(each.make_config({}))\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
