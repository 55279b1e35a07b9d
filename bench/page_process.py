"""The real web server over synthetic servers, as a process of its own.

`python -m bench.page_process SERIES FOLDER` prints its port. FOLDER gets the page as nginx wants
it. With `library` in place of a folder it is prometheus_client's own server of the same families.
"""

import asyncio
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client import CollectorRegistry, start_http_server

from bench.views import Collected, servers
from bench.world import server_config
from exporter.config.values import Config
from exporter.exposition import Exposition, Format
from exporter.view import ExporterView, ServerView
from exporter.web.options import ListenAddress, WebOptions
from exporter.web.server import WebServer


@dataclass
class Shown:
    """What the web room asks for, with servers that nobody polls."""

    views: tuple[ServerView, ...]
    config: Config
    exposition: Exposition = field(default_factory=Exposition)
    started: float = field(default_factory=time.time)
    version: str = "0"

    def servers(self) -> tuple[ServerView, ...]:
        """The synthetic servers."""
        return self.views

    def exporter(self) -> ExporterView:
        """The exporter itself."""
        return ExporterView(version="0")

    def ready(self) -> bool:
        """As if all were polled."""
        return True

    async def reload(self) -> tuple[str, ...]:
        """Nothing to do."""
        return ()


def shown(series: int) -> Shown:
    """Servers of so many series together, published."""
    views = servers(series)
    state = Shown(views, Config(tuple(server_config(9, view.name) for view in views)))
    for view in views:
        state.exposition.publish(view)
    return state


async def serve(series: int, folder: Path) -> None:
    """Write the page for nginx, say the port, answer for ever."""
    state = shown(series)
    plain = state.exposition.page(Format.TEXT_0_0_4)
    packed = state.exposition.page(Format.TEXT_0_0_4, gzip=True)
    (folder / "metrics").write_bytes(plain)
    (folder / "metrics.gz").write_bytes(packed)
    options = WebOptions(listen_addresses=(ListenAddress("127.0.0.1", 0),))
    server = WebServer(state, options)
    await server.start()
    print(server.urls[0].rstrip("/").rpartition(":")[2], flush=True)
    await asyncio.Event().wait()


def library(series: int) -> None:
    """The client library's server over the same families."""
    registry = CollectorRegistry()
    registry.register(Collected(servers(series)))
    server, thread = start_http_server(0, "127.0.0.1", registry)
    print(server.server_port, flush=True)
    thread.join()


if __name__ == "__main__":
    if sys.argv[2] == "library":
        library(int(sys.argv[1]))
    else:
        asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
