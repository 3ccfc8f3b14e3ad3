# SPDX-License-Identifier: Apache-2.0
"""What RT-2 is judged by in training: the words that it is to say about lessons, and to questions.

All of it is the loss of a language model, each word given those before it (arXiv 2307.15818,
section 3.2). It works on whatever device the batch lies on and waits for nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F

from vla_policy.models.rt2.network import RT2, Texts
from vla_policy.models.rt2.prompt import PLAN_WORDS
from vla_policy.models.rt2.vocabulary import PADDING
from vla_train.dataset import Batch
from vla_train.labels import IGNORED
from vla_train.losses import Counts, Losses, range_loss
from vla_train.questions import Question

MAX_ANSWER = 4
"""Tokens of an answer, with the mark of its end."""


class RT2Losses(NamedTuple):
    """Means over the lessons and the questions of a batch, each a scalar.

    Attributes:
        action: of the words of actions.
        attention: of where it points; 0 without a pointer.
        memory: of the words of the plan; 0 without one.
        question: of the words of answers; 0 without questions.
        ranges: of how far it is free; 0 where it does not say that.
    """

    action: torch.Tensor
    attention: torch.Tensor
    memory: torch.Tensor
    question: torch.Tensor
    ranges: torch.Tensor


class Questions(NamedTuple):
    """K questions to each of B images.

    Attributes:
        questions: tokens ``[B * K, N]``, each image's after the other.
        answers: tokens ``[B * K, MAX_ANSWER]``; `PADDING` behind the end, or all through where an
            image has fewer questions.
    """

    questions: torch.Tensor
    answers: torch.Tensor


def lesson_losses(model: RT2, batch: Batch, questions: Questions | None = None) -> RT2Losses:
    """The losses of a batch, whose `language` is what `RT2.embed` made of its sentences."""
    asked = [_lesson_texts(model, batch)]
    if questions is not None:
        prompt, there = model.question_prompt(questions.questions)
        every = prompt.shape[1] + MAX_ANSWER
        asked.append(Texts(prompt, there, questions.answers, every))
    found = model.losses(batch.images, *asked)
    split = PLAN_WORDS if model.config.plan else 0
    words, counted = found.words[0], found.counted[0]
    nothing, pointing = words.new_zeros(()), found.pointing
    cells = torch.where(counted[:, 0], batch.cells, IGNORED)
    return RT2Losses(
        action=_mean(words[:, split:], counted[:, split:]),
        attention=nothing if pointing is None else _pointed(pointing, cells),
        memory=_mean(words[:, :split], counted[:, :split]) if split else nothing,
        question=nothing if questions is None else _mean(found.words[1], found.counted[1]),
        ranges=nothing + range_loss(found.ranges, batch.ranges),
    )


def part_losses(model: RT2, part: Batch, whole: Counts) -> Losses:
    """See `vla_train.losses.LessonLosses`."""
    questions = None
    if part.questions is not None and part.answers is not None:
        questions = Questions(part.questions, part.answers)
    found = lesson_losses(model, part, questions)
    share = len(part.actions) / whole.lessons
    return Losses(
        share * found.action,
        share * found.attention,
        share * (found.memory + found.question + found.ranges),
    )


def question_tokens(model: RT2, questions: list[Question]) -> Questions:
    """The tokens of questions and of their answers; without an answer nothing is learnt."""
    vocabulary = model.vocabulary
    asked = vocabulary.padded([each.question for each in questions], model.config.max_words)
    answers = torch.full((len(questions), MAX_ANSWER), PADDING)
    for row, each in zip(answers, questions, strict=True):
        if each.answer:
            ids = [*vocabulary.ids(each.answer)[: MAX_ANSWER - 1], vocabulary.end]
            row[: len(ids)] = torch.tensor(ids)
    return Questions(torch.from_numpy(asked), answers)


def _lesson_texts(model: RT2, batch: Batch) -> Texts:
    prompt, there = model.lesson_prompt(batch.language, batch.states, batch.memories, batch.stages)
    answer = model.lesson_answer(batch.actions, batch.modes, batch.spots, batch.more)
    beside = prompt.shape[1] - batch.language.shape[1] + answer.shape[1]
    return Texts(prompt, there, answer, model.config.packed_words + beside)


def _pointed(logits: torch.Tensor, cells: torch.Tensor) -> torch.Tensor:
    """Cross-entropy to where things are seen, mean over the lessons that say so."""
    labelled = (cells != IGNORED).sum().clamp(min=1)
    losses = F.cross_entropy(logits.float(), cells, ignore_index=IGNORED, reduction="sum")
    return losses / labelled


def _mean(words: torch.Tensor, counted: torch.Tensor) -> torch.Tensor:
    """Mean over the words that count."""
    return words.sum() / counted.sum().clamp(min=1)
