# SPDX-License-Identifier: Apache-2.0
"""A training run from the first room to the checkpoint with its card; goes on where it stopped."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from vla_policy.checkpoint import CheckpointConfig, find_checkpoint, save_checkpoint
from vla_policy.statistics import ActionStatistics
from vla_train.card import Machine, model_card, this_machine
from vla_train.collect import collect_round, round_dataset, round_shards
from vla_train.config import DatasetSource, RunConfig
from vla_train.curves import MISSING, Curves, can_draw
from vla_train.dataset import FrameDataset
from vla_train.errors import TrainError
from vla_train.evaluation import Contestant, EpisodeResult, evaluate, report_of, summarise
from vla_train.group import join_group
from vla_train.initial import initial_weights
from vla_train.labels import recorded_actions
from vla_train.locks import run_alone
from vla_train.memory import release_memory
from vla_train.progress import ProgressBar
from vla_train.recording import Recording
from vla_train.sentences import Sentences
from vla_train.training import REPORT_EVERY, Trainer

CURVES_OF_ROUNDS = ("success_rate", "wilson_low", "collision_rate", "wrong_object_rate")
VALIDATION_SPLIT = "validation"
TEST_SPLIT = "seen"
_LOG_FILE = "log.jsonl"
_CONFIG_FILE = "config.json"
_FREE = ("rounds", "early_episodes", "collect_ahead")
"""What may change while a run goes on; of the rounds, those that are not done."""
QUIET = Console(file=io.StringIO(), quiet=True)
"""Of what goes on beside what a person watches."""


@dataclass(frozen=True)
class RunFolder:
    """Where the files of a run lie."""

    root: Path

    @property
    def data(self) -> Path:
        """The data sets of the rounds."""
        return self.root / "data"

    @property
    def cache(self) -> Path:
        """Images as the network takes them; made again when they are missing."""
        return self.root / "cache"

    @property
    def state(self) -> Path:
        """What a resumed run reads."""
        return self.root / "state.pt"

    @property
    def curves(self) -> Path:
        """What TensorBoard shows."""
        return self.root / "curves"

    @property
    def checkpoint(self) -> Path:
        """The latest policy."""
        return self.root / "checkpoint"

    def policy(self, number: int) -> Path:
        """The policy as it was after a round."""
        return self.root / "policies" / f"round_{number}"

    @property
    def begun(self) -> bool:
        """Whether it holds work that belongs to what the run is made of."""
        return any(path.exists() for path in (self.data, self.state, self.root / _LOG_FILE))

    def settle(self, config: RunConfig) -> None:
        """Keep what the run is made of; rounds may come to it later.

        Raises:
            TrainError: it was begun with something else.
        """
        path = self.root / _CONFIG_FILE
        now = json.loads(json.dumps(dataclasses.asdict(config)))
        if path.exists() and self.begun:
            begun = json.loads(path.read_text(encoding="utf-8"))
            rounds = len(self.done())
            both = {name: (old, now.get(name)) for name, old in begun.items() if name not in _FREE}
            both["rounds"] = (begun["rounds"][:rounds], now["rounds"][:rounds])
            for name, pair in both.items():
                for key, before, after in _differences(name, *pair):
                    raise TrainError(
                        f"{self.root} was begun with {key}: {before} (got {after}): go on with "
                        "that, or give the run another folder (--out)"
                    )
        unfinished = path.with_suffix(".part")  # a run may be cut off at any moment
        unfinished.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
        unfinished.replace(path)

    def done(self) -> set[int]:
        """Numbers of the rounds that are trained and judged."""
        return {entry["round"] for entry in self.entries() if "round" in entry}

    def log(self, entry: dict[str, Any]) -> None:
        """Add a line to the run's log."""
        with (self.root / _LOG_FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    def collected_s(self, number: int) -> float:
        """How long the shards of a round took, whether or not the run was cut off between."""
        return sum(e["seconds"] for e in self.entries() if e.get("collected") == number)

    def entries(self) -> list[dict[str, Any]]:
        """All lines of the run's log."""
        path = self.root / _LOG_FILE
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _differences(name: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """Where two configurations differ: the names that lead there, and both values."""
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        before, after = dict(enumerate(before)), dict(enumerate(after))
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            yield from _differences(f"{name}.{key}", before.get(key), after.get(key))
    elif before != after:
        yield name, before, after


def train(
    config: RunConfig, folder: RunFolder, workers: int, test_episodes: int, console: Console
) -> None:
    """Run all rounds that are not done yet, then test the policy and write its card.

    Where `torchrun` has started several processes, they train together; the first one does all
    the rest.

    Raises:
        TrainError: another run is at work in the folder, or it was begun with something else.
    """
    group = join_group()
    with run_alone(folder.root) if group.leads else contextlib.nullcontext():
        if group.leads:
            folder.settle(config)
        group.wait()
        console = console if group.leads else Console(quiet=True)
        trainer = Trainer(config, group)
        if not can_draw():
            console.print(MISSING)
        if folder.state.exists():
            trainer.load(folder.state)
            console.print(f"going on in round {trainer.round} at step {trainer.step}")
        elif config.initial is not None:
            weights = initial_weights(config.initial, trainer.model, config.initial_parts)
            trainer.begin_with(weights)
            anew = len(trainer.model.state_dict().keys() - weights.keys())
            console.print(f"begins with {len(weights)} tensors of {config.initial}, {anew} anew")
        done = folder.done()
        sentences = Sentences(trainer.model.embed)
        for number in range(len(config.rounds)):
            if number not in done:
                _run_round(config, folder, trainer, sentences, number, workers, console)
        if group.leads:
            _test(config, folder, trainer, workers, test_episodes, console)
        group.leave()


def _run_round(
    config: RunConfig,
    folder: RunFolder,
    trainer: Trainer,
    sentences: Sentences,
    number: int,
    workers: int,
    console: Console,
) -> None:
    group = trainer.group
    if group.leads:
        _collect(config, folder, number, workers, console)
    group.wait()
    ahead = config.collect_ahead and group.leads and number + 1 < len(config.rounds)
    with _meanwhile(_collect, config, folder, number + 1, workers, QUIET, enabled=ahead):
        sources = _sources(config, folder, number)
        data = _read(config, folder, trainer, sentences, number, sources, console)
        _train_round(folder, trainer, number, data, console)
    if group.leads:
        for place in (folder.policy(number), folder.checkpoint):
            _save(place, config, trainer, sources, card="")
        _judge_round(config, folder, trainer, number, data, workers, console)
    group.wait()


def _read(
    config: RunConfig,
    folder: RunFolder,
    trainer: Trainer,
    sentences: Sentences,
    number: int,
    sources: list[DatasetSource],
    console: Console,
) -> FrameDataset:
    """The data sets of a round."""
    with ProgressBar(console) as bar:
        task = bar.add_task(f"round {number}: read the data sets", total=None)

        def told(done: int, every: int) -> None:
            bar.update(
                task, completed=done, total=every, description=f"round {number}: read sentences"
            )

        return FrameDataset(
            sources, config, folder.cache, sentences, trainer.group.device, trainer.quiz, told
        )


@contextlib.contextmanager
def _meanwhile(work: Callable[..., None], *args: Any, enabled: bool) -> Iterator[None]:
    """Do some work in a thread of its own; it is done, or has failed, in the end."""
    if not enabled:
        yield
        return
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work, *args)
        yield
        done.result()


def _driver_of(config: RunConfig, folder: RunFolder, number: int) -> Path | None:
    """The policy that drives its share of the episodes of a round."""
    last = number - (2 if config.collect_ahead else 1)
    if last >= 0:
        return folder.policy(last)
    return None if config.first_driver is None else find_checkpoint(config.first_driver)


def _collect(
    config: RunConfig, folder: RunFolder, number: int, workers: int, console: Console
) -> None:
    policy = _driver_of(config, folder, number)
    with ProgressBar(console) as bar:
        task = bar.add_task(
            f"round {number}: collect", total=len(round_shards(config, number, folder.data))
        )
        began = time.monotonic()
        for frames in collect_round(config, number, folder.data, policy, workers):
            bar.advance(task)
            if frames >= 0:
                now = time.monotonic()
                folder.log({"collected": number, "frames": frames, "seconds": now - began})
                began = now


def _train_round(
    folder: RunFolder, trainer: Trainer, number: int, data: FrameDataset, console: Console
) -> None:
    with ProgressBar(console) as bar, _curves(folder, trainer) as curves:
        task = bar.add_task(f"round {number}: train", total=None)

        def show(step: int, steps: int, loss: float, values: Mapping[str, float]) -> None:
            text = f"round {number}: train on {len(data)} frames, loss {loss:.4f}"
            bar.update(task, total=steps, completed=step, description=text)
            if step % REPORT_EVERY == 0:
                curves.add(values, trainer.frames)

        trainer.train_round(number, data, folder.state, show)


def _judge_round(
    config: RunConfig,
    folder: RunFolder,
    trainer: Trainer,
    number: int,
    data: FrameDataset,
    workers: int,
    console: Console,
) -> None:
    summary: dict[str, Any] = {}
    if config.early_episodes:
        results = _judge(
            config, folder, VALIDATION_SPLIT, config.early_episodes, number, workers, console
        )
        summary = summarise(results)
        console.print(f"round {number}: {summary['success_rate']:.1%} of {len(results)} episodes")
        with _curves(folder, trainer) as curves:
            rates = {f"validation/{name}": summary[name] for name in CURVES_OF_ROUNDS}
            curves.add(rates, trainer.frames)
    folder.log(
        {
            "round": number,
            "frames": len(data),
            "collect_s": round(folder.collected_s(number)),
            "train_s": round(trainer.seconds),
            "validation": summary,
        }
    )


def _curves(folder: RunFolder, trainer: Trainer) -> Curves:
    return Curves(folder.curves if can_draw() and trainer.group.leads else None, trainer.frames)


def _sources(config: RunConfig, folder: RunFolder, number: int) -> list[DatasetSource]:
    """What a round is trained on: all that was collected or named until then."""
    sources: list[DatasetSource] = []
    for earlier in range(number + 1):
        collected = round_dataset(earlier, folder.data)
        if collected.exists():
            sources.append(DatasetSource(str(collected)))
        sources += config.rounds[earlier].datasets
    return sources


def _test(
    config: RunConfig,
    folder: RunFolder,
    trainer: Trainer,
    workers: int,
    episodes: int,
    console: Console,
) -> None:
    results = _judge(config, folder, TEST_SPLIT, episodes, 0, workers, console)
    report = report_of(results)
    (folder.root / "test.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    machine: Machine = this_machine()
    rounds = [entry for entry in folder.entries() if "round" in entry]
    sources = _sources(config, folder, len(config.rounds) - 1)
    card = model_card(config, rounds, report, machine)
    _save(folder.checkpoint, config, trainer, sources, card)
    console.print(f"tested: {report['success_rate']:.1%} of {episodes}; wrote {folder.checkpoint}")


def _save(
    place: Path,
    config: RunConfig,
    trainer: Trainer,
    sources: list[DatasetSource],
    card: str,
) -> None:
    checkpoint = CheckpointConfig(
        model=config.model,
        action=config.action,
        deadband=config.deadband,
        training={"configuration": config.name, "seed": config.seed},
        action_statistics=_action_statistics(config, sources),
    )
    save_checkpoint(place, trainer.average, checkpoint, card)


def _action_statistics(config: RunConfig, sources: list[DatasetSource]) -> ActionStatistics | None:
    """Of the actions in the data sets; None where there is no frame in them."""
    parts = [
        recorded_actions(recording, source, config.action)
        for source in sources
        if (recording := Recording.open(Path(source.path))).frames
    ]
    if not parts:
        return None
    return ActionStatistics.of(config.action.normalise(np.concatenate(parts)))


def _judge(
    config: RunConfig,
    folder: RunFolder,
    split: str,
    episodes: int,
    seed: int,
    workers: int,
    console: Console,
) -> list[EpisodeResult]:
    release_memory()
    results: list[EpisodeResult] = []
    with ProgressBar(console) as bar:
        task = bar.add_task(f"drive in rooms of {split}", total=episodes)
        contestant = Contestant(config.action, folder.checkpoint)
        for result in evaluate(contestant, split, episodes, seed, workers):
            results.append(result)
            share = sum(r.success for r in results) / len(results)
            bar.update(task, advance=1, description=f"drive in rooms of {split}: {share:.0%}")
    return results
