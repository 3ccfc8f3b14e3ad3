# SPDX-License-Identifier: Apache-2.0
"""Who drives while data is collected or a policy is judged."""

from __future__ import annotations

import dataclasses
from typing import Protocol

import numpy as np

from vla_policy.action import ActionSpec
from vla_policy.memory import LOST, SEEN, Memory, Sight, State, stands
from vla_policy.model_policy import ModelPolicy
from vla_policy.observation import Observation
from vla_policy.policy import Policy
from vla_sim.geometry import Pose
from vla_sim.task import Task
from vla_train.lesson import Lesson, View, teach
from vla_train.motion import advance
from vla_train.reaction import Actions, Reaction
from vla_train.survey import Survey

PUSH_CHANCE = 0.06
PUSH_STEPS = (2, 8)
PUSH_LINEAR = 0.25
PUSH_ANGULAR = 1.0
SIGHT_ERROR = (0.03, 0.04)
"""Spread of the error with which a driver that looks at the truth sees: m, share of the way."""
FORESIGHT_STEP_S = 0.02


class Driver(Protocol):
    """Whoever drives."""

    def __call__(self, observation: Observation, view: View) -> Actions:
        """The next actions ``[horizon, 2]`` in m/s and rad/s; `view` is the truth."""
        ...


class Teacher(Driver, Protocol):
    """A driver that can say what would have been right."""

    lesson: Lesson
    """Of the last look."""
    about: State
    """What was known of the surroundings at the last look ``[SECTORS]``."""


class ExpertDriver:
    """Drives as the expert says; its memory is fed by the truth.

    Args:
        latency_s: how late its actions are driven, as far as it knows: it looks ahead to where
            it will be by then. One that does not, drives no way that is shorter than that.
    """

    lesson: Lesson
    about: State

    def __init__(
        self, task: Task, spec: ActionSpec, rng: np.random.Generator, latency_s: float = 0.0
    ) -> None:
        self._task = task
        self._spec = spec
        self._rng = rng
        self._latency_s = latency_s
        self._reaction = Reaction(spec.dt, latency_s)
        self._memory = Memory()
        self._survey = Survey(rng.spawn(1)[0])

    def __call__(self, observation: Observation, view: View) -> Actions:
        """The expert's chunk."""
        self.about = self._survey(view, observation.state, observation.stamp)
        self.lesson = self._lesson(view, observation.state)
        actions = self._actions(observation, view)
        self._reaction.take(actions, observation.stamp * 1e-9)
        return actions

    def _lesson(self, view: View, state: State) -> Lesson:
        memory = self._memory
        return teach(
            view,
            self._task,
            memory.stage,
            memory.state(state),
            memory.features(state),
            self._spec,
        )

    def _actions(self, observation: Observation, view: View) -> Actions:
        state = observation.state
        sight = self.lesson.sight or Sight(LOST, (0.0, 0.0), self.lesson.more)
        standing = stands(self._spec.normalise(self.lesson.actions))
        if self._memory.take(self._blurred(sight), standing, state, observation.stamp):
            return np.zeros_like(self.lesson.actions)
        if self._latency_s == 0.0:
            return self.lesson.actions
        later = self._lesson(*self._foreseen(observation, view)).actions
        missed = np.repeat(later[:1], int(self._latency_s / self._spec.dt), axis=0)
        return np.concatenate([missed, later])[: len(later)]

    def _foreseen(self, observation: Observation, view: View) -> tuple[View, State]:
        """View and pose when what is said now is driven: until then it drives as it said."""
        pose, since = view.pose, Pose(*map(float, observation.state))
        steps = max(1, round(self._latency_s / FORESIGHT_STEP_S))
        step_s = self._latency_s / steps
        for step in range(steps):
            action = self._reaction.action(observation.stamp * 1e-9 + step * step_s)
            pose, since = advance(pose, *action, step_s), advance(since, *action, step_s)
        return dataclasses.replace(view, pose=pose), np.array(since, dtype=np.float32)

    def _blurred(self, sight: Sight) -> Sight:
        if sight.mode != SEEN:
            return sight
        ahead, left = sight.spot
        spread = SIGHT_ERROR[0] + SIGHT_ERROR[1] * float(np.hypot(ahead, left))
        error = self._rng.normal(0.0, spread, size=2)
        return Sight(sight.mode, (ahead + error[0], left + error[1]), sight.more)


class PolicyDriver:
    """Drives as a policy says."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def __call__(self, observation: Observation, view: View) -> Actions:
        """The policy's chunk."""
        return self._policy.act(observation).actions


class CorrectedDriver:
    """Drives as a policy says, and knows what the expert would have done (DAgger)."""

    lesson: Lesson
    about: State

    def __init__(
        self, policy: ModelPolicy, task: Task, spec: ActionSpec, rng: np.random.Generator
    ) -> None:
        self._policy = policy
        self._task = task
        self._spec = spec
        self._survey = Survey(rng)

    def __call__(self, observation: Observation, view: View) -> Actions:
        """The policy's chunk."""
        memory, state = self._policy.memory, observation.state
        kept = self._policy.surroundings
        self.about = (
            self._survey(view, state, observation.stamp) if kept is None else kept.features(state)
        )
        self.lesson = teach(
            view,
            self._task,
            memory.stage,
            memory.state(state),
            memory.features(state),
            self._spec,
        )
        return self._policy.act(observation).actions


class PushedDriver:
    """Another driver, pushed off course now and then for part of a second.

    What the expert does to come back is what a policy must see to recover from its own errors
    (noise injection: DART, arXiv 1703.09327).
    """

    def __init__(self, driver: Teacher, rng: np.random.Generator, chance: float) -> None:
        self._driver = driver
        self._rng = rng
        self._chance = chance
        self._steps_left = 0
        self._push: Actions = np.zeros(2, dtype=np.float32)

    @property
    def lesson(self) -> Lesson:
        """The other driver's."""
        return self._driver.lesson

    @property
    def about(self) -> State:
        """The other driver's."""
        return self._driver.about

    def __call__(self, observation: Observation, view: View) -> Actions:
        """The other driver's chunk and the push of this instant."""
        actions = self._driver(observation, view)
        # An episode ends once the robot stands: who has arrived is left in peace.
        arrived = not self.lesson.actions.any()
        if self._steps_left == 0 and not arrived and self._rng.random() < self._chance:
            self._steps_left = int(self._rng.integers(*PUSH_STEPS))
            linear = self._rng.uniform(-PUSH_LINEAR, PUSH_LINEAR)
            angular = self._rng.uniform(-PUSH_ANGULAR, PUSH_ANGULAR)
            self._push = np.array([linear, angular], dtype=np.float32)
        if self._steps_left > 0:
            self._steps_left -= 1
            return actions + self._push
        return actions
