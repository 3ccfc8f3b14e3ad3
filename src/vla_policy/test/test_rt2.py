# SPDX-License-Identifier: Apache-2.0
"""RT-2: the packed loss, the constrained answer, and what a backbone must be."""

import functools
import json
import math
import subprocess
import sys

import numpy as np
import pytest
import torch

pytest.importorskip("transformers", reason="requirements/rt2.txt is not installed")

from transformers import CONFIG_MAPPING, AutoModelForImageTextToText, Qwen2VLConfig

from vla_policy.action import ActionSpec
from vla_policy.backends.backend import Options
from vla_policy.backends.export import export
from vla_policy.backends.reference import record
from vla_policy.backends.registry import open_backend
from vla_policy.checkpoint import CheckpointConfig, policy_on, save_checkpoint
from vla_policy.errors import CheckpointError, ObservationError
from vla_policy.memory import LOST, SEEN
from vla_policy.models.rt2 import attention as rt2_attention
from vla_policy.models.rt2 import behind
from vla_policy.models.rt2.backbone import Backbone, check_backbone
from vla_policy.models.rt2.config import RT2Config
from vla_policy.models.rt2.network import RT2, Texts, knot_weights
from vla_policy.models.rt2.numbers import BINS
from vla_policy.models.rt2.prompt import PLAN_WORDS
from vla_policy.models.rt2.vocabulary import Vocabulary, read_tokenizer
from vla_policy.observation import Observation

IMAGE = (32, 32)
_TEXT = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 512,
    "eos_token_id": 2,
    "pad_token_id": 0,
    "bos_token_id": None,
}
_VISION = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 32,
    "patch_size": 8,
}
_SIGLIP = {"model_type": "siglip_vision_model", **_VISION}
_SQUARE = {"image_size": [32, 32], "patch_size": [8, 8]}
MODELS = {
    "llava": {
        "text_config": {"model_type": "llama", **_TEXT},
        "vision_config": _SIGLIP,
        "image_token_index": 3,
        "vision_feature_select_strategy": "full",
    },
    "paligemma": {
        "text_config": {"model_type": "gemma", **_TEXT},
        "vision_config": {**_SIGLIP, "projection_dim": 32},
        "image_token_index": 3,
        "projection_dim": 32,
        "hidden_size": 32,
    },
    "gemma3": {
        "text_config": {"model_type": "gemma3_text", "sliding_window": 256, **_TEXT},
        "vision_config": _SIGLIP,
        "image_token_index": 3,
        "mm_tokens_per_image": 4,
        "boi_token_index": 1,
        "eoi_token_index": 2,
    },
    "internvl": {
        "text_config": {"model_type": "qwen2", **_TEXT},
        "vision_config": {"model_type": "internvl_vision", **_VISION, **_SQUARE},
        "image_token_id": 3,
        "downsample_ratio": 0.5,
    },
    "fast_vlm": {
        "text_config": {"model_type": "qwen2", "tie_word_embeddings": True, **_TEXT},
        "vision_config": {
            "model_type": "resnet",
            "num_channels": 5,
            "embedding_size": 8,
            "hidden_sizes": [8, 16],
            "depths": [1, 1],
            "layer_type": "basic",
            "hidden_size": 16,
        },
        "image_token_index": 3,
        "tie_word_embeddings": True,
    },
}
"""Configurations by the names that the transformers library knows them by."""


def vocabulary() -> Vocabulary:
    """That of the shipped backbone."""
    return Vocabulary.of(read_tokenizer(RT2Config().directory), end=2)


def tiny_backbone(kind: str = "fast_vlm", seed: int = 0) -> Backbone:
    """A model of a few thousand parameters; the shipped tokenizer fits it."""
    torch.manual_seed(seed)
    values = {**MODELS[kind]}
    values["text_config"] = {**values["text_config"], "vocab_size": vocabulary().size}
    config = CONFIG_MAPPING[kind](**values)
    return Backbone(AutoModelForImageTextToText.from_config(config).float())


def tiny_config(**values) -> RT2Config:
    """A configuration that every model of `MODELS` fits."""
    sizes = {"image_height": IMAGE[0], "image_width": IMAGE[1], "pointer": False}
    return RT2Config(**{**sizes, **values})


def tiny_rt2(kind: str = "fast_vlm", **values) -> RT2:
    """RT-2 with a tiny model."""
    return RT2(tiny_config(**values), tiny_backbone(kind), vocabulary()).eval()


