# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import pytest
import torch

from vla_policy.errors import CheckpointError, ObservationError
from vla_policy.memory import MODES
from vla_policy.models.causal_transformer import SequenceLayout
from vla_policy.models.config import memory_dim
from vla_policy.models.efficientnet import Film, PaddedConv
from vla_policy.models.rt1 import RT1
from vla_policy.models.rt1_config import RT1Config, rt1_b3, rt1_mini
from vla_policy.models.token_decoder import TokenDecoder, from_bins, to_bins
from vla_policy.models.token_learner import TokenLearner

SMALL = RT1Config(
    image_height=48,
    image_width=64,
    history=3,
    horizon=4,
    language_dim=8,
    width=0.25,
    depth=0.5,
    stages=4,
    film_from=2,
    token_dim=32,
    image_tokens=4,
    layers=2,
    heads=2,
    head_dim=8,
    feed_forward_dim=32,
)
ABLATIONS = {
    "as it is": {},
    "paper's blocks": {"feed_forward": "linear", "film_from": 1, "places": False},
    "no history": {"history": 1},
    "no film": {"conditioning": "token"},
    "no token learner": {"token_learner": False},
    "pooled cells": {"token_learner": False, "pool": 2, "image_height": 64},
    "continuous": {"actions": "continuous"},
    "autoregressive": {"autoregressive": True},
    "mean of bins": {"decoding": "mean"},
    "other language": {"language": "transformer"},
    "surroundings": {"surroundings": True},
    "glimpses": {"glimpses": 2},
}
SENTENCES = ["go to the red ball", "turn left", "stop", "first reverse, then go forward"]


def build(**changes):
    torch.manual_seed(0)
    return RT1(dataclasses.replace(SMALL, **changes))


