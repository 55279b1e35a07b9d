"""The documents hold together: every link inside the repository leads somewhere."""

import re
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1]
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)")
DOCUMENTS = sorted(
    path
    for folder in (HOUSE, HOUSE / "docs", HOUSE / "docs" / "runbooks", HOUSE / "deploy")
    for path in folder.glob("*.md")
)


def anchors(document: Path) -> set[str]:
    """The names that headings of a page have as link targets."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(HOUSE)))
def test_links_lead_somewhere(document: Path) -> None:
    """To a file that exists, and to a heading of it where one is named."""
    broken = []
    for target, anchor in LINK.findall(document.read_text(encoding="utf-8")):
        path = (document.parent / target).resolve()
        known = path.exists() and (
            not anchor or path.suffix != ".md" or anchor[1:] in anchors(path)
        )
        if not known:
            broken.append(target + anchor)
    assert broken == []


def test_links_within_the_readme_lead_to_headings() -> None:
    """`[permissions](#permissions)` and the like."""
    text = (HOUSE / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors(HOUSE / "README.md")
