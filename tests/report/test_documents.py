"""A document for the page: facts, problems with their times, and what is drawn on where the source is there or not."""

import base64
import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from deephar import __version__
from deephar.inference.results import FrameResult, Result
from deephar.inference.smoothing import Smoothing
from deephar.report.documents import document_entry
from deephar.report.media import Budget
from deephar.report.places import find
from tests.report.examples import SIZE, image, save, video, write_video


def entry_of(result, folder, left=10**6):
    (found,) = find([save(result, folder, "a")])
    return document_entry(found, Budget(folder / "report.html", left, min(left, 10**6)))


def gray(path, size=SIZE):
    Image.new("RGB", size, (90, 90, 90)).save(path)
    return path


def test_an_image_and_its_facts(tmp_path):
    summary, entry = entry_of(image(gray(tmp_path / "photo.png")), tmp_path / "results")
    assert entry["media"]["how"] == "image" and entry["media"]["url"].startswith("data:image/jpeg;base64,")
    facts = dict(entry["facts"])
    assert facts["size"] == "160 x 120 px" and facts["weights, SHA-256"] == "ab" * 6
    assert facts["people found by"] == "people"
    assert facts["written by"] == f"deephar {__version__}" and facts["complete"] == "yes" and "length" not in facts
    assert summary["words"] == entry["headline"] == "2 people" and len(entry["links"]) > 10
    assert summary["thumbnail"].startswith("data:image/jpeg")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda path: path.unlink(), "the image is not there: only the poses are shown"),
        (lambda path: gray(path, (50, 40)), "is another image now, of 50 x 40 px: not shown"),
        (lambda path: path.write_bytes(b"none"), "the image cannot be read any more: "),
    ],
)
def test_an_image_that_is_not_what_it_was(tmp_path, change, words):
    path = gray(tmp_path / "photo.png")
    change(path)
    _, entry = entry_of(image(path), tmp_path / "results")
    assert entry["media"]["how"] == "none" and words in entry["media"]["note"]


def test_the_overlay_takes_the_place_of_a_lost_image(tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    gray(folder / "a_overlay.png", (300, 120))
    _, entry = entry_of(image("gone.png"), folder)
    assert entry["media"]["drawn"] and entry["media"]["note"] == "the image is not there: the overlay is shown"


def test_a_video_its_actions_and_problems(tmp_path):
    problems = ("1 of 51 frames missing, the first after 1.000 s", "the size changes at 0.480 s from a to b", "cut off")
    path = write_video(tmp_path / "walk.mp4")
    summary, entry = entry_of(video(path, complete=False, problems=problems), tmp_path / "results")
    assert entry["media"]["how"] == "video" and not entry["media"]["drawn"] and entry["media"]["base64"]
    assert [problem["time_s"] for problem in entry["problems"]] == [1.0, 0.48, None]
    assert not summary["complete"] and dict(entry["facts"])["complete"] == "no"
    (action,) = entry["actions"]
    assert [s["name"] for s in action["segments"]] == ["squat", "jump_rope"]
    assert entry["headline"] == "squat 0:00-0:01, jump rope 0:01-0:02"
    assert dict(entry["facts"])["length"] == "50 frames, 0:02, 25 a second"


def test_a_video_without_its_source(tmp_path):
    folder = tmp_path / "results"
    _, entry = entry_of(video("rtsp://camera/1"), folder)
    assert entry["media"] == {"how": "none", "note": "the source is not there: only the poses are shown"}
    write_video(folder / "a_overlay.mp4", 5)
    _, entry = entry_of(video("rtsp://camera/1"), folder)
    assert entry["media"]["drawn"] and entry["media"]["note"] == "the source is not there: the overlay is shown"


def test_what_fits_is_embedded_what_does_not_is_linked(tmp_path):
    path, folder = write_video(tmp_path / "walk.mp4"), tmp_path / "results"
    folder.mkdir()
    _, entry = entry_of(video(path), folder, left=100)
    assert entry["media"]["url"] == "../walk.mp4" and "linked" in entry["media"]["note"]
    write_video(folder / "a_overlay.mp4", 2)
    room = (folder / "a_overlay.mp4").stat().st_size
    assert room < path.stat().st_size
    _, entry = entry_of(video(path), folder, left=room)
    assert entry["media"]["drawn"] and entry["media"]["base64"]


def test_another_video_of_the_same_name_is_not_taken(tmp_path):
    path = write_video(tmp_path / "walk.mp4", 2)
    result = video(path)
    _, entry = entry_of(dataclasses.replace(result, head=dataclasses.replace(result.head, size=(320, 240))), tmp_path)
    assert entry["media"]["note"] == "the source has 160 x 120 px now, it is another one: only the poses are shown"


def test_a_layout_of_a_user_has_joints_and_no_links(tmp_path):
    result = image(gray(tmp_path / "photo.png"))
    people = tuple(
        dataclasses.replace(p, joint_names=tuple(f"point_{k}" for k in range(17))) for p in result.frames[0].people
    )
    head = dataclasses.replace(result.head, layout="mine")
    _, entry = entry_of(Result(head, (FrameResult(0, 0.0, people),)), tmp_path)
    assert entry["links"] == [] and entry["joints"][16] == "point_16"
    nobody = Result(dataclasses.replace(head, layout="pa16j2d"), (FrameResult(0, 0.0),))
    summary, entry = entry_of(nobody, tmp_path)
    assert len(entry["joints"]) == 16 and entry["people"] == [] and summary["words"] == "nobody found"


def test_the_thumbnail_has_the_skeletons(tmp_path):
    summary, _ = entry_of(image("gone.png"), tmp_path)
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(summary["thumbnail"].partition(",")[2]))))
    assert pixels.shape == (180, 240, 3) and np.ptp(pixels.astype(int), axis=2).max() > 60  # colours on grey


def test_smoothed_poses_are_said_to_be(tmp_path):
    plain = video("gone.mp4")
    smoothed = dataclasses.replace(plain, head=dataclasses.replace(plain.head, smoothing=Smoothing(max_gap_s=0.2)))
    _, entry = entry_of(smoothed, tmp_path)
    assert dict(entry["facts"])["smoothed"] == "yes; gaps up to 0.2 s are filled"
    assert "smoothed" not in dict(entry_of(plain, tmp_path)[1]["facts"])
