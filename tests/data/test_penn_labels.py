"""Penn Action's label files: all real ones with their quirks, and damaged ones by name."""

import numpy as np
import pytest
import scipy.io

from deephar.data.penn_labels import ACTIONS, read_label, read_labels

NUM_FRAMES = 6


def label(**changes):
    """The content of a label file of six frames."""
    x = np.arange(NUM_FRAMES * 13, dtype=float).reshape(NUM_FRAMES, 13) + 2
    fields = {
        "action": "bowl",
        "pose": "left",
        "x": x,
        "y": x + 100,
        "visibility": np.ones((NUM_FRAMES, 13), np.uint8),
        "train": -1,
        "bbox": np.zeros((NUM_FRAMES - 2, 4)),  # shorter than the video, as some real ones
        "dimensions": np.array([270, 480, NUM_FRAMES]),
        "nframes": NUM_FRAMES,
    }
    return {**fields, **changes}


@pytest.fixture
def write(tmp_path):
    def write(name="0007.mat", **changes):
        fields = {key: value for key, value in label(**changes).items() if value is not None}
        scipy.io.savemat(tmp_path / name, fields)
        return tmp_path / name

    return write


def test_fields(write):
    found = read_label(write())
    assert (found.number, found.action, found.view, found.train, found.size) == (7, "bowl", "left", False, (480, 270))
    assert found.joints_px.shape == (NUM_FRAMES, 13, 2) and found.joints_px.dtype == np.float64
    assert found.joints_px[1, 2].tolist() == [17, 117] and found.visible.all()


def test_whole_numbers_do_not_overflow(write):
    x = np.full((NUM_FRAMES, 13), 200, np.uint8)
    joints = read_label(write(x=x, y=x, train=1)).joints_px
    assert (joints + joints == 400).all()


def test_hidden_joints_have_a_position_only_inside_of_the_image(write):
    visible = np.ones((NUM_FRAMES, 13))
    visible[:, :2] = 0
    x, y = label()["x"], label()["y"]
    x[:, 0] = y[:, 0] = 1
    found = read_label(write(visibility=visible, x=x, y=y))
    assert not found.annotated[:, 0].any() and found.annotated[:, 1:].all() and not found.visible[:, 1].any()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"action": "swim"}, "`action` must be one of"),
        ({"train": 0}, "`train` must be 1 or -1"),
        ({"nframes": 5}, "must have `nframes` rows"),
        ({"y": np.ones((NUM_FRAMES - 1, 13))}, "must have `nframes` rows"),
        ({"x": np.ones((NUM_FRAMES, 12))}, "not in the expected form"),
        ({"x": np.full((NUM_FRAMES, 13), np.nan)}, "must be finite"),
        ({"visibility": None}, "missing: .'visibility'"),
    ],
)
def test_errors_name_the_file(write, changes, message):
    path = write(**changes)
    with pytest.raises(ValueError, match=message) as error:
        read_label(path)
    assert str(path) in str(error.value)


def test_damaged_file_and_empty_folder(write, tmp_path):
    path = write()
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ValueError, match=r"0007\.mat"):
        read_labels(tmp_path, show_progress=False)
    path.unlink()
    with pytest.raises(FileNotFoundError, match="must hold label files"):
        read_labels(tmp_path)


def test_folder_is_read_in_order(write, tmp_path):
    for name in ("0010.mat", "0002.mat", "notes.mat"):
        write(name)
    assert [v.number for v in read_labels(tmp_path, show_progress=False)] == [2, 10]


def test_all_real_labels(real):
    labels = read_labels(real / "pennaction", show_progress=False)
    assert [v.number for v in labels] == list(range(1, 2327))
    assert sum(v.train for v in labels) == 1258 and sum(not v.train for v in labels) == 1068
    counts = {name: sum(v.action == name for v in labels) for name in ACTIONS}
    assert counts["bowl"] == 220 and counts["jump_rope"] == 82 and min(counts.values()) == 82
    assert sum(len(v.joints_px) for v in labels) == 163_841
    hidden = sum(int((~v.visible).sum()) for v in labels)
    absent = sum(int((~v.annotated).sum()) for v in labels)
    assert hidden == 469_501 and 169_781 <= absent < 180_000
