"""The judge can fail: each thing that may be wrong is told, and nothing else."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from exporter.simulator import Figures, azure_profile, enterprise_manager_profile
from exporter.simulator.runs import Run
from tests.soak.judge import Finding, judge
from tests.soak.products import PRODUCTS, result_of
from tests.soak.report import Part, Report
from tests.soak.samples import Break, Key, Point, key, series_of, split
from tests.soak.truth import BOTTLENECK, DURATION, FINISHED, SUM, Fact, expected

MAIL = {"server": "one", "job_id": "mail", "session_type": "Backup"}
SUCCESS = key(FINISHED, **MAIL, result="success")
SECONDS = key(DURATION, **MAIL)
POLLS = key("backup_server_polls_total", server="one")
ERRORS = key("backup_exporter_ledger_errors_total")
GAP = Break(at=10.5, settled=14.5)


def points(*values: float, since: int = 1) -> list[Point]:
    """One sample a second."""
    return [Point(float(since + second), value) for second, value in enumerate(values)]


def kinds(findings: Sequence[Finding]) -> list[str]:
    """What is wrong, in the order of its telling."""
    return [finding.kind for finding in findings]


def reported(*sessions: int, **details: Any) -> Report:
    """The report of a run with so many sessions of each product."""
    report = Report("1", **details)
    for number, finished in enumerate(sessions):
        report.parts[f"product {number}"] = Part(finished)
    return report


def verdict(key: Key, samples: Sequence[Point], *truth: float) -> list[str]:
    """What is wrong with one series, given what is true of each life of the ledger."""
    breaks = [GAP] * (len(truth) - 1)
    return kinds(judge({key: samples}, [{key: value} for value in truth], breaks))


def test_what_is_true_passes() -> None:
    """Born at 0, never falling, in the end as much as has happened."""
    assert verdict(SUCCESS, points(0, 0, 1, 1, 3), 3) == []


@pytest.mark.parametrize(
    ("key", "samples", "truth", "wrong"),
    [
        (SUCCESS, points(0, 1, 2), 3, ["missed", "wrong increase"]),
        (SUCCESS, points(0, 1, 4), 3, ["double", "wrong increase"]),
        (SUCCESS, points(1, 2, 3), 3, ["born above zero", "wrong increase"]),
        (SUCCESS, points(0, 3, 2, 3), 3, ["decrease", "wrong increase"]),
        (SUCCESS, [], 1, ["missed", "wrong increase"]),
        (SUCCESS, points(0, 1), 0, ["double", "wrong increase"]),
        (SECONDS, points(0.0, 12.5), 12.6, ["wrong sum", "wrong increase"]),
        (POLLS, points(0, 7, 6), 0, ["decrease"]),
        (POLLS, [*points(0, 7), Point(2.0, 7.0)], 0, ["shown twice"]),
        (POLLS, points(2, 7), 0, ["born above zero"]),
    ],
    ids=lambda value: value.name if isinstance(value, Key) else None,
)
def test_what_is_not_true_is_told(
    key: Key, samples: Sequence[Point], truth: float, wrong: list[str]
) -> None:
    """One session too few or too many, a fall, a birth above 0, a wrong sum."""
    assert verdict(key, samples, truth) == wrong


def test_tampered_truth_is_told() -> None:
    """The same samples are right for one truth and wrong for another."""
    figures = Figures(transferred_bytes=7, processed_items=2, bottleneck="Source")
    fact = Fact("s1", "one", "mail", "Backup", "success", 12.5, figures, retries=1)
    truth = expected([fact], PRODUCTS["vb365"])
    samples = {one: points(0, value) for one, value in truth.items()}
    assert len(truth) == 7
    assert judge(samples, [truth], []) == []
    for one, value in truth.items():
        told = judge(samples, [{**truth, one: value + 1}], [])
        assert {finding.key for finding in told} == {one}
    twice = expected([fact, fact._replace(id="s2")], PRODUCTS["vb365"])
    assert kinds(judge(samples, [twice], [])).count("missed") == 3


def test_rounding_is_no_finding() -> None:
    """Sums of floats may differ in the last digits."""
    assert verdict(SECONDS, points(0.0, 0.1 + 0.2), 0.3) == []


def test_a_damaged_ledger_is_one_fall_to_zero() -> None:
    """After the damage all begins at 0; both lives are judged by their own truth."""
    alive = points(*[0] * 5, *[4] * 5)
    assert verdict(SUCCESS, alive + points(4, 4, 0, 0, 0, 2, since=11), 4, 2) == []
    assert verdict(SUCCESS, alive + points(4, 4, 0, 0, 0, 2, since=11), 4, 3) == [
        "missed",
        "wrong increase",
    ]
    assert "born above zero" in verdict(SUCCESS, alive + points(4, 1, 1, 2, since=11), 4, 2)
    late = points(*[4] * 9, 0, 2, since=11)
    assert "decrease" in verdict(SUCCESS, alive + late, 4, 2)


def test_a_series_that_never_rose_needs_no_fall() -> None:
    """Zeros on both sides of the damage belong to both lives."""
    assert verdict(SUCCESS, points(*[0] * 20, 1), 0, 1) == []
    assert verdict(SUCCESS, points(*[0] * 14, 1), 0, 1) == []


def test_a_series_that_went_with_the_ledger_may_come_back_later() -> None:
    """It was still shown until its server was polled again; then it had not happened yet."""
    answers = key("backup_server_requests_total", server="one", code="404")
    samples = [*points(0, *[6] * 11), *points(0, 1, since=20)]
    assert verdict(answers, samples, 0, 0) == []
    assert "decrease" in verdict(answers, points(0, *[6] * 18, 0, 1), 0, 0)


def test_points_are_cut_at_the_fall() -> None:
    """What is shown from memory until the damage is noticed belongs to the life before."""
    parts = split(points(*[3] * 12, 0, 0, 1), [GAP])
    assert [[point.value for point in part] for part in parts] == [[3] * 12, [0, 0, 1]]


def test_a_renamed_job_is_one_series() -> None:
    """Its samples go on under the new name, so the second name need not begin at 0."""
    labels = {"__name__": FINISHED, **MAIL, "result": "success", "job": "x", "instance": "y"}
    rows = [
        {"metric": {**labels, "job_name": "B"}, "values": [[3, "2"], [4, "3"]]},
        {"metric": {**labels, "job_name": "A"}, "values": [[1, "0"], [2, "2"]]},
    ]
    assert series_of(rows) == {SUCCESS: points(0, 2, 2, 3)}


def test_errors_of_a_full_disk_may_be_forgotten() -> None:
    """They cannot be written where there is no room; every other counter may not fall."""
    assert kinds(judge({ERRORS: points(0, 5, 0)}, [{}], [])) == []


def test_a_bottleneck_is_counted_under_its_label() -> None:
    """The product's word becomes the label of the contract."""
    fact = Fact("s1", "one", "mail", "Backup", "failed", None, Figures(bottleneck="NA"))
    truth = expected([fact], PRODUCTS["vb365"])
    assert truth[key(BOTTLENECK, **MAIL, bottleneck="none")] == 1
    assert key(DURATION, **MAIL) not in truth


