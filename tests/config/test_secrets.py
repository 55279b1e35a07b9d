"""No way of looking at a configuration, or at a mistake in one, shows a secret."""

import copy
import json
import logging
import pickle
import traceback
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.config.dump import dump_config
from exporter.config.load import load_config
from exporter.config.schema import FileBlock, GlobalBlock, ServerBlock, TlsBlock
from exporter.config.values import Config, Password, Secret
from exporter.errors import ConfigurationError
from tests.support.config_files import CANARY, ENVIRON, PRODUCTS, SERVER, load, write

PROXY = f"    proxy_url: http://user:{CANARY}@proxy:3128\n"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A configuration with a secret wherever one can be."""
    return load(tmp_path, SERVER + PROXY)


def test_every_view(config: Config) -> None:
    """Text, repr and format of everything, and the effective configuration, are clean."""
    server = config.servers[0]
    things = (config, server, server.password, server.password.value, config.servers)
    views = [f"{thing}{thing!r}{thing!s}" for thing in things]
    assert CANARY not in "".join([*views, dump_config(config)])
    assert f"{server.password.value:>40}" == "<secret>"


def test_what_serialises(config: Config) -> None:
    """A secret cannot be pickled or written as JSON by accident."""
    for serialise in (pickle.dumps, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError) as raised:
            serialise(config.servers[0].password.value)  # type: ignore[operator]  # mixed signatures
        assert CANARY not in str(raised.value)
    with pytest.raises(TypeError):
        asdict(config)


def test_secrets_compare() -> None:
    """Secrets are equal by value, so that a changed password is noticed."""
    assert Secret("a") == Secret("a") != Secret("b")
    assert len({Secret("a"), Secret("a")}) == 1


def test_password_file_that_went(tmp_path: Path) -> None:
    """A password file that is gone or damaged later is an error in one sentence."""
    with pytest.raises(ConfigurationError, match=r"nowhere: No such file or directory$"):
        Password(file=tmp_path / "nowhere").read()
    (tmp_path / "damaged").write_bytes(b"\xff")
    with pytest.raises(ConfigurationError, match=r"damaged: is not UTF-8 text$"):
        Password(file=tmp_path / "damaged").read()


@pytest.mark.parametrize(
    "text",
    [
        SERVER + PROXY + "    zzz: 1\n",
        SERVER + PROXY.replace("http:", "ftp:"),
        SERVER.replace("https://", f"https://u:{CANARY}@"),
        SERVER.replace("password: ", f"pasword: {CANARY}\n    x: "),
        SERVER.replace("${PASSWORD}", f"[{CANARY}]"),
        SERVER.replace("${PASSWORD}", f"*{CANARY}"),
        SERVER.replace("${PASSWORD}", f"{CANARY}: {CANARY}"),
        SERVER.replace("${PASSWORD}", f"!<{CANARY}> x"),
        SERVER.replace("password", "password_file"),
    ],
)
def test_traceback(tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    """The whole traceback of a refused file, also in a log, is clean and has no hidden cause."""
    path = write(tmp_path, text)
    with pytest.raises(ConfigurationError) as raised:
        load_config(path, PRODUCTS, ENVIRON)
    logging.getLogger("test").error("refused", exc_info=raised.value)
    shown = "".join(traceback.format_exception(raised.value)) + repr(raised.value) + caplog.text
    assert raised.value.__context__ is None
    assert "refused" in shown
    assert CANARY not in shown


KEYS = [
    *(field.alias or key for key, field in FileBlock.model_fields.items()),
    *ServerBlock.model_fields,
    *TlsBlock.model_fields,
    *GlobalBlock.model_fields,
    "include", "exclude", "match", "max_age", "threads", "zzz", "<<", "1", "~", "no",
]  # fmt: skip
SCALARS = [
    "x", "1", "1.5", "60s", "true", "~", "''", "[", "{}", "*a", "&a b", "!!set x", "8", "(",
    "${HOST}", "${X}", "https://a", "auto", "vb365", "azure", "secret", "|\n x", '"\\n"', "0x10",
    "2024-01-01",
]  # fmt: skip
HIDDEN = [
    "${PASSWORD}", f"http://u:{CANARY}@p", CANARY, f"'{CANARY}'", f"[{CANARY}]", f"{{a: {CANARY}}}",
    f"*{CANARY}", f"!{CANARY}", f"&{CANARY}", f"@{CANARY}", f"{CANARY}: b", f'"{CANARY}',
    f"{{{CANARY}: 1, {CANARY}: 2}}",
]  # fmt: skip
SECRETIVE = ["password", "proxy_url", "pasword", "url", "password_file"]
PAIRS = st.one_of(
    st.tuples(st.sampled_from(KEYS), st.sampled_from(SCALARS)),
    st.tuples(st.sampled_from(SECRETIVE[:3]), st.sampled_from(HIDDEN)),
    st.tuples(st.sampled_from(SECRETIVE), st.sampled_from(HIDDEN[:2])),
)
LINES = st.tuples(st.sampled_from(["", "  ", "    ", "  - ", "- "]), PAIRS)


def check_quietly(directory: Path, text: str | bytes) -> None:
    """Load `text`; the only error allowed is ours, and it is clean."""
    try:
        config = load_config(write(directory, text), PRODUCTS, ENVIRON)
    except ConfigurationError as error:
        problems = error.problems
    else:
        problems = (f"config.yaml: {config!r}",)
        assert CANARY not in dump_config(config)
    assert problems
    for line in problems:
        assert line.startswith("config.yaml")
        assert CANARY not in line
        assert "\n" not in line


once_for_all = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@once_for_all
@given(st.lists(LINES, max_size=12), st.booleans())
def test_arbitrary_lines(
    tmp_path: Path, lines: list[tuple[str, tuple[str, str]]], on: bool
) -> None:
    """Lines out of our own words, well or badly put together, are loaded or refused cleanly."""
    text = "".join(f"{indent}{key}: {value}\n" for indent, (key, value) in lines)
    check_quietly(tmp_path, (SERVER if on else "") + text)


@once_for_all
@given(st.one_of(st.binary(), st.text(alphabet=" \n\t-:[]{}#&*!|>'\"%@`ab1~?,<", max_size=60)))
def test_arbitrary_bytes(tmp_path: Path, text: str | bytes) -> None:
    """Anything at all is loaded or refused cleanly."""
    check_quietly(tmp_path, text)


def test_a_misspelled_secret_key_hides_what_is_below_it(tmp_path: Path) -> None:
    """Even a secret that was written as a key is not repeated."""
    check_quietly(tmp_path, f"servers: [{{pasword: {{{CANARY}: 1, {CANARY}: 2}}}}]\n")
