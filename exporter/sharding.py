"""Which of several exporter processes polls which server, without anybody keeping a table.

Rendezvous hashing: every shard has a score for every server, and the highest score owns it. All
shards come to the same answer from the name alone, and a shard that is added takes servers over
without any other server changing hands, so that few ledgers begin anew.
https://www.microsoft.com/en-us/research/wp-content/uploads/2017/02/HRW98.pdf
"""

import hashlib
import re
from dataclasses import dataclass

ORDINAL = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?-(0|[1-9]\d{0,5})", re.ASCII)
"""A StatefulSet's pod: the set's name, a hyphen, and its number without leading zeros.

https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id
"""


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `total` processes that share the servers.

    `address` is `host:port` of any of them with `{ordinal}` in it, as Prometheus can reach it;
    empty where nobody said.
    """

    ordinal: int = 0
    total: int = 1
    address: str = ""

    def owns(self, server: str) -> bool:
        """Whether this process polls the server."""
        return owner(server, self.total) == self.ordinal

    def address_of(self, server: str) -> str:
        """Where the server's metrics are served; empty where that is not known."""
        return self.address.replace("{ordinal}", str(owner(server, self.total)))


ALONE = Shard()


def owner(server: str, shards: int) -> int:
    """The ordinal, 0 to `shards` - 1, of the shard that polls the server of this name.

    The answer is part of what users rely on: another hash would move every server at an upgrade.
    Raises ValueError when there is no shard.
    """
    if shards < 1:
        raise ValueError("there must be at least one shard")
    return max(range(shards), key=lambda ordinal: _score(server, ordinal))


def ordinal_from_hostname(hostname: str) -> int | None:
    """The number at the end of a StatefulSet pod's name; None for a name without one."""
    found = ORDINAL.fullmatch(hostname.partition(".")[0].lower())
    return int(found[1]) if found else None


def _score(server: str, ordinal: int) -> bytes:
    """Sixteen bytes, so that two shards never tie in practice; the lower ordinal would win."""
    text = f"{server}|{ordinal}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=16).digest()
