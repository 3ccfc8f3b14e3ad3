# SPDX-License-Identifier: Apache-2.0
"""RT-2 learns from lessons and questions, and its backbone is what `vla_train` makes."""

import json

import numpy as np
import pytest
import torch

pytest.importorskip("transformers", reason="requirements/rt2.txt is not installed")

from vla_policy.checkpoint import CheckpointConfig, load_policy, read_config, save_checkpoint
from vla_policy.models.config import memory_dim
from vla_policy.models.rt2.bins import BINS, SCALES
from vla_policy.models.rt2.config import RT2Config
from vla_policy.models.rt2.network import RT2
from vla_policy.models.rt2.numbers import SPOKEN
from vla_policy.models.rt2.prompt import AROUND, BODY_WORDS
from vla_policy.models.rt2.vocabulary import WORDS
from vla_policy.observation import Observation
from vla_policy.surroundings import RANGES, nearness
from vla_sim.splits import held_out_side, train_side
from vla_train.backbones import make_backbone, make_tokenizer, training_texts
from vla_train.config import load_config
from vla_train.dataset import Batch
from vla_train.labels import IGNORED
from vla_train.losses import Counts, losses_of
from vla_train.questions import Question, question_texts
from vla_train.rt2_losses import lesson_losses, question_tokens

SENTENCES = ["go to the red ball", "stop", "first turn left, then drive to the cone"]
LIMIT_BYTES = 20_000_000


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return RT2(RT2Config())


