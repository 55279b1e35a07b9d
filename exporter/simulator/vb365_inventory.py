"""What Veeam Backup for Microsoft 365 tells beside sessions: jobs, storage, licence, health."""

from exporter.simulator import vb365_rows as rows
from exporter.simulator.exchange import Answer, Call, json_answer
from exporter.simulator.generation import identifier
from exporter.simulator.profile import DAY
from exporter.simulator.vb365_pages import list_of, refuse
from exporter.simulator.vb365_rows import Row, Scene
from exporter.simulator.world import World

PRODUCT_VERSIONS = {5: "5.0.3.1063", 6: "6.1.0.423", 7: "7.1.0.1501", 8: "8.1.0.305"}
TEBIBYTE = 1024**4
REGION = "Worldwide"


class Inventory:
    """The small lists and facts; `newest` is the product's own version."""

    def __init__(self, world: World, newest: int) -> None:
        self._world = world
        self._newest = newest

    def jobs(self, call: Call, scene: Scene, _id: str) -> Answer:
        """`GET /Jobs`: backup jobs."""
        return list_of("Jobs", self._jobs(scene, copies=False), call, scene)

    def copy_jobs(self, call: Call, scene: Scene, _id: str) -> Answer:
        """`GET /CopyJobs`."""
        return list_of("CopyJobs", self._jobs(scene, copies=True), call, scene)

    def job(self, _call: Call, scene: Scene, job_id: str) -> Answer:
        """`GET /Jobs/{id}` and `GET /CopyJobs/{id}`."""
        job = self._world.job(job_id)
        if job is None or not job.listed:
            raise refuse(404, f"Job {job_id} was not found", scene, "ResourceNotFound")
        return json_answer(rows.job_row(job, self._world, scene))

    def organizations(self, call: Call, scene: Scene, _id: str) -> Answer:
        """`GET /Organizations`."""
        names = sorted({job.organization for job in self._world.jobs()})
        names = names or list(self._world.profile.organizations)
        found = [_organization(name, scene) for name in names]
        return list_of("Organizations", found, call, scene)

    def repositories(self, call: Call, scene: Scene, _id: str) -> Answer:
        """`GET /BackupRepositories`."""
        names = self._world.profile.repositories
        found = [_repository(place, name, scene) for place, name in enumerate(names)]
        return list_of("BackupRepositories", found, call, scene)

    def proxies(self, call: Call, scene: Scene, _id: str) -> Answer:
        """`GET /Proxies`."""
        proxy: Row = {
            "id": rows.PROXY_ID,
            "hostName": "BACKUP-PROXY1",
            "type": "Workgroup",
            "port": 9193,
            "status": "Online",
        }
        return list_of("Proxies", [proxy], call, scene)

    def license(self, _call: Call, scene: Scene, _id: str) -> Answer:
        """`GET /License`: names of the dates changed with version 7."""
        expires = scene.time(self._world.now() + 200 * DAY)
        body: Row = {
            "licenseID": identifier(0, "license"),
            "status": "Valid",
            "type": "Subscription",
            "licensedTo": "Simulated company",
            "totalNumber": 1500,
            "usedNumber": 1212,
            "newNumber": 7,
        }
        if scene.version >= 7:
            grace = scene.time(self._world.now() + 230 * DAY)
            body |= {
                "licenseExpires": expires,
                "gracePeriodExpires": grace,
                "package": "Foundation",
            }
        else:
            body |= {"expirationDate": expires, "supportExpirationDate": expires}
        return json_answer(body)

    def service_instance(self, _call: Call, _scene: Scene, _id: str) -> Answer:
        """`GET /ServiceInstance`."""
        installation = identifier(0, "installation")
        version = PRODUCT_VERSIONS[self._newest]
        return json_answer({"installationId": installation, "version": version})

    def health(self, _call: Call, _scene: Scene, _id: str) -> Answer:
        """`GET /Health`, for everybody since version 8."""
        fine = {"status": "Healthy", "description": None}
        return json_answer({"status": "Healthy", "entries": {"nats": fine, "database": fine}})

    def portal(self, _call: Call, _scene: Scene, _id: str) -> Answer:
        """`GET /RestorePortalSettings`, for everybody since version 6."""
        return json_answer({"isServiceEnabled": False})

    def _jobs(self, scene: Scene, *, copies: bool) -> list[Row]:
        return [
            rows.job_row(job, self._world, scene)
            for job in self._world.jobs()
            if (job.kind == "Copy") is copies
        ]


def _organization(name: str, scene: Scene) -> Row:
    organization = rows.organization_id(name)
    return {
        "id": organization,
        "name": name,
        "type": "Office365",
        "region": REGION,
        "_links": {"self": scene.link(f"organizations/{organization}")},
    }


def _repository(place: int, name: str, scene: Scene) -> Row:
    """A disk, or in the last place object storage, whose size is not told."""
    disk = name != "Object storage"
    row: Row = {
        "id": rows.repository_id(name),
        "name": name,
        "path": f"D:\\backup{place}" if disk else None,
        "capacityBytes": (place + 2) * TEBIBYTE if disk else None,
        "freeSpaceBytes": TEBIBYTE // 2 if disk else None,
        "retentionType": "SnapshotBased",
        "isLongTerm": False,
        "isOutOfSync": False,
        "proxyId": rows.PROXY_ID,
        "_links": {"self": scene.link(f"backuprepositories/{rows.repository_id(name)}")},
    }
    if scene.version >= 8:
        row |= {"proxyPoolId": None, "organizationId": None, "isOutdated": False}
    return row
