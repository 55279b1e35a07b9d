"""What a panel's query reads and yields: its metrics, their labels, and the labels of its result.

A reading compares an expression with the exporter's own table of families, so that a panel cannot
ask for a metric or label that does not exist, nor a legend for a label that is lost on the way.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import promql_parser as promql

from exporter.metrics import FAMILIES
from exporter.metrics.family import AnyFamily, Kind

TARGET = frozenset({"job", "instance", "namespace"})
"""What Prometheus adds to each series, and on Kubernetes the Prometheus Operator."""

NO_LABELS: frozenset[str] = frozenset()
OF_COUNTERS = frozenset({"rate", "irate", "increase"})
SET_OPERATIONS = frozenset({"and", "or", "unless"})
ON = promql.LabelModifierType.Include
BY = promql.AggModifierType.By


class Metric(NamedTuple):
    """What a selector may name: labels of the series, and whether they only grow."""

    labels: frozenset[str]
    grows: bool = False


OTHERS: Mapping[str, Metric] = {
    **{
        name: Metric(TARGET | {"server"})
        for name in (
            "up",
            "scrape_duration_seconds",
            "scrape_samples_scraped",
            "scrape_series_added",
            "scrape_body_size_bytes",
        )
    },
    **{
        f"process_{ending}": Metric(TARGET)
        for ending in ("resident_memory_bytes", "start_time_seconds", "open_fds", "max_fds")
    },
    "process_cpu_seconds_total": Metric(TARGET, grows=True),
    "ALERTS": Metric(
        TARGET
        | {"alertname", "alertstate", "severity"}
        | {"server", "job_id", "job_name", "session_type"}
    ),
}
"""What Prometheus and the client library say on their own."""


def _samples(family: AnyFamily) -> Iterator[tuple[str, Metric]]:
    labels = frozenset(family.labels) | TARGET
    if family.kind is Kind.HISTOGRAM:
        yield f"{family.name}_bucket", Metric(labels | {"le"}, grows=True)
        yield f"{family.name}_sum", Metric(labels, grows=True)
        yield f"{family.name}_count", Metric(labels, grows=True)
    else:
        yield family.name, Metric(labels, family.kind is Kind.COUNTER)


METRICS: Mapping[str, Metric] = {
    **OTHERS,
    **{name: metric for family in FAMILIES for name, metric in _samples(family)},
}


@dataclass(slots=True)
class Reading:
    """One expression read: `problems` fills while `labels` walks through it."""

    problems: list[str] = field(default_factory=list)

    def labels(self, node: Any, function: str = "") -> frozenset[str]:
        """The labels that the series of a part have; `function` is the one called on it."""
        match node:
            case promql.VectorSelector():
                found = self._selected(node, function)
            case promql.MatrixSelector():
                found = self._selected(node.vector_selector, function)
            case promql.Call():
                found = self._called(node)
            case promql.AggregateExpr():
                found = self._aggregated(node)
            case promql.BinaryExpr():
                found = self._combined(node)
            case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
                found = self.labels(node.expr, function)
            case _:
                found = NO_LABELS
        return found

    def _selected(self, node: promql.VectorSelector, function: str) -> frozenset[str]:
        metric = METRICS.get(node.name or "")
        if metric is None:
            self.problems.append(f"there is no metric {node.name}")
            return NO_LABELS
        self._need(frozenset(each.name for each in node.matchers.matchers), metric.labels, node)
        if metric.grows and function not in OF_COUNTERS:
            self.problems.append(f"the counter {node.name} is read without rate or increase")
        if function in OF_COUNTERS and not metric.grows:
            self.problems.append(f"{function}() of {node.name}, which is no counter")
        return metric.labels

    def _need(self, named: frozenset[str], known: frozenset[str], node: Any) -> None:
        for label in sorted(named - known):
            self.problems.append(f"there is no label {label} in {str(node)[:120]}")

    def _called(self, node: promql.Call) -> frozenset[str]:
        found = [self.labels(argument, node.func.name) for argument in node.args]
        labels = frozenset().union(*found)
        return labels - {"le"} if node.func.name == "histogram_quantile" else labels

    def _aggregated(self, node: promql.AggregateExpr) -> frozenset[str]:
        inner = self.labels(node.expr)
        operator = str(node.op)
        if operator in ("topk", "bottomk"):
            return inner
        made = {node.param.val} if operator == "count_values" else set()
        if node.modifier is None:
            return frozenset(made)
        named = frozenset(node.modifier.labels)
        self._need(named, inner, node.expr)
        return (named if node.modifier.type == BY else inner - named) | made

    def _combined(self, node: promql.BinaryExpr) -> frozenset[str]:
        left, right = self.labels(node.lhs), self.labels(node.rhs)
        numbers = [side for side in (node.lhs, node.rhs) if is_number(side)]
        if numbers:
            return left | right
        matching = node.modifier.matching if node.modifier else None
        if matching is None:
            if str(node.op) != "or" and left != right:
                self.problems.append(f"sides of {node.op} differ in {sorted(left ^ right)}")
            return left | right if str(node.op) == "or" else left
        self._need(frozenset(matching.labels), left & right, node)
        if str(node.op) in SET_OPERATIONS:
            return left
        named = frozenset(matching.labels)
        return named if matching.type == ON else left - named


def is_number(node: Any) -> bool:
    """Whether a part of an expression is a scalar, which matches every series."""
    match node:
        case promql.NumberLiteral():
            return True
        case promql.ParenExpr() | promql.UnaryExpr():
            return is_number(node.expr)
        case promql.Call():
            return str(node.func.name) in ("time", "scalar", "pi")
        case promql.BinaryExpr():
            return is_number(node.lhs) and is_number(node.rhs)
    return False


def problems(expression: str) -> list[str]:
    """What is wrong with an expression. Raises ValueError if it is no PromQL."""
    reading = Reading()
    reading.labels(promql.parse(expression))
    return reading.problems


def result_labels(expression: str) -> frozenset[str]:
    """The labels that the result of an expression has."""
    return Reading().labels(promql.parse(expression))
