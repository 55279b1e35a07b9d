"""The control API below `/_simulator/`: look behind the scenes and change the play.

For tests and experiments on this machine only: it asks for no password and answers nobody else.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from aiohttp import web

from exporter.simulator.exchange import Answer, json_answer
from exporter.simulator.faults import Fault
from exporter.simulator.runs import Run

if TYPE_CHECKING:
    from exporter.simulator.server import SimulatedServer

PREFIX = "/_simulator/"
TIMES = ("created", "started", "ended", "visible_from")


async def respond(server: SimulatedServer, request: web.BaseRequest) -> web.StreamResponse:
    """Answer one control call: 400 says in one sentence what is wrong with it."""
    if not _from_here(request.remote):
        return server.response(
            json_answer({"error": "the control API answers this machine only"}, 403)
        )
    key = (request.method, request.path.removeprefix(PREFIX).strip("/"))
    try:
        body = await request.read()
        given = json.loads(body) if body else {}
        if not isinstance(given, dict):
            raise ValueError("the body must be a JSON object")
        if key == ("POST", "faults"):
            answer = await _add_fault(server, given)
        elif key in _CALLS:
            answer = _CALLS[key](server, dict(request.query) | given)
        else:
            answer = json_answer({"error": f"there is no control call {' '.join(key)}"}, 404)
    except KeyError as error:
        answer = json_answer({"error": f"missing or unknown: {error.args[0]}"}, 400)
    except json.JSONDecodeError as error:
        answer = json_answer({"error": f"the body is not JSON: {error}"}, 400)
    except (ValueError, TypeError) as error:
        answer = json_answer({"error": str(error)}, 400)
    return server.response(answer)


def truth(server: SimulatedServer, since: float = 0.0, *, everything: bool = False) -> list[Any]:
    """All finished sessions of the product's session list, oldest end first, as it shows them.

    `since` (seconds since the epoch) leaves out what ended before. `everything` adds sessions that
    are not visible yet and deleted ones.
    """
    kinds, offset = server.world.profile.session_kinds, server.clock_offset
    return [
        _told(server, run)
        for run in server.world.finished(everything=everything)
        if run.kind in kinds and (run.ended or run.created) + offset >= since
    ]


def _told(server: SimulatedServer, run: Run) -> dict[str, object]:
    world, offset = server.world, server.clock_offset
    job = world.job(run.job_id)
    start = run.created if world.profile.starts_at_creation else run.started
    return {
        "id": run.id,
        "job_id": run.job_id,
        "job_name": job.name if job else "",
        "type": run.kind,
        "status": run.status_at(world.now(), world.words),
        "start": round(start + offset, 6),
        "end": None if run.ended is None else round(run.ended + offset, 6),
        "retry": run.retry,
        "transferred_bytes": run.figures.transferred_bytes,
        "processed_items": run.figures.processed_items,
        "bottleneck": run.figures.bottleneck,
        "visible_from": run.visible_from,
        "deleted": world.deleted(run.id),
    }


def _truth(server: SimulatedServer, given: dict[str, Any]) -> Answer:
    everything = str(given.get("all", "")).lower() in {"1", "true"}
    rows = truth(server, float(given.get("since", 0)), everything=everything)
    return json_answer({"now": server.world.now() + server.clock_offset, "sessions": rows})


def _jobs(server: SimulatedServer, _given: dict[str, Any]) -> Answer:
    rows = [
        {"id": job.id, "name": job.name, "type": job.kind, "enabled": job.enabled}
        for job in server.world.jobs()
    ]
    return json_answer({"jobs": rows})


def _add_job(server: SimulatedServer, given: dict[str, Any]) -> Answer:
    known = {"name", "kind", "job_id", "organization"}
    _only(given, known)
    job = server.world.add_job(given.pop("name"), **given)
    return json_answer({"id": job.id}, 201)


def _change_job(server: SimulatedServer, given: dict[str, Any]) -> Answer:
    _only(given, {"id", "name", "enabled"})
    if "name" in given:
        server.world.rename_job(given["id"], given["name"])
    if "enabled" in given:
        server.world.enable_job(given["id"], bool(given["enabled"]))
    return Answer(204)


def _delete_job(server: SimulatedServer, given: dict[str, Any]) -> Answer:
    server.world.delete_job(given["id"])
    return Answer(204)


def _add_session(server: SimulatedServer, given: dict[str, Any]) -> Answer:
    """Times are seconds since the epoch; one that is not positive counts from now."""
    given = _absolute(server, given)
    job, started = given.pop("job_id", None), given.pop("started")
    run = server.world.add_session(job, started, given.pop("ended", None), **given)
    return json_answer({"id": run.id}, 201)


def _change_session(server: SimulatedServer, given: dict[str, Any]) -> Answer:
    given = _absolute(server, given)
    server.world.change_session(given.pop("id"), **given)
    return Answer(204)


def _delete_session(server: SimulatedServer, given: dict[str, Any]) -> Answer:
    server.world.delete_session(given["id"])
    return Answer(204)


async def _add_fault(server: SimulatedServer, given: dict[str, Any]) -> Answer:
    known = {field.name for field in dataclasses.fields(Fault) if field.init}
    _only(given, known)
    await server.inject(Fault(**given))
    return Answer(204)


def _clear_faults(server: SimulatedServer, _given: dict[str, Any]) -> Answer:
    server.faults.clear()
    return Answer(204)


def _requests(server: SimulatedServer, _given: dict[str, Any]) -> Answer:
    logons = server.product.logons
    rows = [
        {"request": request, "status": status, "count": count}
        for (request, status), count in sorted(server.requests.items())
    ]
    told = {"requests": rows, "open_logons": logons.open(server.world.now())}
    return json_answer(told | {"logons": 0} | dict(logons.counts))


def _clock(server: SimulatedServer, given: dict[str, Any]) -> Answer:
    _only(given, {"offset_seconds"})
    server.clock_offset = float(given["offset_seconds"])
    return Answer(204)


def _habits(server: SimulatedServer, _given: dict[str, Any]) -> Answer:
    habits = server.product.habits
    return json_answer({} if habits is None else dataclasses.asdict(habits))


def _change_habits(server: SimulatedServer, given: dict[str, Any]) -> Answer:
    habits = server.product.habits
    _only(given, set() if habits is None else {one.name for one in dataclasses.fields(habits)})
    if given:
        server.product.habits = dataclasses.replace(habits, **given)
    return Answer(204)


def _absolute(server: SimulatedServer, given: dict[str, Any]) -> dict[str, Any]:
    now = server.world.now()
    times = {name: given[name] for name in TIMES if given.get(name) is not None}
    shown = {name: now + value if value <= 0 else float(value) for name, value in times.items()}
    return given | shown


def _only(given: dict[str, Any], known: set[str]) -> None:
    unknown = given.keys() - known
    if unknown:
        raise ValueError(
            f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}"
        )


def _from_here(remote: str | None) -> bool:
    return remote is not None and ip_address(remote.partition("%")[0]).is_loopback


_CALLS: dict[tuple[str, str], Callable[[SimulatedServer, dict[str, Any]], Answer]] = {
    ("GET", "truth"): _truth,
    ("GET", "jobs"): _jobs,
    ("POST", "jobs"): _add_job,
    ("PATCH", "jobs"): _change_job,
    ("DELETE", "jobs"): _delete_job,
    ("POST", "sessions"): _add_session,
    ("PATCH", "sessions"): _change_session,
    ("DELETE", "sessions"): _delete_session,
    ("DELETE", "faults"): _clear_faults,
    ("GET", "requests"): _requests,
    ("POST", "clock"): _clock,
    ("GET", "habits"): _habits,
    ("PATCH", "habits"): _change_habits,
}
