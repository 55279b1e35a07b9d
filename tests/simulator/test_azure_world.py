"""The believable world of an appliance in Azure, and what it tells beside sessions."""

from collections import Counter
from typing import Any

import pytest

from exporter.simulator.azure_profile import LAST, SLA_SINCE, STATUSES, kinds_of, profile_of
from exporter.simulator.control import truth
from exporter.simulator.selection import Wanted
from exporter.simulator.world import Build, World
from tests.support.simulated import NOON, WorldClock, seconds
from tests.support.simulated_azure import AzureClient, azure

DAY = 86400.0
INFOS = {
    "PolicyBackup": "backupJobInfo",
    "VnetPolicyBackupToRepository": "backupJobInfo",
    "HealthCheck": "healthCheckJobInfo",
    "RepositoryCreation": "repositoryJobInfo",
    "VnetRepositoryImport": "repositoryJobInfo",
    "RestoreVms": "restoreJobInfo",
    "SqlRestore": "restoreJobInfo",
    "FileLevelRestore": "fileLevelRestoreJobInfo",
    "FileShareFileRestore": "fileShareFileLevelRestoreJobInfo",
    "RestorePointDataRetrieval": "restorePointDataRetrievalJobInfo",
    "BackupRetention": "retentionJobInfo",
    "ManualSnapshot": None,
    "ConfigurationRestoreStatus": None,
}
OTHERS = {
    "id",
    "type",
    "localizedType",
    "executionStartTime",
    "executionStopTime",
    "executionDuration",
    "status",
    "usn",
    "_links",
}


async def whole(client: AzureClient) -> list[dict[str, Any]]:
    """All sessions, whatever the version."""
    await client.log_on()
    if client.version == "v1":
        return list((await client.json("jobSessions/export", "POST"))["results"])
    return await client.rows()


def info_of(row: dict[str, Any]) -> str | None:
    names = row.keys() - OTHERS
    assert len(names) <= 1
    return next(iter(names), None)


@pytest.mark.parametrize("version", ["v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v8.1"])
async def test_every_type_of_the_version_happens_in_a_fortnight(version: str) -> None:
    """And none of another version."""
    async with azure(version, history=25 * DAY, seed=2) as client:
        kinds = {row["type"] for row in await whole(client)}
        assert kinds == kinds_of(float(version[1:]))


def test_types_that_were_given_up_are_in_old_versions_only() -> None:
    """The newest version has the 63 of the reference."""
    assert len(kinds_of(8.1)) == 63
    assert set(LAST) == {"AutoBackup", "LingeringSnapshotRetention"}
    assert set(LAST) <= kinds_of(3.0)


def test_every_status_happens_in_some_weeks() -> None:
    """Also those of sessions at work, and of what was never executed."""
    world = World(profile_of(None), Build(history=25 * DAY), WorldClock())
    chosen = world.select(Wanted(world.profile.session_kinds))
    seen = {
        run.status_at(turn, world.words)
        for run in chosen.rows(0, chosen.count())
        for turn in run.turns(world.words)
    }
    assert seen == STATUSES - {"Unknown"}


async def test_what_was_never_executed_has_no_times() -> None:
    """But a policy."""
    async with azure(history=5 * DAY) as client:
        rows = [row for row in await whole(client) if row["status"] == "NeverExecuted"]
        assert rows
        for row in rows:
            assert row["executionStartTime"] is None
            assert row["executionStopTime"] is None
            assert row["executionDuration"] is None
            assert row["backupJobInfo"]["policyName"] == "vm-development"


async def test_each_type_tells_what_it_was_about() -> None:
    """In one object of its own, or in none."""
    async with azure(history=25 * DAY) as client:
        told = {row["type"]: info_of(row) for row in await whole(client)}
        assert {kind: told[kind] for kind in INFOS} == INFOS


async def test_version_1_tells_less() -> None:
    """Repositories have whole numbers as ids; retentions do not say what they deleted."""
    async with azure("v1", history=25 * DAY) as client:
        rows = {row["type"]: row for row in await whole(client)}
        assert info_of(rows["BackupRetention"]) is None
        assert isinstance(rows["RepositoryCreation"]["repositoryJobInfo"]["repositoryId"], int)
        assert rows["RepositoryDeletion"]["repositoryJobInfo"]["repositoryRemoved"] is True
        assert "usn" in rows["BackupRetention"]
        assert rows["RestoreVms"]["restoreJobInfo"].keys() == {"reason"}


