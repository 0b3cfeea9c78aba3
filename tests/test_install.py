"""What is built holds what it must, and runs in an empty environment without any extra."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PARTS = ("src", "tests", "reports", "README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml")
STARTS = ("[console_scripts]\nbackprove = ", "[pytest11]\nbackprove = backprove.pytest_plugin")
BIN = "Scripts" if os.name == "nt" else "bin"

pytestmark = pytest.mark.slow


def files(folder: Path) -> set[str]:
    """Those in a folder, as paths from the folder above it."""
    found = (file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return {file.relative_to(folder.parent).as_posix() for file in found}


def faults_of_wheel(wheel: Path) -> list[str]:
    """What a wheel lacks of the package's files and entry points, and what it has that is none of these."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        starts = [name for name in names if name.endswith(".dist-info/entry_points.txt")]
        said = archive.read(starts[0]).decode() if starts else ""
    facts = {name for name in names if name.split("/")[0].endswith(".dist-info")}
    wanted = files(ROOT / "src" / "backprove")
    lacks = {f"lacks {name}" for name in wanted - names} | {f"lacks {start!r}" for start in STARTS if start not in said}
    lacks |= set() if any(name.endswith("licenses/LICENSE") for name in facts) else {"lacks its licence"}
    return sorted(lacks | {f"has {name}" for name in names - wanted - facts})


def faults_of_sdist(sdist: Path) -> list[str]:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {name for part in PARTS for name in ({part} if (ROOT / part).is_file() else files(ROOT / part))}
    return sorted(f"lacks {name}" for name in wanted - names)


def python(place: Path) -> str:
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True, capture_output=True)
    return str(place / BIN / "python")


def ran(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=clean, timeout=600)


def must(*command: str, cwd: Path) -> None:
    done = ran(*command, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(sdist, the wheel that is made of it)."""
    place = tmp_path_factory.mktemp("built")
    tree = place / "tree"
    for part in PARTS:
        if (ROOT / part).is_file():
            tree.mkdir(exist_ok=True)
            shutil.copy(ROOT / part, tree)
        else:
            shutil.copytree(ROOT / part, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
    builder = python(place / "builder")
    must(builder, "-m", "pip", "install", "--quiet", "hatchling", cwd=place)
    must(builder, "-m", "hatchling", "build", "-t", "sdist", "-d", str(place), cwd=tree)
    (sdist,) = place.glob("backprove-*.tar.gz")
    must(builder, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(place), str(sdist), cwd=place)
    (wheel,) = place.glob("backprove-*.whl")
    return sdist, wheel


@pytest.fixture(scope="module")
def empty(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and what it needs, no more."""
    place = tmp_path_factory.mktemp("empty")
    must(python(place / "venv"), "-m", "pip", "install", "--quiet", str(built[1]), cwd=place)
    return place / "venv" / BIN


def test_the_source_distribution_has_everything(built: tuple[Path, Path]) -> None:
    assert faults_of_sdist(built[0]) == []


def test_the_wheel_has_the_package_and_no_more(built: tuple[Path, Path]) -> None:
    assert faults_of_wheel(built[1]) == []
    with zipfile.ZipFile(built[1]) as archive:
        names = archive.namelist()
    for name in ("py.typed", "schemas/report-1.json", "templates/page.css", "templates/page.js", "templates/run.html"):
        assert any(one.endswith(f"/{name}") for one in names)


def rebuilt(wheel: Path, place: Path, keep: Callable[[str], bool], more: str = "") -> Path:
    """The wheel without the files that are not kept, and with another one."""
    changed = place / wheel.name
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(changed, "w") as new:
        for name in filter(keep, old.namelist()):
            new.writestr(name, old.read(name))
        if more:
            new.writestr(more, "")
    return changed


@pytest.mark.parametrize(
    "name",
    ["report/templates/page.html", "report/templates/page.css", "schemas/check-1.json", "py.typed", "pytest_plugin.py"],
)
def test_a_wheel_without_a_file_is_found_out(name: str, built: tuple[Path, Path], tmp_path: Path) -> None:
    changed = rebuilt(built[1], tmp_path, lambda one: one != f"backprove/{name}")
    assert faults_of_wheel(changed) == [f"lacks backprove/{name}"]


def test_other_faults_are_found_out(built: tuple[Path, Path], tmp_path: Path) -> None:
    more = rebuilt(built[1], tmp_path, lambda name: True, "tests/test_case.py")
    assert faults_of_wheel(more) == ["has tests/test_case.py"]
    without = rebuilt(built[1], tmp_path, lambda name: not name.endswith(("entry_points.txt", "LICENSE")))
    assert faults_of_wheel(without) == sorted([*(f"lacks {start!r}" for start in STARTS), "lacks its licence"])
    sdist = tmp_path / "short.tar.gz"
    with tarfile.open(built[0]) as old, tarfile.open(sdist, "w:gz") as new:
        for member in old:
            if member.isfile() and not member.name.endswith(("/CHANGELOG.md", "/templates/page.js")):
                new.addfile(member, io.BytesIO(old.extractfile(member).read()))  # type: ignore[union-attr]
    assert faults_of_sdist(sdist) == ["lacks CHANGELOG.md", "lacks src/backprove/report/templates/page.js"]


def test_it_runs_without_any_extra(empty: Path, tmp_path: Path) -> None:
    version = ran(str(empty / "backprove"), "--version", cwd=tmp_path)
    assert (version.returncode, version.stderr) == (0, "")
    assert [line.split()[0] for line in version.stdout.splitlines()] == ["backprove", "python", "numpy", "hypothesis"]
    for command in ([str(empty / "backprove")], [str(empty / "python"), "-m", "backprove"]):
        run = ran(*command, "run", "--networks", "5", "--domains", "float64", cwd=tmp_path)
        assert (run.returncode, run.stderr) == (0, "")
        assert "AGREE neuron = matrix = paths" in run.stdout
        assert "\x1b" not in run.stdout


@pytest.mark.parametrize("name", ["x.html", "x.md", "x.json"])
def test_a_page_without_its_extra_is_refused_with_the_remedy(name: str, empty: Path, tmp_path: Path) -> None:
    arguments = ("run", "--networks", "5", "--domains", "float64", "--report", name)
    done = ran(str(empty / "backprove"), *arguments, cwd=tmp_path)
    if name != "x.html":
        assert (done.returncode, done.stderr, (tmp_path / name).exists()) == (0, "", True)
        return
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("backprove: ")
    assert "is not installed: pip install 'backprove[report]'" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / name).exists()


def test_the_public_names_are_there_without_any_extra(empty: Path, tmp_path: Path) -> None:
    script = "from backprove import *; from backprove.testing import *; print(check_engine, derive)"
    done = ran(str(empty / "python"), "-c", script, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    script = "from backprove.report.schema import FORMATS, schema; print([schema(name)['$id'] for name in FORMATS])"
    done = ran(str(empty / "python"), "-c", script, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "backprove.report/1" in done.stdout
