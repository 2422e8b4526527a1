"""What `pip install .` gives in an empty environment: the library, the command, the models and all that pages need.

The wheel goes into an environment of its own, which sees the installed dependencies but not this checkout.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from malaria import phantom

ROOT = Path(__file__).resolve().parents[1]
Run = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.xdist_group("package")


def files_in(folder: str) -> set[str]:
    """The files of a folder of this checkout, but what Python and training leave there."""
    paths = (path.relative_to(ROOT) for path in (ROOT / folder).rglob("*") if path.is_file())
    return {path.as_posix() for path in paths if not {"__pycache__", "work"} & set(path.parts)}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", str(ROOT), "--no-deps", "--no-build-isolation", "--wheel-dir"]
    subprocess.run([*command, str(place)], check=True, capture_output=True)
    return next(place.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of an environment that holds the wheel and nothing else of its own."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, with_pip=False, symlinks=os.name != "nt")
    variables = {"base": str(place), "platbase": str(place)}
    scripts = Path(sysconfig.get_path("scripts", "venv", variables))
    libraries = Path(sysconfig.get_path("purelib", "venv", variables))
    command = [sys.executable, "-m", "pip", "--python", str(scripts / "python"), "install", "--no-deps", str(wheel)]
    subprocess.run(command, check=True, capture_output=True)
    # A folder that a .pth names is only searched: an editable install of the checkout in it would not come along.
    (libraries / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return scripts


@pytest.fixture
def run(installed: Path, tmp_path: Path) -> Run:
    """Run a program of that environment in an empty folder, warnings as errors."""
    hidden = ("PYTHONPATH", "MALARIA_MODELS", "VIRTUAL_ENV")

    def call(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if name not in hidden}
        command = [str(installed / program), *map(str, arguments)]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    return call


# The wheel


def test_the_wheel_holds_the_library_and_the_models_and_nothing_else(wheel: Path) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    models = {re.sub("^models/", "malaria/_models/", name) for name in files_in("models")}
    assert any(name.endswith(".css") for name in held)
    assert held == files_in("malaria") | models


def test_the_wheel_asks_for_what_requirements_txt_pins(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    metadata = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    asked = message_from_bytes(archive.read(metadata)).get_all("Requires-Dist") or []
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pinned = {Requirement(line) for line in lines if line and not line.startswith("#")}
    assert {Requirement(line) for line in asked} == pinned
    assert all(str(requirement.specifier).startswith("==") for requirement in pinned)


# In an empty environment


def test_the_library_is_that_of_the_wheel(run: Run, installed: Path) -> None:
    done = run("python", "-c", "import malaria; print(malaria.__file__)")
    assert (done.returncode, done.stderr) == (0, "")
    assert installed.parent in Path(done.stdout.strip()).parents


def test_importing_the_library_loads_nothing_heavy(run: Run) -> None:
    heavy = "{'pandas', 'numpy', 'cv2', 'ai_edge_litert', 'scipy', 'streamlit', 'tensorflow', 'keras'}"
    done = run("python", "-c", f"import sys, malaria; print(*{heavy} & set(sys.modules))")
    assert (done.stdout.strip(), done.stderr) == ("", "")
    done = run("python", "-c", "import sys, malaria; malaria.predict([]); print('tensorflow' in sys.modules)")
    assert done.stdout.strip() == "False"


def test_the_command_answers_for_an_image(run: Run, tmp_path: Path) -> None:
    cell = phantom.batch(1)[0]
    (tmp_path / "cell.png").write_bytes(cell.png)
    done = run("malaria", "predict", "cell.png")
    assert done.returncode == 0
    assert done.stderr.endswith("1 of 1 image read by cell-resnet; 0 unreadable.\n")
    header, row = done.stdout.splitlines()
    assert header == "file,patient,p_parasitized,label,error"
    assert row.startswith("cell.png,,0.")
    assert run("python", "-m", "malaria", "predict", "cell.png").stdout == done.stdout


def test_the_command_knows_every_shipped_model(run: Run) -> None:
    done = run("malaria", "models")
    assert done.returncode == 0
    shipped = {path.name for path in (ROOT / "models").iterdir() if path.is_dir()}
    assert {line.split()[0] for line in done.stdout.splitlines() if " parameters " in line} == shipped


def test_the_lines_of_the_readme_run(run: Run, tmp_path: Path) -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## As a library")[1].split("\n## ")[0]
    (lines,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    (tmp_path / "readme.py").write_text(lines)
    done = run("python", "readme.py")
    assert done.returncode == 0, done.stderr
    assert "Parasitized" in done.stdout
    assert "Rate(value=" in done.stdout


def test_what_measures_the_product_is_asked_for_in_a_sentence(run: Run) -> None:
    done = run("malaria", "benchmark", "--only", "app", "--only", "one-cell")
    assert done.returncode == 0
    assert done.stdout.count("(needs a checkout of the project)") == 5
    assert "Traceback" not in done.stdout + done.stderr


def test_the_pages_find_all_that_they_need(run: Run, tmp_path: Path) -> None:
    shutil.copy(ROOT / "streamlit_app.py", tmp_path)
    shutil.copytree(ROOT / "pages", tmp_path / "pages")
    (tmp_path / "try.py").write_text(
        "from malaria.ui.parts.frame import PAGES\n"
        "from streamlit.testing.v1 import AppTest\n"
        "for entry in PAGES:\n"
        "    app = AppTest.from_file('streamlit_app.py', default_timeout=120)\n"
        "    app.switch_page(entry.file)\n"
        "    app.run()\n"
        "    print(entry.title, [shown.value for shown in [*app.exception, *app.error]])\n"
    )
    done = run("python", "try.py")
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if not line.endswith(" []")] == []
    assert len(done.stdout.splitlines()) == len(list((ROOT / "pages").glob("*.py"))) + 1


def test_an_editable_install_is_the_checkout(tmp_path: Path) -> None:
    place = tmp_path / "editable"
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--target", str(place)]
    subprocess.run([*command, "--editable", str(ROOT)], check=True, capture_output=True)
    lines = [line for path in place.glob("*.pth") for line in path.read_text().split()]
    assert lines == [str(ROOT)]
