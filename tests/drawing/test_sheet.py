"""Contact sheets: order, size, captions."""

import numpy as np
import pytest

from deephar.drawing import contact_sheet, crop_image, pose_sheet
from deephar.drawing.sheet import with_heading
from deephar.utils.pose import get_poselayout


def plain(value, height=20, width=30):
    return np.full((height, width, 3), value, np.uint8)


def test_images_lie_row_by_row():
    sheet = contact_sheet([plain(10), plain(20), plain(30)], columns=2, pad=2)
    assert sheet.shape == (2 * 22 + 2, 2 * 32 + 2, 3)
    assert (sheet[2:22, 2:32] == 10).all() and (sheet[2:22, 34:64] == 20).all() and (sheet[24:44, 2:32] == 30).all()
    assert (sheet[24:44, 34:64] == 255).all()


def test_smaller_images_are_centred_and_cells_scale():
    sheet = contact_sheet([plain(10), plain(20, 10, 10)], columns=2, pad=0)
    assert (sheet[5:15, 40:50] == 20).all() and (sheet[0, 30:] == 255).all()
    assert contact_sheet([plain(10), plain(20, 300, 100)], columns=5, pad=0, cell=(30, 40)).shape == (40, 60, 3)


def test_captions_are_written():
    with_text = contact_sheet([plain(128, 60, 80)] * 2, columns=2, captions=["squat", ""])
    without = contact_sheet([plain(128, 60, 80)] * 2, columns=2)
    different = (with_text != without).any(axis=-1)
    assert different[:, :84].any() and not different[:, 88:].any()


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match="`images` must not be empty"):
        contact_sheet([], columns=2)
    with pytest.raises(ValueError, match="`captions` must hold one text for each of 1"):
        contact_sheet([plain(1)], columns=1, captions=["a", "b"])


def test_pose_sheet_draws_frame_pixels_into_the_crop():
    layout = get_poselayout("pa16j2d")
    afmat = np.array([[1 / 100, 0, -0.5], [0, 1 / 100, -0.5], [0, 0, 1]])  # the crop is frame px 50 to 150
    sample = {"frame": np.full((64, 64, 3), -1.0, np.float32), "afmat": afmat}
    sheet = pose_sheet([sample], np.full((1, 16, 2), (100.0, 75.0)), layout, cell=128)
    assert sheet.shape == (136, 136, 3)
    rows, columns = np.nonzero(sheet[4:-4, 4:-4].max(axis=-1) > 64)
    assert abs(rows.mean() - 32) < 3 and abs(columns.mean() - 64) < 3


def test_a_heading_is_above_the_image():
    image = plain(128, 40, 120)
    one, two = (with_heading(image, text) for text in ("squat", "squat\n80 %"))
    assert 40 < len(one) < len(two) and (one[-40:] == 128).all() and (two[-40:] == 128).all()
    for headed, lines in ((one, 1), (two, 2)):
        bright = headed[:-40].max(axis=(1, 2)) > 150
        assert np.diff(np.flatnonzero(np.diff(np.r_[False, bright, False].astype(int)))).size >= 2 * lines - 1
        assert not bright[[0, -1]].any()  # no letter is cut


def test_a_crop_has_its_own_range_of_values():
    frame = np.array([[[0.0, 0.5, 1.0]]])
    assert crop_image({"frame": frame}, 1, (0, 1)).tolist() == [[[0, 128, 255]]]
    assert crop_image({"frame": 2 * frame - 1}, 1).tolist() == [[[0, 128, 255]]]
