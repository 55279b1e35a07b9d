"""What is read beside the sessions of an appliance in Azure: policies, build, rates on demand."""

import json
import logging
from typing import Any

import pytest
from aiohttp import web

from exporter.errors import AuthenticationFailed
from exporter.log import facts
from exporter.model import Job, Statistics, Window
from exporter.sources.azure import rates
from tests.sources.conftest import MakeAzure
from tests.support.azure_answers import (
    POLICY,
    POLICY_PATHS,
    at,
    page,
    paged,
    policy,
    row,
    running,
    server_of,
)
from tests.support.rest_world import NOW, Said, SmallServer, StillClock

WINDOW = Window(start=NOW - 7200)
RATES = {"options": {"session_rates": True}}
MACHINES = "GET /api/v8/policies/virtualMachines"


@pytest.mark.parametrize(
    ("kind", "fields", "types"),
    [
        ("VirtualMachines", {"isBackupConfigured": True}, ("PolicyBackup",)),
        ("VirtualMachines", {"isBackupConfigured": False}, ("PolicySnapshot",)),
        ("VirtualMachines", {}, ("PolicySnapshot",)),
        (
            "VirtualMachines",
            {
                "isBackupConfigured": True,
                "isArchiveBackupConfigured": True,
                "snapshotStatus": "Error",
                "healthCheckStatus": "NeverExecuted",
            },
            ("PolicySnapshot", "PolicyBackup", "PolicyArchive"),
        ),
        ("VirtualMachines", {"backupStatus": "Success", "snapshotStatus": 3}, ("PolicyBackup",)),
        ("ProtectionVmPolicy", {"isBackupConfigured": True}, ("PolicyBackup",)),
        ("AzureSql", {"backupStatus": "NeverExecuted"}, ("SqlPolicyBackup",)),
        (
            "AzureSql",
            {"archiveStatus": "Warning", "healthCheckStatus": "Success"},
            ("SqlPolicyBackup", "SqlPolicyArchive", "HealthCheck"),
        ),
        ("FileShares", {"indexingStatus": "Unknown"}, ("FileSharePolicySnapshot",)),
        ("CosmosDb", {"backupStatus": "Success"}, ()),
    ],
)
async def test_a_listed_policy_has_the_types_that_it_is_configured_for(
    server: SmallServer,
    azure: MakeAzure,
    kind: str,
    fields: dict[str, Any],
    types: tuple[str, ...],
) -> None:
    """None is promised that it may never have."""
    server.answers = server_of("v8", page([]))
    server.answers[f"GET /api/v8/{POLICY_PATHS[kind]}"] = page([policy(**fields)])
    harvest = await azure().fetch(WINDOW, ())
    assert harvest.job_list
    assert harvest.jobs == (
        Job(POLICY, "vm-gold", types, policy_type=kind, enabled=True, next_run=1700013600.0),
    )


async def test_the_policy_of_virtual_networks_stands_alone(
    server: SmallServer, azure: MakeAzure
) -> None:
    """It is an object and not a list."""
    server.answers = server_of("v8.1", page([]))
    alone = policy("n1", "networks", isEnabled=False, nextExecutionTime=None)
    server.answers["GET /api/v8.1/policy/vnet"] = Said(json.dumps(alone))
    harvest = await azure("v8.1").fetch(WINDOW, ())
    assert harvest.jobs == (
        Job("n1", "networks", ("VnetPolicyBackup",), policy_type="Vnet", enabled=False),
    )
    assert "VnetPolicyBackupToRepository" in harvest.listed_types


async def test_an_empty_policy_of_virtual_networks_is_none(
    server: SmallServer, azure: MakeAzure
) -> None:
    """It is not set up."""
    server.answers = server_of("v8", page([])) | {"GET /api/v8/policy/vnet": Said("", 204)}
    harvest = await azure().fetch(WINDOW, ())
    assert (harvest.jobs, harvest.job_list) == ((), True)


