"""What every row of the table of families has to keep to."""

import re

import pytest

from exporter.metrics import FAMILIES
from exporter.metrics.exporter import EXPORTER_FAMILIES
from exporter.metrics.family import EXPORTER, UNITS, AnyFamily, Kind, Shape

BY_NAME = {family.name: family for family in FAMILIES}
WITHDRAWN = re.compile(r"backup_job_(running|queued|enabled|next_run)")

each_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)


class TestNames:
    """What every row has to keep to."""

    @each_family
    def test_name_is_plain(self, family: AnyFamily) -> None:
        """Names are lower case words of our own prefix, so every escaping scheme keeps them."""
        assert re.fullmatch(r"backup(_[a-z][a-z0-9]*)+", family.name)

    @each_family
    def test_labels_are_plain_and_our_own(self, family: AnyFamily) -> None:
        """No label is Prometheus' own, repeated, or a word that needs escaping."""
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", label) for label in family.labels)
        assert not {"job", "instance", "le", "quantile"} & {*family.labels}
        assert len({*family.labels}) == len(family.labels)

    @each_family
    def test_counters_alone_end_with_total(self, family: AnyFamily) -> None:
        """`_total` says counter, and nothing else does."""
        assert family.name.endswith("_total") == (family.kind is Kind.COUNTER)

    @each_family
    def test_no_name_looks_like_part_of_a_histogram(self, family: AnyFamily) -> None:
        """Suffixes of histograms and of creation times stay theirs."""
        assert not family.name.endswith(("_bucket", "_count", "_sum", "_created"))

    @each_family
    def test_units_come_last(self, family: AnyFamily) -> None:
        """A base unit in a name ends it, but for rates per second."""
        words = family.base.removesuffix("_per_second").split("_")
        assert not {*UNITS} & {*words[:-1]}
        assert not {"milliseconds", "minutes", "hours", "days", "percent", "kilobytes"} & {*words}

    @each_family
    def test_times_are_since_the_epoch(self, family: AnyFamily) -> None:
        """A timestamp says its unit, and its help since when."""
        is_time = "timestamp" in family.name
        assert is_time == family.name.endswith("_timestamp_seconds")
        assert is_time == ("since the epoch" in family.help)

    @each_family
    def test_help_is_one_sentence(self, family: AnyFamily) -> None:
        """A help is one sentence with a full stop, on one line."""
        assert re.fullmatch(r"[A-Z][^.\n]*\.", family.help)

    @each_family
    def test_text_stands_in_info_families_alone(self, family: AnyFamily) -> None:
        """Free text is in families that end with `_info`."""
        assert family.name.endswith("_info") == (family.shape is Shape.TEXT)

    @each_family
    def test_shape_fits_labels(self, family: AnyFamily) -> None:
        """One further label where the value is a mapping, none where it is a number."""
        wanted = {Shape.EACH: 1, Shape.DISTRIBUTIONS: 1, Shape.TEXT: len(family.extra)}
        assert len(family.extra) == wanted.get(family.shape, 0)
        histogram = family.shape in (Shape.DISTRIBUTION, Shape.DISTRIBUTIONS)
        assert histogram == (family.kind is Kind.HISTOGRAM)

    @each_family
    def test_snapshots_say_so(self, family: AnyFamily) -> None:
        """Whatever is withdrawn later tells that it is as of the last complete poll."""
        if WITHDRAWN.match(family.name):
            assert "as of the last complete poll" in family.help

    def test_names_and_helps_are_unique(self) -> None:
        """No family is there twice, under no name of a sample, and no help is a copy."""
        names = [name for family in FAMILIES for name in family.sample_names]
        assert len({*names}) == len(names)
        assert len({family.help for family in FAMILIES}) == len(FAMILIES)

    def test_the_exporters_own_come_last(self) -> None:
        """A page ends with the families of the exporter."""
        own = [family.subject is EXPORTER for family in FAMILIES]
        assert own == sorted(own)
        assert sum(own) == len(EXPORTER_FAMILIES)

    def test_unit_follows_from_the_name(self) -> None:
        """A unit is the last word before `_total`, and a rate has none."""
        assert BY_NAME["backup_job_session_duration_seconds_total"].unit == "seconds"
        assert BY_NAME["backup_job_running_session_progress_ratio"].unit == "ratio"
        assert BY_NAME["backup_job_last_session_read_bytes_per_second"].unit == ""
