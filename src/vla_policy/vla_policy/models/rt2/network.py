# SPDX-License-Identifier: Apache-2.0
"""RT-2: a vision-language model that answers with what is to be done (arXiv 2307.15818).

    image                      -> vision tower --+
    sentence, pose, memory     -> tokens --------+-> language model -> plan, actions: tokens

It is trained as any language model is, to say the next word; and its words are actions, because
256 of its tokens are taken to mean them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import nn

from vla_policy.errors import ObservationError
from vla_policy.models.rt2.backbone import Backbone, normalised_pixels
from vla_policy.models.rt2.config import RT2Config
from vla_policy.models.rt2.normalising import QuantileNormaliser
from vla_policy.models.rt2.packing import Group, attention_mask, positions, visible
from vla_policy.models.rt2.prompt import BODY_WORDS, PLAN_WORDS, BodyWords
from vla_policy.models.rt2.targets import word_loss
from vla_policy.models.rt2.vocabulary import PADDING, Vocabulary

HEAD = "lm_head.weight"


class Texts(NamedTuple):
    """Texts behind images, Q to each.

    Attributes:
        prompt: tokens ``[B * Q, N]`` of what is asked.
        there: ``[B * Q, N]`` False where a prompt has no token.
        answer: tokens ``[B * Q, M]`` of what is to be answered.
    """

    prompt: torch.Tensor
    there: torch.Tensor
    answer: torch.Tensor


class RT2(nn.Module):
    """The policy; see the module's text for its parts.

    Args:
        backbone: with any weights.
        vocabulary: of the backbone's own tokenizer.
    """

    def __init__(self, config: RT2Config, backbone: Backbone, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.config = config
        self.backbone = backbone
        self.vocabulary = vocabulary
        self.normaliser = QuantileNormaliser(config.action_dim)
        rows = backbone.token_embeddings(torch.zeros(0, dtype=torch.long)).new_zeros(0)
        del rows
        if backbone.model.get_input_embeddings().weight.shape[0] < vocabulary.size:
            raise ObservationError(
                f"the tokenizer has {vocabulary.size} tokens, the model "
                f"{backbone.model.get_input_embeddings().weight.shape[0]}"
            )
        self._before = vocabulary.ids(config.before, marks=True)
        self._mark = vocabulary.ids(config.answer)
        self._body: dict[torch.device, BodyWords] = {}
        self._seen: dict[Any, torch.Tensor] = {}
        self._tied = _tied_names(backbone)
        self.register_state_dict_post_hook(_leave_out_tied)
        self.register_load_state_dict_pre_hook(_put_back_tied)

    # What follows is called by `vla_train`.

    def embed(self, instructions: list[str]) -> torch.Tensor:
        """Tokens ``[len(instructions), N]`` of sentences, `PADDING` behind the last."""
        texts = [self.config.template.format(sentence=text) for text in instructions]
        return self.vocabulary.padded(texts, self.config.max_words)

    def fit_actions(self, actions: torch.Tensor) -> None:
        """Let bins span what is usual in actions ``[..., action_dim]`` in [-1, 1]."""
        self.normaliser.fit(actions)

    def lesson_texts(
        self,
        language: torch.Tensor,
        states: torch.Tensor,
        memories: torch.Tensor,
        stages: torch.Tensor,
        answer: torch.Tensor,
    ) -> Texts:
        """What is asked ``[N, ...]`` and is to be answered ``[N, M]``, as tokens."""
        body = self.body_words(language.device).prompt(states, memories, stages)
        mark = language.new_tensor(self._mark).expand(len(language), -1)
        prompt = torch.cat([language, body, mark], dim=1)
        there = torch.cat([language != PADDING, torch.ones_like(prompt[:, language.shape[1] :]) > 0], dim=1)
        return Texts(prompt, there, answer)

    def question_texts(self, questions: torch.Tensor, answers: torch.Tensor) -> Texts:
        """Questions ``[N, K]`` and answers ``[N, M]``, `PADDING` behind both, as texts."""
        mark = questions.new_tensor(self._mark).expand(len(questions), -1)
        there = torch.cat([questions != PADDING, torch.ones_like(mark) > 0], dim=1)
        return Texts(torch.cat([questions, mark], dim=1), there, answers)

    def answer_words(
        self,
        actions: torch.Tensor,
        modes: torch.Tensor,
        spots: torch.Tensor,
        more: torch.Tensor,
    ) -> torch.Tensor:
        """What is to be said for actions ``[N, horizon, action_dim]`` in [-1, 1]: ``[N, M]``."""
        knots = self.normaliser.normalise(actions[:, list(self.config.knots)])
        words = self.vocabulary.actions.tokens(knots).flatten(1)
        if not self.config.plan:
            return words
        plan = self.body_words(actions.device).plan(modes, spots, more)
        return torch.cat([plan, words], dim=1)

    def losses(self, images: torch.Tensor, *asked: Texts) -> list[torch.Tensor]:
        """The loss of each word of each answer, ``[B * Q, M]`` for each of `asked`.

        Each image is passed through the network once, whatever is asked of it.

        Args:
            images: ``[B, 1, 3, H, W]`` or ``[B, 3, H, W]``, uint8 or float in [0, 1].
        """
        prefix = self.prefix(images)
        states = self._packed_states(prefix, asked)
        losses = []
        for text, found in zip(asked, states, strict=True):
            logits = self.backbone.logits(found)
            smoothing = self.config.smoothing
            losses.append(word_loss(logits, text.answer, self.vocabulary.size, smoothing))
        return losses

    # What follows is shared by training and driving.

    def prefix(self, images: torch.Tensor) -> torch.Tensor:
        """What stands in front of all texts: the image and what is said before it, ``[B, P, d]``.

        Raises:
            ObservationError: the images have another shape.
        """
        if images.ndim == 5 and images.shape[1] == 1:
            images = images[:, 0]
        if images.ndim != 4 or images.shape[1] != 3:
            raise ObservationError(
                f"expected images of shape [B, 1, 3, H, W], got {list(images.shape)}"
            )
        c = self.config
        pixels = normalised_pixels(images, c.pixel_mean, c.pixel_std, c.pixel_size)
        image = self.backbone.image_embeddings(pixels)
        if not self._before:
            return image
        before = torch.tensor(self._before, device=images.device).expand(len(images), -1)
        return torch.cat([self.backbone.token_embeddings(before).to(image.dtype), image], dim=1)

    def body_words(self, device: torch.device) -> BodyWords:
        """Numbers to tokens on a device."""
        if device not in self._body:
            self._body[device] = BodyWords(self.vocabulary, device)
        return self._body[device]

    @property
    def answer_length(self) -> int:
        """Words of an answer: those of the plan, if there is one, and those of the actions."""
        return self.config.words + (PLAN_WORDS if self.config.plan else 0)

    def visible(self, prefix: int, groups: tuple[Group, ...], device: torch.device) -> torch.Tensor:
        """See `vla_policy.models.rt2.packing.visible`; kept, for it is the same each time."""
        key = (prefix, groups, device)
        if key not in self._seen:
            self._seen[key] = visible(prefix, groups, self.config.bidirectional, device)
        return self._seen[key]

    def _packed_states(
        self, prefix: torch.Tensor, asked: tuple[Texts, ...]
    ) -> list[torch.Tensor]:
        """States that the words of each text's answer are said from: ``[B * Q, M, d]`` each."""
        batch, length, width = prefix.shape
        groups, valid, parts = [], [], [prefix]
        for text in asked:
            count = len(text.prompt) // batch
            said = text.answer[:, :-1]  # the last word is said, and nobody listens
            tokens = torch.cat([text.prompt, said], dim=1)
            there = torch.cat([text.there, said != PADDING], dim=1)
            groups.append(Group(count, text.prompt.shape[1], tokens.shape[1]))
            valid.append(there.view(batch, count, -1))
            embedded = self.backbone.token_embeddings(tokens).to(prefix.dtype)
            parts.append(embedded.view(batch, -1, width))
        layout, masks = tuple(groups), tuple(valid)
        mask = attention_mask(self.visible(length, layout, prefix.device), length, masks)
        places = positions(length, layout, masks, prefix.device)
        states = self.backbone.states(torch.cat(parts, dim=1), mask, places)
        found, begin = [], length
        for group in layout:
            end = begin + group.count * group.length
            texts = states[:, begin:end].unflatten(1, (group.count, group.length))
            found.append(texts[:, :, group.prompt - 1 :].flatten(0, 1))
            begin = end
        return found


def _tied_names(backbone: Backbone) -> tuple[str, ...]:
    """Names of the output layer's weights, where they are those of the embeddings."""
    head = backbone.model.get_output_embeddings().weight
    if head is not backbone.model.get_input_embeddings().weight:
        return ()
    named = dict(backbone.named_parameters(prefix="backbone", remove_duplicate=False))
    same = [name for name, value in named.items() if value is head]
    return tuple(same[1:])


def _leave_out_tied(
    module: nn.Module, state: dict[str, Any], prefix: str, local_metadata: dict[str, Any]
) -> None:
    """A tensor that two names stand for is written once."""
    for name in getattr(module, "_tied", ()):
        state.pop(prefix + name, None)


def _put_back_tied(
    module: nn.Module, state: dict[str, Any], prefix: str, *further: Any
) -> None:
    """And is read twice."""
    tied = getattr(module, "_tied", ())
    if not tied:
        return
    assert isinstance(module, RT2)
    named = dict(module.named_parameters(remove_duplicate=False))
    head = named[tied[0]]
    first = next(name for name, value in named.items() if value is head)
    if prefix + first in state:
        for name in tied:
            state[prefix + name] = state[prefix + first]
