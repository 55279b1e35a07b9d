"""A good file becomes a configuration with every default filled in."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.config.load import load_config
from exporter.config.problems import Findings
from exporter.config.values import Objective, Secret, Selection, ServerConfig
from exporter.errors import ConfigurationError
from tests.support.config_files import CANARY, ENVIRON, PRODUCTS, SERVER, load, problems, write

PIN = ":".join(["AB"] * 32)
EM = SERVER.replace("vb365\n", "enterprise_manager\n")


def server(directory: Path, text: str) -> ServerConfig:
    """The only server in `text`."""
    return load(directory, text).servers[0]


def test_smallest_file(tmp_path: Path) -> None:
    """Five keys are enough; everything else has its default."""
    config = load(tmp_path, SERVER)
    found = config.servers[0]
    assert config.warnings == ()
    assert config.objectives == ()
    assert config.path == tmp_path / "config.yaml"
    assert (found.name, found.product, found.username) == ("m365", "vb365", "monitor")
    assert found.password.read() == Secret(CANARY)
    assert found == ServerConfig(
        found.name, found.product, found.url, found.username, found.password
    )


def test_all_problems_at_once(tmp_path: Path) -> None:
    """Mistakes in different places and of different kinds are reported together, by line."""
    text = (
        "global: {poll_interval: 60, page_size: x}\n"
        "objectives:\n  - {max_age: soon}\n"
        + SERVER.replace("password:", "pasword:").replace("vb365\n", "vb356\n")
        + "    jobs: {include: ['(']}\n    tls_config: {ca_file: nowhere, cert_file: cert.pem}\n"
        "  - name: m365\n    overlap: 20d\nextra: 1\n"
    )
    found = problems(tmp_path, text)
    lines = [int(line.split(":")[1]) for line in found]
    assert lines == sorted(lines)
    places = [line.split(": ")[1] for line in found]
    assert places == [
        "global.page_size",
        "global.poll_interval",
        "objectives[0].max_age",
        "servers[0].product",
        "servers[0].pasword",
        "servers[0].jobs.include[0]",
        "servers[0].tls_config.ca_file",
        "servers[0].tls_config.cert_file",
        *(f"servers[1].{key}" for key in ("name", "password", "product", "url", "username")),
        "servers[1].overlap",
        "extra",
    ]


def test_sentence_of_the_documentation(tmp_path: Path) -> None:
    """A misspelled key names file, line, place and what was meant, and nothing else is said."""
    text = "# two\n" + SERVER + SERVER.replace("servers:\n", "").replace("m365\n", "b\n")
    head, _, tail = text.rpartition("password:")
    assert problems(tmp_path, f"{head}pasword:{tail}") == (
        'config.yaml:12: servers[1].pasword: unknown key; did you mean "password"?',
    )


@pytest.mark.parametrize(
    ("text", "poll_interval", "overlap"),
    [
        (SERVER, 60, 900),
        (EM, 300, 3600),
        ("global: {poll_interval: 2m}\n" + EM, 120, 3600),
        ("global: {poll_interval: 2m}\n" + EM + "    poll_interval: 10s\n    overlap: 0\n", 10, 0),
    ],
    ids=["general", "product", "global", "server"],
)
def test_precedence(tmp_path: Path, text: str, poll_interval: float, overlap: float) -> None:
    """A server's key wins over `global`, that over the product, that over the general default."""
    found = server(tmp_path, text)
    assert (found.poll_interval, found.overlap) == (poll_interval, overlap)


def test_overlap_follows_a_short_lookback(tmp_path: Path) -> None:
    """An overlap that nobody wrote never reaches back further than the first poll did."""
    assert server(tmp_path, SERVER + "    lookback: 10m\n").overlap == 300


def test_page_size_keeps_to_the_product(tmp_path: Path) -> None:
    """The page size is an upper bound; the product's own maximum is another."""
    azure = SERVER.replace("vb365\n", "azure\n")
    assert server(tmp_path, azure).page_size == 200
    assert server(tmp_path, azure + "    page_size: 50\n").page_size == 50


