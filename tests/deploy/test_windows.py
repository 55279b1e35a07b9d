"""The Windows service: what can be read of it here. Neither WinSW nor PowerShell runs in a test."""

import argparse
import re
import shlex
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import parse

from exporter.cli import serve
from tests.support.dockerfile import ROOT

FOLDER = ROOT / "deploy" / "windows"
NAME = "backup-session-exporter"
SCRIPTS = sorted(FOLDER.glob("*.ps1"))
OPENING = {")": "(", "]": "[", "}": "{"}


@pytest.fixture(scope="module")
def service() -> Element:
    """The description of the service."""
    root: Element = parse(FOLDER / f"{NAME}.xml").getroot()
    return root


def words(service: Element) -> list[str]:
    """The arguments, as Windows would split them."""
    return shlex.split((service.findtext("arguments") or "").replace("\\", "/"))


def test_every_flag_is_known_to_the_exporter(service: Element) -> None:
    """The service starts `serve`, which accepts the flags."""
    module, name, command, *flags = words(service)
    assert (module, name, command) == ("-m", "exporter", "serve")
    parser = argparse.ArgumentParser(allow_abbrev=False)
    serve.add_flags(parser)
    parser.parse_args(flags)


def test_the_exporter_gets_time_to_stop(service: Element) -> None:
    """It may take ten seconds to log off everywhere and close the ledger."""
    assert int((service.findtext("stoptimeout") or "0").split()[0]) >= 15


def test_program_and_data_are_apart(service: Element) -> None:
    """What is executed lies where only administrators write, what is written elsewhere."""
    assert (service.findtext("executable") or "").startswith("%BASE%")
    data = [word for word in words(service) if word.startswith(("--config.", "--storage."))]
    assert len(data) == 2
    assert all(f"=%ProgramData%/{NAME}/" in word for word in data)
    assert (service.findtext("logpath") or "").startswith("%ProgramData%")


def test_scripts_and_service_agree_on_the_name(service: Element) -> None:
    """The virtual account, the firewall rule and the folders follow from it."""
    assert service.findtext("id") == NAME
    assert len(SCRIPTS) == 2
    for script in SCRIPTS:
        assert f"$Name = '{NAME}'\n" in script.read_text(encoding="utf-8")


def test_the_service_has_an_account_without_password_and_rights() -> None:
    """No LocalSystem, and nobody else may read the secrets."""
    text = (FOLDER / "install.ps1").read_text(encoding="utf-8")
    assert '$Account = "NT SERVICE\\$Name"' in text
    assert "'obj=', $Account" in text
    assert "'/inheritance:r'" in text
    assert "LocalSystem" not in text


def test_packages_are_installed_from_the_lock() -> None:
    """Each installation is hash-pinned, or takes nothing from an index."""
    text = (FOLDER / "install.ps1").read_text(encoding="utf-8")
    installing = [line for line in text.splitlines() if "'pip', 'install'" in line]
    assert len(installing) == 2
    assert all("--require-hashes" in line or "--no-index" in line for line in installing)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_scripts_stop_at_the_first_error(script: Path) -> None:
    """For administrators only, strictly, with help and a dry run."""
    text = script.read_text(encoding="utf-8")
    assert "#Requires -RunAsAdministrator" in text
    assert "Set-StrictMode -Version Latest" in text
    assert "$ErrorActionPreference = 'Stop'" in text
    assert "SupportsShouldProcess" in text
    assert ".SYNOPSIS" in text


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_brackets_are_closed(script: Path) -> None:
    """As much of PowerShell's grammar as can be judged without PowerShell."""
    text = re.sub(r"<#.*?#>", "", script.read_text(encoding="utf-8"), flags=re.DOTALL)
    code = re.sub(r"'[^']*'|\"[^\"]*\"|#.*", "", text)
    open_ones: list[str] = []
    for character in code:
        if character in OPENING.values():
            open_ones.append(character)
        elif character in OPENING:
            assert open_ones.pop() == OPENING[character]
    assert open_ones == []
