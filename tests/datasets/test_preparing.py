"""What the scripts share: jobs in processes, whole folders, kills, leftovers, statuses."""

import os
import pathlib
import signal
import time

import miniatures as M
import numpy as np
import pytest

from deephar.experiments import image_files, preparing

NUMBER, FRAMES, SIZE = 4, 40, (480, 270)


@pytest.fixture
def source(tmp_path):
    """A few samples of NTU, enough for two workers to be caught at work."""
    pytest.importorskip("av")
    rng, folder = np.random.default_rng(0), tmp_path / "source"
    for number in range(1, NUMBER + 1):
        name = f"S001C001P001R001A{number:03d}"
        M.ntu_skeleton(folder / f"{name}.skeleton", [{"1": body} for body in M.ntu_walk(rng, FRAMES)])
        M.video(folder / f"{name}_rgb.avi", FRAMES, SIZE)
    return folder


def wait_for(condition, process, seconds=300.0):
    """Wait until `condition()` holds while the process runs; return whether it came to hold."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        if condition():
            return True
        time.sleep(0.002)
    return condition()


def children_of(process):
    """Process ids of the children, from /proc."""
    path = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(number) for number in path.read_text().split()] if path.exists() else []


def is_running(number):
    try:
        state = pathlib.Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def check_whole(ntu):
    """Everything under its name is whole: each folder has all its images, each array its rows."""
    for folder in (path for path in (ntu / "images-small").iterdir() if not path.name.startswith(".")):
        assert len(list(folder.iterdir())) == FRAMES // 2
        assert all(image_files.check_image(path, (240, 135)) is None for path in folder.iterdir())
    for path in (path for path in (ntu / "nturgb+d_numpy").iterdir() if not path.name.startswith(".")):
        assert np.load(path).shape == (FRAMES, 151)


@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_a_killed_run_leaves_nothing_half_written_and_goes_on(source, tmp_path, start, how):
    images = tmp_path / "NTU" / "images-small"
    process = start("NTU", source, tmp_path, "--workers", "2")
    assert wait_for(lambda: images.is_dir() and any(images.glob(".*.*/*.jpg")), process)
    workers = children_of(process)
    process.send_signal(getattr(signal, how))
    _, error = process.communicate(timeout=300)
    assert process.returncode == (-signal.SIGKILL if how == "SIGKILL" else 130), error
    end = time.monotonic() + 60
    while any(map(is_running, workers)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(is_running, workers)), "a worker outlived its parent"
    assert not (tmp_path / "NTU" / "samples.json").exists()
    check_whole(tmp_path / "NTU")
    if how != "SIGKILL":
        assert not list((tmp_path / "NTU").rglob(".*")) and "the same command goes on" in error
        return
    rows = (path for path in (tmp_path / "NTU" / "nturgb+d_numpy").iterdir() if not path.name.startswith("."))
    kept = {images / path.stem: (images / path.stem).stat().st_mtime_ns for path in rows}  # finished samples
    again = start("NTU", source, tmp_path, "--workers", "2")
    out, error = again.communicate(timeout=300)
    assert again.returncode == 0 and f"{NUMBER} samples" in out, error
    check_whole(tmp_path / "NTU")
    assert len(list(images.iterdir())) == NUMBER and not list((tmp_path / "NTU").rglob(".*"))
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in kept.items())
    checked = start("NTU", "--verify", source, tmp_path, "--workers", "1")
    assert "0 problems" in checked.communicate(timeout=300)[0] and checked.returncode == 0


def test_several_workers_write_what_one_writes(source, tmp_path, start):
    for name, workers in (("one", "1"), ("two", "2")):
        process = start("NTU", source, tmp_path / name, "--workers", workers)
        assert process.communicate(timeout=300) and process.returncode == 0
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert len(files) == NUMBER * (FRAMES // 2 + 1) + 2
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_user_errors_are_one_line_and_status_2(tmp_path, start):
    process = start("NTU", tmp_path / "absent", tmp_path)
    out, error = process.communicate(timeout=300)
    assert process.returncode == 2 and out == ""
    assert error.count("\n") == 1 and "prepare.py: error: SOURCE must be an existing folder" in error


@pytest.mark.parametrize("name", ["mpii", "penn", "h36m", "ntu"])
def test_usage(name, request, tmp_path, capsys):
    script = request.getfixturevalue(f"prepare_{name}")
    for arguments, status, words in (
        (["--help"], 0, "--skip-damaged"),
        ([tmp_path], 2, "SOURCE, the folder of the official release, and OUT are needed"),
        (["--synthetic", "--verify", tmp_path], 2, "--synthetic takes OUT alone"),
        (["--synthetic", tmp_path, tmp_path], 2, "--synthetic takes OUT alone"),
        ([tmp_path, tmp_path, "--workers", "0"], 2, "must be a whole number of at least 1. Received: 0"),
    ):
        with pytest.raises(SystemExit) as left:
            script.main([str(argument) for argument in arguments])
        assert left.value.code == status and words in "".join(capsys.readouterr())
    assert not list(tmp_path.iterdir())


def double(number):
    if number == 3:
        raise ValueError("three is\n damaged")
    return 2 * number


def test_a_damaged_job_does_not_stop_the_others():
    results, problems = preparing.run_jobs(double, [1, 2, 3, 4], 1, "doubling")
    assert results == [2, 4, None, 8] and problems == ["three is damaged"]


def full(number):
    raise OSError(28, "No space left on device")


def test_a_full_disk_stops_the_run():
    with pytest.raises(OSError, match="No space left"):
        preparing.run_jobs(full, [1, 2], 1, "writing")


def test_a_worker_that_dies_is_an_error_and_no_hang():
    with pytest.raises(OSError, match="a worker process died, perhaps for want of memory; try fewer --workers"):
        preparing.run_jobs(os._exit, [7, 7, 7], 2, "dying")


def test_a_folder_is_whole_or_absent(tmp_path):
    with preparing.whole_folder(tmp_path / "a") as partial:
        (partial / "x").write_text("1")
        assert not (tmp_path / "a").exists()
    assert (tmp_path / "a" / "x").read_text() == "1"
    with pytest.raises(RuntimeError), preparing.whole_folder(tmp_path / "b") as partial:
        (partial / "x").write_text("1")
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_leftovers_are_removed_and_nothing_else(tmp_path):
    folder = tmp_path / "MPII"
    folder.mkdir()
    (folder / ".0123456789abcdef.S01").mkdir()
    (folder / ".0123456789abcdef.S01" / "00001.jpg").write_text("half")
    (folder / ".0123456789abcdef.annotations.mat").write_text("half")
    for name in (".hidden", ".note.txt", ".film.partial", ".gitignore", "README.md"):
        (folder / name).write_text("keep")
    with preparing.working_in(folder, {"a": 1}):
        kept = {path.name for path in folder.iterdir()}
    assert kept == {".hidden", ".note.txt", ".film.partial", ".gitignore", "README.md", "prepare.json"}
    with pytest.raises(ValueError, match="files made with other settings, {'a': 1}; nothing was changed"):
        with preparing.working_in(folder, {"a": 2}):
            pass


def test_frames_by_number(tmp_path):
    pytest.importorskip("av")
    video = M.video(tmp_path / "a.avi", 20)
    assert image_files.extract_frames(video, tmp_path, [1, 7, 19]) == 19
    found = sorted(tmp_path.glob("*.jpg"))
    assert [path.name for path in found] == ["00001.jpg", "00007.jpg", "00019.jpg"]
    assert [M.number_of(path) for path in found] == [1, 7, 19]
    assert image_files.extract_frames(video, tmp_path, [1, 40]) == 20
    with pytest.raises(FileNotFoundError, match="b.avi does not exist"):
        image_files.extract_frames(tmp_path / "b.avi", tmp_path, [1])
    (tmp_path / "text.avi").write_text("no video")
    with pytest.raises(ValueError, match="text.avi is not a video or is damaged after 0 frames"):
        image_files.extract_frames(tmp_path / "text.avi", tmp_path, [1])


def test_many_problems_are_counted(capsys):
    assert preparing.report([f"file {number}" for number in range(25)])
    error = capsys.readouterr().err
    assert "file 19\n" in error and "file 20\n" not in error and "and 5 more" in error
    assert not preparing.report([])
