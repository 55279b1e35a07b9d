"""What every product must do, in every version of its API, against its simulated server."""

import re

import pytest

from exporter.config.values import Selection
from exporter.errors import AuthenticationFailed, SourceError
from exporter.log import facts
from exporter.model import Result, State, Window
from exporter.simulator import Fault
from tests.contract.conftest import Pair, results


async def test_every_result_is_read_with_its_times_and_job(pair: Pair) -> None:
    """One session of each outcome: result, start, end and name of the job."""
    job = pair.job("Mail")
    runs = {
        outcome: pair.finish(job, -60.0 * number, status=pair.status(outcome))
        for number, outcome in enumerate(pair.case.outcomes, start=1)
    }
    harvest = await pair.fetch()
    read = {session.id: session for session in harvest.sessions}
    assert {runs_id: read[runs_id].result for runs_id in read} == {
        run.id: Result(outcome) for outcome, run in runs.items()
    }
    for run in runs.values():
        session = read[run.id]
        assert (session.state, session.job_name) == (State.FINISHED, "Mail")
        assert session.started == pytest.approx(run.started, abs=0.001)
        assert session.ended == pytest.approx(run.ended, abs=0.001)
        assert session.unknown == ()


async def test_one_logon_serves_many_polls_and_is_logged_off(pair: Pair) -> None:
    """A password is sent once; closing leaves no logon behind where the API has a log-off."""
    pair.finish(pair.job())
    for _ in range(3):
        await pair.fetch()
    traffic = pair.source.traffic()
    assert traffic.logons == 1
    assert pair.source.traffic().logons == 0
    await pair.source.close()
    if not pair.case.logoff or pair.pinned in pair.case.logoff:
        assert pair.server.product.logons.open(pair.world.now()) == 0


async def test_a_wrong_password_is_sent_once(pair: Pair) -> None:
    """Then it is remembered: no second request until the back-off has passed."""
    pair.server.product.logons.password = "changed"
    for _ in range(3):
        with pytest.raises(AuthenticationFailed):
            await pair.fetch()
    assert pair.source.traffic().logons == 1


async def test_an_expired_token_is_renewed_within_the_poll(pair: Pair) -> None:
    """By a refresh where the product has one, without sending the password again."""
    run = pair.finish(pair.job())
    await pair.fetch()
    pair.server.product.logons.expire(completely=False)
    assert run.id in results(await pair.fetch())
    assert pair.source.traffic().logons == (1 if pair.case.refreshes else 2)


async def test_a_token_that_cannot_be_renewed_costs_one_logon(pair: Pair) -> None:
    """The poll succeeds all the same."""
    run = pair.finish(pair.job())
    await pair.fetch()
    pair.server.product.logons.expire(completely=True)
    assert run.id in results(await pair.fetch())
    assert pair.source.traffic().logons == 2


async def test_three_pages_are_read_while_rows_are_inserted(pair: Pair) -> None:
    """Every session that was there when the poll began is read, each once."""
    job = pair.job()
    runs = {pair.finish(job, -60.0 * number).id for number in range(1, 14)}
    await pair.server.inject(Fault("insert_row", path=pair.case.sessions))
    harvest = await pair.fetch()
    ids = [session.id for session in harvest.sessions]
    assert runs <= set(ids)
    assert len(ids) == len(set(ids))


async def test_the_window_leaves_old_sessions_out_and_takes_running_ones_in(pair: Pair) -> None:
    """What ended before the window is not read as new; what runs since long before is seen."""
    job = pair.job()
    recent, old = pair.finish(job, -600.0), pair.finish(job, -36 * 3600.0)
    running = pair.world.add_session(job, pair.world.now() - 1800.0)
    read = results(await pair.fetch(since=3600.0))
    assert recent.id in read
    assert read[running.id] is None
    if old.id in read:  # a list without a filter may show it; the ledger knows its age
        assert read[old.id] is Result.SUCCESS


