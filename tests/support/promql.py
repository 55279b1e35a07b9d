"""A lint of PromQL against the exporter's own table of families: rules, runbooks, dashboards.

`problems` says what a syntax check cannot see: a metric or label that does not exist, a counter
read like a gauge, a matching that can never match or that may meet two partners, a range that
outlives the data. Series carry the labels of their family and those that Prometheus adds.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import promql_parser as promql

from exporter.errors import FAILURE_REASONS
from exporter.metrics import FAMILIES
from exporter.metrics.family import AnyFamily, Kind, Shape
from exporter.metrics.job import RESULT_STATES
from exporter.metrics.server import UNKNOWN_FIELDS
from exporter.model import Bottleneck

TARGET_LABELS = frozenset({"job", "instance", "namespace"})
"""What Prometheus adds to each series, and on Kubernetes the Prometheus Operator."""

RETENTION = timedelta(days=15)
"""What Prometheus keeps unless it is told otherwise."""

COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
SET_OPERATIONS = frozenset({"and", "or", "unless"})
OF_COUNTERS_ONLY = frozenset({"rate", "irate", "increase", "resets"})
OF_COUNTERS = OF_COUNTERS_ONLY | {"changes", "absent", "absent_over_time"}
KEEPING_SERIES = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})
DESCRIPTIVE = (family.extra for family in FAMILIES if family.shape is Shape.TEXT)
DETERMINED = frozenset({"job_name"}).union(*DESCRIPTIVE)
"""Labels that follow from others, such as a job's name from its id, and so tell no series apart."""

WORDS: Mapping[str, frozenset[str]] = {
    "result": frozenset(RESULT_STATES),
    "reason": frozenset(FAILURE_REASONS),
    "bottleneck": frozenset(Bottleneck),
    "field": frozenset(UNKNOWN_FIELDS),
}
"""Labels whose every value is known."""

OTHERS: Mapping[str, Kind] = {
    "up": Kind.GAUGE,
    "scrape_duration_seconds": Kind.GAUGE,
    "scrape_samples_scraped": Kind.GAUGE,
    "scrape_series_added": Kind.GAUGE,
    "process_cpu_seconds_total": Kind.COUNTER,
    "process_resident_memory_bytes": Kind.GAUGE,
    "process_virtual_memory_bytes": Kind.GAUGE,
    "process_start_time_seconds": Kind.GAUGE,
    "process_open_fds": Kind.GAUGE,
    "process_max_fds": Kind.GAUGE,
}
"""What Prometheus and the client library say of each target."""


@dataclass(frozen=True, slots=True)
class Metric:
    """The labels that tell a metric's series apart, and whether it only grows."""

    labels: frozenset[str]
    kind: Kind = Kind.GAUGE


Catalogue = Mapping[str, Metric]


@dataclass(frozen=True, slots=True)
class Vector:
    """The labels that an expression's series may have; those in `fixed` have one value only."""

    labels: frozenset[str]
    fixed: frozenset[str] = frozenset()

    @property
    def telling(self) -> frozenset[str]:
        """What may tell two of its series apart on one target."""
        return self.labels - self.fixed - TARGET_LABELS - DETERMINED


def _samples(family: AnyFamily) -> Iterator[tuple[str, Metric]]:
    labels = frozenset(family.labels) | TARGET_LABELS
    if family.kind is not Kind.HISTOGRAM:
        yield family.name, Metric(labels, family.kind)
        return
    yield f"{family.name}_bucket", Metric(labels | {"le"}, Kind.COUNTER)
    yield f"{family.name}_count", Metric(labels, Kind.COUNTER)
    yield f"{family.name}_sum", Metric(labels, Kind.COUNTER)


def exporter_catalogue() -> dict[str, Metric]:
    """Every metric that a scrape of the exporter brings, by the name it is queried by."""
    others = {name: Metric(TARGET_LABELS, kind) for name, kind in OTHERS.items()}
    return others | {name: metric for family in FAMILIES for name, metric in _samples(family)}