@pytest.mark.parametrize(
    ("version", "paths"),
    [
        ("v1", {"policies"}),
        ("v3", {"policies", "policies/sql"}),
        ("v6", {"policies", *POLICY_PATHS.values(), "policy/vnet"}),
        ("v8", {*POLICY_PATHS.values(), "policy/vnet"}),
    ],
)
async def test_only_lists_that_a_version_may_have_are_asked_for(
    server: SmallServer, azure: MakeAzure, version: str, paths: set[str]
) -> None:
    """And one that is missing there only once."""
    server.answers = server_of(version, page([]))
    source = azure(version)
    for _ in range(2):
        harvest = await source.fetch(WINDOW, ())
    prefix = f"/api/{version}/"
    asked = [path.removeprefix(prefix) for path in server.paths() if "polic" in path]
    served = {path for path in paths if f"GET {prefix}{path}" in server.answers}
    assert sorted(asked) == sorted([*paths, *served])
    assert harvest.job_list is bool(served)


async def test_policies_of_an_old_version_are_listed(server: SmallServer, azure: MakeAzure) -> None:
    """The list claims the sessions of virtual machines, and no others."""
    server.answers = server_of("v2", page([])) | {"GET /api/v2/policies": page([policy()])}
    harvest = await azure("v2").fetch(WINDOW, ())
    assert harvest.listed_types == {
        "PolicyBackup",
        "PolicySnapshot",
        "PolicyArchive",
        "HealthCheck",
    }
    assert [job.id for job in harvest.jobs] == [POLICY]


async def test_policies_of_many_pages_are_all_read(server: SmallServer, azure: MakeAzure) -> None:
    """Their default length is not relied on."""
    rows = [policy(f"p{n}") for n in range(75)]
    server.answers = server_of("v8", page([])) | {MACHINES: paged(rows, most=30)}
    assert len((await azure().fetch(WINDOW, ())).jobs) == 75


async def test_a_list_of_policies_with_a_gap_ends_no_policy(
    server: SmallServer, azure: MakeAzure
) -> None:
    """Fewer rows than it counts: not for sure all there are."""
    server.answers = server_of("v8", page([])) | {MACHINES: page([policy()])}
    source = azure()
    await source.fetch(WINDOW, ())
    server.answers[MACHINES] = page([], totalCount=3)
    harvest = await source.fetch(WINDOW, ())
    assert (harvest.job_list, harvest.endpoints["policies"]) == (False, False)
    assert [job.id for job in harvest.jobs] == [POLICY]


async def test_a_role_that_may_not_read_policies_is_no_failure(
    server: SmallServer, azure: MakeAzure, clock: StillClock
) -> None:
    """The endpoint shows it; they are left alone for ten minutes. Sessions tell what they can."""
    server.answers = server_of("v8", page([row("s1")])) | {MACHINES: Said("", 403)}
    source = azure()
    for seconds in (0, 60, 540):
        clock.time += seconds
        harvest = await source.fetch(WINDOW, ())
        assert (harvest.job_list, harvest.listed_types) == (False, frozenset())
        assert harvest.endpoints["policies"] is False
        assert harvest.jobs == (Job(POLICY, "vm-gold", policy_type="VirtualMachines"),)
    assert len(server.of("/api/v8/policies/virtualMachines")) == 2


@pytest.mark.parametrize(
    "answer",
    [
        Said("", 403),
        Said("", 404),
        Said("", 500),
        Said("<html>"),
        page([policy(), {"id": None}]),
    ],
)
async def test_a_list_that_fails_deletes_no_policy(
    server: SmallServer,
    azure: MakeAzure,
    clock: StillClock,
    caplog: pytest.LogCaptureFixture,
    answer: Said,
) -> None:
    """Last known facts stay; failure and recovery are each logged once."""
    server.answers = server_of("v8", page([])) | {MACHINES: page([policy()])}
    source = azure()
    before = await source.fetch(WINDOW, ())
    with caplog.at_level(logging.INFO):
        server.answers[MACHINES] = answer
        failing = await source.fetch(WINDOW, ())
        await source.fetch(WINDOW, ())
        clock.time += 700
        server.answers[MACHINES] = page([])
        after = await source.fetch(WINDOW, ())
    assert (failing.job_list, failing.jobs) == (False, before.jobs)
    assert (after.job_list, after.jobs) == (True, ())
    assert [facts(one).get("endpoint") for one in caplog.records] == ["policies"] * 2


