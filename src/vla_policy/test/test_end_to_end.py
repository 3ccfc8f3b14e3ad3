# SPDX-License-Identifier: Apache-2.0
import dataclasses
import itertools

import pytest
import torch
from torch import nn

from vla_policy.backends.deployment import said
from vla_policy.errors import CheckpointError, ObservationError
from vla_policy.memory import MEMORY_DIM, MODES
from vla_policy.models.config import PARTS, EndToEndConfig
from vla_policy.models.end_to_end import MODULES, EndToEndVLA
from vla_policy.models.fusion import FilmBlock, body_features
from vla_policy.surroundings import RANGES, SECTORS

SMALL = EndToEndConfig(
    image_height=32, image_width=40, history=2, horizon=3, vision_channels=8, fusion_dim=16
)
COMBINATIONS = list(itertools.product(*PARTS.values()))


def build(vision="conv", language="minilm", fusion="cross_attention", decoder="regression"):
    torch.manual_seed(0)
    return EndToEndVLA(
        dataclasses.replace(
            SMALL, vision=vision, language=language, fusion=fusion, decoder=decoder
        )
    )


def test_names_of_parts_are_the_same_with_and_without_torch():
    assert {part: tuple(modules) for part, modules in MODULES.items()} == PARTS


@pytest.mark.parametrize("parts", COMBINATIONS, ids="-".join)
def test_every_combination_of_parts_makes_a_network_that_learns(parts):
    model = build(*parts)
    sentences = ["go to the red ball", "turn left", "stop", "first reverse, then go forward"]
    actions = torch.rand(4, 3, 2) * 2 - 1
    fused = model.fuse(images(4), sentences, torch.randn(4, 3), torch.randn(4, 3))
    mode, spot, more = model.see(fused)
    loss = model.decoder.loss(fused.vector, actions) + fused.attention.square().sum()
    (loss + mode.square().sum() + spot.square().sum() + more.square().sum()).backward()
    lame = [
        name
        for name, value in model.named_parameters()
        if value.grad is None and not name.endswith("key.bias")
    ]
    assert lame == []
    look = model.eval().look(images(4), sentences)
    assert look.actions.shape == (4, 3, 2)
    assert look.actions.abs().max() <= 1.0
    assert look.mode.shape == (4, len(MODES))
    assert look.spot.shape == (4, 2)
    assert look.more.shape == (4,)


@pytest.mark.parametrize("language", PARTS["language"])
def test_each_part_of_a_sentence_is_heard_in_its_stage(language):
    model = build(language=language).eval()
    x, said = images(1), ["first turn left, then go forward"]
    first, second = (model(x, said, stage=torch.tensor([stage])) for stage in (0, 1))
    assert not torch.allclose(first, second, atol=1e-4)


@pytest.mark.parametrize("language", PARTS["language"])
def test_what_a_sentence_means_does_not_depend_on_its_neighbours(language):
    encoder = build(language=language).eval().language
    long = "first go to the red ball that stands over there, then turn around"
    alone, together = encoder(["stop"])[0], encoder(["stop", long])[0]
    assert torch.allclose(alone, together, atol=1e-3)


@pytest.mark.parametrize("language", PARTS["language"])
def test_a_sentence_without_words_does_no_harm(language):
    assert build(language=language).eval()(images(1), [""]).isfinite().all()


@pytest.mark.parametrize("given", ["state", "memory"])
def test_the_bodys_own_state_counts(given):
    model, x = build().eval(), images(1)
    a, b = (model(x, ["turn left"], **{given: torch.full((1, 3), v)}) for v in (0.0, 1.0))
    assert not torch.allclose(a, b, atol=1e-4)


def images(batch=2, config=SMALL):
    size = (batch, config.history, 3, config.image_height, config.image_width)
    return torch.randint(0, 256, size, dtype=torch.uint8)


def test_a_chunk_of_the_promised_shape_and_range_comes_out():
    model = EndToEndVLA(SMALL).eval()
    actions = model(images(), ["go to the red ball", "turn left"], torch.randn(2, 3))
    assert actions.shape == (2, 3, 2)
    assert actions.abs().max() <= 1.0


def test_floats_and_bytes_mean_the_same_image():
    model = EndToEndVLA(SMALL).eval()
    x = images()
    sentences = ["stop", "stop"]
    assert torch.allclose(model(x, sentences), model(x.float() / 255, sentences), atol=1e-6)


def test_embeddings_may_stand_for_the_sentences():
    model = EndToEndVLA(SMALL).eval()
    x, sentences = images(), ["stop", "go forward"]
    assert torch.allclose(model(x, sentences), model(x, model.language.embed(sentences)))


@pytest.mark.parametrize("fusion", PARTS["fusion"])
def test_many_sentences_of_one_image_are_as_many_images_with_one(fusion):
    model = build(fusion=fusion).eval()
    for value in model.fusion.parameters():
        torch.nn.init.normal_(value, std=0.3)
    x, language, state = images(2), torch.randn(6, 5, 384), torch.randn(6, 3)
    together = model.fuse(x, language, state)
    apart = model.fuse(x.repeat_interleave(3, dim=0), language, state)
    assert torch.allclose(together.vector, apart.vector, atol=1e-3)
    assert torch.allclose(together.attention, apart.attention, atol=1e-3)
    assert not torch.allclose(apart.attention[0], apart.attention[1], atol=1e-2)


