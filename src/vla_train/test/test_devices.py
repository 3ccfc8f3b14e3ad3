# SPDX-License-Identifier: Apache-2.0
import pytest
import torch

from vla_train import devices
from vla_train.devices import mixed_precision


@pytest.mark.parametrize(
    ("precision", "multiplied", "dtype"),
    [
        ("float32", True, torch.float32),
        ("bfloat16", False, torch.bfloat16),
        ("auto", True, torch.bfloat16),
        ("auto", False, torch.float32),
    ],
)
def test_auto_is_bfloat16_where_the_processor_multiplies_it(
    precision, multiplied, dtype, monkeypatch
):
    monkeypatch.setattr(devices, "multiplies_bfloat16", lambda: multiplied)
    layer = torch.nn.Linear(2, 2)
    with mixed_precision(precision, torch.device("cpu")):
        answer = layer(torch.ones(1, 2))
    assert answer.dtype == dtype
    assert layer(torch.ones(1, 2)).dtype == torch.float32
