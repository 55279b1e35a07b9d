"""A few calls at once, never more than a server should bear."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

Result = TypeVar("Result")


async def together(calls: Iterable[Callable[[], Awaitable[Result]]], at_once: int) -> list[Result]:
    """Run all `calls`, at most `at_once` at a time; their results in the order of the calls.

    The first error ends the rest and is raised itself, not wrapped in a group.
    """
    gate = asyncio.Semaphore(at_once)

    async def admitted(call: Callable[[], Awaitable[Result]]) -> Result:
        async with gate:
            return await call()

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(admitted(call)) for call in calls]
    except BaseExceptionGroup as failures:
        raise _first(failures) from None
    return [task.result() for task in tasks]


def _first(failure: BaseException) -> BaseException:
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return failure