async def test_an_open_session_is_followed_until_it_has_a_result(pair: Pair) -> None:
    """Also when no window holds it any more."""
    job = pair.job()
    run = pair.world.add_session(job, pair.world.now() - 3 * 86400.0)
    (session,) = (await pair.fetch(since=4 * 86400.0)).sessions
    assert (session.id, session.result) == (run.id, None)
    followed = await pair.fetch(since=60.0, open_sessions=(session,))
    assert results(followed) == {run.id: None}
    pair.world.change_session(run.id, ended=pair.world.now() - 1.0, status=pair.status("failed"))
    finished = await pair.fetch(since=60.0, open_sessions=(session,))
    assert results(finished) == {run.id: Result.FAILED}


async def test_an_open_session_that_is_gone_is_told_as_gone(pair: Pair) -> None:
    """404 for its id is an answer, not an error."""
    run = pair.world.add_session(pair.job(), pair.world.now() - 600.0)
    (session,) = (await pair.fetch()).sessions
    pair.world.delete_session(run.id)
    harvest = await pair.fetch(open_sessions=(session,))
    assert (harvest.sessions, harvest.gone) == ((), (session.id,))


async def test_one_open_session_that_cannot_be_read_is_told_once(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    """However many others can be, and however often it is asked for: a failure, no flicker."""
    job, now = pair.job(), pair.world.now()
    runs = [pair.world.add_session(job, now - 3 * 86400.0 - place) for place in range(6)]
    seen = (await pair.fetch(since=4 * 86400.0)).sessions
    broken, *others = runs
    pair.world.change_session(broken.id, visible_from=now + 9 * 86400.0)
    for run in others:
        pair.world.change_session(run.id, ended=now - 2 * 86400.0, status=pair.status("success"))
    await pair.server.inject(Fault("status", path=f"*/{broken.id}", code=500))
    for _ in range(3):
        harvest = await pair.fetch(since=60.0, open_sessions=seen)
        assert set(results(harvest)) == {run.id for run in others}
        assert harvest.endpoints["session"] is False
    told = [one.levelname for one in caplog.records if facts(one).get("endpoint") == "session"]
    assert told == ["WARNING"]


async def test_words_that_are_new_to_us_are_unknown_and_named(pair: Pair) -> None:
    """The session is kept, the field is named for the counter."""
    job = pair.job()
    for name, field in pair.case.unknown:
        pair.finish(job)
        await pair.server.inject(Fault("unknown_word", path=pair.case.sessions, field=name))
        harvest = await pair.fetch()
        assert [one.unknown for one in harvest.sessions if one.unknown] == [(field,)]
        pair.server.faults.clear()


async def test_ends_that_are_none_are_not_ends(pair: Pair) -> None:
    """Null, empty and the sentinels of years 1 and 9999 mean that a session has not ended."""
    job = pair.job()
    for value in pair.case.sentinel_ends:
        end, *others = pair.case.raw_end
        run = pair.finish(job, raw={end: value, **dict.fromkeys(others)})
        harvest = await pair.fetch()
        read = {session.id: session for session in harvest.sessions}
        assert read[run.id].ended is None
        pair.world.delete_session(run.id)


async def test_missing_fields_are_absent_and_not_zero(pair: Pair) -> None:
    """A session without a start is read; its start is not known."""
    run = pair.finish(pair.job(), raw={pair.case.raw_start: None})
    harvest = await pair.fetch()
    read = {session.id: session for session in harvest.sessions}
    assert read[run.id].started is None


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (403, "forbidden"),
        (404, "not_found"),
        (429, "rate_limited"),
        (500, "http"),
        (503, "http"),
    ],
)
async def test_an_error_of_the_session_list_fails_the_poll(
    pair: Pair, code: int, reason: str
) -> None:
    """With its reason; a later poll works again."""
    run = pair.finish(pair.job())
    await pair.fetch()
    await pair.server.inject(Fault("status", path=pair.case.sessions, code=code))
    with pytest.raises(SourceError) as failed:
        await pair.fetch()
    assert failed.value.reason == reason
    assert len(str(failed.value).splitlines()) == 1
    pair.server.faults.clear()
    assert run.id in results(await pair.fetch())


