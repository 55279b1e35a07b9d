"""Programs that tests drive are there, or their absence is told as it should be."""

from pathlib import Path

import pytest

from tests.support.tools import TOOLS, find_tool, require_tool

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_every_program_is_there(name: str) -> None:
    """With REQUIRE_TOOLS this fails for each missing program, otherwise it is skipped."""
    assert Path(require_tool(name)).is_file()


@pytest.fixture
def no_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any of the programs."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("no_programs")
def test_a_missing_program_skips_on_a_developers_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without REQUIRE_TOOLS the test is skipped, and the reason names the package."""
    monkeypatch.delenv("REQUIRE_TOOLS", raising=False)
    with pytest.raises(pytest.skip.Exception, match="package prometheus brings it"):
        require_tool("promtool")


@pytest.mark.usefixtures("no_programs")
def test_a_missing_program_fails_where_all_are_required(monkeypatch: pytest.MonkeyPatch) -> None:
    """With REQUIRE_TOOLS the test fails with the same sentence."""
    monkeypatch.setenv("REQUIRE_TOOLS", "1")
    with pytest.raises(pytest.fail.Exception, match="promtool is not installed"):
        require_tool("promtool")


def test_a_program_that_nobody_declared_is_a_mistake_of_the_test() -> None:
    """A name outside the table raises, so that CI cannot forget to install it."""
    with pytest.raises(KeyError):
        find_tool("undeclared")


def test_ci_installs_the_package_of_every_program() -> None:
    """The CI script names each package of the table."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    lists = [part.split(")")[0].split() for part in script.split("PACKAGES=(")[1:]]
    assert {tool.package for tool in TOOLS.values()} <= {name for names in lists for name in names}