async def test_an_empty_list_of_policies_rests(
    server: SmallServer, azure: MakeAzure, clock: StillClock
) -> None:
    """An appliance that protects one kind of machine gets three requests a poll; nothing is lost
    of what the lists claim."""
    server.answers = server_of("v8", page([])) | {MACHINES: page([policy()])}
    source = azure()
    first = await source.fetch(WINDOW, ())
    await source.fetch(WINDOW, ())
    for _ in range(9):
        clock.time += 60
        server.seen.clear()
        harvest = await source.fetch(WINDOW, ())
        assert len(server.seen) == 3
        assert (harvest.jobs, harvest.job_list) == (first.jobs, True)
        assert harvest.listed_types == first.listed_types


async def test_a_policy_of_a_resting_list_is_found(
    server: SmallServer, azure: MakeAzure, clock: StillClock
) -> None:
    """After ten minutes at the latest."""
    server.answers = server_of("v8", page([])) | {MACHINES: page([policy()])}
    source = azure()
    for _ in range(2):
        await source.fetch(WINDOW, ())
    server.answers["GET /api/v8/policies/sql"] = page([policy("q1", "databases")])
    assert len((await source.fetch(WINDOW, ())).jobs) == 1
    clock.time += 600
    assert {job.id for job in (await source.fetch(WINDOW, ())).jobs} == {POLICY, "q1"}


async def test_a_session_of_an_unlisted_policy_ends_every_rest(
    server: SmallServer, azure: MakeAzure
) -> None:
    """Within its own poll, and once: a deleted policy is not looked for again and again."""
    server.answers = server_of("v8", page([])) | {MACHINES: page([policy()])}
    source = azure()
    for _ in range(3):
        await source.fetch(WINDOW, ())
    info = {"policyId": "q1", "policyName": "databases", "policyType": "Sql"}
    server.answers["GET /api/v8/policies/sql"] = page([policy("q1", "databases")])
    server.answers["GET /api/v8/jobSessions"] = page(
        [
            row("s1", type="SqlPolicyBackup", backupJobInfo=info),
            row("s2", backupJobInfo=info | {"policyId": "gone"}),
        ]
    )
    harvest = await source.fetch(WINDOW, ())
    assert {job.id for job in harvest.jobs} == {POLICY, "q1"}
    server.seen.clear()
    await source.fetch(WINDOW, ())
    assert [path for path in server.paths() if "fileShares" in path] == []


async def test_a_list_whose_policies_were_deleted_is_read_twice_before_it_rests(
    server: SmallServer, azure: MakeAzure
) -> None:
    """So many lists without it end a policy."""
    server.answers = server_of("v8", page([])) | {MACHINES: page([policy()])}
    source = azure()
    await source.fetch(WINDOW, ())
    server.answers[MACHINES] = page([])
    for _ in range(4):
        harvest = await source.fetch(WINDOW, ())
    assert len(server.of("/api/v8/policies/virtualMachines")) == 3
    assert (harvest.jobs, harvest.job_list) == ((), True)


async def test_a_deleted_policy_is_not_listed_because_it_has_sessions(
    server: SmallServer, azure: MakeAzure
) -> None:
    """Beside a complete list its history names it in vain."""
    server.answers = server_of("v8", page([row("s1")]))
    harvest = await azure().fetch(WINDOW, ())
    assert (harvest.job_list, harvest.jobs) == (True, ())
    assert harvest.sessions[0].job_name == "vm-gold"
    assert "PolicyBackup" in harvest.listed_types
    assert "RepositoryCreation" not in harvest.listed_types


async def test_without_a_list_the_newest_session_names_the_policy(
    server: SmallServer, azure: MakeAzure
) -> None:
    """It may have been renamed; repositories are named as well, restores are not."""

    def named(session_id: str, name: str, started: str | None) -> dict[str, Any]:
        info = {"policyId": POLICY, "policyName": name}
        return row(session_id, backupJobInfo=info, executionStartTime=started)

    repository = {"repositoryId": 7, "repositoryName": "cool"}
    rows = [
        named("s2", "new name", at(60)),
        named("s1", "old name", at(600)),
        named("s0", "older", None),
        row("r", type="RepositoryEdit", backupJobInfo=None, repositoryJobInfo=repository),
        row("x", type="RestoreVms", backupJobInfo=None),
    ]
    server.answers = server_of("v8", page(rows)) | {MACHINES: Said("", 403)}
    harvest = await azure(page_size=1000).fetch(WINDOW, ())
    assert {job.id: job.name for job in harvest.jobs} == {POLICY: "new name", "7": "cool"}