@pytest.mark.parametrize(
    ("product", "written", "version"),
    [
        ("vb365", "8", "v8"),
        ("vb365", "V7", "v7"),
        ("azure", "8.1", "v8.1"),
        ("azure", '"8.1"', "v8.1"),
        ("enterprise_manager", "v1.7", "v1.7"),
        ("vb365", "AUTO", "auto"),
    ],
)
def test_api_version(tmp_path: Path, product: str, written: str, version: str) -> None:
    """A version may be written with or without its v; the product's form is kept."""
    text = SERVER.replace("vb365\n", f"{product}\n") + f"    api_version: {written}\n"
    assert server(tmp_path, text).api_version == version


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://Backup.example.com:4443/", "https://backup.example.com:4443"),
        ("HTTPS://backup.example.com/em//", "https://backup.example.com/em"),
        ("https://${HOST}:9398", "https://backup.example.com:9398"),
        ('"https://[::1]:4443"', "https://[::1]:4443"),
        ("https://bücher.example", "https://bücher.example"),
    ],
)
def test_url(tmp_path: Path, written: str, url: str) -> None:
    """An address is kept in one form, without a trailing slash."""
    assert server(tmp_path, SERVER.replace("https://vb365.example.com:4443", written)).url == url


@pytest.mark.parametrize(
    ("host", "warned"),
    [
        ("backup.example.com", True),
        ("192.0.2.1:80", True),
        ("127.0.0.1:80", False),
        ("localhost", False),
        ("vb365.localhost", False),
        ("[::1]:8080", False),
    ],
)
def test_unencrypted(tmp_path: Path, host: str, warned: bool) -> None:
    """A password that would cross the network in the clear is warned of."""
    text = SERVER.replace("https://vb365.example.com:4443", f'"http://{host}"')
    expected = "config.yaml:4: servers[0].url: http:// sends the password unencrypted; use https://"
    assert load(tmp_path, text).warnings == ((expected,) if warned else ())


def test_password_file(tmp_path: Path) -> None:
    """A password file is found beside the configuration and read when it is needed."""
    text = SERVER.replace("password: ${PASSWORD}", "password_file: secret")
    found = server(tmp_path, text)
    assert found.password.file == tmp_path / "secret"
    assert found.password.read().reveal() == CANARY
    (tmp_path / "secret").write_text("changed\r\n")
    assert found.password.read() == Secret("changed")


def test_the_mark_in_front_of_a_windows_text_is_no_part_of_a_password(tmp_path: Path) -> None:
    """A password saved by Notepad logs on, rather than locking the account."""
    found = server(tmp_path, SERVER.replace("password: ${PASSWORD}", "password_file: secret"))
    (tmp_path / "secret").write_bytes(b"\xef\xbb\xbfchanged\r\n")
    assert found.password.read() == Secret("changed")


def test_password_file_open_to_all(tmp_path: Path) -> None:
    """A password file that everybody can read is warned of, and works."""
    path = write(tmp_path, SERVER.replace("password: ${PASSWORD}", "password_file: secret"))
    (tmp_path / "secret").chmod(0o644)
    (warning,) = load_config(path, PRODUCTS, {}).warnings
    assert warning.startswith("config.yaml:6: servers[0].password_file: everyone on this machine")


def test_password_file_from_a_variable(tmp_path: Path) -> None:
    """The directory of secrets may come from the environment."""
    path = write(tmp_path, SERVER.replace("password: ${PASSWORD}", "password_file: ${DIR}/secret"))
    config = load_config(path, PRODUCTS, {"DIR": str(tmp_path)})
    assert config.servers[0].password.file == tmp_path / "secret"


def test_variables_within_text(tmp_path: Path) -> None:
    """Variables stand within longer text; a lone $ or brace means itself."""
    found = server(tmp_path, SERVER.replace("${PASSWORD}", "a$b${HOST}{c}${HOST}$"))
    assert found.password.read() == Secret("a$bbackup.example.com{c}backup.example.com$")


