# SPDX-License-Identifier: Apache-2.0
"""The table of architectures: what a checkpoint's `architecture` stands for.

Free of torch: networks are imported when they are made. The classes are named by where they are,
``"module:name"``, so that who runs one architecture does not pay for the others.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy.typing as npt

from vla_policy.action import ActionSpec
from vla_policy.errors import CheckpointError
from vla_policy.policy import Policy

if TYPE_CHECKING:
    from vla_policy.backends.backend import Backend
    from vla_policy.backends.deployment import Deployment
    from vla_policy.models.network import AnyNetwork

Inputs = dict[str, npt.NDArray[Any]]


class ModelConfig(Protocol):
    """What the sizes of every network say; a frozen dataclass of plain values.

    Attributes:
        image_height, image_width: of the images that it looks at [pixels].
        history: number of images that it looks at.
        horizon: number of actions in a chunk.
        action_dim: number of values in an action.
        language: how sentences are embedded, see `vla_policy.embedding.embedding_of`.
        grid: rows and columns of the map in which it says where the named thing is seen.
    """

    @property
    def image_height(self) -> int: ...  # noqa: D102
    @property
    def image_width(self) -> int: ...  # noqa: D102
    @property
    def history(self) -> int: ...  # noqa: D102
    @property
    def horizon(self) -> int: ...  # noqa: D102
    @property
    def action_dim(self) -> int: ...  # noqa: D102
    @property
    def language(self) -> str: ...  # noqa: D102
    @property
    def grid(self) -> tuple[int, int]: ...  # noqa: D102


@runtime_checkable
class WithFiles(Protocol):
    """Sizes that name further files of the checkpoint."""

    def within(self, checkpoint: Path) -> ModelConfig:
        """The same with the files of the checkpoint in that folder."""
        ...

    def copy_files(self, source: Path, out: Path) -> None:
        """Copy these files from a checkpoint's folder to another's."""
        ...


class PolicyMaker(Protocol):
    """Makes a policy of a network that is ready to run; see `ModelPolicy`."""

    def __call__(
        self, name: str, backend: Backend, sizes: Any, spec: ActionSpec, deadband: float
    ) -> Policy:
        """The policy."""
        ...


@dataclass(frozen=True)
class Architecture:
    """One architecture; all but the name are places ``"module:name"``.

    Attributes:
        name: what `config.json` and configurations of training call it.
        config: class of its sizes, a `ModelConfig` with a `from_dict`.
        network: class of the network, a `vla_policy.models.network.AnyNetwork`, made of the sizes.
        deployment: class of the network as a backend runs it,
            `vla_policy.backends.deployment.Deployment` or one made from that.
        inputs: function of the sizes that gives the deployment's inputs by name, all blank.
        policy: a `PolicyMaker`.
    """

    name: str
    config: str
    network: str
    deployment: str = "vla_policy.backends.deployment:Deployment"
    inputs: str = "vla_policy.model_policy:blank_inputs"
    policy: str = "vla_policy.model_policy:ModelPolicy"

    def make_config(self, values: Mapping[str, Any]) -> ModelConfig:
        """The sizes with these values; those that are not said are the defaults.

        Raises:
            CheckpointError: a key is unknown or a value is wrong.
        """
        made: ModelConfig = _at(self.config).from_dict(values)
        return made

    def make_network(self, config: ModelConfig) -> AnyNetwork:
        """A network of these sizes with random weights."""
        made: AnyNetwork = _at(self.network)(config)
        return made

    def make_deployment(self, network: AnyNetwork) -> Deployment:
        """The network as a backend runs it."""
        made: Deployment = _at(self.deployment)(network)
        return made

    def make_inputs(self, config: ModelConfig) -> Inputs:
        """Blank inputs of the deployment by name, each a batch of one."""
        made: Inputs = _at(self.inputs)(config)
        return made

    def make_policy(
        self, name: str, backend: Backend, config: ModelConfig, spec: ActionSpec, deadband: float
    ) -> Policy:
        """The policy of a network that `backend` runs."""
        maker: PolicyMaker = _at(self.policy)
        return maker(name, backend, config, spec, deadband)


ARCHITECTURES = (
    Architecture(
        "end_to_end",
        config="vla_policy.models.config:EndToEndConfig",
        network="vla_policy.models.end_to_end:EndToEndVLA",
    ),
    Architecture(
        "rt1",
        config="vla_policy.models.rt1_config:RT1Config",
        network="vla_policy.models.rt1:RT1",
        deployment="vla_policy.backends.rt1_deployment:RT1Deployment",
        inputs="vla_policy.rt1_policy:blank_inputs",
        policy="vla_policy.rt1_policy:RT1Policy",
    ),
    Architecture(
        "rt2",
        config="vla_policy.models.rt2.config:RT2Config",
        network="vla_policy.models.rt2.network:RT2",
        deployment="vla_policy.backends.rt2_deployment:RT2Deployment",
    ),
)

_BY_NAME = {architecture.name: architecture for architecture in ARCHITECTURES}


def find_architecture(name: object) -> Architecture:
    """The architecture of that name.

    Raises:
        CheckpointError: there is none.
    """
    if not isinstance(name, str) or name not in _BY_NAME:
        raise CheckpointError(f"architecture must be one of {', '.join(_BY_NAME)} (got {name!r})")
    return _BY_NAME[name]


def architecture_of(config: ModelConfig) -> Architecture:
    """The architecture whose sizes these are.

    Raises:
        CheckpointError: they are none's.
    """
    kind = f"{type(config).__module__}:{type(config).__qualname__}"
    for architecture in ARCHITECTURES:
        if architecture.config == kind:
            return architecture
    raise CheckpointError(f"{kind} is the configuration of no architecture")


def _at(place: str) -> Any:
    module, _, name = place.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        raise CheckpointError(
            f"{name} takes the package {error.name}, which is not installed (see requirements/)"
        ) from error
