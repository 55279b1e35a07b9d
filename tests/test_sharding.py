"""Which shard owns which server: the same answer everywhere, and few servers that move."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.sharding import ordinal_from_hostname, owner

FLEET = [f"backup-{site}-{number}" for site in ("berlin", "lisbon") for number in range(1000)]
NAMES = st.text(min_size=1, max_size=40)
OWNERS = [2, 1, 3, 3, 2, 1, 0, 1, 3, 0, 3, 3]


@given(NAMES, st.integers(1, 64))
def test_every_server_has_exactly_one_owner(server: str, shards: int) -> None:
    """The answer is a shard that exists, and the same one whenever it is asked for."""
    assert owner(server, shards) in range(shards)
    assert owner(server, shards) == owner(server, shards)


@given(NAMES, st.integers(1, 64))
def test_a_new_shard_only_takes(server: str, shards: int) -> None:
    """A server either stays where it was or moves to the shard that was added."""
    assert owner(server, shards + 1) in (owner(server, shards), shards)


@pytest.mark.parametrize("shards", [2, 3, 5, 8, 16])
def test_servers_are_spread_evenly(shards: int) -> None:
    """No shard has a quarter more than its share, or a quarter less."""
    share = len(FLEET) / shards
    counts = Counter(owner(server, shards) for server in FLEET)
    assert len(counts) == shards
    assert all(0.75 * share < count < 1.25 * share for count in counts.values()), counts


def test_little_moves_when_a_shard_is_added() -> None:
    """From three shards to four about a quarter changes hands, never more than 35 %."""
    moved = sum(owner(server, 3) != owner(server, 4) for server in FLEET)
    assert 0.15 < moved / len(FLEET) < 0.35


def test_one_shard_owns_everything() -> None:
    """Without sharding there is nothing to decide."""
    assert {owner(server, 1) for server in FLEET} == {0}


def test_the_answer_never_changes_between_versions() -> None:
    """Another hash would move every server of every user; these are the owners of version 0.1."""
    assert [owner(f"m365-{number}", 4) for number in range(12)] == OWNERS


def test_a_name_that_is_no_utf8_still_has_an_owner() -> None:
    """A lone surrogate, as a broken file name may bring one, is a name like any other."""
    assert owner("\udc80", 3) in range(3)


@pytest.mark.parametrize("shards", [0, -1])
def test_no_shards_is_a_mistake(shards: int) -> None:
    """There is nobody to give a server to."""
    with pytest.raises(ValueError, match="at least one shard"):
        owner("m365", shards)


@pytest.mark.parametrize(
    ("hostname", "ordinal"),
    [
        ("backup-session-exporter-0", 0),
        ("backup-session-exporter-12", 12),
        ("exporter-3.exporter-headless.monitoring.svc.cluster.local", 3),
        ("EXPORTER-1", 1),
        ("a-0", 0),
    ],
)
def test_a_pod_knows_its_number(hostname: str, ordinal: int) -> None:
    """The number behind the last hyphen of a StatefulSet's pod, with or without its domain."""
    assert ordinal_from_hostname(hostname) == ordinal


@pytest.mark.parametrize(
    "hostname",
    ["", "localhost", "-1", "exporter-", "exporter-x", "exporter1", "exporter-01", "x--", "7"],
)
def test_other_machines_have_no_number(hostname: str) -> None:
    """A name that no StatefulSet gives is no ordinal."""
    assert ordinal_from_hostname(hostname) is None


@given(st.text(max_size=70))
def test_no_hostname_is_a_surprise(hostname: str) -> None:
    """Whatever a machine is called, the answer is a number or None."""
    ordinal = ordinal_from_hostname(hostname)
    assert ordinal is None or ordinal >= 0