IN_FLOAT32 = {"gemma3"}
"""Models that norm their queries, and so attend in full precision also under autocast."""
SENTENCES = ["go to the red ball", "stop", "turn left, then drive to the cone nearest to you"]


ACTION = ActionSpec(("linear.x", "angular.z"), (-0.6, -1.5), (0.6, 1.5), dt=0.1, horizon=8)

TRY = """
import sys
from pathlib import Path
from vla_policy.backends.backend import Options
from vla_policy.backends.reference import Reference
from vla_policy.backends.trial import run_trial
from vla_policy.checkpoint import load_policy
from vla_policy.observation import Observation
import numpy as np

folder = Path(sys.argv[1])
reference = Reference.load(folder / "graphs" / "reference.npz")
error = run_trial("onnx", folder, Options(threads=1), reference).max_error
policy = load_policy(folder, backend="onnx", threads=1)
policy.act(Observation(np.zeros((1, 32, 32, 3), np.uint8), "go to the red ball", 0))
print(error, *({"torch", "transformers"} & set(sys.modules)))
"""


def observations():
    """Looks at noise, each with another sentence."""
    rng = np.random.default_rng(0)
    return [
        Observation(rng.integers(0, 256, (1, *IMAGE, 3), dtype=np.uint8), sentence, stamp)
        for stamp, sentence in enumerate(SENTENCES)
    ]


def lessons(model, images=2, seed=0):
    """As many lessons as there are sentences to each image: language and what goes with it."""
    generator = torch.Generator().manual_seed(seed)
    count = images * len(SENTENCES)
    states = torch.randn(count, 3, generator=generator)
    memories = torch.randn(count, 3, generator=generator)
    memories[:, 0] = (torch.arange(count) % 2).float()
    spots = torch.rand(count, 2, generator=generator) + 0.5
    modes = torch.tensor([SEEN, LOST, -100]).repeat(images)
    spots[modes != SEEN] = torch.nan
    return {
        "images": torch.rand(images, 1, 3, *IMAGE, generator=generator),
        "language": model.embed(SENTENCES * images),
        "states": states,
        "memories": memories,
        "stages": torch.arange(count) % 2,
        "actions": torch.rand(count, 8, 2, generator=generator) * 2 - 1,
        "modes": modes,
        "spots": spots,
        "more": (torch.arange(count) % 2).float(),
    }


def texts(model, given, rows=slice(None), most=1000):
    prompt, there = model.lesson_prompt(
        *(given[name][rows] for name in ("language", "states", "memories", "stages"))
    )
    answer = model.lesson_answer(
        *(given[name][rows] for name in ("actions", "modes", "spots", "more"))
    )
    return Texts(prompt, there, answer, most)