def test_sentences_that_cannot_be_shared_out_are_refused():
    with pytest.raises(ObservationError, match="3 instructions for 2 images"):
        EndToEndVLA(SMALL)(images(2), ["stop", "stop", "stop"])


def test_film_starts_as_the_identity():
    torch.manual_seed(0)
    block = FilmBlock(channels=4, condition_dim=5).eval()
    x = torch.randn(2, 4, 6, 6)
    assert torch.equal(block(x, torch.randn(2, 5)), block(x, torch.randn(2, 5)))


def test_attention_has_a_place_for_each_cell_and_one_for_nowhere():
    model = EndToEndVLA(SMALL).eval()
    fused = model.fuse(images(), ["stop", "stop"])
    assert fused.attention.shape == (2, 4 * 5 + 1)


def test_it_learns_one_batch_by_heart():
    torch.manual_seed(0)
    model = EndToEndVLA(SMALL)
    x, embeddings = images(8), torch.randn(8, 4, 384)
    target = torch.rand(8, 3, 2) * 1.6 - 0.8
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(80):
        loss = model.decoder.loss(model.fuse(x, embeddings).vector, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (model(x, embeddings) - target).abs().mean().item() < 0.02


class MeanColour(nn.Module):
    """A vision encoder of another make."""

    channels, stride = 3, 8

    def forward(self, images):
        return nn.functional.avg_pool2d(images, 8)


def test_a_part_can_be_exchanged():
    model = EndToEndVLA(SMALL, vision=MeanColour()).eval()
    assert model(images(), ["stop", "stop"]).shape == (2, 3, 2)


def test_images_of_another_shape_are_refused():
    model = EndToEndVLA(SMALL)
    with pytest.raises(ObservationError, match=r"\[B, 2, 3, 32, 40\]"):
        model(torch.zeros(2, 1, 3, 32, 40), ["stop", "stop"])


@pytest.mark.parametrize(
    "values",
    [{"image_height": 30}, {"horizon": 0}, {"colour": 3}, {"history": "two"}, {"fusion": "glue"}],
)
def test_a_nonsense_size_is_refused_by_name(values):
    with pytest.raises(CheckpointError, match=f"{next(iter(values))}|image size"):
        EndToEndConfig.from_dict(values)


def test_features_of_the_body_stay_small_far_away():
    assert body_features(torch.tensor([[1e3, -1e3, 1e3, 1.0, 1e3, -1e3]])).abs().max() <= 1.0


def test_a_deeper_network_begins_as_the_one_that_it_goes_on_from():
    torch.manual_seed(0)
    model = EndToEndVLA(SMALL).eval()
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.05 * torch.randn_like(value))
    deeper = EndToEndVLA(dataclasses.replace(SMALL, vision_blocks=3, fusion_layers=4)).eval()
    missing, unexpected = deeper.load_state_dict(model.state_dict(), strict=False)
    assert missing
    assert not unexpected
    x, sentences = images(2), ["go to the red ball", "stop"]
    before, after = (said(each.look(x, sentences)) for each in (model, deeper))
    for one, other in zip(before, after, strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_the_number_of_blocks_must_be_positive():
    with pytest.raises(CheckpointError, match=r"vision_blocks must be .* >= 1 \(got 0\)"):
        EndToEndConfig(vision_blocks=0)


@pytest.fixture
def spacious():
    """A network that says how far it is free, and is told what stands about."""
    torch.manual_seed(0)
    return EndToEndVLA(dataclasses.replace(SMALL, surroundings=True)).eval()


def remembered(count, **near):
    memory = torch.zeros(count, MEMORY_DIM + SECTORS)
    for sector, value in near.items():
        memory[:, MEMORY_DIM + int(sector[1:])] = value
    return memory


def test_a_network_that_keeps_off_says_how_far_it_is_free_in_each_image(spacious):
    x = images(2)
    look = spacious.look(x, ["go to the ball"] * 4, memory=remembered(4))
    assert look.ranges.shape == (2, RANGES)
    assert (look.ranges > 0.0).all()
    alone = spacious.look(x[1:], ["stop"])
    assert torch.allclose(alone.ranges[0], look.ranges[1], atol=1e-5)


def test_what_it_is_told_of_begins_as_nothing_and_can_be_learnt(spacious):
    x, said = images(1), ["go to the ball"]
    nothing, much = remembered(1), remembered(1, s0=1.0, s12=0.5)
    assert torch.equal(spacious(x, said, memory=nothing), spacious(x, said, memory=much))
    spacious(x, said, memory=much).sum().backward()
    told = spacious.told.network[-1].weight
    assert told.grad.abs().sum() > 0.0
    with torch.no_grad():
        told -= told.grad
    assert not torch.equal(spacious(x, said, memory=nothing), spacious(x, said, memory=much))


def test_a_network_that_does_not_keep_off_says_nothing_of_it():
    assert build().eval().look(images(1), ["stop"]).ranges is None


@pytest.mark.parametrize("value", [1, "yes", None])
def test_surroundings_are_asked_for_or_not(value):
    with pytest.raises(CheckpointError, match="surroundings must be true or false"):
        EndToEndConfig(surroundings=value)