def images(count, config=SMALL, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (count, config.history, 3, config.image_height, config.image_width)
    return torch.rand(shape, generator=generator)


def losses(model, pictures, sentences, actions):
    count = len(sentences)
    memory = torch.rand(count, memory_dim(model.config))
    fused = model.fuse(pictures, sentences, torch.randn(count, 3), memory)
    mode, spot, more = model.see(fused)
    seen = fused.attention.logsumexp(1).mean() + mode.square().sum() + spot.square().sum()
    if fused.ranges is not None:
        seen = seen + fused.ranges.log().square().sum()
    return model.decoder.loss(fused.vector, actions), seen + more.square().sum()


def parameters(module):
    return sum(value.numel() for value in module.parameters())


@pytest.mark.parametrize("changes", ABLATIONS.values(), ids=ABLATIONS)
def test_every_ablation_learns_with_all_its_parameters(changes):
    model = build(**changes)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    actions = torch.rand(4, 4, 2) * 2 - 1
    for _ in range(2):  # at the first step FiLM is the identity, so no sentence matters yet
        optimizer.zero_grad()
        acting, seeing = losses(model, images(2, model.config), SENTENCES, actions)
        (acting + seeing).backward()
        optimizer.step()
    unmoved = [
        name
        for name, value in model.named_parameters()
        if (value.grad is None or not value.grad.any()) and not name.endswith("key.bias")
    ]
    assert unmoved == []


def test_what_bfloat16_slows_down_is_learnt_in_float32_and_done_in_bfloat16():
    model = build()
    depthwise = [m for m in model.modules() if isinstance(m, PaddedConv) and m.groups > 1]
    types = []
    for layer in depthwise:
        layer.register_forward_hook(lambda _layer, _inputs, output: types.append(output.dtype))
    actions = torch.zeros(4, 4, 2)
    for training, expected in ((True, torch.float32), (False, torch.bfloat16)):
        types.clear()
        model.train(training)
        with torch.autocast("cpu", torch.bfloat16):
            acting, _ = losses(model, images(2), SENTENCES, actions)
        assert set(types) == {expected}
        acting.backward()
        assert all(layer.weight.grad is not None for layer in depthwise)


@pytest.mark.parametrize("changes", ABLATIONS.values(), ids=ABLATIONS)
def test_every_ablation_gives_a_look(changes):
    model = build(**changes).eval()
    with torch.inference_mode():
        look = model.look(images(4, model.config), SENTENCES)
    assert look.actions.shape == (4, 4, 2)
    assert look.actions.abs().max() <= 1.0
    assert look.mode.shape == (4, len(MODES))
    assert look.spot.shape == (4, 2)
    assert look.more.shape == (4,)


@pytest.mark.parametrize("changes", ABLATIONS.values(), ids=ABLATIONS)
def test_lessons_of_an_image_are_as_if_each_had_its_own(changes):
    model = build(**changes).eval()
    randomise_film(model)
    pictures = images(2, model.config)
    state, stage = torch.randn(4, 3), torch.tensor([0, 1, 0, 1])
    memory = torch.rand(4, memory_dim(model.config))
    with torch.inference_mode():
        together = model.fuse(pictures, SENTENCES, state, memory, stage)
        apart = model.fuse(pictures.repeat_interleave(2, dim=0), SENTENCES, state, memory, stage)
    assert together.attention.shape == (4, math.prod(model.config.grid) + 1)
    for one, other in zip(together, apart, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def randomise_film(model):
    for module in model.modules():
        if isinstance(module, Film):
            for value in module.parameters():
                torch.nn.init.normal_(value, std=0.1)


def test_film_starts_as_the_identity_and_then_hears_the_sentence():
    model = build().eval()
    pictures = images(1)
    said = [model.language([text]).flatten(1) for text in SENTENCES[:2]]
    first, second = (model.encode(pictures, each).tokens for each in said)
    assert torch.equal(first, second)
    randomise_film(model)
    first, second = (model.encode(pictures, each).tokens for each in said)
    assert not torch.allclose(first, second)


def test_an_untrained_network_knows_nothing_of_its_bins():
    model = build()
    acting, _ = losses(model, images(4), SENTENCES, torch.rand(4, 4, 2) * 2 - 1)
    assert abs(acting.item() - math.log(256)) < 0.3


@pytest.mark.parametrize("changes", [{}, {"autoregressive": True}], ids=["at once", "in turn"])
def test_one_batch_is_learnt_by_heart(changes):
    model = build(**changes)
    pictures, actions = images(4), torch.rand(4, 4, 2) * 2 - 1
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(120):
        optimizer.zero_grad()
        fused = model.fuse(pictures, SENTENCES)
        loss = model.decoder.loss(fused.vector, actions)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.05
    known = model.decoder(model.fuse(pictures, SENTENCES).vector)
    assert (known - actions).abs().max() < 2 / 255 + 1e-4


@pytest.mark.parametrize("autoregressive", [False, True])
def test_no_output_depends_on_a_later_token(autoregressive):
    transformer = build(autoregressive=autoregressive).eval().decoder.transformer
    tokens = torch.randn(1, len(transformer.places), 32)
    with torch.inference_mode():
        outputs = transformer(tokens)
        for last in range(tokens.shape[1]):
            cut = tokens.clone()
            cut[:, last + 1 :] = 0.0
            torch.testing.assert_close(
                transformer(cut)[:, : last + 1], outputs[:, : last + 1], atol=1e-5, rtol=1e-5
            )


@pytest.mark.parametrize("changes", [{}, {"layers": 1}, {"feed_forward": "linear"}])
def test_what_is_read_is_the_same_without_the_rest(changes):
    decoder = build(**changes).eval().decoder
    tokens, read = torch.randn(2, decoder.layout.length, 32), decoder.layout.readings
    with torch.inference_mode():
        some, every = decoder.transformer(tokens, read), decoder.transformer(tokens)
    torch.testing.assert_close(some, every[:, read], atol=1e-5, rtol=1e-5)


def test_no_action_looks_at_an_action():
    mask = SequenceLayout(history=2, image_tokens=3, action_tokens=2).mask().int()
    assert mask.tolist() == [
        [1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0, 0, 0, 0, 0],
        [1, 1, 1, 1, 1, 1, 0, 0, 0, 0],
        [1, 1, 1, 1, 1, 1, 1, 0, 0, 0],
        [1, 1, 1, 1, 1, 1, 1, 1, 0, 0],
        [1, 1, 1, 0, 0, 1, 1, 1, 0, 0],
        [1, 1, 1, 0, 0, 1, 1, 1, 0, 0],
    ]


def test_fed_back_actions_look_at_earlier_values_of_their_own_step():
    layout = SequenceLayout(history=2, image_tokens=1, action_tokens=2, told=1, own=1)
    mask = layout.mask(autoregressive=True).int()
    assert mask[-1].tolist() == [1, 1, 0, 0, 1, 1, 1, 1]
    assert mask[-2].tolist() == [1, 1, 0, 0, 1, 1, 1, 0]
    assert (layout.actions, layout.readings) == (slice(6, 8), slice(5, 7))


def test_later_values_follow_from_earlier_ones_where_actions_are_fed_back():
    model = build(autoregressive=True).eval()
    torch.nn.init.normal_(model.decoder.head.weight, std=1.0)
    torch.nn.init.normal_(model.decoder.embed.weight, std=1.0)
    with torch.inference_mode():
        vector = model.fuse(images(1), ["stop"]).vector
        tokens = model.decoder.tokens(vector)
        taught = model.decoder._read(vector, tokens).argmax(dim=-1)
        other = tokens.clone()
        other[..., 0] = (other[..., 0] + 100) % 256
        misled = model.decoder._read(vector, other)
    assert torch.equal(taught, tokens)
    fair = model.decoder._read(vector, tokens)
    assert torch.equal(misled[..., 0, :], fair[..., 0, :])
    assert not torch.allclose(misled[..., 1, :], fair[..., 1, :])


def test_the_encoder_of_the_paper_makes_81_cells_of_300_pixels_square():
    config = rt1_b3()
    assert config.grid == (9, 9)
    assert rt1_b3(odd_sizes="up").grid == (10, 10)
    assert rt1_mini().grid == (8, 10)


@pytest.mark.parametrize("odd_sizes", ["up", "down"])
@pytest.mark.parametrize("size", [(75, 120), (90, 107), (64, 64)])
def test_the_map_is_as_large_as_the_sizes_say(odd_sizes, size):
    config = dataclasses.replace(
        SMALL, image_height=size[0], image_width=size[1], odd_sizes=odd_sizes, stages=7
    )
    model = RT1(config).eval()
    with torch.inference_mode():
        seen = model.encode(images(1, config), model.language(["stop"]).flatten(1))
    assert seen.cells.shape == (1, math.prod(config.grid), 32)
    assert seen.tokens.shape == (1, 3, 4, 32)


def test_the_paper_s_size_is_that_of_its_code():
    """Counted from google-research/robotics_transformer; EfficientNet-B3 without its top."""
    model = RT1(rt1_b3())
    film = sum(
        parameters(module) for module in model.vision.network.modules() if type(module) is Film
    )
    assert film == 3_701_808
    assert parameters(model.vision.network) - film == 10_696_232
    decoder = parameters(model.decoder)
    # Our own token has a place of its own, the paper's layer of places a bias of the same size.
    assert decoder == 19_376_384
    never_used = 256 * 512 + 512  # the paper's embedding of actions, whose output it zeroes
    assert parameters(model.vision) + decoder + never_used == 35_252_128
    fed_back = RT1(rt1_b3(autoregressive=True))
    assert parameters(fed_back.vision) + parameters(fed_back.decoder) == 35_252_128


def test_the_mini_one_is_small():
    assert parameters(RT1(rt1_mini())) < 4_000_000


def test_a_token_learner_gives_weighted_means_of_cells():
    learner = TokenLearner(512, 8)
    cells = torch.randn(2, 81, 512)
    weights = learner.weights(cells)
    assert learner(cells).shape == (2, 8, 512)
    assert weights.shape == (2, 8, 81)
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(2, 8))
    same = torch.ones(1, 81, 512)
    torch.testing.assert_close(learner(same), same[:, :8])


def test_values_are_sorted_into_bins_as_in_the_paper_s_code():
    assert to_bins(torch.tensor([0.1, 0.5, -0.8]), 10).tolist() == [4, 6, 0]
    assert to_bins(torch.tensor([-1.0, 1.0, -9.0, 9.0]), 10).tolist() == [0, 9, 0, 9]
    halves = torch.tensor([-1.0, -0.5, 0.0, 0.5, 1.0])
    assert to_bins(halves, 256).tolist() == [0, 63, 127, 191, 255]


@pytest.mark.parametrize("bins", [2, 10, 255, 256, 1024])
def test_the_value_of_a_bin_belongs_to_it(bins):
    every = torch.arange(bins)
    values = from_bins(every, bins)
    assert torch.equal(to_bins(values, bins), every)
    assert values[0] == -1.0
    assert values[-1].item() == pytest.approx(1.0, abs=1e-6)


def test_the_mean_of_bins_passes_over_those_that_lie_elsewhere():
    config = dataclasses.replace(SMALL, decoding="mean")
    decoder = TokenDecoder(config, SequenceLayout(3, 4, 2, own=1))
    logits = torch.full((1, 1, 1, 256), -100.0)
    logits[..., 100] = logits[..., 102] = 5.0
    logits[..., 200] = 4.9
    decoder.logits = lambda vector: logits
    expected = from_bins(torch.tensor(101.0), 256).item()
    assert decoder(torch.empty(1)).item() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("changes", [{}, {"conditioning": "token"}, {"autoregressive": True}])
def test_a_look_with_kept_tokens_is_that_of_the_whole_history(changes):
    model = build(**changes).eval()
    randomise_film(model)
    said = model.language.embed(SENTENCES[:1])
    state, memory, stage = torch.randn(1, 3), torch.randn(1, 3), torch.tensor([1])
    pictures = images(1)
    with torch.inference_mode():
        whole = model.look(pictures, said, state, memory, stage)
        language = model.language(said, stage).flatten(1)
        past = model.encode(pictures[:, :2], language).tokens
        look, tokens = model.look_again(
            pictures[:, 2:], said, state, memory, stage, past, torch.ones(1, 2)
        )
    for one, other in zip(look, whole, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)
    assert tokens.shape == (1, 4, 32)


def test_the_newest_image_stands_for_those_that_are_missing():
    model = build().eval()
    said, stage = model.language.embed(SENTENCES[:1]), torch.tensor([0])
    picture = images(1)[:, -1:]
    nothing = torch.zeros(1, 3)
    with torch.inference_mode():
        whole = model.look(picture.expand(-1, 3, -1, -1, -1), said, nothing, nothing, stage)
        look, _ = model.look_again(
            picture, said, nothing, nothing, stage, torch.randn(1, 2, 4, 32), torch.zeros(1, 2)
        )
    torch.testing.assert_close(look.actions, whole.actions, atol=1e-5, rtol=1e-4)


def test_the_order_of_the_images_matters():
    model = build().eval()
    pictures = images(1)
    with torch.inference_mode():
        forwards, backwards = (
            model.fuse(each, ["stop"]).vector for each in (pictures, pictures.flip(1))
        )
    assert not torch.allclose(forwards, backwards)


def test_images_of_another_shape_are_refused():
    with pytest.raises(ObservationError, match=r"expected images of shape \[B, 3, 3, 48, 64\]"):
        build()(images(1)[:, :2], ["stop"])
    with pytest.raises(ObservationError, match="one instruction an image"):
        build()(images(2), ["stop"] * 3)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"conditioning": "magic"}, "conditioning must be one of film, token"),
        ({"history": 0}, "history must be a whole number >= 1"),
        ({"layers": 2.5}, "layers must be a whole number"),
        ({"dropout": 1.0}, r"dropout must lie in \[0, 1\)"),
        ({"width": 0.0}, "width must be > 0"),
        ({"film_from": 6}, "expected 1 <= film_from <= stages"),
        ({"token_learner": "yes"}, "token_learner must be true or false"),
        ({"token_learner": False, "pool": 3}, "pool must divide the 8 x 10 cells"),
        ({"bins": 1}, "bins must be >= 2"),
        ({"autoregressive": True, "actions": "continuous"}, "must be bins"),
        ({"colour": 1}, "unknown keys of the model: colour"),
    ],
)
def test_sizes_that_make_no_sense_are_refused_by_name(values, sentence):
    with pytest.raises(CheckpointError, match=sentence):
        RT1Config.from_dict(values)


def test_one_image_stands_for_a_history_of_copies():
    model = build().eval()
    image = torch.rand(4, 1, 3, SMALL.image_height, SMALL.image_width)
    copies = image.expand(-1, SMALL.history, -1, -1, -1)
    alone, together = model.fuse(image, SENTENCES), model.fuse(copies, SENTENCES)
    assert torch.allclose(alone.vector, together.vector, atol=1e-5)
    assert torch.allclose(alone.attention, together.attention, atol=1e-5)
