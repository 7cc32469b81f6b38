import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from litestar import Litestar, Response
from litestar.testing import AsyncTestClient

from antiphon.identity import Principal, Role
from antiphon.ingest import Imports, Phase, routes
from antiphon.ingest.changes import outermost
from antiphon.kernel import AntiphonError, SystemClock, problem

_PATIENCE = 20.0


@asynccontextmanager
async def _serving(desk, *paths, **more) -> AsyncIterator[None]:
    """Have the importer serve meanwhile."""
    stop = asyncio.Event()
    task = asyncio.create_task(desk.importer.serve(paths or [desk.music], stop, **more))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, _PATIENCE)


async def _until(check) -> None:
    async with asyncio.timeout(_PATIENCE):
        while not await check():
            await asyncio.sleep(0.05)


async def test_what_is_put_into_a_watched_folder_comes_in(desk, making):
    making.a_flac(desk.music / "one.flac", pitch=300.0, title="One")
    async with _serving(desk):
        await _until(lambda: _titles_are(desk, ["One"]))
        await asyncio.sleep(0.5)  # the watch begins beside the first scan
        making.a_flac(desk.music / "New" / "Deep" / "two.flac", pitch=400.0, title="Two")
        await _until(lambda: _titles_are(desk, ["One", "Two"]))
        (desk.music / "one.flac").unlink()
        await _until(lambda: _titles_are(desk, ["Two"]))


async def _titles_are(desk, titles) -> bool:
    return await desk.titles() == titles


async def test_an_import_that_is_asked_for_runs_and_is_told(desk, making):
    imports = Imports(desk.tables, SystemClock())
    async with _serving(desk, watch=False):
        await _until(lambda: _is_over(imports))
        making.a_flac(desk.music / "one.flac", title="One")
        asked = await imports.start()
        await _until(lambda: _titles_are(desk, ["One"]))
        await _until(lambda: _is_over(imports, asked))
    record = await imports.current()
    assert record.progress.phase is Phase.DONE
    assert (record.progress.found, record.progress.added) == (1, 1)


async def _is_over(imports: Imports, import_id: str | None = None) -> bool:
    record = await imports.current()
    return record is not None and record.is_over and import_id in {None, record.id}


async def test_asking_twice_is_asking_once(desk):
    imports = Imports(desk.tables, SystemClock())
    assert await imports.start() == await imports.start()


async def test_an_import_can_be_cancelled_from_another_process(desk, making, monkeypatch):
    for n in range(6):
        making.a_flac(desk.music / f"{n}" / f"{n}.flac", pitch=200.0 + n, title=f"{n}")
    imports = Imports(desk.tables, SystemClock())

    async def slow(self, request):
        await asyncio.sleep(0.7)
        return await asyncio.to_thread(self._reader.read, request)

    monkeypatch.setattr("antiphon.ingest.readers.ThreadReader.read", slow)
    scan = asyncio.create_task(desk.scan())
    await _until(lambda: _has_begun(imports))
    await imports.cancel((await imports.current()).id)
    report = await scan
    assert report.cancelled
    assert report.added < 6
    assert (await imports.current()).progress.phase is Phase.CANCELLED


async def _has_begun(imports: Imports) -> bool:
    record = await imports.current()
    return record is not None and not record.is_over


def test_a_folder_within_another_is_looked_at_with_it():
    folders = {b"/a/b/c", b"/a/b", b"/a/bc", b"/d/e"}
    assert outermost(folders) == [b"/a/b", b"/a/bc", b"/d/e"]


class _As:
    """Middleware that says who asks."""

    def __init__(self, app, role) -> None:
        self._app = app
        self._role = role

    async def __call__(self, scope, receive, send) -> None:
        scope["user"] = self._role
        await self._app(scope, receive, send)


def _problem(_request, error: AntiphonError) -> Response:
    status, body = problem(error)
    return Response(body, status_code=status)


@asynccontextmanager
async def _client(desk, role: Role) -> AsyncIterator[AsyncTestClient]:
    who = Principal("a" * 16, "a" * 16, "a" * 16, "a" * 16, role)
    app = Litestar(
        routes(Imports(desk.tables, SystemClock())),
        middleware=[lambda app: _As(app, who)],
        exception_handlers={AntiphonError: _problem},
    )
    async with AsyncTestClient(app) as client:
        yield client


async def test_the_owner_sees_imports_and_what_could_not_be_imported(desk, making):
    making.put(desk.music / "bad.mp3", b"")
    making.a_flac(desk.music / "good.flac", title="Good")
    await desk.scan()
    async with _client(desk, Role.OWNER) as client:
        (shown,) = (await client.get("/v1/imports")).json()["data"]
        assert shown["attributes"]["phase"] == "done"
        assert shown["attributes"]["added"] == 1
        failures = (await client.get("/v1/imports/failures")).json()
        assert failures["meta"]["total"] == 1
        assert failures["data"][0]["reason"] == "the file is empty"
        assert (await client.post("/v1/imports")).status_code == 202
        assert (await client.delete(f"/v1/imports/{shown['id']}")).status_code == 204
        assert (await client.delete("/v1/imports/none")).status_code == 404


@pytest.mark.parametrize(("method", "path"), [("get", ""), ("post", ""), ("get", "/failures")])
async def test_nobody_else_does(desk, method, path):
    async with _client(desk, Role.MEMBER) as client:
        answer = await client.request(method, f"/v1/imports{path}")
        assert answer.status_code == 403
