"""Pages and errors of Veeam Backup for Microsoft 365."""

from collections.abc import Sequence
from dataclasses import dataclass

from exporter.simulator.exchange import JSON, Answer, Call, json_answer, json_bytes
from exporter.simulator.vb365_rows import ZERO, Row, Scene

DEFAULT_LIMIT = 30
MAX_LIMIT = 10_000
LARGEST = 2**31 - 1


class Refused(Exception):
    """A request that is answered with an error; holds the answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def refuse(status: int, message: str, scene: Scene, code: str | None = None) -> Refused:
    """An error in the shape of the version: error codes came with version 7."""
    body: dict[str, object] = {"message": message}
    if scene.version >= 7:
        body["errorCode"] = code
    return Refused(json_answer(body, status))


@dataclass(frozen=True, slots=True)
class Asked:
    """Which part of a list was asked for."""

    offset: int
    limit: int


def asked(call: Call, scene: Scene) -> Asked:
    """Offset and limit of a request. Raises Refused (400) if they are no such numbers."""
    return Asked(
        _number(call, "offset", 0, scene),
        min(_number(call, "limit", DEFAULT_LIMIT, scene), MAX_LIMIT),
    )


def _number(call: Call, name: str, default: int, scene: Scene) -> int:
    text = call.first(name) or str(default)
    least = min(default, 1)
    if not text.isdecimal() or not least <= int(text) <= LARGEST:
        raise refuse(400, f"The value of {name} is not valid", scene, "ParameterValidationFailure")
    return int(text)


def page(path: str, part: Asked, found: Sequence[bytes], more: bool, scene: Scene) -> Answer:
    """One page as the API shows it. The link to the next page does not carry the filters."""

    def link(offset: int) -> Row:
        return scene.link(f"{path}?offset={offset}&limit={part.limit}")

    links = {"self": link(part.offset)}
    if more:
        links["next"] = link(part.offset + part.limit)
    if part.offset:
        links["prev"] = link(max(0, part.offset - part.limit))
        links["first"] = link(0)
    head = json_bytes({"offset": part.offset, "limit": part.limit, "setId": ZERO, "_links": links})
    return Answer(200, head[:-1] + b',"results":[' + b",".join(found) + b"]}", JSON)


def page_of(path: str, everything: Sequence[Row], call: Call, scene: Scene) -> Answer:
    """The asked part of a list that is small enough to be made whole."""
    part = asked(call, scene)
    end = part.offset + part.limit
    found = [json_bytes(row) for row in everything[part.offset : end]]
    return page(path, part, found, end < len(everything), scene)


def list_of(path: str, everything: Sequence[Row], call: Call, scene: Scene) -> Answer:
    """A list that was a bare array up to version 7 and has pages since version 8."""
    if scene.version >= 8:
        return page_of(path, everything, call, scene)
    return json_answer(list(everything))
