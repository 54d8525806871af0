"""Results say their joints by name, become one document, are written line by line, and are read back."""

import json
import tracemalloc

import numpy as np
import pytest

from deephar.inference.actions import ActionResult, ActionScores
from deephar.inference.result_files import ResultWriter
from deephar.inference.results import FORMAT, UNITS, FrameResult, Head, ModelStamp, PoseResult, Result, read

STAMP = ModelStamp("net", "ab" * 32)
HEAD = Head("a.mp4", "video", (40, 50), STAMP, "two", "people", 25.0, 8, 0.16)


def pose(number=1, **more):
    points = np.array([[1.234, 5.0], [3.0, 4.0]])
    return PoseResult(points, np.array([0.9, 0.12345]), (0, 1, 20, 30), ("head", "neck"), id=number, score=0.8, **more)


def frames():
    return [FrameResult(0, 0.0, (pose(),)), FrameResult(1, 0.04, (pose(), pose(2))), FrameResult(2, 0.08)]


def clip():
    return ActionScores(0, 1, np.array([0.25, 0.75]), ("squat", "bowl"), 0.0, 0.08)


def test_joint_by_name():
    assert pose().joint("neck") == (3.0, 4.0, 0.12345)
    with pytest.raises(ValueError, match="`name` must be one of head, neck. Received: knee"):
        pose().joint("knee")


def test_a_result_gives_what_one_person_needs():
    result = Result(HEAD, tuple(frames()), (ActionResult((clip(),)),))
    assert (result.size, result.fps, result.source, result.model) == ((40, 50), 25.0, "a.mp4", STAMP)
    assert result.pose is result.people[0] and result.times_s == (0.0, 0.04, 0.08)
    assert [p and p.id for p in result.poses] == [1, 1, None]
    assert result.action.name == "bowl" and Result(HEAD, (FrameResult(0, 0.0),)).pose is None


def test_the_document_says_what_its_numbers_are():
    document = json.loads(json.dumps(Result(HEAD, tuple(frames()), (ActionResult((clip(),)),)).to_dict()))
    assert (document["format"], document["version"], document["kind"]) == (FORMAT, 2, "video")
    assert document["units"] == UNITS and document["clip"] == {"frames": 8, "step_s": 0.16}
    assert document["model"] == {"name": "net", "weights_sha256": "ab" * 32} and document["deephar"]
    first, second, third = document["frames"]
    person = first["people"][0]
    assert person["joints"] == {"head": [1.23, 5.0, 0.9], "neck": [3.0, 4.0, 0.1234]}
    assert (person["id"], person["box"], person["score"]) == (1, [0, 1, 20, 30], 0.8)
    assert [p["id"] for p in second["people"]] == [1, 2] and third == {"index": 2, "time_s": 0.08, "people": []}
    assert document["complete"] and document["actions"][0]["segments"][0]["name"] == "bowl"


def test_millimetres_keep_their_names():
    mm = np.array([[0.0, 0, 0], [1.04, 2, 3]])
    person = pose(pose_mm=mm, camera_mm=mm + 3000)
    document = person.to_dict()
    assert document["joints_mm"] == {"head": [0, 0, 0], "neck": [1.0, 2, 3]}
    assert document["joints_camera_mm"]["head"] == [3000, 3000, 3000]
    assert PoseResult.from_dict(document).to_dict() == document


def test_what_is_written_is_read_back(tmp_path):
    with ResultWriter(tmp_path, "a", HEAD) as writer:
        for frame in frames():
            writer.add(frame)
        writer.add_clip(2, clip())
        assert [p.name for p in tmp_path.iterdir()] == ["a_prediction.jsonl"]  # until the end
        writer.finish(False, ("something",))
    assert [p.name for p in tmp_path.iterdir()] == ["a_prediction.json"]
    result = read(tmp_path / "a_prediction.json")
    expected = Result(HEAD, tuple(frames()), (ActionResult((clip(),), 2),), False, ("something",))
    assert result.to_dict() == expected.to_dict()
    assert json.loads(writer.path.read_text()) == expected.to_dict()