def answer(model, given, cached=True):
    each = texts(model, given)
    prefix = model.prefix(given["images"].repeat_interleave(len(SENTENCES), dim=0))
    return model.answer(prefix, each.prompt, each.there, cached)


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("kind", MODELS)
@torch.no_grad()
def test_a_packed_lesson_costs_what_it_costs_alone(kind, bidirectional):
    model = tiny_rt2(kind, bidirectional=bidirectional)
    given = lessons(model)
    packed = model.losses(given["images"], texts(model, given))
    assert packed.counted[0].all()
    for row in range(len(given["stages"])):
        image = given["images"][row // len(SENTENCES)][None]
        alone = texts(model, given, slice(row, row + 1))
        words = alone.there[0]
        alone = alone._replace(prompt=alone.prompt[:, words], there=alone.there[:, words])
        expected = model.losses(image, alone).words[0][0]
        torch.testing.assert_close(packed.words[0][row], expected, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_of_a_full_pack_the_end_is_left_out_and_the_rest_stays_right():
    model = tiny_rt2()
    given = lessons(model)
    whole = model.losses(given["images"], texts(model, given))
    full = model.losses(given["images"], texts(model, given, most=20))
    counted = full.counted[0].view(2, len(SENTENCES), -1)
    assert counted[:, :-1].all()
    assert not counted[:, -1].all()
    torch.testing.assert_close(
        full.words[0], whole.words[0] * full.counted[0], rtol=1e-4, atol=1e-4
    )


@torch.no_grad()
def test_two_groups_of_texts_do_not_see_each_other():
    model = tiny_rt2()
    given = lessons(model)
    questions = vocabulary().padded(["is there a red ball", "which colour is the box"], 20)
    prompt, there = model.question_prompt(torch.from_numpy(questions))
    yes = vocabulary().ids("yes")
    asked = Texts(prompt, there, torch.tensor([[*yes, 2], [*yes, -1]]), 1000)
    both = model.losses(given["images"], texts(model, given), asked)
    torch.testing.assert_close(
        both.words[0], model.losses(given["images"], texts(model, given)).words[0]
    )
    torch.testing.assert_close(both.words[1], model.losses(given["images"], asked).words[0])
    assert both.counted[1].tolist() == [[True, True], [True, False]]


@pytest.mark.parametrize("kind", MODELS)
@torch.no_grad()
def test_a_cache_changes_no_word(kind):
    model = tiny_rt2(kind)
    given = lessons(model)
    assert torch.equal(answer(model, given), answer(model, given, cached=False))


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("plan", [True, False])
@pytest.mark.parametrize("kind", MODELS)
@torch.no_grad()
def test_with_gaps_left_it_says_the_same(kind, plan, bidirectional):
    model = tiny_rt2(kind, plan=plan, bidirectional=bidirectional)
    given = lessons(model)
    images = given["images"].repeat_interleave(len(SENTENCES), dim=0)
    language = torch.zeros(len(images), model.config.max_words, dtype=torch.long)
    language[:, : given["language"].shape[1]] = given["language"]
    further = given["states"], given["memories"], given["stages"]
    for padded, look in zip(
        model.look_padded(images, language, *further),
        model.look(images, given["language"], *further),
        strict=True,
    ):
        assert (padded is None) == (look is None)
        if look is not None:
            torch.testing.assert_close(padded, look)


def test_an_export_says_the_same_without_torch(tmp_path):
    for module in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(module, reason="a file of requirements/ is not installed")
    config = CheckpointConfig(tiny_config(), ACTION)
    save_checkpoint(tmp_path / "tiny", tiny_rt2(), config)
    views = observations()
    eager = open_backend("torch", tmp_path / "tiny", Options(threads=1))
    reference = record([views], eager, lambda backend: policy_on(backend, tmp_path / "tiny"))
    export(tmp_path / "tiny", tmp_path / "graphs_only", reference, reference, ("onnx",))
    done = subprocess.run(
        [sys.executable, "-c", TRY, str(tmp_path / "graphs_only")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    error, *loaded = done.stdout.split()
    assert float(error) < 1e-3
    assert loaded == []


@torch.no_grad()
def test_words_of_other_sentences_in_the_batch_change_nothing():
    model = tiny_rt2()
    given = lessons(model)
    together = answer(model, given)
    for row, said in enumerate(together):
        look = model.look(
            given["images"][row // len(SENTENCES)][None],
            given["language"][row : row + 1],
            given["states"][row : row + 1],
            given["memories"][row : row + 1],
            given["stages"][row : row + 1],
        )
        torch.testing.assert_close(look.actions, model.heard(said[None]).actions)


@pytest.mark.parametrize("seed", range(5))
@torch.no_grad()
def test_no_word_is_said_that_cannot_stand_there(seed):
    model = RT2(tiny_config(), tiny_backbone(seed=seed), vocabulary()).eval()
    # A model that would rather say anything else.
    model.backbone.model.get_input_embeddings().weight[: -6 * BINS] *= 50.0
    said = answer(model, lessons(model, seed=seed))
    size = model.vocabulary.size
    assert said[:, PLAN_WORDS:].min() >= size - BINS
    assert said.max() < size
    words = {model.vocabulary.words[word] for word in ("lost", "remembered", "seen", "nothing")}
    assert set(said[:, 0].tolist()) <= words
    places = said[:, 1:3] - model.vocabulary.base("bearing")
    nowhere = said[:, 1:3] == model.vocabulary.words["nowhere"]
    seen = said[:, :1] == model.vocabulary.words["seen"]
    assert (nowhere | ((places >= 0) & (places < 2 * BINS))).all()
    assert torch.equal(nowhere, ~seen.expand(-1, 2))


def test_what_was_to_be_said_is_heard():
    model = tiny_rt2(knots=tuple(range(8)))
    given = lessons(model)
    words = texts(model, given).answer
    look = model.heard(words)
    assert (look.actions - given["actions"]).abs().max() <= 1 / 255 + 1e-6
    seen = given["modes"] == SEEN
    assert torch.equal(look.mode.argmax(dim=1) == SEEN, seen)
    assert (look.spot[seen] - given["spots"][seen]).abs().max() < 0.05
    assert (look.spot[~seen] == 0).all()
    assert torch.equal(look.more > 0, given["more"] > 0)


def test_a_sentence_that_names_nothing_leaves_nothing_to_remember():
    model = tiny_rt2()
    given = lessons(model)
    look = model.heard(texts(model, given).answer)
    assert (look.mode[given["modes"] == -100].argmax(dim=1) == LOST).all()


def test_between_knots_a_chunk_is_straight():
    weights = knot_weights((0, 3, 5), 8)
    knots = torch.tensor([0.0, 0.9, -0.1])
    expected = [0.0, 0.3, 0.6, 0.9, 0.4, -0.1, -0.1, -0.1]
    torch.testing.assert_close(weights @ knots, torch.tensor(expected))


def test_an_untrained_model_says_any_word():
    model = RT2(RT2Config()).eval()
    torch.manual_seed(0)
    given = {**lessons(model), "images": torch.rand(2, 1, 3, 120, 160)}
    with torch.no_grad():
        found = model.losses(given["images"], texts(model, given))
    assert found.words[0].mean() == pytest.approx(math.log(model.vocabulary.size), abs=0.6)
    assert found.pointing.shape == (6, 8 * 10 + 1)
    parameters = sum(p.numel() for p in model.parameters())
    assert parameters < 5_000_000


def test_every_parameter_learns_and_one_batch_can_be_learnt_by_heart():
    torch.manual_seed(0)
    model = tiny_rt2().train()
    given = lessons(model, images=1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    losses = []
    for step in range(150):
        optimizer.zero_grad()
        loss = model.losses(given["images"], texts(model, given)).words[0].mean()
        loss.backward()
        if step == 0:
            still = [
                name
                for name, parameter in model.named_parameters()
                if parameter.grad is None or not parameter.grad.abs().sum() > 0
            ]
            assert still == []
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] > 6.0
    assert losses[-1] < 0.1
    with torch.no_grad():
        found = model(
            given["images"].expand(3, -1, -1, -1, -1),
            *(given[name] for name in ("language", "states", "memories", "stages")),
        )
    knots = list(model.config.knots)
    assert (found[:, knots] - given["actions"][:, knots]).abs().max() <= 1 / 255 + 1e-6


@pytest.mark.parametrize("kind", sorted(MODELS.keys() - IN_FLOAT32))
def test_where_plain_products_are_faster_it_learns_by_them_and_the_same(kind, monkeypatch):
    model = tiny_rt2(kind).train()
    given = lessons(model)
    seen = []

    def attend_behind(*args):
        seen.append(args[0].dtype)
        return behind.attend_behind(*args)

    def learn():
        model.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            loss = model.losses(given["images"], texts(model, given)).words[0].mean()
        loss.backward()
        return loss.item(), torch.cat(
            [g.flatten() for p in model.parameters() if (g := p.grad) is not None]
        )

    monkeypatch.setattr(rt2_attention, "attend_behind", attend_behind)
    loss, gradient = learn()
    assert seen == [torch.bfloat16] * 2
    monkeypatch.setattr(rt2_attention, "attends_by_products", lambda _: False)
    expected, other = learn()
    assert len(seen) == 2
    assert loss == pytest.approx(expected, rel=1e-2)
    assert torch.cosine_similarity(gradient, other, dim=0) > 0.99


def test_compiled_it_learns_the_same_by_the_same_names(monkeypatch):
    model = tiny_rt2().train()
    given, names = lessons(model), list(model.state_dict())

    def learn():
        model.zero_grad()
        loss = model.losses(given["images"], texts(model, given)).words[0].mean()
        loss.backward()
        gradients = [g.flatten() for p in model.parameters() if (g := p.grad) is not None]
        return loss, torch.cat(gradients)

    expected = learn()
    # All of the compiler but the code for a processor, which takes a minute.
    quick = functools.partial(torch.compile, backend="aot_eager")
    monkeypatch.setattr(torch, "compile", quick)
    model.compile_for_training()
    torch.testing.assert_close(learn(), expected)
    assert list(model.state_dict()) == names


def test_a_tensor_with_two_names_is_written_once_and_read_twice():
    model, other = tiny_rt2(), RT2(tiny_config(), tiny_backbone(seed=1), vocabulary())
    weights = model.state_dict()
    assert "backbone.model.lm_head.weight" not in weights
    assert other.load_state_dict(weights).missing_keys == []
    head = other.backbone.model.get_output_embeddings().weight
    assert head is other.backbone.model.get_input_embeddings().weight
    assert torch.equal(head, model.backbone.model.get_output_embeddings().weight)


def test_what_belongs_to_a_word_goes_to_where_that_word_is(tmp_path):
    model = tiny_rt2()
    tokenizer = json.loads((RT2Config().directory / "tokenizer.json").read_text())
    words = tokenizer["model"]["vocab"]
    red, blue = words["red"], words["blue"]
    words["red"], words["blue"] = blue, red
    (tmp_path / "backbone").mkdir()
    (tmp_path / "backbone" / "tokenizer.json").write_text(json.dumps(tokenizer))
    table = "backbone.model.model.language_model.embed_tokens.weight"
    weights = {name: torch.rand(value.shape) for name, value in model.state_dict().items()}
    fitted = model.fitted(weights, tmp_path)
    expected = weights[table].clone()
    expected[[red, blue]] = expected[[blue, red]]
    assert torch.equal(fitted[table], expected)
    assert all(fitted[name] is weights[name] for name in weights if name != table)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"backbone": 3}, "backbone must be a text"),
        ({"backbone": ""}, "backbone must be a name, a directory or an id"),
        ({"plan": 2}, "plan must be true or false"),
        ({"pointer": "no"}, "pointer must be true or false"),
        ({"max_words": 1.5}, "max_words must be a whole number >= 1"),
        ({"packed_words": 0}, "packed_words must be a whole number >= 1"),
        ({"action_dim": True}, "action_dim must be a whole number >= 1"),
        ({"history": 2}, "RT-2 sees one image"),
        ({"smoothing": math.nan}, "smoothing must be a number"),
        ({"smoothing": "a"}, "smoothing must be a number"),
        ({"smoothing": -1.0}, "smoothing must be >= 0"),
        ({"template": None}, "template must be a text"),
        ({"template": "go"}, "template must hold {sentence}"),
        ({"knots": 3}, "knots must be a list"),
        ({"knots": []}, "knots must rise from step 0"),
        ({"knots": [1, 2]}, "knots must rise from step 0"),
        ({"knots": [0, 3, 3]}, "knots must rise from step 0"),
        ({"knots": [0, 8]}, "to at most 7"),
        ({"knots": [0, 0.5]}, "knots must be a whole number"),
        ({"pixel_mean": [0.5, 0.5]}, "must be of three colours"),
        ({"pixel_std": [0.5, 0.5, 0.0]}, "the latter > 0"),
        ({"pixel_std": ["a", 0.5, 0.5]}, "pixel_std must be a number"),
        ({"pixel_size": 224}, "pixel_size must be a list"),
        ({"pixel_size": [224]}, "pixel_size must be a height and a width"),
        ({"pixel_size": [0, 224]}, "pixel_size must be a whole number >= 1"),
        ({"depth": 1}, "unknown keys of the model: depth"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused_by_name(values, sentence):
    with pytest.raises(CheckpointError, match=sentence):
        RT2Config.from_dict(values)


def test_a_model_that_counts_in_three_directions_is_refused():
    text = {**MODELS["llava"]["text_config"], "vocab_size": 100}
    del text["model_type"]
    rope = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [1, 1, 2]}
    vision = {"depth": 1, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "patch_size": 8}
    config = Qwen2VLConfig(
        text_config={**text, "rope_parameters": rope}, vision_config=vision, image_token_id=3
    )
    with pytest.raises(CheckpointError, match=r"three directions.*FastVLM"):
        check_backbone(AutoModelForImageTextToText.from_config(config))


def test_images_of_another_size_are_refused():
    model = tiny_rt2()
    with pytest.raises(ObservationError, match=r"\[B, 1, 3, 32, 32\]"):
        model.prefix(torch.rand(1, 3, 32, 32))


def test_as_many_instructions_as_images_are_wanted():
    model = tiny_rt2()
    with pytest.raises(ObservationError, match="2 for 1 images"):
        model.look(torch.rand(1, 1, 3, *IMAGE), ["stop", "stop"])
