"""Every study is a command that explains itself, is documented, and refuses in a sentence."""

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

ROOT = Path(__file__).resolve().parents[2]
STUDIES = sorted(path.stem for path in (ROOT / "studies").glob("[!_]*.py"))
DOCUMENT = (ROOT / "docs" / "studies.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("study", STUDIES)
def test_a_study_is_documented_with_its_command(study: str) -> None:
    assert f"\n| `{study}` |" in DOCUMENT
    assert f"\npython -m studies.{study}" in DOCUMENT


def test_no_study_is_documented_that_is_not_there() -> None:
    assert set(re.findall(r"python -m studies\.([a-z_]+)", DOCUMENT)) == set(STUDIES)


@pytest.mark.parametrize("study", STUDIES)
def test_a_study_explains_itself(study: str) -> None:
    module = importlib.import_module(f"studies.{study}")
    assert inspect.getdoc(module)
    app = typer.Typer(add_completion=False)
    app.command()(module.main)
    done = CliRunner().invoke(app, ["--help"])
    assert done.exit_code == 0
    assert (inspect.getdoc(module.main) or "-")[:30] in done.output
    for option in re.findall(r"--[a-z-]+", done.output):
        assert option == "--help" or option in DOCUMENT


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "iml_smears_dev.zip").write_bytes(b"torn")
    command = [sys.executable, "-m", "studies.annotated_fields"]
    done = subprocess.run([*command, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "An archive cannot be read (File is not a zip file).\n"
    (tmp_path / "iml_smears_dev.zip").unlink()
    done = subprocess.run([*command, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    place = tmp_path / "iml_smears_dev.zip"
    assert (done.returncode, done.stderr) == (2, f"{place} cannot be used (No such file or directory).\n")