def test_clips_of_several_people_come_in_turns_and_stay_on_disk(tmp_path):
    by_person = {person: [] for person in (3, 1)}
    with ResultWriter(tmp_path, "a", HEAD) as writer:
        for k in range(200):
            values, person = np.random.default_rng(k).dirichlet((1, 1)).round(4), (3, 1)[k % 3 == 0]
            scores = ActionScores(k, k + 1, values, ("squat", "bowl"), float(k), k + 1.0)
            by_person[person].append(scores)
            writer.add_clip(person, scores)
        writer.add(frames()[0])
        writer.finish()
    actions = tuple(ActionResult(tuple(by_person[person]), person) for person in (1, 3))
    expected = Result(HEAD, tuple(frames()[:1]), actions).to_dict()
    assert json.loads(writer.path.read_text()) == expected and len(expected["actions"][1]["segments"]) > 9


def test_a_longer_document_takes_hardly_more_memory(tmp_path):
    peaks, sizes = [], []
    for count in (200, 2000):
        with ResultWriter(tmp_path, "a", HEAD) as writer:
            for k in range(count):
                writer.add(frames()[k % 2])
                steady = ActionScores(k, k + 1, np.array([0.8, 0.2]), ("squat", "bowl"), k / 2, k / 2 + 1)
                writer.add_clip(1 + k % 2, steady)
            tracemalloc.start()
            writer.finish()
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            sizes.append(writer.path.stat().st_size)
    assert peaks[1] - peaks[0] < (sizes[1] - sizes[0]) / 10


@pytest.mark.parametrize("cut", [0, 5])
def test_the_lines_of_a_run_that_was_killed_are_read(tmp_path, cut):
    writer = ResultWriter(tmp_path, "a", HEAD).__enter__()
    for frame in frames():
        writer.add(frame)
    lines = tmp_path / "a_prediction.jsonl"
    text = lines.read_text()
    lines.write_text(text[: len(text) - cut] if cut else text)
    result = read(lines)
    assert len(result.frames) == 3 - bool(cut) and not result.complete
    assert result.problems == (f"the run was cut off after {3 - bool(cut)} frames",)


@pytest.mark.parametrize(("error", "words"), [(KeyboardInterrupt(), "interrupted"), (OSError("full"), "OSError: full")])
def test_an_error_leaves_a_document_of_what_there_is(tmp_path, error, words):
    with pytest.raises(type(error)), ResultWriter(tmp_path, "a", HEAD) as writer:
        writer.add(frames()[0])
        raise error
    result = read(tmp_path / "a_prediction.json")
    assert not result.complete and result.problems == (f"stopped after 1 frames: {words}",)
    assert len(result.frames) == 1 and [p.name for p in tmp_path.iterdir()] == ["a_prediction.json"]


def test_a_full_disk_leaves_the_lines(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"), ResultWriter(tmp_path, "a", HEAD) as writer:
        writer.add(frames()[0])
        monkeypatch.setattr("deephar.inference.result_files.write_from_lines", full)
        writer.finish()
    assert len(read(tmp_path / "a_prediction.jsonl").frames) == 1
    assert not (tmp_path / "a_prediction.json").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "of format None"),
        ('{"format": "deephar-results", "version": 3}', "version 3"),
        ('{"format": "deephar-results", "version": 2}', "damaged"),
        ("{", "damaged"),
    ],
)
def test_what_is_no_such_document_is_refused(tmp_path, text, words):
    path = tmp_path / "a_prediction.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="`path` must be a document of deephar-results, version 2") as caught:
        read(path)
    assert words in str(caught.value) and str(path) in str(caught.value)
    with pytest.raises(FileNotFoundError, match="which does not exist"):
        read(tmp_path / "none.json")
