"""A server of Veeam Backup for Microsoft 365 that costs next to nothing: finished bytes by path.

The simulator makes each row when it is asked for; beside it the exporter's own speed would not be
seen. One process plays any number of servers, the first part of the path being the server's name.
`python -m bench.page_server HISTORY NEW JOBS [COPIES]` prints its port; HISTORY sessions are there
from the start, NEW ones end with each poll and stay in the next polls' windows for a while. COPIES
of the jobs are copy jobs.
"""

import asyncio
import gc
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from email.utils import formatdate

from bench.answers import Composer, compact, m365_page

PAGE = 1000
POLLS_IN_WINDOW = 16
"""An overlap of 15 minutes at a poll each minute."""

TOKEN = compact({"access_token": "t", "refresh_token": "r", "expires_in": 86400})
BUILD = compact({"version": "8.1.0.305"})
EMPTY = m365_page([], 8)


def answer(body: bytes, status: str = "200 OK", header: str = "") -> bytes:
    """A whole HTTP answer, with another line of header if one is given."""
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"Date: {formatdate(usegmt=True)}\r\n{header}\r\n"
    )
    return head.encode() + body


class World:
    """What all servers of this process answer alike, and what each of them has of its own."""

    def __init__(self, history: int, new: int, jobs: int, copies: int = 0) -> None:
        self.requests: Counter[str] = Counter()
        self._composer = Composer(jobs=jobs, copies=copies)
        self._new = new
        self._pages = list(self._render(history))
        self._recent: dict[str, deque[bytes]] = {}
        rows = [
            {"id": job, "name": f"job {number}", "isEnabled": True, "backupType": "SelectedItems"}
            for number, job in enumerate(self._composer.jobs)
        ]
        self._lists = {
            "CopyJobs": m365_page(rows[:copies], 8),
            "Jobs": m365_page(rows[copies:], 8),
            "ServiceInstance": BUILD,
            "token": TOKEN,
        }

    def _render(self, history: int) -> "list[bytes]":
        ends = list(self._composer.ends(history, 13 * 86400.0))
        pages = []
        for start in range(0, history, PAGE):
            rows = [self._composer.m365_session(8, end) for end in ends[start : start + PAGE]]
            pages.append(m365_page(rows, 8, more=start + PAGE < history))
        return pages

    def body(self, server: str, path: str, query: str) -> bytes:
        """What a path is answered with."""
        self.requests[path] += 1
        if path == "JobSessions":
            return self._sessions(server, query)
        return self._lists.get(path, EMPTY)

    def reply(self, head: str) -> bytes:
        """The whole answer to a request with that head; `/count` tells and forgets the counts."""
        path, _, query = head.split(" ", 2)[1].partition("?")
        if path == "/count":
            body = compact(dict(self.requests))
            self.requests.clear()
        else:
            server, _version, name = path.strip("/").split("/")[:3]
            body = self.body(server, name, query)
        return answer(body)

    def _sessions(self, server: str, query: str) -> bytes:
        if "status=Running" in query:
            return EMPTY
        if self._pages:
            number = int(query.partition("offset=")[2].partition("&")[0]) // PAGE
            return self._pages[number] if number < len(self._pages) else EMPTY
        recent = self._recent.setdefault(server, deque(maxlen=POLLS_IN_WINDOW))
        ended = time.time() - 1.0
        rows = [self._composer.m365_session(8, ended) for _ in range(self._new)]
        recent.appendleft(b",".join(map(compact, rows)))
        return b'{"limit":1000,"_links":{},"results":[' + b",".join(filter(None, recent)) + b"]}"


class Client(asyncio.Protocol):
    """One connection, kept alive; requests may come in pieces."""

    def __init__(self, reply: Callable[[str], bytes]) -> None:
        self._reply = reply
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers are written to."""
        self._transport: asyncio.WriteTransport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete."""
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end].decode("latin-1")
            length = 0
            for line in head.split("\r\n")[1:]:
                name, _, value = line.partition(":")
                if name.lower() == "content-length":
                    length = int(value)
            if len(self._received) < end + 4 + length:
                return
            self._received = self._received[end + 4 + length :]
            self._transport.write(self._reply(head))


async def serve(reply: Callable[[str], bytes]) -> None:
    """Print the port, then answer the heads of requests for ever."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Client(reply), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    made = World(*map(int, sys.argv[1:5]))
    gc.freeze()
    asyncio.run(serve(made.reply))
