"""Lines on the terminal, whole files."""

import json
import pathlib
import stat

import numpy as np
import pytest

from deephar import utils as U
from deephar.utils.io import atomic_path, cache_folder, file_digest, write_json


def test_lines(capsys):
    U.printcn(U.OKBLUE, "blue")
    U.printc(U.FAIL, "red")
    U.printnl("plain")
    U.warning("careful")
    out, err = capsys.readouterr()
    assert out == f"{U.OKBLUE}blue{U.ENDC}\n{U.FAIL}red{U.ENDC}plain\n"
    assert err == f"{U.WARNING}careful{U.ENDC}\n" and U.sprintcn("", "x") == f"x{U.ENDC}\n"


def test_sizes_and_names():
    assert (U.sizeof_fmt(1536), U.sizeof_fmt(3), U.sizeof_eng_fmt(1.5e6)) == ("1.5KiB", "3.0B", "1.5M")
    assert U.appstr("a", "b") == "ab" and U.appstr(None, "b") is None


def test_digest_of_a_file(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    assert file_digest(tmp_path / "abc", "md5") == "900150983cd24fb0d6963f7d28e17f72"
    assert file_digest(tmp_path / "abc").startswith("ba7816bf8f01cfea") and len(file_digest(tmp_path / "abc")) == 64


def test_mkdir_twice(tmp_path):
    U.mkdir(tmp_path / "a" / "b")
    U.mkdir(str(tmp_path / "a" / "b"))
    assert (tmp_path / "a" / "b").is_dir()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "weights.h5"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="stop"), atomic_path(path) as temporary:
        assert temporary.parent == tmp_path and temporary.name.endswith("weights.h5")
        temporary.write_text("half")
        raise RuntimeError("stop")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_write_replaces_the_file(tmp_path):
    path = tmp_path / "weights.h5"
    path.write_text("old")
    with atomic_path(str(path)) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) & stat.S_IRUSR
    (tmp_path / "plain").touch()
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_missing_folder_is_named(tmp_path):
    missing = pytest.raises(FileNotFoundError, match="`path` must lie in a folder that exists.*nowhere")
    with missing, atomic_path(tmp_path / "nowhere" / "x"):
        pass


def test_writing_nothing_keeps_the_old_file(tmp_path):
    path = tmp_path / "x"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), atomic_path(path):
        pass
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_json_takes_arrays_and_fails_whole(tmp_path):
    path = tmp_path / "x.json"
    write_json(path, {"a": np.arange(3), "b": np.float32(0.5), "c": pathlib.PurePosixPath("d/e"), "n": np.int64(2)})
    assert json.loads(path.read_text()) == {"a": [0, 1, 2], "b": 0.5, "c": "d/e", "n": 2}
    with pytest.raises(TypeError, match="cannot write object as JSON"):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text())["n"] == 2


def test_the_cache_lies_where_the_user_says(monkeypatch):
    monkeypatch.delenv("DEEPHAR_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder() == pathlib.Path("/somewhere/deephar")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == pathlib.Path.home() / ".cache" / "deephar"
