"""The jobs of a world: the product's own set once, or as many as asked for."""

from dataclasses import replace

from exporter.simulator.generation import identifier
from exporter.simulator.profile import JobTemplate, Profile
from exporter.simulator.runs import FOREVER, Job


def populate(profile: Profile, seed: int, wanted: int | None) -> list[Job]:
    """`wanted` listed jobs (None: each template once) and the schedules behind other runs.

    More jobs than templates repeat the templates with a number; each copy runs a little later.
    """
    listed = [template for template in profile.templates if template.listed]
    others = [template for template in profile.templates if not template.listed]
    count = len(listed) if wanted is None else wanted
    chosen = [
        _numbered(listed[place % len(listed)], place // len(listed)) for place in range(count)
    ]
    jobs = [_job(profile, seed, place, template) for place, template in enumerate(chosen)]
    for place, job in enumerate(jobs):
        template = job.template
        if template is not None and template.source is not None:
            source = place - place % len(listed) + template.source
            job.source_id = jobs[source].id if source < len(jobs) else ""
    if count:
        jobs += [_job(profile, seed, count + place, other) for place, other in enumerate(others)]
    return jobs


def _numbered(template: JobTemplate, round_: int) -> JobTemplate:
    if round_ == 0:
        return template
    return replace(
        template,
        name=f"{template.name} {round_ + 1}",
        phase=(template.phase + round_ * 137.0) % template.period,
        enabled=True,
    )


def _job(profile: Profile, seed: int, place: int, template: JobTemplate) -> Job:
    return Job(
        id=identifier(seed, "job", place),
        index=place,
        name=template.name,
        kind=template.kind,
        organization=profile.organizations[template.organization],
        repository=profile.repositories[template.repository],
        template=template,
        pauses=[] if template.enabled else [(-FOREVER, FOREVER)],
    )
