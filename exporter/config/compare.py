"""What a reload changes: which servers come, go, are replaced or simply go on."""

from typing import NamedTuple

from exporter.config.values import Config


class Changes(NamedTuple):
    """Names of servers, each in exactly one place, in the order of their file."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]


def changes(old: Config, new: Config) -> Changes:
    """How `new` differs from `old`, server by server.

    A server is compared by its values. The content of a password file is not one of them: it is
    read when it is needed. Objectives are not a server's; the new ones always apply.
    """
    before = {server.name: server for server in old.servers}
    after = {server.name: server for server in new.servers}
    both = [name for name in after if name in before]
    return Changes(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        changed=tuple(name for name in both if after[name] != before[name]),
        unchanged=tuple(name for name in both if after[name] == before[name]),
    )
