# SPDX-License-Identifier: Apache-2.0
"""The dashboards are well formed, and name only what there is."""

from __future__ import annotations

import ast
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from vla_monitor import topics as monitored
from vla_monitor.metrics import Metrics
from vla_monitor.monitor import Monitor
from vla_monitor.parameters import PARAMETERS, make_settings
from vla_monitor.recorder import Recorder

PACKAGE = Path(__file__).parents[1]
DASHBOARDS = PACKAGE / "dashboards"
CONFIG = PACKAGE / "config"
PROMQL_WORDS = {
    *("by", "or", "and", "sum", "rate", "increase", "changes", "histogram_quantile"),
    *("le", "instance"),
}


def load(name):
    return json.loads((DASHBOARDS / name).read_text())


def series():
    """Every name that a query may use, with the values of its bucket bounds."""
    names, bounds = {"up"}, set()
    for family in text_string_to_metric_families(Metrics("robot").text().decode()):
        ends = {
            "histogram": ("_bucket", "_count", "_sum"),
            "counter": ("_total",),
        }.get(family.type, ("",))
        names |= {family.name + end for end in ends}
        bounds |= {each.labels["le"] for each in family.samples if "le" in each.labels}
    return names, bounds


def names_of(query):
    """The names in a query that are neither words of PromQL nor within quotes."""
    bare = re.sub(r'"[^"]*"', "", query)
    bare = re.sub(r"\[[^\]]*\]", "", bare)  # durations
    bare = re.sub(r"\{[^}]*\}", "", bare)  # labels
    return set(re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*", bare)) - PROMQL_WORDS


def grafana_queries():
    dashboard = load("grafana.json")
    yield from (each["expr"] for each in dashboard["annotations"]["list"])
    for panel in dashboard["panels"]:
        yield from (each["expr"] for each in panel.get("targets", ()))


def alert_rules():
    for group in yaml.safe_load((DASHBOARDS / "alerts.yaml").read_text())["groups"]:
        yield from group["rules"]


def test_every_query_of_grafana_names_a_metric_that_exists():
    names, _ = series()
    queries = list(grafana_queries())
    assert len(queries) > 30
    assert not {query for query in queries if not names_of(query) <= names or not names_of(query)}


def test_every_metric_is_shown_in_grafana():
    names, _ = series()
    shown = set().union(*map(names_of, grafana_queries()))
    whole = {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for name in shown}
    in_words = {"up", "vla_robot_info"}  # asked for by the rules and by the list of robots
    plain_counts = {name for name in whole if re.fullmatch(r"vla_\w+_total", name)}
    assert whole - shown - in_words <= plain_counts


def test_grafana_panels_lie_side_by_side_and_have_their_own_ids():
    panels = load("grafana.json")["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_alert_rules_are_complete_and_name_metrics_that_exist():
    names, bounds = series()
    rules = list(alert_rules())
    alerts = [rule["alert"] for rule in rules]
    assert {"VlaLatency", "VlaInterventions", "VlaFrozenCamera"} <= set(alerts)
    assert len(set(alerts)) == len(alerts)
    for rule in rules:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert "{{ $labels.instance }}" in rule["annotations"]["summary"]
        assert names_of(rule["expr"]) <= names, rule["alert"]
        assert set(re.findall(r'le="([^"]*)"', rule["expr"])) <= bounds
        assert rule["expr"].count("(") == rule["expr"].count(")")


def test_alerts_warn_where_the_diagnostics_do():
    limits = make_settings({}).limits
    expressions = {rule["alert"]: rule["expr"] for rule in alert_rules()}
    age_s = limits["command.age_p95_ms"].warn / 1e3
    assert expressions["VlaLatency"].endswith(f"> {age_s:g}")
    often = limits["gate.interventions_per_min"].warn
    assert expressions["VlaInterventions"].endswith(f"> {often:g}")
    frozen_s = limits["camera.unchanged_s"].error
    assert expressions["VlaFrozenCamera"].endswith(f"> {frozen_s:g}")


def test_prometheus_scrapes_the_port_that_the_monitor_serves():
    settings = {each.name: each.default for each in PARAMETERS}
    (job,) = yaml.safe_load((DASHBOARDS / "prometheus.yaml").read_text())["scrape_configs"]
    ((target,),) = (each["targets"] for each in job["static_configs"])
    assert target == f"{settings['prometheus.address']}:{settings['prometheus.port']}"


def test_plots_of_every_dashboard_are_topics_of_the_monitor(dashboard_topics):
    plots = {*monitored.EVENT_PLOTS, *(topic for topic, _, _ in monitored.REPORT_PLOTS)}
    for name, topics in dashboard_topics.items():
        ours = {topic for topic in topics if topic.startswith("/vla_monitor/")}
        assert ours, name
        assert ours <= {f"/{plot}" for plot in plots}, name


def test_every_panel_of_the_foxglove_layout_is_placed_once():
    layout = load("foxglove.json")

    def leaves(node):
        if isinstance(node, str):
            return [node]
        assert node["direction"] in ("row", "column")
        assert 0 < node["splitPercentage"] < 100
        return leaves(node["first"]) + leaves(node["second"])

    assert sorted(leaves(layout["layout"])) == sorted(layout["configById"])


def test_the_foxglove_buttons_say_an_instruction():
    panels = load("foxglove.json")["configById"]
    said = [json.loads(each["value"]) for name, each in panels.items() if name[:7] == "Publish"]
    assert {"data": ""} in said
    assert all(set(each) == {"data"} for each in said)


def test_the_plotjuggler_layout_subscribes_to_what_it_plots(dashboard_topics):
    root = ElementTree.parse(DASHBOARDS / "plotjuggler.xml").getroot()
    curves = [curve.get("name") for curve in root.iter("curve")]
    subscribed = dashboard_topics["plotjuggler.xml"]
    assert curves
    assert not [c for c in curves if not any(c.startswith(f"{t}/") for t in subscribed)]
    for splitter in root.iter("DockSplitter"):
        assert int(splitter.get("count")) == len(list(splitter))
        assert len(splitter.get("sizes").split(";")) == len(list(splitter))


def test_the_rqt_perspective_is_what_rqt_can_import():
    perspective = load("vla.perspective")

    def values(group):
        yield from group["keys"].values()
        for inner in group["groups"].values():
            yield from values(inner)

    for value in values(perspective):
        assert value["type"] == "repr"
        ast.literal_eval(value["repr"])
    manager = perspective["groups"]["pluginmanager"]
    running = ast.literal_eval(manager["keys"]["running-plugins"]["repr"])
    groups = {
        f"plugin__{plugin.replace('/', '__')}__{number}"
        for plugin, numbers in running.items()
        for number in numbers
    }
    assert groups == set(manager["groups"])


def analyzers(name):
    (node,) = yaml.safe_load((CONFIG / name).read_text()).values()
    return node["ros__parameters"]


def groups_of(parameters):
    return {each["path"]: each for each in parameters.values() if isinstance(each, dict)}


def test_the_tree_has_its_branches():
    tree = analyzers("analyzers.yaml")
    assert tree["path"] == "VLA"
    assert set(groups_of(tree)) == {"Policy", "Safety", "Camera", "System"}
    assert set(groups_of(analyzers("analyzers_sim.yaml"))) == {"Simulation"}


def test_every_expected_item_is_matched_by_its_own_group_alone():
    groups = groups_of(analyzers("analyzers.yaml")) | groups_of(analyzers("analyzers_sim.yaml"))
    for path, group in groups.items():
        assert group["type"] == "diagnostic_aggregator/GenericAnalyzer"
        for item in group["expected"]:
            assert matching(groups, item) == [path], item


def matching(groups, name):
    """The groups that a status falls into, by the rules of GenericAnalyzer."""
    return [
        path
        for path, group in groups.items()
        if any(name.startswith(start) for start in group.get("startswith", ()))
        or any(part in name for part in group.get("contains", ()))
    ]


def test_every_status_of_the_monitor_has_a_place_in_the_tree(tmp_path):
    settings = make_settings({"event_log.directory": str(tmp_path)})
    reports = Monitor(settings, 0.0).reports(1.0, "/robot_1/camera/image_raw")
    reports.append(Recorder(settings, lambda: None).report(1.0))
    groups = groups_of(analyzers("analyzers.yaml"))
    for report in reports:
        name = f"vla_monitor: {report.subject}" if report.prefixed else report.subject
        assert len(matching(groups, name)) == 1, name


@pytest.mark.parametrize("name", ["analyzers.yaml", "analyzers_sim.yaml"])
def test_analyzers_hold_for_the_aggregator_in_any_namespace(name):
    assert list(yaml.safe_load((CONFIG / name).read_text())) == ["/**"]