def problems(expression: str, catalogue: Catalogue) -> list[str]:
    """What is wrong with an expression, one line each. Raises ValueError if it does not parse."""
    reading = Reading(catalogue)
    reading.read(promql.parse(expression))
    return reading.problems


def output_labels(expression: str, catalogue: Catalogue) -> frozenset[str]:
    """The labels that the result may have; none for a number."""
    vector = Reading(catalogue).read(promql.parse(expression))
    return vector.labels if vector else frozenset()


def decides(expression: str) -> bool:
    """Whether an alert's expression has a condition, without which it would always fire."""
    return _decides(promql.parse(expression))


def _decides(node: promql.Expr) -> bool:
    match node:
        case promql.ParenExpr():
            return _decides(node.expr)
        case promql.Call():
            return node.func.name in ("absent", "absent_over_time")
        case promql.BinaryExpr():
            return _operation_decides(node, _operator(node))
    return False


def _operation_decides(node: promql.BinaryExpr, operator: str) -> bool:
    if operator in COMPARISONS:
        return not (node.modifier and node.modifier.return_bool)
    sides = {"or": (all, (node.lhs, node.rhs)), "and": (any, (node.lhs, node.rhs))}
    combine, parts = sides.get(operator, (all, (node.lhs,) if operator == "unless" else ()))
    return bool(parts) and combine(_decides(part) for part in parts)


def _operator(node: promql.BinaryExpr | promql.AggregateExpr) -> str:
    return str(node.op)


def _fixed(selector: promql.VectorSelector) -> frozenset[str]:
    matchers = selector.matchers.matchers
    return frozenset(m.name for m in matchers if m.op == promql.MatchOp.Equal)


