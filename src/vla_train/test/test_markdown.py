# SPDX-License-Identifier: Apache-2.0
from vla_train.markdown import markdown_table


def test_a_table_has_a_line_for_its_head_one_below_it_and_one_for_each_row():
    rows = iter([("1", "two"), ("", "b")])
    assert markdown_table(["x", "y"], rows) == "| x | y |\n| --- | --- |\n| 1 | two |\n|  | b |\n"