async def test_a_fresh_token_that_is_rejected_fails_the_poll_and_is_not_bought_again(
    pair: Pair,
) -> None:
    """401 for whatever token: as with a refused password, nobody hammers the logon."""
    run = pair.finish(pair.job())
    await pair.fetch()
    await pair.server.inject(Fault("status", path=pair.case.sessions, code=401))
    for _ in range(3):
        with pytest.raises(AuthenticationFailed):
            await pair.fetch()
    assert pair.source.traffic().logons <= 2
    pair.server.faults.clear()
    pair.source.forget_logon()
    assert run.id in results(await pair.fetch())


@pytest.mark.parametrize("code", [429, 500, 503])
async def test_a_passing_error_is_retried_within_the_poll(pair: Pair, code: int) -> None:
    """Two bad answers do not fail a poll."""
    run = pair.finish(pair.job())
    fault = Fault("status", path=pair.case.sessions, code=code, count=2)
    await pair.server.inject(fault)
    assert run.id in results(await pair.fetch())


@pytest.mark.parametrize(
    ("kind", "reasons"),
    [
        ("truncate", {"connect", "parse"}),
        ("html", {"parse"}),
        ("empty", {"parse"}),
        ("reset", {"connect"}),
        ("redirect", {"http"}),
        ("repeat_page", {"parse", "too_large"}),
    ],
)
async def test_a_body_that_cannot_be_read_fails_the_poll(
    pair: Pair, kind: str, reasons: set[str]
) -> None:
    """Nothing is guessed from half an answer."""
    job = pair.job()
    for number in range(1, pair.case.many + 1):
        pair.finish(job, -60.0 * number)
    await pair.server.inject(Fault(kind, path=pair.case.sessions))
    if kind == "repeat_page" and pair.pinned in pair.case.in_one_answer:
        assert len((await pair.fetch()).sessions) == pair.case.many
        return
    with pytest.raises(SourceError) as failed:
        await pair.fetch()
    assert failed.value.reason in reasons


async def test_one_malformed_row_is_skipped(pair: Pair) -> None:
    """The others are read, the row is counted."""
    run = pair.finish(pair.job())
    await pair.server.inject(Fault("malformed_row", path=pair.case.sessions))
    harvest = await pair.fetch()
    assert run.id in results(harvest)
    assert harvest.skipped_rows >= 1


async def test_deleted_and_renamed_jobs_follow_the_product(pair: Pair) -> None:
    """A job that the product lists is known before it ever ran, by its newest name."""
    pair.job("Never ran")
    job = pair.job("Old name")
    pair.finish(job)
    first = await pair.fetch()
    pair.world.rename_job(job.id, "New name")
    second = await pair.fetch()
    names = [{one.name for one in harvest.jobs} for harvest in (first, second)]
    assert "Old name" in names[0]
    assert "New name" in names[1]
    if first.job_list:
        assert "Never ran" in names[0]


async def test_filters_of_the_configuration_are_kept(pair: Pair) -> None:
    """An excluded job gives neither sessions nor facts."""

    kept, left_out = pair.finish(pair.job("Mail")), pair.finish(pair.job("test-1"))
    source = pair.another(jobs=Selection(exclude=(re.compile("test-.*"),)))

    harvest = await source.fetch(Window(pair.world.now() - 3600.0), ())
    assert kept.id in results(harvest)
    assert left_out.id not in results(harvest)
    assert "test-1" not in {job.name for job in harvest.jobs}


async def test_the_newest_version_is_found_by_itself(pair: Pair) -> None:
    """`auto` asks the server."""
    run = pair.finish(pair.job())
    source = pair.another(api_version="auto")

    harvest = await source.fetch(Window(pair.world.now() - 3600.0), ())
    assert run.id in results(harvest)
    assert harvest.info.api_version
