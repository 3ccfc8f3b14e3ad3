# SPDX-License-Identifier: Apache-2.0
"""RT-2: a vision-language model that answers with what is to be done (arXiv 2307.15818).

    image                  -> vision tower -> embeddings --+
    sentence, pose, memory -> tokens ------> embeddings ---+-> language model -> plan, actions

It is trained as any language model is, to say the next word; and its words are actions, since 256
of its tokens are taken to mean them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from vla_policy.errors import CheckpointError, ObservationError
from vla_policy.models.free_space import RangeReader
from vla_policy.models.network import AnyNetwork, Look
from vla_policy.models.rt2.backbone import Backbone, normalised_pixels, open_backbone
from vla_policy.models.rt2.bins import ActionBins
from vla_policy.models.rt2.config import BESIDE, SHIPPED, RT2Config
from vla_policy.models.rt2.decoding import CachedReader, Reader, answer, reply
from vla_policy.models.rt2.initial import begin_embeddings
from vla_policy.models.rt2.normalising import QuantileNormaliser
from vla_policy.models.rt2.packing import lay_out, pack
from vla_policy.models.rt2.pointer import Pointer
from vla_policy.models.rt2.prompt import PLAN_WORDS, BodyWords
from vla_policy.models.rt2.targets import word_loss
from vla_policy.models.rt2.vocabulary import (
    PADDING,
    TOKENIZER_FILE,
    Vocabulary,
    read_tokenizer,
)
from vla_policy.models.rt2.words import Words, backbone_directory


class Texts(NamedTuple):
    """Texts behind images, Q to each.

    Attributes:
        prompt: tokens ``[B * Q, N]`` of what is asked.
        there: ``[B * Q, N]`` False where a prompt has no token.
        answer: tokens ``[B * Q, M]`` of what is to be answered, `PADDING` behind the last.
        most: tokens of prompt and answer that are provided for each, on average over an image's.
    """

    prompt: torch.Tensor
    there: torch.Tensor
    answer: torch.Tensor
    most: int


class WordLosses(NamedTuple):
    """What `RT2.losses` gives.

    Attributes:
        words: for each of the texts ``[B * Q, M]`` float32, 0 where nothing counts.
        counted: for each of them ``[B * Q, M]`` whether it counts: there is a word to say, and
            the pack had room for it.
        pointing: logits ``[B * Q, P + 1]`` of the first texts, see `Pointer`; None without one.
        ranges: how far it is free in each image ``[B, RANGES]`` [m]; None where it does not say.
    """

    words: tuple[torch.Tensor, ...]
    counted: tuple[torch.Tensor, ...]
    pointing: torch.Tensor | None
    ranges: torch.Tensor | None


class RT2(AnyNetwork):
    """The network; see the module's text for its parts.

    Args:
        backbone: in place of the one that the configuration names.
        vocabulary: of the backbone's own tokenizer.

    Raises:
        CheckpointError: the backbone is missing or damaged, or RT-2 cannot use it.
    """

    config: RT2Config
    before: torch.Tensor
    mark: torch.Tensor
    knots: torch.Tensor
    weights: torch.Tensor
    pixel_mean: torch.Tensor
    pixel_std: torch.Tensor

    def __init__(
        self,
        config: RT2Config,
        backbone: Backbone | None = None,
        vocabulary: Vocabulary | None = None,
    ) -> None:
        super().__init__()
        if backbone is None or vocabulary is None:
            directory = backbone_directory(config)
            backbone = open_backbone(directory)
            vocabulary = Vocabulary.of(read_tokenizer(directory), _end(backbone))
            if config.backbone in SHIPPED:
                begin_embeddings(backbone, vocabulary)
        if len(backbone.table) < vocabulary.size:
            raise CheckpointError(
                f"the tokenizer has {vocabulary.size} tokens, and the model embeddings of "
                f"{len(backbone.table)}: it is another model's"
            )
        self.config = config
        self.backbone = backbone
        self.vocabulary = vocabulary
        self.normaliser = QuantileNormaliser(config.action_dim)
        self.pointer = Pointer(backbone.width) if config.pointer else None
        self.ranges = RangeReader(backbone.width, config.grid) if config.surroundings else None
        self.bins = ActionBins(vocabulary.size)
        self.words = Words(config, vocabulary)
        self._body: dict[torch.device, BodyWords] = {}
        self._keep("before", torch.tensor(vocabulary.ids(config.before, marks=True)).long())
        self._keep("mark", torch.tensor(vocabulary.ids(config.answer)))
        self._keep("knots", torch.tensor(config.knots))
        self._keep("weights", knot_weights(config.knots, config.horizon))
        self._keep("pixel_mean", torch.tensor(config.pixel_mean).view(1, 3, 1, 1))
        self._keep("pixel_std", torch.tensor(config.pixel_std).view(1, 3, 1, 1))
        self._tied = _tied_names(backbone)
        self.register_state_dict_post_hook(_leave_out_tied)
        self.register_load_state_dict_pre_hook(_put_back_tied)

    def look(
        self,
        images: torch.Tensor,
        instructions: list[str] | torch.Tensor,
        state: torch.Tensor | None = None,
        memory: torch.Tensor | None = None,
        stage: torch.Tensor | None = None,
    ) -> Look:
        """See `AnyNetwork.look`; `mode` is 0 for what was said and far below for all else."""
        if not isinstance(instructions, torch.Tensor):
            instructions = self.embed(instructions)
        instructions = instructions.to(images.device)
        count = len(instructions)
        if count == 0 or count != len(images):
            raise ObservationError(
                f"expected one instruction an image, got {count} for {len(images)} images"
            )
        state, memory = self.body_of(count, self.normaliser.low, state, memory)
        if stage is None:
            stage = torch.zeros(count, dtype=torch.long, device=images.device)
        longest = max(1, int((instructions > 0).sum(dim=1).max()))
        prompt, there = self.lesson_prompt(instructions[:, :longest], state, memory, stage)
        prefix = self.prefix(images)
        return self._look(prefix, self.answer(prefix, prompt, there))

    def look_padded(
        self,
        images: torch.Tensor,
        instructions: torch.Tensor,
        state: torch.Tensor,
        memory: torch.Tensor,
        stage: torch.Tensor,
    ) -> Look:
        """As `look`, with the same work whatever is asked and said, so that it can be a graph.

        Args:
            instructions: ``[B, max_words]`` of `embed`, 0 where there is no token.
        """
        prompt, there = self.lesson_prompt(instructions, state, memory, stage)
        prefix = self.prefix(images)
        reader = CachedReader(self, prefix, prompt, there)
        return self._look(prefix, answer(self, reader, by_heart=False))

    def _look(self, prefix: torch.Tensor, said: torch.Tensor) -> Look:
        return self.heard(said)._replace(ranges=self._ranges(prefix))

    def answer(
        self,
        prefix: torch.Tensor,
        prompt: torch.Tensor,
        there: torch.Tensor,
        cached: bool = True,
    ) -> torch.Tensor:
        """What it says: tokens ``[B, M]`` of the plan, if there is one, and of the actions.

        Args:
            prefix: of `prefix`.
            prompt, there: of `lesson_prompt`.
            cached: keep keys and values of what was read. Without, each word is said from the
                whole text anew: the same words for many times the work.
        """
        return answer(self, (CachedReader if cached else Reader)(self, prefix, prompt, there))

    def reply(self, images: torch.Tensor, questions: list[str], most: int = 8) -> list[str]:
        """What it says to questions, one to each image, in at most so many tokens."""
        asked = self.vocabulary.padded(questions, self.config.max_words)
        prompt, there = self.question_prompt(torch.from_numpy(asked).to(images.device))
        said = reply(self, CachedReader(self, self.prefix(images), prompt, there), most)
        return [str(self.vocabulary.tokenizer.decode(row)) for row in said]

    def heard(self, said: torch.Tensor) -> Look:
        """What an answer ``[B, M]`` means."""
        words = said[:, -self.config.words :].unflatten(1, (-1, self.config.action_dim))
        actions = self._between(self.normaliser.unnormalise(self.bins.actions(words)))
        body = self.body_words(said.device)
        if not self.config.plan:
            return Look(actions, *body.unheard(len(said)))
        return Look(actions, *body.heard(said[:, :PLAN_WORDS]))

    def embed(self, instructions: list[str]) -> torch.Tensor:
        """Numbers ``[len(instructions), N]`` of the tokens from 1 on, 0 where there is none."""
        return torch.from_numpy(self.words.numbers(instructions)).to(self.normaliser.low.device)

    def fitted(
        self, weights: Mapping[str, torch.Tensor], checkpoint: Path
    ) -> dict[str, torch.Tensor]:
        """See `AnyNetwork.fitted`: what belongs to a token goes to where that token is here."""
        fitted = dict(weights)
        directory = checkpoint / BESIDE
        if not (directory / TOKENIZER_FILE).is_file():
            return fitted
        theirs = read_tokenizer(directory).get_vocab()
        mine = self.vocabulary.tokenizer.get_vocab()
        shared = [(mine[word], theirs[word]) for word in mine if word in theirs]
        to, of = torch.tensor(shared).unbind(dim=1)
        for name, own in self.state_dict().items():
            rows = weights.get(name)
            if rows is None or rows.dim() == 0 or rows.shape[1:] != own.shape[1:]:
                continue
            if len(own) == len(mine) and len(rows) == len(theirs):
                fitted[name] = own.cpu().index_copy(0, to, rows[of].to(own.dtype))
        return fitted

    def fit_actions(self, actions: torch.Tensor) -> None:
        """Let the bins span what is usual in actions ``[..., action_dim]`` in [-1, 1]."""
        self.normaliser.fit(actions)

    def lesson_prompt(
        self,
        language: torch.Tensor,
        states: torch.Tensor,
        memories: torch.Tensor,
        stages: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What is asked of lessons: tokens, and where there are any; both ``[N, K]``.

        The sentence, what the robot says of itself, and the mark that asks for an answer.

        Args:
            language: ``[N, ...]`` of `embed`.
            states, memories, stages: ``[N, 3]``, ``[N, memory_dim]`` and ``[N]``, as `look` takes
                them.
        """
        sentences = language + PADDING
        body = self.body_words(language.device).prompt(states, memories, stages)
        return self._asked(sentences, torch.cat([body, self._marks(sentences)], dim=1))

    def question_prompt(self, questions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What is asked by questions, tokens ``[N, K]``; as in `lesson_prompt`."""
        return self._asked(questions, self._marks(questions))

    def lesson_answer(
        self,
        actions: torch.Tensor,
        modes: torch.Tensor,
        spots: torch.Tensor,
        more: torch.Tensor,
    ) -> torch.Tensor:
        """What is to be said: ``[N, M]``.

        Args:
            actions: ``[N, horizon, action_dim]`` in [-1, 1].
            modes, spots, more: see `BodyWords.plan`.
        """
        knots = self.normaliser.normalise(actions.index_select(1, self.knots))
        words = self.bins.tokens(knots).flatten(1)
        if not self.config.plan:
            return words
        plan = self.body_words(actions.device).plan(modes, spots, more)
        return torch.cat([plan, words], dim=1)

    def losses(self, images: torch.Tensor, *asked: Texts) -> WordLosses:
        """The loss of each word of each answer, and where the first texts point.

        An image passes through the network once, whatever is asked of it.
        """
        prefix = self.prefix(images)
        length = prefix.shape[1]
        packs = tuple(
            pack(text.prompt, text.there, text.answer, len(images), text.most) for text in asked
        )
        layout = lay_out(length, packs, self.config.bidirectional)
        tokens = self.backbone.token_embeddings(torch.cat([each.tokens for each in packs], dim=1))
        embeddings = torch.cat([prefix, tokens.to(prefix.dtype)], dim=1)
        last, middle = self.backbone.states_within(
            embeddings, layout.mask, layout.positions, layout.texts
        )
        words, counted = [], []
        for text, each, begin in zip(asked, packs, layout.begins, strict=True):
            states = _at(last, begin + each.sources)
            counted.append(each.fits & (text.answer != PADDING))
            words.append(self._word_loss(text, states) * counted[-1])
        pointing = None
        if self.pointer is not None:
            marks = _at(middle, layout.begins[0] + packs[0].sources[:, :1])[:, 0]
            image = middle[:, len(self.before) : length]
            pointing = self.pointer(image, marks.unflatten(0, (len(images), -1)))
        return WordLosses(tuple(words), tuple(counted), pointing, self._ranges(prefix))

    def _ranges(self, prefix: torch.Tensor) -> torch.Tensor | None:
        """How far it is free by what `prefix` gave; None where it does not say that."""
        if self.ranges is None:
            return None
        image = prefix[:, len(self.before) :]  # [B, P, d]
        # As the pointer does, it takes them as the cells of a grid.
        ranges: torch.Tensor = self.ranges(image.mT.unflatten(2, self.config.grid))
        return ranges

    def _word_loss(self, text: Texts, states: torch.Tensor) -> torch.Tensor:
        """``[B * Q, M, d]`` to ``[B * Q, M]``."""
        logits = self.backbone.logits(states)
        return word_loss(logits, text.answer, self.vocabulary.size, self.config.smoothing)

    def prefix(self, images: torch.Tensor) -> torch.Tensor:
        """What stands in front of all texts: the image and what is said before it, ``[B, P, d]``.

        Args:
            images: ``[B, 1, 3, H, W]``, uint8 or float in [0, 1].

        Raises:
            ObservationError: the images have another shape.
        """
        c = self.config
        expected = (c.history, 3, c.image_height, c.image_width)
        if images.ndim != 5 or tuple(images.shape[1:]) != expected:
            raise ObservationError(
                f"expected images of shape [B, {', '.join(map(str, expected))}], "
                f"got {list(images.shape)}"
            )
        pixels = normalised_pixels(images[:, 0], self.pixel_mean, self.pixel_std, c.pixel_size)
        image = self.backbone.image_embeddings(pixels)
        if not len(self.before):
            return image
        before = self.backbone.token_embeddings(self.before.expand(len(images), -1))
        return torch.cat([before.to(image.dtype), image], dim=1)

    def body_words(self, device: torch.device) -> BodyWords:
        """Numbers to tokens on a device."""
        if device not in self._body:
            self._body[device] = BodyWords(self.vocabulary, device)
        return self._body[device]

    @property
    def answer_words(self) -> int:
        """Words of an answer: those of the plan, if there is one, and those of the actions."""
        return self.config.words + (PLAN_WORDS if self.config.plan else 0)

    def compile_for_training(self) -> None:
        """See `AnyNetwork.compile_for_training`; here it has the language model."""
        self.backbone.compile_decoder()

    def save_beside(self, checkpoint: Path) -> RT2Config:
        """Write the backbone's configuration and tokenizer; see `config.BESIDE`."""
        folder = checkpoint / BESIDE
        self.backbone.model.config.save_pretrained(folder)
        self.vocabulary.tokenizer.save(str(folder / TOKENIZER_FILE))
        return self.config.stored()

    def _marks(self, language: torch.Tensor) -> torch.Tensor:
        return self.mark.expand(len(language), -1)

    def _asked(
        self, padded: torch.Tensor, then: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        there = torch.cat([padded != PADDING, torch.ones_like(then, dtype=torch.bool)], dim=1)
        return torch.cat([padded, then], dim=1), there

    def _between(self, knots: torch.Tensor) -> torch.Tensor:
        """Actions at knots ``[B, K, action_dim]`` to all steps ``[B, horizon, action_dim]``."""
        return torch.einsum("hk,bka->bha", self.weights.to(knots.dtype), knots)

    def _keep(self, name: str, value: torch.Tensor) -> None:
        """What follows from the configuration, on the device of the weights."""
        self.register_buffer(name, value, persistent=False)


def _at(states: torch.Tensor, sources: torch.Tensor) -> torch.Tensor:
    """States ``[B, L, d]`` at places ``[B * Q, M]``: ``[B * Q, M, d]``."""
    rows = sources.view(len(states), -1, 1).expand(-1, -1, states.shape[-1])
    return states.gather(1, rows).view(*sources.shape, -1)


def knot_weights(knots: tuple[int, ...], horizon: int) -> torch.Tensor:
    """Straight lines between knots, the last one's value behind it: ``[horizon, K]``."""
    weights = torch.zeros(horizon, len(knots))
    for step in range(horizon):
        after = next((k for k, knot in enumerate(knots) if knot >= step), None)
        if after is None:
            weights[step, -1] = 1.0
        elif knots[after] == step:
            weights[step, after] = 1.0
        else:
            first, second = knots[after - 1], knots[after]
            weights[step, after] = (step - first) / (second - first)
            weights[step, after - 1] = 1.0 - weights[step, after]
    return weights


def _end(backbone: Backbone) -> int:
    """The token that ends an answer; of several the first."""
    end = backbone.text_config.eos_token_id
    if isinstance(end, list | tuple):
        end = end[0]
    if end is None:
        raise CheckpointError("the model's configuration must name its `eos_token_id`")
    return int(end)


def _tied_names(backbone: Backbone) -> tuple[str, ...]:
    """Further names of the embeddings, where the output layer has the same weights."""
    head = backbone.model.get_output_embeddings().weight
    named = backbone.named_parameters(prefix="backbone", remove_duplicate=False)
    return tuple([name for name, value in named if value is head][1:])


def _leave_out_tied(
    module: nn.Module, state: dict[str, Any], prefix: str, local_metadata: dict[str, Any]
) -> None:
    """A tensor that has several names is written once."""
    assert isinstance(module, RT2)
    for name in module._tied:
        state.pop(prefix + name, None)


def _put_back_tied(module: nn.Module, state: dict[str, Any], prefix: str, *further: Any) -> None:
    """And is read for all of them."""
    assert isinstance(module, RT2)
    named = dict(module.named_parameters(remove_duplicate=False))
    for name in module._tied:
        first = next(other for other, value in named.items() if value is named[name])
        if prefix + first in state:
            state[prefix + name] = state[prefix + first]
