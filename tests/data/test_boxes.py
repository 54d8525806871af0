"""Files of predicted boxes: of frames and of clips, told apart by their form; what is missing is named."""

import itertools
import json

import pytest

from deephar.config import DataConfig
from deephar.data import PennAction
from deephar.data.boxes import ClipBoxes, FrameBoxes, find_box_file, read_box_file
from deephar.utils import TEST_MODE

NUMBERS = list(itertools.product((0, 1), repeat=3))
CLIPS = {f"{video:04d}.2.{clip:03d}.{flip}": [video, clip, 10, 20 + flip] for video, clip, flip in NUMBERS}


class Videos:
    """Two test videos of two clips."""

    def get_clip_index(self, key, mode, subsamples):
        assert mode == TEST_MODE and subsamples == [2]
        return [range(0, 32, 2), range(9, 41, 2)]


def written(path, content):
    path.write_text(json.dumps(content))
    return path


def test_the_form_says_which_boxes_they_are(tmp_path):
    frames = read_box_file(written(tmp_path / "f.json", [{"0.0": [1, 2, 3, 4], "0.2": [0, 3, 2, 9]}, {}, {}]), "")
    assert isinstance(frames, FrameBoxes) and frames.step is None
    assert frames.of_clip(Videos(), 0, 5, [0, 2], True).tolist() == [0, 2, 3, 9]
    clips = read_box_file(written(tmp_path / "c.json", CLIPS), "")
    assert isinstance(clips, ClipBoxes) and clips.step == 2
    assert clips.of_clip(Videos(), 1, 0, [0], True).tolist() == [1, 0, 10, 21]
    clips.check(Videos(), [0, 1])
    with pytest.raises(ValueError, match="f.json.*no box for .'0.1'.*Make it so"):
        FrameBoxes(frames.path, "Make it so.", frames.splits).of_clip(Videos(), 0, 0, [0, 1], False)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"0001.2.001.1": None}, "2 of test video 1 .* Received: no box for '0001.2.001.1'"),
        ({"0001.2.002.0": [1, 2, 3, 4]}, "Received: a box for '0001.2.002.0'; are they of clips of another length"),
    ],
)
def test_every_clip_must_have_a_box_and_no_other(tmp_path, changes, message):
    content = {name: box for name, box in {**CLIPS, **changes}.items() if box}
    boxes = read_box_file(written(tmp_path / "c.json", content), "")
    boxes.check(Videos(), [0])
    with pytest.raises(ValueError, match=message):
        boxes.check(Videos(), [0, 1])


@pytest.mark.parametrize(
    "content, message",
    [
        ({}, "list of three dicts"),
        ({"0.1": [1, 2, 3, 4]}, "keys like '0012.2.003.1'. Received: '0.1'"),
        ({"0000.2.000.0": [1, 2, 3, 4], "0000.4.000.0": [1, 2, 3, 4]}, r"one step .* Received: \[2, 4\]"),
        ({"0000.2.000.0": [1, 2, 3]}, "'0000.2.000.0'.*four finite numbers"),
    ],
)
def test_other_forms_are_refused(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        read_box_file(written(tmp_path / "c.json", content), "")


def test_the_working_directory_comes_first(tmp_path, monkeypatch):
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    written(folder / "b.json", [{}, {}, {}])
    assert find_box_file("b.json", folder, "boxes", "") == folder / "b.json"
    written(tmp_path / "b.json", [{}, {}, {}])
    assert find_box_file("b.json", folder, "boxes", "").resolve() == tmp_path / "b.json"
    with pytest.raises(FileNotFoundError, match="`boxes`.*there is no 'none.json' nor '.*data/none.json'. Run it."):
        find_box_file("none.json", folder, "boxes", "Run it.")


def test_a_data_set_takes_boxes_of_frames_alone(fixture_world, tmp_path):
    path = written(tmp_path / "c.json", CLIPS)
    with pytest.raises(ValueError, match="c.json.*eval_multiclip_dataset.*--boxes"):
        PennAction(fixture_world / "PennAction", DataConfig(crop_resolution=(32, 32)), pred_bboxes_file=str(path))
