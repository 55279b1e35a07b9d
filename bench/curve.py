"""The fleet's curve as a small picture, written by hand."""

import math
from pathlib import Path

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "performance.svg"
WIDTH, HEIGHT, MARGIN = 640, 300, 56

Point = tuple[float, float, float]
"""Servers, per cent of a core, megabytes."""


def draw(points: list[Point], path: Path = PICTURE) -> None:
    """Two lines over the number of servers, which is on a logarithmic scale."""
    left = _line([(x, share) for x, share, _ in points], "#1f6feb", "")
    right = _line([(x, memory) for x, _, memory in points], "#bf5b04", ' stroke-dasharray="6 4"')
    axis = HEIGHT - MARGIN
    ticks = "".join(
        f'<text x="{_across(x, points):.0f}" y="{axis + 20}" text-anchor="middle">{x:,.0f}</text>'
        for x, _, _ in points
    )
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'font-family="sans-serif" font-size="12">\n'
        "<title>Processor and memory of one exporter by the number of servers</title>\n"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n'
        f'<line x1="{MARGIN}" y1="{axis}" x2="{WIDTH - MARGIN}" y2="{axis}" stroke="#333"/>\n'
        f"{ticks}\n"
        f'<text x="{WIDTH / 2:.0f}" y="{HEIGHT - 12}" text-anchor="middle">servers of 50 jobs, '
        "polled each minute</text>\n"
        '<text x="16" y="24" fill="#1f6feb">per cent of a core (line)</text>\n'
        f'<text x="{WIDTH - 16}" y="24" fill="#bf5b04" text-anchor="end">megabytes '
        "(dashed)</text>\n"
        f"{left}\n{right}\n</svg>\n",
        encoding="utf-8",
    )


def _across(servers: float, points: list[Point]) -> float:
    low, high = math.log10(points[0][0]), math.log10(points[-1][0])
    return MARGIN + (math.log10(servers) - low) / (high - low) * (WIDTH - 2 * MARGIN)


def _line(values: list[tuple[float, float]], colour: str, dashes: str) -> str:
    """A line with its values beside the points; its own scale begins at 0."""
    most = max(value for _, value in values) or 1.0
    points = [(x, 0.0, 0.0) for x, _ in values]
    places = [
        (_across(x, points), HEIGHT - MARGIN - value / most * (HEIGHT - 2 * MARGIN - 24))
        for x, value in values
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    labels = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
        f'<text x="{x:.1f}" y="{y - 8:.1f}" fill="{colour}" text-anchor="middle">{value:.3g}</text>'
        for (x, y), (_, value) in zip(places, values, strict=True)
    )
    line = f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>'
    return line + labels
