"""Damaged videos are found, named with the reason, and not looked for twice."""

import json
import os

import pytest

from deephar.data import video_check
from deephar.data.video_check import DamagedVideo, check_videos, damage_report
from tests.data.clip_files import damage, noise, write_video

NAMES = ["jump/a.mkv", "jump/b.mkv", "run/c.mkv", "run/d.mkv"]


@pytest.fixture(scope="module")
def damaged_root(tmp_path_factory):
    root = tmp_path_factory.mktemp("videos")
    for name in NAMES:
        write_video(root / name, noise(30))
    damage(root / "jump/b.mkv", "empty")
    damage(root / "run/c.mkv", "overwritten")
    return root


def test_all_damaged_videos_are_listed_with_the_reason(damaged_root):
    found = check_videos(damaged_root, NAMES, workers=1)
    assert [video.name for video in found] == ["jump/b.mkv", "run/c.mkv"]
    assert found[0].reason == "the file is empty" and " s is damaged" in found[1].reason
    assert check_videos(damaged_root, NAMES[::-1], workers=2) == found[::-1]
    first, *lines = damage_report(found).splitlines()
    assert first == "2 videos are damaged" and lines[0] == "  jump/b.mkv: the file is empty" and len(lines) == 2
    assert damage_report([]) == "0 videos are damaged"


def test_results_are_kept(damaged_root, tmp_path, monkeypatch):
    file, decoded, check = tmp_path / "check.json", [], video_check.check_frames
    monkeypatch.setattr(video_check, "check_frames", lambda path: decoded.append(path.name) or check(path))
    monkeypatch.setattr(video_check, "ROUND", 2)
    found = check_videos(damaged_root, NAMES, file, workers=1)
    assert decoded == ["a.mkv", "b.mkv", "c.mkv", "d.mkv"]
    assert check_videos(damaged_root, NAMES, file, workers=1) == found and len(decoded) == 4
    os.utime(damaged_root / "run/d.mkv", (1, 1))
    assert check_videos(damaged_root, NAMES, file, workers=1) == found and decoded[4:] == ["d.mkv"]
    assert check_videos(damaged_root, NAMES[:1], file, workers=1) == []


def test_what_was_found_before_an_interruption_is_kept(damaged_root, tmp_path, monkeypatch):
    file, check = tmp_path / "check.json", video_check.check_frames

    def interrupted(path):
        if path.name == "c.mkv":
            raise KeyboardInterrupt
        return check(path)

    monkeypatch.setattr(video_check, "check_frames", interrupted)
    monkeypatch.setattr(video_check, "ROUND", 2)
    with pytest.raises(KeyboardInterrupt):
        check_videos(damaged_root, NAMES, file, workers=1)
    assert sorted(json.loads(file.read_text())["videos"]) == NAMES[:2]


@pytest.mark.parametrize("text", ["no JSON", "[]", '{"videos": {"a": 1}}', '{"videos": {"a": [[1, 2], 3]}}'])
def test_another_file_is_refused(damaged_root, tmp_path, text):
    file = tmp_path / "check.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"check.json'.*Remove the file"):
        check_videos(damaged_root, NAMES, file, workers=1)


def test_a_video_that_is_gone(damaged_root):
    with pytest.raises(FileNotFoundError, match="gone.mkv"):
        check_videos(damaged_root, ["jump/gone.mkv"])
    assert DamagedVideo("a", "b") == DamagedVideo("a", "b")