def batch_of(model, images=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    count = images * len(SENTENCES)
    cells = model.config.grid[0] * model.config.grid[1]
    return Batch(
        images=torch.randint(
            0, 256, (images, 1, 3, 120, 160), dtype=torch.uint8, generator=generator
        ),
        language=model.embed(SENTENCES * images),
        states=torch.randn(count, 3, generator=generator),
        memories=torch.randn(count, 3, generator=generator),
        stages=torch.zeros(count, dtype=torch.long),
        actions=torch.rand(count, 8, 2, generator=generator) * 2 - 1,
        cells=torch.tensor([5, IGNORED, cells]).repeat(images),
        modes=torch.tensor([2, IGNORED, 0]).repeat(images),
        spots=torch.tensor([[1.0, 0.5], [torch.nan] * 2, [torch.nan] * 2]).repeat(images, 1),
        more=torch.tensor([0.0, 0.0, 1.0]).repeat(images),
    )


@torch.no_grad()
def test_lessons_and_questions_are_judged_apart(model):
    batch = batch_of(model)
    asked = [
        Question("is there a red ball", "yes"),
        Question("where is the blue box", "middle"),
        Question("do you see a green cone", "no"),
        Question("", ""),
    ]
    alone = lesson_losses(model, batch)
    both = lesson_losses(model, batch, question_tokens(model, asked))
    assert alone.question == 0
    assert float(both.question) == pytest.approx(np.log(model.vocabulary.size), abs=0.6)
    for name in ("action", "attention", "memory"):
        assert float(getattr(both, name)) == pytest.approx(float(getattr(alone, name)), rel=1e-4)
    assert float(alone.attention) == pytest.approx(np.log(81), abs=0.3)


def test_a_question_that_there_is_not_teaches_nothing(model):
    batch = batch_of(model)
    nothing = question_tokens(model, [Question("", "")] * 2)
    assert lesson_losses(model, batch, nothing).question == 0


def test_answers_end(model):
    tokens = question_tokens(model, [Question("where is the box", "left")])
    decoded = model.vocabulary.tokenizer.decode([int(tokens.answers[0, 0])])
    assert decoded == "left"
    assert tokens.answers[0, 1] == model.vocabulary.end
    assert (tokens.answers[0, 2:] < 0).all()


def test_the_trainer_finds_its_losses_and_parts_add_up(model):
    batch = batch_of(model)
    judge = losses_of("rt2")
    whole = Counts.of(batch).least_one
    model.eval()  # batch norm sees each part by itself
    with torch.no_grad():
        together = judge(model, batch, whole)
        parts = [judge(model, part, whole) for part in batch.parts(2)]
    for value, *shares in zip(together, *parts, strict=True):
        assert float(sum(shares)) == pytest.approx(float(value), rel=1e-4)


def test_answers_that_were_learnt_are_given():
    torch.manual_seed(0)
    model = RT2(RT2Config()).train()
    asked = [
        Question("is there a red ball", "yes"),
        Question("how many boxes do you see", "two"),
        Question("", ""),
        Question("where is the green cone", "left"),
    ]
    batch, tokens = batch_of(model), question_tokens(model, asked)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for _ in range(40):
        optimizer.zero_grad()
        lesson_losses(model, batch, tokens).question.backward()
        optimizer.step()
    images = batch.images[[0, 0, 1]]
    with torch.no_grad():
        said = model.eval().reply(images, [each.question for each in asked if each.question])
    assert said == ["yes", "two", "left"]


def test_labels_that_are_ignored_move_no_pointer(model):
    batch = batch_of(model)
    ignored = batch._replace(cells=torch.full_like(batch.cells, IGNORED))
    assert lesson_losses(model, ignored).attention == 0


def test_training_and_questions_have_no_word_in_pieces(tmp_path):
    tokenizer = make_tokenizer(training_texts())
    side = train_side()
    texts = [*(text for texts in side.wordings.values() for text in texts), *question_texts()]
    heard = {token for text in texts for token in tokenizer.encode(text).tokens}
    assert "[UNK]" not in heard
    pieces = sorted(token for token in heard if token.startswith("##"))
    assert len(pieces) < 40, pieces


def test_words_never_trained_on_fall_into_known_pieces():
    tokenizer = make_tokenizer(training_texts())
    held_out = held_out_side().wordings
    tokens = [
        token
        for texts in held_out.values()
        for text in texts
        for token in tokenizer.encode(text).tokens
    ]
    assert "[UNK]" not in tokens
    assert tokenizer.encode("zyxwv").tokens[0] == "z"
    whole = {token for token in tokens if not token.startswith("##")}
    assert {"proceed", "reach", "towards", "yourself"} <= whole


def test_no_text_can_say_an_action():
    tokenizer = make_tokenizer(training_texts())
    size = tokenizer.get_vocab_size()
    for token in (f"<action {BINS - 1}>", "<turned 3>", "<action 0> <action 255>"):
        assert max(tokenizer.encode(token).ids) < size - SPOKEN
    assert tokenizer.id_to_token(size - 1) == "<action 0>"
    assert all(len(tokenizer.encode(word).ids) == 1 for word in WORDS)


def test_the_shipped_backbone_is_what_is_made(tmp_path):
    make_backbone(tmp_path)
    shipped = RT2Config().directory
    for name in ("config.json", "tokenizer.json"):
        made, there = (json.loads((at / name).read_text()) for at in (tmp_path, shipped))
        assert made == there, f"{name}: run `python -m vla_train.backbones`"


def test_a_checkpoint_drives_from_wherever_it_lies(model, tmp_path):
    config = load_config("rt2_mini")
    directory = tmp_path / "here"
    save_checkpoint(directory, model, CheckpointConfig(model.config, config.action, 0.04))
    assert sum(f.stat().st_size for f in directory.rglob("*") if f.is_file()) < LIMIT_BYTES
    assert not list(directory.rglob("*.bin")) and not list(directory.rglob("*.pkl"))
    assert json.loads((directory / "config.json").read_text())["architecture"] == "rt2"
    moved = directory.rename(tmp_path / "there")
    assert read_config(moved).model.backbone == str(moved / "backbone")
    policy = load_policy(moved, threads=1)
    rng = np.random.default_rng(0)
    views = rng.integers(0, 256, (2, 1, 240, 320, 3), dtype=np.uint8)
    chunks = [policy.act(Observation(view, SENTENCES[0], 7)).actions for view in views]
    assert chunks[0].shape == (8, 2)
    assert (np.abs(chunks) <= np.array([0.6, 1.5]) + 1e-6).all()
    again = load_policy(moved, threads=1)
    np.testing.assert_array_equal(
        again.act(Observation(views[0], SENTENCES[0], 7)).actions, chunks[0]
    )


@pytest.fixture(scope="module")
def wary():
    torch.manual_seed(0)
    return RT2(RT2Config(surroundings=True))


@torch.no_grad()
def test_it_is_told_in_words_what_is_near(wary):
    near = nearness(np.array([[0.3, 0.0], [-0.6, 0.1]], dtype=np.float32))
    memories = torch.from_numpy(np.concatenate([np.zeros(3, np.float32), near]))[None]
    words = wary.body_words(memories.device)
    states, stages = torch.zeros(1, 3), torch.zeros(1, dtype=torch.long)
    told = words.prompt(states, memories, stages)[0]
    assert torch.equal(told[:BODY_WORDS], words.prompt(states, memories[:, :3], stages)[0])
    around = told[BODY_WORDS:]
    there = around != wary.vocabulary.words["nowhere"]
    distances = SCALES["distance"].values(around[there] - wary.vocabulary.base("distance"))
    assert len(around) == AROUND and there.nonzero().flatten().tolist() == [4, 7]
    assert distances.tolist() == pytest.approx([0.3, 0.608], abs=0.02)


def test_it_learns_how_far_it_is_free(wary):
    wary.train()
    right = torch.rand(2, RANGES, generator=torch.Generator().manual_seed(1)) + 0.3
    right[0, 3] = torch.nan
    memories = torch.zeros(2 * len(SENTENCES), memory_dim(wary.config))
    batch = batch_of(wary)._replace(memories=memories, ranges=right)
    optimizer = torch.optim.AdamW(wary.ranges.parameters(), lr=3e-3)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        losses.append(lesson_losses(wary, batch).ranges)
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < 0.3 * losses[0]
    images = batch.images.repeat_interleave(len(SENTENCES), dim=0)
    with torch.no_grad():
        look = wary.eval().look(images, batch.language, memory=memories)
    assert look.ranges.shape == (len(images), RANGES)


def test_what_it_says_of_ranges_keeps_it_off(wary, tmp_path):
    config = load_config("rt2_mini")
    save_checkpoint(tmp_path / "wary", wary, CheckpointConfig(wary.config, config.action, 0.04))
    policy = load_policy(tmp_path / "wary", threads=1)
    policy.act(Observation(np.full((1, 240, 320, 3), 90, np.uint8), SENTENCES[0], 7))
    assert len(policy.surroundings.points(np.zeros(3, np.float32)))


def test_the_configuration_of_a_run_fits_the_network():
    config = load_config("rt2_mini")
    assert isinstance(config.model, RT2Config)
    assert config.model.horizon == config.action.horizon
