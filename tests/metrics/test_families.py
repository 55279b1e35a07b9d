"""The table of families: what each says of its subject."""

from collections.abc import Callable

import pytest
from hypothesis import given
from msgspec.structs import replace

from exporter.errors import FAILURE_REASONS
from exporter.metrics import FAMILIES
from exporter.metrics.exporter import EXPORTER_FAMILIES
from exporter.metrics.family import JOB, AnyFamily, ListedJob, Value
from exporter.model import Bottleneck, Result, Statistics
from exporter.view import JobIdentity, JobNow, JobView, Totals
from tests.support.view_strategies import JOB as ANY_JOB
from tests.support.views import (
    FULL_STATISTICS,
    NOON,
    exporter_view,
    job,
    mail_server,
    new_server,
    reporting_job,
    run,
    running_job,
    silent_server,
)

BY_NAME = {family.name: family for family in FAMILIES}
ONE_HOT = ("backup_job_last_session_result", "backup_job_last_session_bottleneck")
NOW_FAMILIES = [name for name in BY_NAME if name.startswith(("backup_job_running", "backup_job_q"))]


def value(name: str, subject: object) -> Value:
    """What a family says of a subject."""
    return BY_NAME[name].value(subject)


class TestOneHot:
    """States in labels."""

    @given(ANY_JOB)
    def test_exactly_one_state_holds(self, any_job: JobView) -> None:
        """Whatever a job went through, one state is 1 and the others are 0."""
        for name in ONE_HOT:
            states = value(name, any_job)
            if states is not None:
                assert sorted(states.values())[-2:] in ([0.0, 1.0], [1.0])
                assert {*states.values()} <= {0.0, 1.0}

    @pytest.mark.parametrize("result", Result)
    def test_result_of_the_last_session_holds(self, result: Result) -> None:
        """The last finished session's result is 1 among five results and `none`."""
        states = value(ONE_HOT[0], job("a", last=run(result)))
        assert states == {**dict.fromkeys((*Result, "none"), 0), result: 1}

    def test_a_job_that_never_ran_has_none(self) -> None:
        """Without a finished session `none` is 1."""
        assert value(ONE_HOT[0], job("a", now=JobNow(running=1)))["none"] == 1

    def test_bottlenecks_are_those_the_product_can_say(self) -> None:
        """The one-hot family has the product's states and no other."""
        states = (Bottleneck.SOURCE, Bottleneck.NONE)
        statistics = Statistics(bottleneck=Bottleneck.NONE)
        told = job("a", last=run(Result.SUCCESS, statistics=statistics), bottlenecks=states)
        assert value(ONE_HOT[1], told) == {"source": 0, "none": 1}

    def test_a_bottleneck_out_of_the_table_is_shown_as_well(self) -> None:
        """A state that the product was not thought to say still is 1."""
        statistics = Statistics(bottleneck=Bottleneck.WAN)
        told = job("a", last=run(Result.SUCCESS, statistics=statistics))
        assert value(ONE_HOT[1], told) == {"wan": 1}

    def test_no_bottleneck_no_series(self) -> None:
        """A session without a bottleneck has no state at all."""
        assert value(ONE_HOT[1], reporting_job("a", Result.FAILED, None)) is None


