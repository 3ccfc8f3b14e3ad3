# SPDX-License-Identifier: Apache-2.0
"""A training in a process of its own, or in some by torchrun: training_process.py FOLDER.

The folder holds `config.pickle` and the data set `round_0`; the training's state is kept there
after each step, and the number of each step is printed once it is.
"""

import pickle
import sys
from pathlib import Path

import torch

from vla_train import training
from vla_train.config import DatasetSource
from vla_train.dataset import FrameDataset
from vla_train.group import join_group
from vla_train.sentences import Sentences


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    training.SAVE_EVERY_S = 0.0
    config = pickle.loads((folder / "config.pickle").read_bytes())
    trainer = training.Trainer(config, join_group())
    state = folder / "state.pt"
    if state.exists():
        trainer.load(state)
    source = DatasetSource(str(folder / "round_0"), state=())
    data = FrameDataset(
        [source], config, folder / "cache", Sentences(trainer.model.language.embed)
    )
    trainer.train_round(0, data, state, lambda step, *_: print(step, flush=True))
    trainer.group.leave()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