def test_variables_are_replaced_once(tmp_path: Path) -> None:
    """What a variable holds is taken as it is, also when it looks like a variable."""
    path = write(tmp_path, SERVER)
    config = load_config(path, PRODUCTS, {"PASSWORD": "${PASSWORD}"})
    assert config.servers[0].password.read() == Secret("${PASSWORD}")


def test_tls(tmp_path: Path) -> None:
    """TLS files are found beside the configuration; fingerprints are kept in one form."""
    files = "ca_file: cert.pem, cert_file: cert.pem, key_file: key.pem"
    tls = f"{{{files}, server_name: a.b, pinned_sha256: ['{PIN}']}}"
    found = server(tmp_path, SERVER + f"    tls_config: {tls}\n").tls
    assert (found.ca_file, found.cert_file) == (tmp_path / "cert.pem",) * 2
    assert (found.key_file, found.server_name) == (tmp_path / "key.pem", "a.b")
    assert found.pinned_sha256 == ("ab" * 32,)
    assert not found.insecure_skip_verify


def test_tls_without_tls(tmp_path: Path) -> None:
    """TLS settings for an address without TLS are warned of."""
    text = SERVER.replace("https://vb365.example.com:4443", "http://localhost")
    (warning,) = load(tmp_path, text + "    tls_config: {server_name: a}\n").warnings
    assert warning.endswith("tls_config: has no effect on an http:// address")


def test_proxy(tmp_path: Path) -> None:
    """A proxy may hold credentials from the environment."""
    found = server(tmp_path, SERVER + "    proxy_url: http://u:${PASSWORD}@proxy:3128/\n")
    assert found.proxy_url == f"http://u:{CANARY}@proxy:3128"


def test_selections(tmp_path: Path) -> None:
    """Jobs are matched with regard to case and session types without, both as whole texts."""
    text = (
        SERVER + "    jobs: {include: ['a.*']}\n    session_types: {exclude: [backupretention]}\n"
    )
    found = server(tmp_path, text)
    assert [found.jobs.admits(name) for name in ("abc", "Abc", "xa")] == [True, False, False]
    types = ("Backup", "BackupRetention", "BackupRetentions")
    assert [found.session_types.admits(name) for name in types] == [True, False, True]


def test_regex_that_python_wonders_about(tmp_path: Path) -> None:
    """A pattern that Python warns of is the user's business."""
    assert server(tmp_path, SERVER + "    jobs: {include: ['[[a]']}\n").jobs.admits("[")


def test_success_results(tmp_path: Path) -> None:
    """Results are kept in the order of the file, each once."""
    text = SERVER + "    success_results: [warning, success, warning]\n"
    assert server(tmp_path, text).success_results == ("warning", "success")


def test_options(tmp_path: Path) -> None:
    """Keys of one product have their own types and defaults."""
    assert dict(server(tmp_path, EM).options) == {
        "replicas": True, "threads": 2, "collection_age": 1800.0, "backup_servers": Selection(),
    }  # fmt: skip
    text = EM + "    replicas: false\n    threads: 0\n    collection_age: 1h\n"
    options = server(tmp_path, text + "    backup_servers: {include: [a]}\n").options
    assert (options["replicas"], options["threads"]) == (False, 0)
    assert options["collection_age"] == 3600
    assert isinstance(options["backup_servers"], Selection)
    assert not options["backup_servers"].admits("b")


def test_objectives(tmp_path: Path) -> None:
    """The first objective that matches says how old a success may be; no match means none."""
    config = load(
        tmp_path,
        "objectives:\n  - {match: {job_name: 'daily.*', session_type: backup}, max_age: 26h}\n"
        "  - {match: {server: m365, job_name: '.*weekly'}, max_age: 8d}\n" + SERVER,
    )
    assert config.max_age("m365", "daily-weekly", "Backup") == 26 * 3600
    assert config.max_age("m365", "daily-weekly", "BackupCopy") == 8 * 86400
    assert config.max_age("m365", "other", "Backup") is None