async def test_most_sessions_succeed_and_times_agree() -> None:
    """The duration is what lies between start and stop; every id is there once."""
    async with azure(history=10 * DAY) as client:
        rows = await whole(client)
        words = Counter(row["status"] for row in rows)
        assert words["Success"] > 0.75 * len(rows)
        assert words["Error"]
        assert len({row["id"] for row in rows}) == len(rows)
        for row in rows:
            if row["executionStopTime"]:
                assert seconds(row["executionStopTime"]) > seconds(row["executionStartTime"])


async def test_the_truth_is_what_the_list_gave_over_time() -> None:
    """Whoever polls often enough sees every session with its start, end and word."""
    clock = WorldClock()
    async with azure(clock=clock, speed=240.0, history=1800, seed=3) as client:
        await client.log_on()
        seen = {}
        for _poll in range(20):
            for row in await client.rows(FromUtc="2027-01-15T06:00:00Z"):
                if row["executionStopTime"]:
                    seen[row["id"]] = (
                        row["type"],
                        row["status"],
                        seconds(row["executionStopTime"]),
                    )
            clock.moment += 20
        clock.moment -= 20
        told = {
            row["id"]: (row["type"], row["status"], row["end"])
            for row in truth(client.server)
            if row["end"] is not None
        }
        assert seen.keys() == told.keys()
        assert all(told[name] == pytest.approx(seen[name], abs=2e-6) for name in told)


POLICY_PATHS = {
    "policies": ("VirtualMachines", 1.0, 3.0),
    "policies/virtualMachines": ("VirtualMachines", 4.0, 9.0),
    "policies/sql": ("AzureSql", 3.0, 9.0),
    "policies/fileShares": ("FileShares", 4.0, 9.0),
    "policies/cosmosDb": ("CosmosDb", 6.0, 9.0),
    "policy/slaBased/virtualMachines": ("ProtectionVmPolicy", SLA_SINCE, 9.0),
}


@pytest.mark.parametrize("version", ["v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v8.1"])
async def test_policies_are_listed_where_the_version_has_them(version: str) -> None:
    """Each list has the policies of its sort, with their schedule."""
    async with azure(version, history=DAY) as client:
        await client.log_on()
        listed = set()
        for path, (_sort, first, last) in POLICY_PATHS.items():
            response = await client.ask(path)
            there = first <= float(version[1:]) <= last
            assert response.status == (200 if there else 404), path
            rows = (await response.json())["results"] if there else []
            assert bool(rows) is there
            listed |= {row["id"] for row in rows}
        networks = await client.ask("policy/vnet")
        assert networks.status == (200 if float(version[1:]) >= 5 else 404)
        listed |= {(await networks.json())["id"]} if networks.status == 200 else set()
        assert listed == {job.id for job in client.server.world.jobs()}


async def test_a_policy_shows_its_state_and_its_next_run() -> None:
    """By kind of session; a disabled one has no next run."""
    async with azure(history=20 * DAY) as client:
        await client.log_on()
        page = await client.json("policies/virtualMachines")
        rows = {row["name"]: row for row in page["results"]}
        assert page["totalCount"] == len(rows) == 4
        gold = rows["vm-gold"]
        assert gold["isEnabled"] is True
        assert NOON < seconds(gold["nextExecutionTime"]) <= NOON + DAY
        assert gold["backupStatus"] in STATUSES - {"NeverExecuted"}
        retired = rows["vm-retired"]
        assert (retired["isEnabled"], retired["nextExecutionTime"]) == (False, None)
        assert retired["backupStatus"] == "NeverExecuted"
        assert set(rows["vm-gold"]) >= {"snapshotStatus", "archiveStatus", "healthCheckStatus"}


async def test_an_appliance_without_a_policy_of_networks_says_nothing() -> None:
    """204."""
    async with azure(scripted=True) as client:
        await client.log_on()
        assert (await client.ask("policy/vnet")).status == 204


async def test_small_facts_can_be_asked_for() -> None:
    """Repositories without sizes, a licence, the sessions of a day."""
    async with azure(history=2 * DAY) as client:
        await client.log_on()
        repositories = (await client.json("repositories"))["results"]
        assert {row["status"] for row in repositories} == {"Ready"}
        assert (await client.json("license"))["licenseType"] == "Subscription"
        assert (await client.json("system/status"))["state"] == "Ready"
        summary = await client.json("overview/sessionsSummary")
        assert summary["latestSessionsSuccessCount"] > 20
