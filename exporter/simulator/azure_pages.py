"""Pages, parameters and errors of Veeam Backup for Microsoft Azure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from exporter.simulator.azure_rows import Row, Scene
from exporter.simulator.exchange import Answer, Call, json_bytes

PROBLEM = "application/problem+json; charset=utf-8"
TITLES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
DEFAULT_LIMIT = 100
OLD_DEFAULT_LIMIT = 30
UNLIMITED = -1
LARGEST = 2**31 - 1
_WHOLE = re.compile(r"-?\d{1,10}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class Refused(Exception):
    """A request that is answered with an error; holds the answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def problem(status: int, detail: str, **more: object) -> Answer:
    """An error as a problem document."""
    title = TITLES[status]
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return Answer(status, json_bytes(body), PROBLEM)


def refuse(status: int, detail: str, **more: object) -> Refused:
    """The same, to be raised."""
    return Refused(problem(status, detail, **more))


@dataclass(frozen=True, slots=True)
class Asked:
    """Which part of a list was asked for; `limit` -1 is all of it."""

    offset: int
    limit: int

    @property
    def size(self) -> int:
        """The number of rows that there may be."""
        return LARGEST if self.limit == UNLIMITED else self.limit


def asked(call: Call, scene: Scene) -> Asked:
    """Offset and limit; version 1 knows neither. Raises Refused (400) if they are no such."""
    usual = OLD_DEFAULT_LIMIT if scene.version == 1 else DEFAULT_LIMIT
    if scene.version == 1 and not scene.habits.pages_in_v1:
        return Asked(0, usual)
    return Asked(_number(call, "Offset", 0, 0), _number(call, "Limit", usual, UNLIMITED))


def _number(call: Call, name: str, default: int, least: int) -> int:
    text = call.first(name) or str(default)
    if not _WHOLE.fullmatch(text) or not least <= int(text) <= LARGEST:
        raise wrong_value(name, text)
    return int(text)


def moment(call: Call, name: str, default: float, scene: Scene) -> float:
    """A time of the query as the world's true time. Raises Refused (400) for any other form."""
    text = call.first(name)
    if not text:
        return default
    try:
        if not _MOMENT.fullmatch(text):
            raise wrong_value(name, text)
        shown = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise wrong_value(name, text) from None
    return shown.timestamp() - scene.clock_offset


def wrong_value(name: str, text: str) -> Refused:
    """400 that names the parameter."""
    errors = {name: [f"The value '{text}' is not valid."]}
    return refuse(400, "One or more validation errors occurred.", errors=errors)


def page(path: str, part: Asked, found: Sequence[bytes], total: int, scene: Scene) -> Answer:
    """One page as the API shows it; the link does not carry the filters."""
    query = urlencode({"offset": part.offset, "limit": part.limit})
    head = json_bytes({"offset": part.offset, "limit": part.limit, "totalCount": total})
    link = json_bytes({"self": {"href": scene.address(f"{path}?{query}")}})
    body = b",".join(found)
    return Answer(200, head[:-1] + b',"results":[' + body + b'],"_links":' + link + b"}")


def page_of(path: str, everything: Sequence[Row], call: Call, scene: Scene) -> Answer:
    """The asked part of a list that is small enough to be made whole."""
    part = asked(call, scene)
    found = [json_bytes(row) for row in everything[part.offset : part.offset + part.size]]
    return page(path, part, found, len(everything), scene)