def test_objective_for_everything(tmp_path: Path) -> None:
    """An objective without a match is for every job, whatever its name holds."""
    (objective,) = load(tmp_path, "objectives: [{max_age: 1d}]\n" + SERVER).objectives
    assert isinstance(objective, Objective)
    assert objective.matches("any\nthing", "", "x")


@pytest.mark.parametrize("match", ["", "match: {job_name: '.*'}, "])
def test_objective_without_a_type_is_for_what_should_recur(tmp_path: Path, match: str) -> None:
    """A repository that was made once, a restore or a retention never owes another success."""
    (objective,) = load(tmp_path, f"objectives: [{{{match}max_age: 1d}}]\n" + SERVER).objectives
    recurring = {"Backup", "BackupCopy", "Replica", "PolicySnapshot", "VmProtection", ""}
    others = {
        "RepositoryCreation",
        "RepositoryEdit",
        "VnetRepositoryImport",
        "SnapshotDeletion",
        "SqlRestore",
        "BackupRetention",
        "HealthCheck",
        "PolicyArchive",
        "ManualSnapshot",
        "InfrastructureRescan",
        "Retrieval",
        "FileShareIndexing",
        "ConfigurationBackupDownload",
        "ConfigurationBackupSync",
    }
    found = {one for one in recurring | others if objective.matches("m365", "a", one)}
    assert found == recurring


def test_objective_with_a_type_is_for_that_type(tmp_path: Path) -> None:
    """Who wants archives and health checks watched says so."""
    text = "objectives: [{match: {session_type: '.*(archive|check)'}, max_age: 40d}]\n"
    (objective,) = load(tmp_path, text + SERVER).objectives
    assert objective.matches("azure", "vm", "PolicyArchive")
    assert objective.matches("azure", "vm", "HealthCheck")
    assert not objective.matches("azure", "vm", "PolicyBackup")


def test_objective_for_no_server(tmp_path: Path) -> None:
    """An objective for a server that is not there is warned of."""
    text = "objectives: [{match: {server: 'm36'}, max_age: 1d}]\n" + SERVER
    expected = 'config.yaml:1: objectives[0].match.server: "m36" matches the name of no server'
    assert load(tmp_path, text).warnings == (expected,)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (SERVER + "    stale_after: 30s\n", "config.yaml:7: servers[0].stale_after"),
        (SERVER + "    poll_interval: 1h\n", "config.yaml:7: servers[0].poll_interval"),
        ("global: {stale_after: 1s}\n" + SERVER, "config.yaml:1: global.stale_after"),
    ],
)
def test_stale_before_the_next_poll(tmp_path: Path, text: str, line: str) -> None:
    """Claims about now that would be withdrawn between two polls are warned of."""
    (warning,) = load(tmp_path, text).warnings
    assert warning.startswith(f"{line}: stale_after (")


def test_anchors_and_merge_keys(tmp_path: Path) -> None:
    """Anchors, aliases and merge keys work; a server's own key wins over a merged one."""
    text = (
        SERVER.replace("- name", "- &first\n    name")
        + "    jobs: &jobs {include: [x]}\n"
        + "  - <<: *first\n    name: second\n"
        + "  - <<: [{page_size: 1}, {page_size: 2}, *first]\n    name: third\n    jobs: *jobs\n"
    )
    one, two, three = load(tmp_path, text).servers
    assert replace(two, name="m365") == one
    assert replace(three, name="m365", page_size=1000) == one
    assert three.page_size == 1


def test_problem_in_a_merged_key(tmp_path: Path) -> None:
    """A merged mistake is told for each server that has it, with the line where it stands."""
    text = SERVER.replace("- name", "- &a\n    name") + "    page_size: x\n  - {<<: *a, name: b}\n"
    lines = [line.rsplit(":", 1)[0] for line in problems(tmp_path, text)]
    assert lines == [f"config.yaml:8: servers[{n}].page_size" for n in (0, 1)]


