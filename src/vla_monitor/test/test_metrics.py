# SPDX-License-Identifier: Apache-2.0
"""The metrics, read back with the parser of the client library itself."""

import math
import urllib.error
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from vla_monitor.exporter import Exporter
from vla_monitor.levels import Level
from vla_monitor.metrics import COUNTERS, GAUGES, TIMES, Metrics
from vla_monitor.report import Report


def families(metrics):
    return {each.name: each for each in text_string_to_metric_families(metrics.text().decode())}


def sample(metrics, name, **labels):
    found = [
        each.value
        for family in families(metrics).values()
        for each in family.samples
        if each.name == name and each.labels == labels
    ]
    assert len(found) == 1, (name, labels, found)
    return found[0]


def test_every_metric_is_there_from_the_start_and_readable():
    read = families(Metrics("robot"))
    assert set(TIMES) <= set(read)
    assert {row.metric for row in GAUGES} <= set(read)
    assert {row.metric.removesuffix("_total") for row in COUNTERS} <= set(read)
    assert all(family.documentation for family in read.values())


def test_names_follow_the_rules_of_prometheus():
    assert all(name.endswith("_seconds") for name in TIMES)
    assert all(row.metric.endswith("_total") for row in COUNTERS)
    assert not [row.metric for row in GAUGES if row.metric.endswith("_total")]
    names = [row.metric for row in (*GAUGES, *COUNTERS)] + list(TIMES)
    assert len(set(names)) == len(names)


def test_times_fall_into_buckets():
    metrics = Metrics("robot")
    for seconds in (0.012, 0.012, 0.3, -1.0, math.nan):
        metrics.time("vla_inference_seconds", seconds)
    assert sample(metrics, "vla_inference_seconds_count") == 3
    assert sample(metrics, "vla_inference_seconds_bucket", le="0.015") == 2
    assert sample(metrics, "vla_inference_seconds_sum") == pytest.approx(0.324)


def test_values_of_the_reports_become_gauges_in_base_units():
    metrics = Metrics('robot "7"\n')
    values = {"vla_node.memory_mb": 250.0, "vla_node.cpu_percent": 50.0, "vla_node.running": 1}
    metrics.show([Report("Processes", Level.WARN, "", values)])
    assert sample(metrics, "vla_process_memory_bytes", process="vla_node") == 250e6
    assert sample(metrics, "vla_process_cpu_ratio", process="vla_node") == 0.5
    assert sample(metrics, "vla_status_level", subject="Processes") == 1
    assert sample(metrics, "vla_robot_info", robot='robot "7"\n') == 1


def test_totals_become_counters_that_never_fall():
    metrics = Metrics("robot")
    for total, expected in ((5, 5), (7, 7), (2, 9)):  # the third: vla_node was started anew
        metrics.show([Report("Inference", Level.OK, "", {"failures": total})])
        assert sample(metrics, "vla_inference_failures_total") == expected


def test_interventions_are_counted_by_reason():
    metrics = Metrics("robot")
    values = {"count": 5, "count.obstacle": 3, "count.linear.x": 2, "rate_per_min": 1.0}
    metrics.show([Report("Interventions", Level.OK, "", values)])
    assert sample(metrics, "vla_interventions_total", reason="obstacle") == 3
    assert sample(metrics, "vla_interventions_total", reason="linear.x") == 2


def test_a_status_under_the_name_of_a_topic_is_not_a_subject():
    metrics = Metrics("robot")
    metrics.show([Report("/camera/image_raw", Level.OK, "", {}, prefixed=False)])
    assert not families(metrics)["vla_status_level"].samples


@pytest.fixture
def exporter():
    exporter = Exporter("127.0.0.1", 0, Metrics("robot").text)
    yield exporter
    exporter.close()


def get(exporter, path):
    return urllib.request.urlopen(f"http://127.0.0.1:{exporter.port}{path}", timeout=10)


def test_metrics_are_served_and_nothing_else(exporter):
    with get(exporter, "/metrics") as answer:
        read = list(text_string_to_metric_families(answer.read().decode()))
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert {family.name for family in read} >= set(TIMES)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(exporter, "/etc/passwd")


def test_only_this_machine_is_served_by_default(exporter):
    assert exporter._server.server_address[0] == "127.0.0.1"


def test_an_address_in_use_is_an_oserror(exporter):
    with pytest.raises(OSError, match="in use"):
        Exporter("127.0.0.1", exporter.port, bytes)