def test_a_product_counts_what_it_tells() -> None:
    """No sizes where it has none, and one retry where it only says that it was one."""
    figures = Figures(transferred_bytes=7, processed_items=2, bottleneck="Source")
    fact = Fact("s1", "one", "mail", "Backup", "success", None, figures, retries=2)
    counted = {
        name: {key.name: value for key, value in expected([fact], product).items()}
        for name, product in PRODUCTS.items()
    }
    assert counted["vb365"][SUM.format("retries")] == 2
    assert counted["enterprise_manager"] == {FINISHED: 1, SUM.format("retries"): 1}
    assert counted["azure"] == {FINISHED: 1}


def test_one_word_for_two_outcomes_is_a_failure() -> None:
    """A product that has no word for what was canceled says that it failed."""
    words = enterprise_manager_profile.WORDS
    run = Run("s1", "mail", "Backup", 0.0, 0.0, 1.0, words.outcome("canceled"))
    assert result_of(run, words) == "failed"
    assert result_of(replace(run, status=None), words) == "success"
    canceled = replace(run, status=azure_profile.WORDS.canceled)
    assert result_of(canceled, azure_profile.WORDS) == "canceled"


def test_a_report_is_good_only_without_findings() -> None:
    """One finding, one error, or no session of a product, and the exit code is 1."""
    finding = Finding("missed", SUCCESS, 2, "life 1: 1 where 3 is true")
    assert reported(3).good
    assert reported(3, 5).good
    assert not reported().good
    assert not reported(3, 0).good
    assert not reported(3, errors=["it ended by itself"]).good
    bad = reported(3, findings=[finding])
    assert not bad.good
    text = "\n".join(bad.lines())
    assert "missed: 2, double: 0" in text
    assert "WRONG missed: backup_job_sessions_finished_total{job_id='mail'" in text
