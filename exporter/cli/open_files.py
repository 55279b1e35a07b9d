"""How many files and connections the process may have open at the same time."""


def allow_open_files() -> None:
    """As many as the system grants without a privilege.

    Most systems begin with 1,024, for programs that use select(), which we do not. Every polled
    server may need four connections and every scraper one.
    https://man7.org/linux/man-pages/man2/getrlimit.2.html
    """
    try:
        import resource  # noqa: PLC0415
    except ImportError:  # Windows has no such limit
        return
    _soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    except (OSError, ValueError):
        return  # macOS calls it unlimited and takes less
