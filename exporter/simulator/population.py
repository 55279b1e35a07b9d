"""The jobs of a world: the product's own set once, or as many as asked for."""

from dataclasses import replace

from exporter.simulator.generation import identifier
from exporter.simulator.profile import JobTemplate, Profile
from exporter.simulator.runs import FOREVER, Job


def populate(profile: Profile, seed: int, wanted: int | None) -> list[Job]:
    """`wanted` listed jobs (None: each template once) and the schedules that no list shows.

    More jobs than templates repeat the templates with a number; each copy runs a little later.
    """
    listed = [place for place, template in enumerate(profile.templates) if template.listed]
    count = len(listed) if wanted is None else wanted
    jobs: list[Job] = []
    for turn in range(-(-count // len(listed))):
        places = listed[: count - turn * len(listed)]
        jobs += _round(profile, seed, turn, places)
    if jobs:
        jobs += [
            _job(profile, seed, (0, place), template)
            for place, template in enumerate(profile.templates)
            if not template.listed and template.part_of is None
        ]
    for index, job in enumerate(jobs):
        job.index = index
    return jobs


def _round(profile: Profile, seed: int, turn: int, places: list[int]) -> list[Job]:
    """Each of the templates in `places` once, with its parts."""
    templates = profile.templates
    made = {
        place: _job(profile, seed, (turn, place), _numbered(templates[place], turn))
        for place in places
    }
    for place, job in made.items():
        job.owner_id = job.id
        source = templates[place].source
        job.source_id = made[source].id if source in made else ""
    parts: list[Job] = []
    for place, template in enumerate(templates):
        if template.part_of is not None and template.part_of in made:
            part = _job(profile, seed, (turn, place), _numbered(template, turn))
            part.owner_id = made[template.part_of].id
            parts.append(part)
    return [*made.values(), *parts]


def _numbered(template: JobTemplate, turn: int) -> JobTemplate:
    if turn == 0:
        return template
    return replace(
        template,
        name=f"{template.name} {turn + 1}",
        phase=(template.phase + turn * 137.0) % template.period,
        enabled=True,
    )


def _job(profile: Profile, seed: int, where: tuple[int, int], template: JobTemplate) -> Job:
    return Job(
        id=identifier(seed, "job", *where),
        index=0,
        name=template.name,
        kind=template.kind,
        organization=profile.organizations[template.organization],
        repository=profile.repositories[template.repository],
        template=template,
        pauses=[] if template.enabled else [(-FOREVER, FOREVER)],
    )