def test_file_name_of_the_user(tmp_path: Path) -> None:
    """Problems carry the file's own name."""
    path = write(tmp_path, "x: 1").rename(tmp_path / "mine.yml")
    with pytest.raises(ConfigurationError, match=r"^mine\.yml:1: "):
        load_config(path, PRODUCTS, ENVIRON)


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there is named in full."""
    path = tmp_path / "nowhere.yaml"
    with pytest.raises(ConfigurationError) as raised:
        load_config(path, PRODUCTS, ENVIRON)
    said = f"nowhere.yaml: cannot read {path}: No such file or directory; "
    said += "name the file with --config.file"
    assert raised.value.problems == (said,)


def test_directory(tmp_path: Path) -> None:
    """A directory is refused as such."""
    with pytest.raises(ConfigurationError, match=r"is a directory; name the file in it$"):
        load_config(tmp_path, PRODUCTS, ENVIRON)


def test_impossible_path() -> None:
    """A path that no file can have is a problem, not a crash."""
    with pytest.raises(ConfigurationError, match="not a usable path"):
        load_config(Path("a\0b"), PRODUCTS, ENVIRON)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file(tmp_path: Path) -> None:
    """A file without permission to read is told as that."""
    path = write(tmp_path, SERVER)
    path.chmod(0)
    with pytest.raises(ConfigurationError, match="Permission denied"):
        load_config(path, PRODUCTS, ENVIRON)


def test_not_utf8(tmp_path: Path) -> None:
    """Another encoding is told with its line."""
    found = problems(tmp_path, SERVER.encode() + b"# caf\xe9\n")
    assert found == ("config.yaml:7: is not UTF-8 text; save it with that encoding",)


def test_byte_order_mark(tmp_path: Path) -> None:
    """A byte order mark, as some editors write it, is no part of the file."""
    assert load(tmp_path, b"\xef\xbb\xbf" + SERVER.encode()).servers


def test_large_file(tmp_path: Path) -> None:
    """A file beyond 1 MiB is refused before it is parsed."""
    found = problems(tmp_path, SERVER + "#" * 1024 * 1024)
    assert found == ("config.yaml: is larger than 1 MiB, which no configuration needs to be",)


LAUGHS = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 12))


@pytest.mark.parametrize(
    "text",
    [
        "l0: &l0 [x]\n" + LAUGHS,
        "a: &a {b: *a}\n",
        "a: &a {<<: *a}\n",
        "a: " + "[" * 100 + "]" * 100,
        "a: " + "[" * 100_000,
        "s: &s [&t [{a: 1}]]\na: {<<: [[[[" + ", ".join(["*s"] * 9) + "]]]]}\n",
    ],
    ids=["aliases", "own-alias", "own-merge", "deep", "deeper", "merge-lists"],
)
def test_bombs(tmp_path: Path, text: str) -> None:
    """A small file that means a huge document is refused at once."""
    assert problems(tmp_path, text)


def test_merge_bomb(tmp_path: Path) -> None:
    """Merge keys that multiply are refused at once, too."""
    text = "x: {<<: [&l0 [{a: 1}], &l1 [*l0, *l0]"
    text += "".join(f", &l{n} [*l{n - 1}, *l{n - 1}]" for n in range(2, 25)) + "]}\n"
    assert "repeat too much" in problems(tmp_path, text)[0]


def test_long_words_are_shown_short(tmp_path: Path) -> None:
    """A long value is shortened where it is repeated."""
    (found,) = problems(tmp_path, SERVER.replace("vb365\n", "x" * 500 + "\n"))
    assert "x" * 59 + "…" in found
    assert "x" * 61 not in found


def test_findings_without_lines() -> None:
    """A problem of a file that was not parsed has no line."""
    findings = Findings("a.yaml")
    findings.add(("x",), "is wrong")
    assert findings.problems() == ("a.yaml: x: is wrong",)


def test_a_thousand_servers(tmp_path: Path) -> None:
    """A large installation's file is read, and fast enough for a reload."""
    body = SERVER.removeprefix("servers:\n")
    text = "servers:\n" + "".join(body.replace("m365\n", f"s{n}\n") for n in range(1000))
    assert len(load(tmp_path, text).servers) == 1000
