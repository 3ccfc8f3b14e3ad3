# SPDX-License-Identifier: Apache-2.0
"""What several tests share: topics that dashboards name, and a checkpoint's configuration."""

from __future__ import annotations

import ast
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from vla_policy.action import ActionSpec
from vla_policy.checkpoint import CheckpointConfig
from vla_policy.models.config import EndToEndConfig
from vla_policy.statistics import ActionStatistics

SPEC = ActionSpec(("linear.x", "angular.z"), (-0.6, -1.5), (0.6, 1.5), 0.1, 8)
STATISTICS = ActionStatistics((0.1, 0.3), (0.2, 0.4), 0.5, 0.25)
DASHBOARDS = Path(__file__).parents[1] / "dashboards"
TOPIC_KEYS = {"imageTopic", "calibrationTopic", "topicToRender", "topicName", "topicPath"}


def foxglove_topics(path):
    """Topics of a Foxglove layout; a message path ends its topic at the first dot."""
    panels = json.loads(path.read_text())["configById"]
    found = set()
    for panel in walk(panels):
        found |= {value for key, value in panel.items() if key in TOPIC_KEYS and value}
        if isinstance(panel.get("paths"), list):
            found |= {each["value"].split(".")[0] for each in panel["paths"]}
        if isinstance(panel.get("topics"), dict):
            found |= set(panel["topics"])
    return found


def walk(value):
    """Every object within a JSON value."""
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from walk(each)


def plotjuggler_topics(path):
    """Topics of a PlotJuggler layout: those that it subscribes to."""
    root = ElementTree.parse(path).getroot()
    return set(root.find(".//plugin/selected_topics").get("value").split(";"))


def rqt_topics(path):
    """Topics of an rqt perspective; a plotted field follows its topic after a slash."""
    groups = json.loads(path.read_text())["groups"]["pluginmanager"]["groups"]
    found = set()
    for name, group in groups.items():
        settings = {
            key: ast.literal_eval(value["repr"])
            for key, value in group["groups"].get("plugin", {"keys": {}})["keys"].items()
        }
        if "Plot" in name:
            found |= {re.sub(r"/data$", "", field) for field in settings["topics"]}
        if "ImageView" in name:
            found.add(settings["topic"])
        if "Publisher" in name:
            found |= {each["topic_name"] for each in ast.literal_eval(settings["publishers"])}
    return found


@pytest.fixture(scope="session")
def dashboard_topics():
    """The topics by dashboard."""
    return {
        "foxglove.json": foxglove_topics(DASHBOARDS / "foxglove.json"),
        "plotjuggler.xml": plotjuggler_topics(DASHBOARDS / "plotjuggler.xml"),
        "vla.perspective": rqt_topics(DASHBOARDS / "vla.perspective"),
    }


@pytest.fixture
def checkpoint(tmp_path):
    """A checkpoint that tells of its training; its weights are missing."""
    folder = tmp_path / "trained"
    folder.mkdir()
    config = CheckpointConfig(EndToEndConfig(), SPEC, action_statistics=STATISTICS)
    (folder / "config.json").write_text(json.dumps(config.to_dict()))
    return folder
