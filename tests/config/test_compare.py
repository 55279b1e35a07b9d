"""A reload touches only the servers that differ."""

from pathlib import Path

from exporter.config.compare import changes
from tests.support.config_files import SERVER, load


def servers(*bodies: tuple[str, str]) -> str:
    """A file with these servers: name and further lines."""
    body = SERVER.removeprefix("servers:\n")
    entries = (body.replace("m365\n", f"{name}\n") + more for name, more in bodies)
    return "servers:\n" + "".join(entries)


def test_changes(tmp_path: Path) -> None:
    """Servers are told apart by name and compared by value, patterns and secrets included."""
    jobs = "    jobs: {include: [x]}\n"
    old = load(tmp_path, servers(("same", jobs), ("gone", ""), ("other", jobs), ("secret", "")))
    new_text = servers(("new", ""), ("other", ""), ("same", jobs), ("secret", ""))
    head, _, tail = new_text.rpartition("${PASSWORD}")
    found = changes(old, load(tmp_path, f"{head}changed{tail}"))
    assert found == (("new",), ("gone",), ("other", "secret"), ("same",))


def test_no_change(tmp_path: Path) -> None:
    """Loading the same file again changes nothing."""
    text = servers(("a", ""), ("b", "    session_types: {exclude: [x]}\n"))
    found = changes(load(tmp_path, text), load(tmp_path, text + "objectives: [{max_age: 1d}]\n"))
    assert found == ((), (), (), ("a", "b"))