async def test_a_refused_account_is_no_optional_failure(
    server: SmallServer, azure: MakeAzure
) -> None:
    """What no endpoint survives fails the poll at once."""
    server.answers = server_of("v8", page([])) | {MACHINES: Said("", 401)}
    with pytest.raises(AuthenticationFailed):
        await azure().fetch(WINDOW, ())


async def test_the_build_is_read_every_ten_minutes(
    server: SmallServer, azure: MakeAzure, clock: StillClock
) -> None:
    """What cannot be read keeps its last known state and is tried again at the next poll."""
    server.answers = server_of("v8", page([]))
    about = Said('{"serverVersion": "8.0"}')
    server.answers["GET /api/v8/system/about"] = [about, Said("", 403), about]
    source = azure()
    seen = []
    for seconds in (0, 60, 600, 60):
        clock.time += seconds
        harvest = await source.fetch(WINDOW, ())
        seen.append((harvest.info.product_version, harvest.endpoints["about"]))
    assert seen == [("8.0", True), ("8.0", True), ("8.0", False), ("8.0", True)]
    assert server.paths().count("/api/v8/system/about") == 3


def items(sent: float, session_id: str = "s1") -> Said:
    measured = {"transferredDataBytes": sent, "processedDataBytes": 10.0}
    runs = [{"jobSessionId": session_id, "rates": {**measured, "processingRateBytesPerSecond": 5}}]
    return page([{"resource": {"name": "vm"}, "runs": runs, "successCount": 1}])


async def test_rates_are_not_asked_for_unless_wanted(server: SmallServer, azure: MakeAzure) -> None:
    """They cost a request for each session."""
    server.answers = server_of("v8", page([row("s1")]))
    await azure().fetch(WINDOW, ())
    assert not [path for path in server.paths() if "protectedItems" in path]


async def test_rates_are_asked_for_once_and_kept_while_a_session_is_listed(
    server: SmallServer, azure: MakeAzure
) -> None:
    """Of finished sessions that protect something."""
    rows = [row("s1"), running("s2", at(60)), row("s3", type="BackupRetention")]
    server.answers = server_of("v8", page(rows)) | {
        "GET /api/v8/jobSessions/s1/protectedItems": items(512)
    }
    source = azure(**RATES)
    for _ in range(2):
        harvest = await source.fetch(WINDOW, ())
        told = {one.id: one.statistics for one in harvest.sessions}
        assert told["s1"] == Statistics(transferred_bytes=512, processing_bytes_per_second=5)
        assert told["s2"] == told["s3"] == Statistics()
    assert [path for path in server.paths() if "protectedItems" in path] == [
        "/api/v8/jobSessions/s1/protectedItems"
    ]
    assert harvest.endpoints["protected_items"] is True


@pytest.mark.parametrize("answer", [Said("", 404), Said("", 403), Said("{}")])
async def test_rates_that_cannot_be_read_do_not_fail_the_poll(
    server: SmallServer, azure: MakeAzure, answer: Said
) -> None:
    """The session has none, then and later, because it has been counted."""
    server.answers = server_of("v8", page([row("s1")])) | {
        "GET /api/v8/jobSessions/s1/protectedItems": [answer, items(512)]
    }
    source = azure(**RATES)
    for _ in range(2):
        harvest = await source.fetch(WINDOW, ())
        assert harvest.sessions[0].statistics == Statistics()
        assert harvest.endpoints["protected_items"] is False


async def test_rates_of_a_long_history_are_those_of_its_newest_sessions(
    server: SmallServer, azure: MakeAzure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One poll asks for a limited number, and a limited number is remembered."""
    monkeypatch.setattr(rates, "MOST_PER_POLL", 3)
    monkeypatch.setattr(rates, "REMEMBERED", 2)

    async def answer(_request: web.Request) -> web.Response:
        return items(7, "other").response()

    rows = [row(f"s{n}", executionStopTime=at(n)) for n in range(9)]
    server.answers = server_of("v8", page(rows)) | {
        f"GET /api/v8/jobSessions/s{n}/protectedItems": answer for n in range(9)
    }
    source = azure(**RATES)
    await source.fetch(WINDOW, ())
    asked = [path.split("/")[-2] for path in server.paths() if "protectedItems" in path]
    assert sorted(asked) == ["s0", "s1", "s2"]
