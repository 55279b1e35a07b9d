"""Addresses within the pages, all relative: the exporter may stand behind a proxy's path."""

from urllib.parse import urlencode

from exporter.web.standing import Standing


def job_link(job: Standing) -> str:
    """The page of one job."""
    parts = {
        "server": job.server,
        "job_id": job.job.job_id,
        "session_type": job.job.session_type,
    }
    return "job?" + urlencode(parts, errors="replace")
