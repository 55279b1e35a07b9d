"""What every Prometheus exporter tells of its process, in the client libraries' names and words.

https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
"""

from exporter.metrics.family import AnyFamily, Family, Kind, Shape, Subject
from exporter.view import ProcessView

PROCESS: Subject[ProcessView, ProcessView] = Subject("process", (), lambda view: (((), view),))

PROCESS_FAMILIES: tuple[AnyFamily, ...] = (
    Family(
        "process_cpu_seconds_total",
        Kind.COUNTER,
        "Total user and system CPU time spent in seconds.",
        PROCESS,
        lambda process: process.cpu_seconds,
    ),
    Family(
        "process_max_fds",
        Kind.GAUGE,
        "Maximum number of open file descriptors.",
        PROCESS,
        lambda process: process.max_files,
    ),
    Family(
        "process_open_fds",
        Kind.GAUGE,
        "Number of open file descriptors.",
        PROCESS,
        lambda process: process.open_files,
    ),
    Family(
        "process_resident_memory_bytes",
        Kind.GAUGE,
        "Resident memory size in bytes.",
        PROCESS,
        lambda process: process.resident_bytes,
    ),
    Family(
        "process_start_time_seconds",
        Kind.GAUGE,
        "Start time of the process since unix epoch in seconds.",
        PROCESS,
        lambda process: process.started,
    ),
    Family(
        "process_virtual_memory_bytes",
        Kind.GAUGE,
        "Virtual memory size in bytes.",
        PROCESS,
        lambda process: process.virtual_bytes,
    ),
    Family(
        "python_info",
        Kind.GAUGE,
        "Python platform information",
        PROCESS,
        lambda process: process.python,
        Shape.TEXT,
        ("implementation", "major", "minor", "patchlevel", "version"),
    ),
)
