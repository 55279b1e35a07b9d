"""What must be there for each product: simulator, fixtures, example, docs, permissions."""

import re
from pathlib import Path

import pytest

from exporter.config.load import load_config
from exporter.simulator import SIMULATORS
from exporter.sources import SOURCES
from tests.contract.cases import CASES
from tests.support.config_files import ANY_FILE

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


def test_the_example_loads_with_the_real_products(tmp_path: Path, example: str) -> None:
    """Every value of it is one that the products accept."""
    path = tmp_path / "config.yaml"
    path.write_text(example, encoding="utf-8")
    facts = {name: product.facts for name, product in SOURCES.items()}
    wanted = {line.split(":", 1)[1].strip() for line in example.splitlines() if "_file:" in line}
    for name in wanted:
        file = tmp_path / name.split(" #")[0].strip().strip('"')
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(ANY_FILE, encoding="utf-8")
    variables = dict.fromkeys(re.findall(r"\$\{(\w+)\}", example), "x")
    config = load_config(path, facts, variables)
    assert {server.product for server in config.servers} == set(SOURCES)
