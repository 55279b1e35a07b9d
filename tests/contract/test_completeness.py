"""What must be there for each product: simulator, fixtures, example, docs, permissions."""

from pathlib import Path

import pytest

from exporter.cli.demo import SERVERS
from exporter.simulator import SIMULATORS
from exporter.sources import SOURCES
from tests.contract.cases import CASES

HOUSE = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def example() -> str:
    """The example configuration."""
    return (HOUSE / "config.example.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def readme() -> str:
    """What a newcomer reads first."""
    return (HOUSE / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("product", sorted(SOURCES))
def test_it_has_a_simulator_and_a_row_here(product: str) -> None:
    """Every product is tested in every version that its source knows."""
    assert product in SIMULATORS
    case = next(case for case in CASES if case.product == product)
    pinned = {pinned for _served, pinned in case.versions}
    assert pinned == set(SOURCES[product].facts.api_versions)


@pytest.mark.parametrize("product", sorted(SOURCES))
def test_it_has_fixtures_whose_origin_is_told(product: str) -> None:
    """Composed answers lie in the repository, and a note beside them says so."""
    folder = HOUSE / "tests" / "sources" / "fixtures"
    assert list(folder.glob(f"{product}_*"))
    assert product in (folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("product", sorted(SOURCES))
def test_it_has_an_entry_in_the_example(product: str, example: str) -> None:
    """With its name as the product."""
    assert f"product: {product}" in example


@pytest.mark.parametrize("product", sorted(SOURCES))
def test_the_readme_names_it_and_its_permissions(product: str, readme: str) -> None:
    """A row in the table of products and a paragraph about the account."""
    title = SOURCES[product].facts.title
    assert f"| {title} |" in readme
    assert f"**{title}.**" in readme.split("## Permissions")[1]


@pytest.mark.parametrize("product", sorted(SOURCES))
def test_the_page_about_simulators_tells_of_it(product: str) -> None:
    """Which versions it simulates, and what is special."""
    page = (HOUSE / "docs" / "simulator.md").read_text(encoding="utf-8")
    assert f"| `{product}` |" in page.split("## The products")[1]


@pytest.mark.parametrize("product", sorted(SOURCES))
def test_the_demo_shows_it(product: str) -> None:
    """With a server or two among the cast."""
    assert product in {server.product for server in SERVERS}