class Reading:
    """One walk over an expression: the labels of each part, and the problems on the way."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.problems: list[str] = []

    def read(self, node: promql.Expr, within: str = "") -> Vector | None:
        """What a part yields, None for a number or text; `within` is the function around it."""
        readers: Mapping[type[promql.Expr], Callable[[], Vector | None]] = {
            promql.VectorSelector: lambda: self._selector(node, within),
            promql.MatrixSelector: lambda: self._range(node, within),
            promql.SubqueryExpr: lambda: self._subquery(node),
            promql.ParenExpr: lambda: self.read(node.expr, within),
            promql.UnaryExpr: lambda: self.read(node.expr, within),
            promql.Call: lambda: self._call(node),
            promql.AggregateExpr: lambda: self._aggregate(node),
            promql.BinaryExpr: lambda: self._binary(node),
        }
        return readers.get(type(node), lambda: None)()

    def _say(self, problem: str) -> None:
        self.problems.append(problem)

    def _span(self, length: timedelta, offset: timedelta | None) -> None:
        if length + (offset or timedelta()) > RETENTION:
            self._say(f"a range of {length} reaches beyond the {RETENTION.days} days that are kept")

    def _range(self, node: promql.MatrixSelector, within: str) -> Vector:
        self._span(node.range, node.vector_selector.offset)
        return self._selector(node.vector_selector, within)

    def _subquery(self, node: promql.SubqueryExpr) -> Vector | None:
        self._span(node.range, node.offset)
        return self.read(node.expr)

    def _selector(self, node: promql.VectorSelector, within: str) -> Vector:
        metric = self._catalogue.get(node.name or "")
        if metric is None:
            self._say(f"there is no metric {node.name}")
            return Vector(frozenset())
        if metric.kind is Kind.COUNTER and within not in OF_COUNTERS:
            self._say(f"{node.name} is a counter and is read without rate() or increase()")
        if metric.kind is Kind.GAUGE and within in OF_COUNTERS_ONLY:
            self._say(f"{node.name} is a gauge, of which {within}() says nothing")
        for matcher in node.matchers.matchers:
            self._matcher(node.name, metric, matcher)
        return Vector(metric.labels, _fixed(node))

    def _matcher(self, name: str, metric: Metric, matcher: promql.Matcher) -> None:
        if matcher.name not in metric.labels:
            self._say(f"{name} has no label {matcher.name}")
        known = WORDS.get(matcher.name)
        for word in matcher.value.split("|") if known is not None else ():
            if word.isidentifier() and word not in known:
                self._say(f'no {matcher.name} is called "{word}"')

    def _call(self, node: promql.Call) -> Vector | None:
        name = node.func.name
        if node.func.experimental:
            self._say(f"{name}() is experimental")
        vectors = [vector for part in node.args if (vector := self.read(part, name)) is not None]
        if not vectors or name == "scalar":
            return Vector(frozenset()) if name == "vector" else None
        if name in ("absent", "absent_over_time"):
            return Vector(vectors[0].fixed, vectors[0].fixed)
        if name == "histogram_quantile":
            return replace(vectors[0], labels=vectors[0].labels - {"le"})
        if name in ("label_replace", "label_join"):
            added = frozenset({str(node.args[1]).strip('"')})
            return replace(vectors[0], labels=vectors[0].labels | added)
        return vectors[0]

    def _aggregate(self, node: promql.AggregateExpr) -> Vector:
        operator, vector = _operator(node), self.read(node.expr) or Vector(frozenset())
        named = frozenset(node.modifier.labels) if node.modifier else frozenset()
        for label in sorted(named - vector.labels):
            self._say(f"{operator} names the label {label}, which is not there")
        if operator in KEEPING_SERIES:
            return vector
        by = not node.modifier or node.modifier.type == promql.AggModifierType.By
        kept = vector.labels & named if by else vector.labels - named
        if operator == "count_values":
            kept |= {str(node.param).strip('"')}
        return Vector(kept, vector.fixed & kept)

    def _binary(self, node: promql.BinaryExpr) -> Vector | None:
        left, right = self.read(node.lhs), self.read(node.rhs)
        if left is None or right is None:
            return left or right
        operator = _operator(node)
        keys = self._keys(node, left, right)
        if operator == "or":
            return Vector(left.labels | right.labels, left.fixed & right.fixed)
        if operator in SET_OPERATIONS:
            return left
        return self._matched(node, left, right, keys)

    def _keys(self, node: promql.BinaryExpr, left: Vector, right: Vector) -> frozenset[str]:
        """The labels by which the two sides are matched."""
        matching = node.modifier.matching if node.modifier else None
        named = frozenset(matching.labels) if matching else frozenset()
        if matching and matching.type == promql.LabelModifierType.Include:
            for label in sorted(named - (left.labels & right.labels)):
                self._say(f"on ({label}): one side of {_operator(node)} does not have it")
            return named
        for label in sorted(named - (left.labels | right.labels)):
            self._say(f"ignoring ({label}): no side of {_operator(node)} has it")
        if _operator(node) != "or":
            for label in sorted((left.labels ^ right.labels) - named):
                self._say(f"only one side of {_operator(node)} has {label}: nothing ever matches")
        return (left.labels | right.labels) - named

    def _matched(
        self, node: promql.BinaryExpr, left: Vector, right: Vector, keys: frozenset[str]
    ) -> Vector:
        card = node.modifier.card if node.modifier else promql.VectorMatchCardinality.OneToOne
        if card == promql.VectorMatchCardinality.ManyToOne:
            return self._joined(node, left, right, keys)
        if card == promql.VectorMatchCardinality.OneToMany:
            return self._joined(node, right, left, keys)
        self._one(node, left, keys)
        self._one(node, right, keys)
        return Vector(left.labels & keys, left.fixed & keys)

    def _joined(
        self, node: promql.BinaryExpr, many: Vector, one: Vector, keys: frozenset[str]
    ) -> Vector:
        included = frozenset(node.modifier.group_labels or ())
        for label in sorted(included - one.labels):
            self._say(f"group_left or group_right names {label}, which the other side lacks")
        self._one(node, one, keys)
        return Vector(many.labels | included, many.fixed)

    def _one(self, node: promql.BinaryExpr, side: Vector, keys: frozenset[str]) -> None:
        for label in sorted(side.telling - keys):
            self._say(f"{_operator(node)} may meet several series that differ in {label}")