class TestJobs:
    """What a job's families say."""

    @pytest.mark.parametrize("name", NOW_FAMILIES)
    def test_claims_about_now_are_withdrawn(self, name: str) -> None:
        """Without a current view of the job nothing is said of running sessions."""
        assert value(name, replace(running_job("a"), now=None)) is None
        assert value(name, running_job("a")) is not None

    def test_nothing_running_is_zero(self) -> None:
        """A known job that does nothing has 0 running and queued sessions, and no start."""
        idle = job("a", now=JobNow(oldest_start=NOON, oldest=FULL_STATISTICS))
        said = {name: value(name, idle) for name in NOW_FAMILIES}
        known = {name for name, number in said.items() if number is not None}
        assert known == {"backup_job_running_sessions", "backup_job_queued_sessions"}
        assert said["backup_job_running_sessions"] == 0

    @pytest.mark.parametrize(
        "name", ["backup_job_sessions_finished_total", "backup_job_last_result_timestamp_seconds"]
    )
    def test_every_result_is_seeded(self, name: str) -> None:
        """A job that never ran has 0 for each result."""
        bare = job("a", totals=Totals(finished={}))
        assert value(name, bare) == dict.fromkeys(Result, 0)

    def test_a_job_that_never_ran_has_its_facts(self) -> None:
        """Never succeeded is 0, and what only a session could tell is absent."""
        new = job("a")
        assert value("backup_job_last_success_timestamp_seconds", new) == 0
        assert value("backup_job_consecutive_failures", new) == 0
        known = {
            family.name
            for family in FAMILIES
            if family.subject is JOB and family.value(new) is not None
        }
        assert not {name for name in known if name.startswith("backup_job_last_session_")} - {
            "backup_job_last_session_result"
        }

    @pytest.mark.parametrize(
        ("family", "field"),
        [
            (f"backup_job_last_session_{field}", field)
            for field in Statistics.__struct_fields__
            if field not in ("progress_ratio", "bottleneck")
        ],
    )
    def test_statistics_reach_their_family(self, family: str, field: str) -> None:
        """Each figure of the last session has its own family."""
        told = job("a", last=run(Result.SUCCESS, statistics=Statistics(**{field: 7.5})))
        assert value(family, told) == 7.5
        silent = job("a", last=run(Result.SUCCESS))
        assert value(family, silent) is None

    def test_bottleneck_totals_are_seeded(self) -> None:
        """Each bottleneck that the product can say has a total from the start."""
        totals = Totals(finished={}, bottlenecks={Bottleneck.WAN: 2})
        told = job("a", totals=totals, bottlenecks=(Bottleneck.SOURCE,))
        assert value("backup_job_session_bottleneck_total", told) == {"source": 0, "wan": 2}

    def test_unreported_totals_have_no_series(self) -> None:
        """What a product never reports is absent, not 0."""
        for figure in ("transferred_bytes", "processed_items", "retries", "bottleneck"):
            assert value(f"backup_job_session_{figure}_total", job("a")) is None

    def test_a_withdrawn_schedule_is_absent(self) -> None:
        """Enabled and next run are absent where they are not known."""
        listed = ListedJob("vb365", JobIdentity("i", "n"))
        assert value("backup_job_enabled", listed) is None
        assert value("backup_job_next_run_timestamp_seconds", listed) is None

    def test_info_has_the_job_and_the_product(self) -> None:
        """The descriptive texts stand in the order of their labels."""
        texts = JobIdentity("i", "n", "org", "server", "repo", "policy")
        said = dict(
            zip(
                BY_NAME["backup_job_info"].extra,
                value("backup_job_info", ListedJob("vb365", texts)),
                strict=True,
            )
        )
        assert said == {
            "product": "vb365",
            "organization": "org",
            "backup_server": "server",
            "repository": "repo",
            "policy_type": "policy",
        }


class TestServers:
    """What a server's families say."""

    def test_failures_have_every_reason(self) -> None:
        """Each reason is there from the start."""
        name = "backup_server_poll_failures_total"
        assert value(name, new_server()) == dict.fromkeys(FAILURE_REASONS, 0)
        assert value(name, silent_server())["connect"] == 58

    def test_unknown_values_have_every_field(self) -> None:
        """Each field is there from the start."""
        said = value("backup_server_unknown_values_total", mail_server())
        assert said == {"status": 0, "session_type": 1, "bottleneck": 0, "session": 0}

    @pytest.mark.parametrize(
        "name",
        [
            "backup_server_up",
            "backup_server_last_poll_timestamp_seconds",
            "backup_server_last_successful_poll_timestamp_seconds",
        ],
    )
    def test_health_stands_before_the_first_poll(self, name: str) -> None:
        """A server that was never polled is down and was last polled never."""
        assert value(name, new_server()) == 0

    @pytest.mark.parametrize(
        ("name", "field"),
        [
            ("backup_server_poll_duration_seconds", "poll_duration"),
            ("backup_server_data_timestamp_seconds", "data_time"),
            ("backup_server_clock_offset_seconds", "clock_offset"),
            ("backup_server_tls_verified", "tls_verified"),
            ("backup_server_certificate_expiry_timestamp_seconds", "certificate_expiry"),
        ],
    )
    def test_unknown_is_absent(self, name: str, field: str) -> None:
        """What is not known of a server has no series; what is known is passed on."""
        assert value(name, new_server()) is None
        assert value(name, replace(new_server(), **{field: 12.5})) == 12.5

    def test_product_is_known_before_the_first_poll(self) -> None:
        """The info family names the product with empty versions until they are known."""
        assert value("backup_server_info", new_server()) == ("vbr", "", "")
        assert value("backup_server_info", mail_server()) == ("vb365", "8.1.0.305", "v8")


@pytest.mark.parametrize("family", EXPORTER_FAMILIES, ids=lambda family: family.name)
def test_the_exporter_always_says_everything(family: AnyFamily) -> None:
    """Each family of the exporter has a series from the start."""
    read: Callable[[object], Value] = family.value
    assert read(exporter_view()) is not None
