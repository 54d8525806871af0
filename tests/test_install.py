"""Installs deephar outside of the checkout in every way that users do, and runs it in an empty folder there."""

import os
import pathlib
import shutil
import site
import subprocess
import sys
import tarfile
import venv
import zipfile

import pytest

from deephar.models import zoo
from deephar.utils.io import file_digest

pytest.importorskip("setuptools", minversion="77")
ROOT = pathlib.Path(__file__).resolve().parents[1]
NOT_IN_SDIST = {".gitignore", ".ci/run"}
OURS = ("deephar", "__editable__")  # what the links to the dependencies leave out
BUILD = "import setuptools.build_meta as b, sys; print(getattr(b, 'build_' + sys.argv[1])(sys.argv[2]))"
FIND = "from deephar.models import zoo; print(zoo.find_weights(zoo.MODELS[zoo.DEFAULT_MODEL]))"
WHERE = "import deephar; print(deephar.__file__)"


def call(command, folder, **variables):
    """Run a command without the variables that would lead it back to the checkout; return what it prints."""
    own = ("PYTHONPATH", "DEEPHAR_WEIGHTS", "VIRTUAL_ENV", "PIP_TARGET", "PIP_USER", "PYTHONNOUSERSITE")
    environment = {name: value for name, value in os.environ.items() if name not in own} | variables
    command = [str(part) for part in command]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def tracked():
    """Paths of all tracked files, relative to the checkout."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a git checkout")
    listed = call(["git", "ls-files", "-z"], ROOT).split("\0")
    return sorted(name for name in listed if name and (ROOT / name).is_file())


@pytest.fixture(scope="module")
def clone(tracked, tmp_path_factory):
    """A git repository of the tracked files alone."""
    folder = tmp_path_factory.mktemp("clone")
    for name in tracked:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    who = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost"]
    call(["git", "init", "--quiet"], folder)
    call(["git", "config", "core.compression", "0"], folder)
    call(["git", "add", "--all", "--force"], folder)
    call(["git", *who, "commit", "--quiet", "--message", "all"], folder)
    return folder


@pytest.fixture(scope="module")
def built(clone, tmp_path_factory):
    """Paths of the sdist and the wheel of the clone."""
    out = tmp_path_factory.mktemp("built")
    commands = {kind: [sys.executable, "-c", BUILD, kind, out] for kind in ("sdist", "wheel")}
    return {kind: out / call(command, clone).splitlines()[-1] for kind, command in commands.items()}


@pytest.fixture
def environment(tmp_path):
    """An empty virtual environment that sees the dependencies of this one, but not its deephar."""
    links = tmp_path / "dependencies"
    links.mkdir()
    for folder in map(pathlib.Path, site.getsitepackages()):
        for entry in folder.glob("*"):
            if not entry.name.startswith(OURS) and not (links / entry.name).exists():
                (links / entry.name).symlink_to(entry)
    venv.EnvBuilder(system_site_packages=True, symlinks=True).create(tmp_path / "env")
    python = tmp_path / "env" / "bin" / "python"
    purelib = call([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], tmp_path).strip()
    (pathlib.Path(purelib) / "dependencies.pth").write_text(f"{links}\n")
    return tmp_path / "env"


def install(environment, *arguments, **variables):
    """`pip install` into an environment, from what is on this machine alone."""
    pip = [environment / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    call([*pip, "--no-build-isolation", "--no-cache-dir", "--no-compile", *arguments], environment, **variables)


def check_shipped(environment, below, **variables):
    """The package that is imported in an empty folder lies below `below`, and the weights are where it looks."""
    empty = environment.parent / "empty"
    empty.mkdir()
    file = pathlib.Path(call([environment / "bin" / "python", "-c", WHERE], empty, **variables).strip())
    assert file.is_relative_to(below)
    weights = [path for folder in zoo.weight_folders(file.parent) for path in folder.glob("*.weights.h5")]
    ships = {card.file: card.sha256 for card in zoo.MODELS.values() if card.ships}
    assert {path.name: file_digest(path, "sha256") for path in weights if path.is_relative_to(below)} == ships
    assert not list(empty.iterdir())


def test_the_sdist_holds_every_tracked_file(built, tracked):
    with tarfile.open(built["sdist"]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert set(tracked) - names == NOT_IN_SDIST


def test_the_wheel_holds_the_package_its_weights_and_the_licence(built, tracked):
    with zipfile.ZipFile(built["wheel"]) as archive:
        names = set(archive.namelist())
    package = {name for name in tracked if name.startswith("deephar/")}
    weights = {f"deephar/{name}" for name in tracked if name.startswith("weights/")}
    metadata = {name for name in names if ".dist-info/" in name}
    assert names - metadata == package | weights
    assert any(name.endswith("/licenses/LICENSE") for name in metadata)


def test_a_wheel_in_an_environment(built, environment, tmp_path):
    install(environment, built["wheel"])
    check_shipped(environment, environment)
    folder, quick = tmp_path / "empty", {"KERAS_BACKEND": "numpy"}  # the backend that starts fastest
    assert call([environment / "bin" / "deephar", "--version"], folder).startswith("deephar ")
    assert "spnet-2d" in call([environment / "bin" / "deephar", "models"], folder, **quick)
    found = call([environment / "bin" / "python", "-c", FIND], folder, **quick).strip()
    assert pathlib.Path(found).is_relative_to(environment)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("source", ["sdist", "git", "editable"])
def test_a_source_in_an_environment(source, built, clone, environment):
    arguments = {"sdist": [built["sdist"]], "git": [f"git+file://{clone}"], "editable": ["--editable", clone]}[source]
    install(environment, *arguments)
    check_shipped(environment, clone if source == "editable" else environment)


def test_a_target_folder(built, environment, tmp_path):
    install(environment, "--target", tmp_path / "target", built["wheel"])
    check_shipped(environment, tmp_path / "target", PYTHONPATH=str(tmp_path / "target"))


def test_the_folder_of_a_user(built, environment, tmp_path):
    user = {"PYTHONUSERBASE": str(tmp_path / "user")}
    install(environment, "--user", built["wheel"], **user)
    check_shipped(environment, tmp_path / "user", **user)
