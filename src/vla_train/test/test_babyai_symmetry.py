# SPDX-License-Identifier: Apache-2.0
import pytest
import torch

from vla_policy.words import word_numbers
from vla_train.babyai.cells import CODES, COLOURS, KINDS, door, thing
from vla_train.babyai.choices import FORWARD, LEFT, RIGHT
from vla_train.babyai.symmetry import Drawn, Symmetry

SYMMETRY = Symmetry(torch.device("cpu"))
RED, GREEN, BLUE = range(3)
KEY, BALL, BOX = range(3)
# Red becomes green, green blue, blue red; a key becomes a ball and a ball a key.
RENAMED = Drawn(
    torch.tensor([[GREEN, BLUE, RED, 3, 4, 5]]),
    torch.tensor([[BALL, KEY, BOX]]),
    torch.tensor([False]),
)
MIRRORED = RENAMED._replace(mirrored=torch.tensor([True]))


def test_things_and_doors_change_and_walls_stay():
    codes = torch.arange(CODES, dtype=torch.uint8)[None]
    renamed, _ = SYMMETRY.rename(RENAMED, codes, torch.zeros(1, 1, dtype=torch.long))
    assert renamed[0, :3].tolist() == [0, 1, 2]
    assert renamed[0, thing(KEY, RED)] == thing(BALL, GREEN)
    assert renamed[0, thing(BOX, BLUE)] == thing(BOX, RED)
    assert renamed[0, door(GREEN, 1)] == door(BLUE, 1)
    assert sorted(renamed[0].tolist()) == list(range(CODES))


def test_the_sentence_names_what_became_of_the_thing():
    said = torch.from_numpy(word_numbers(["put the red key next to the blue box"]))
    meant = torch.from_numpy(word_numbers(["put the green ball next to the red box"]))
    _, words = SYMMETRY.rename(RENAMED, torch.zeros(1, 1, 1, dtype=torch.uint8), said)
    assert torch.equal(words, meant)


def test_no_two_words_of_the_missions_have_one_number():
    words = [*COLOURS, *KINDS, "go", "to", "the", "a", "put", "next"]
    assert len(set(word_numbers(words)[:, 0].tolist())) == len(words)


def test_the_mirror_swaps_sides_about_the_robots_column():
    codes = torch.arange(1, 65, dtype=torch.uint8).view(1, 1, 8, 8) % CODES
    actions, odd = torch.tensor([[LEFT]]), torch.tensor([[1]])
    target = torch.tensor([[3 * 8 + 2]])  # two to the left of column 4
    seen = SYMMETRY.mirror(MIRRORED, codes, actions, odd, target)
    assert torch.equal(seen[0][..., 4], codes[..., 4])
    assert torch.equal(seen[0][..., 6], codes[..., 2])
    assert (seen[1].item(), seen[2].item(), seen[3].item()) == (RIGHT, 0, 3 * 8 + 6)
    back = SYMMETRY.mirror(MIRRORED, *seen)
    assert torch.equal(back[0][..., 1:], codes[..., 1:])
    assert (back[1].item(), back[2].item(), back[3].item()) == (LEFT, 1, 3 * 8 + 2)


def test_a_target_that_is_unknown_stays_so_in_the_mirror():
    codes = torch.zeros(1, 1, 8, 8, dtype=torch.uint8)
    odd, target = torch.tensor([[0]]), torch.tensor([[64]])
    seen = SYMMETRY.mirror(MIRRORED, codes, torch.tensor([[FORWARD]]), odd, target)
    assert seen[1].item() == FORWARD and seen[3].item() == 64


@pytest.mark.parametrize("size", [1, 500])
def test_draws_are_permutations_and_follow_from_the_seed(size):
    draws = [
        SYMMETRY.draw(size, torch.Generator().manual_seed(3), torch.device("cpu"))
        for _ in range(2)
    ]
    for first, second in zip(*draws, strict=True):
        assert torch.equal(first, second)
    assert (draws[0].colours.sort(dim=1).values == torch.arange(6)).all()
    assert (draws[0].kinds.sort(dim=1).values == torch.arange(3)).all()
