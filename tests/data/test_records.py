"""Samples stored with a margin: what is drawn is what the readers draw, and no crop leaves its canvas."""

import numpy as np
import pytest

from deephar.config import DataConfig, human36m_dataconf, mpii_sp_dataconf, ntu_pe_dataconf
from deephar.data import Lsp, SyntheticClips, SyntheticPoses
from deephar.data.loader import BatchLoader
from deephar.data.nobody import Nobody
from deephar.data.records import (
    HFLIP,
    OCCLUSION,
    POWERS,
    RECORD,
    SHIFT,
    TO_CANVAS,
    TO_CROP,
    Canvas,
    Draws,
    canvas_of,
    take_records,
    uncut,
)
from deephar.experiments.networks import small_dataconf
from deephar.synthetic.writers import write_lsp
from deephar.utils import TRAIN_MODE

CONF = small_dataconf(32)


@pytest.fixture(scope="module")
def lsp(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lsp")
    write_lsp(folder, train=12, size=(96, 96), seed=0, workers=1)
    return Lsp(folder / "LSP", CONF)


def drawn_by(conf, count=600, unit="window", side=None):
    """Rows of `Draws` of one stored sample, and its canvas."""
    dataset, canvas = SyntheticPoses(conf, length=1), canvas_of(conf, side)
    dataset.shift_unit = unit
    draws = Draws(dataset, canvas, 1)
    return np.stack([draws.get_data(0, TRAIN_MODE, np.random.default_rng(k))["drawn"] for k in range(count)]), canvas


@pytest.mark.parametrize("conf", [CONF, mpii_sp_dataconf, ntu_pe_dataconf, CONF.replace(shears=(-0.3, 0.3))])
def test_no_crop_leaves_its_canvas(conf):
    rows, canvas = drawn_by(conf)
    side, maps = conf.crop_resolution[0], rows[:, TO_CANVAS].reshape(-1, 2, 3).astype(float)
    corners = np.array([[0, side, 0, side], [0, 0, side, side], [1, 1, 1, 1]])
    places = maps @ corners  # (N, 2, 4)
    assert places.min() > -2 and places.max() < canvas.side + 2  # windows begin on whole px
    assert places.min() < 0.1 * canvas.side and places.max() > 0.9 * canvas.side


def test_what_is_drawn_has_the_readers_distribution():
    """Angle, scale, shift, flip, colours and occlusion, read off the rows, are what the reader's generator draws."""
    conf = CONF.replace(geoocclusion=range(4, 12), crop_resolution=(128, 128))
    rows, canvas = drawn_by(conf)
    drawn = [conf.random_data_generator(np.random.default_rng(k)) for k in range(len(rows))]
    maps = rows[:, TO_CANVAS].reshape(-1, 2, 3).astype(float)
    flipped = rows[:, HFLIP] > 0
    assert flipped.tolist() == [bool(k["hflip"]) for k in drawn]
    maps[flipped, :, 2] += 128 * maps[flipped, :, 0]
    maps[flipped, :, 0] *= -1
    angles = np.rad2deg(np.arctan2(maps[:, 1, 0], maps[:, 0, 0]))
    np.testing.assert_allclose(angles, [k["angle"] for k in drawn], atol=0.7)
    scales = np.sqrt(np.linalg.det(maps[:, :, :2])) * 128 / canvas.window
    np.testing.assert_allclose(scales, [k["scale"] for k in drawn], atol=1.1 / canvas.window)
    middles = maps @ [64, 64, 1] - canvas.side / 2
    shifts = np.array([(k["transx"], k["transy"]) for k in drawn]) * canvas.window / 200
    np.testing.assert_allclose(middles, shifts, atol=1.5)
    np.testing.assert_allclose(rows[:, POWERS], [k["chpower"] for k in drawn], atol=1e-6)
    assert rows[:, OCCLUSION].tolist() == [list(k["geoocclusion"]) for k in drawn]


def test_the_two_maps_are_inverse():
    rows, _ = drawn_by(CONF, 20)
    to_canvas, to_crop = (rows[:, k].reshape(-1, 2, 3).astype(float) for k in (TO_CANVAS, TO_CROP))
    point = np.array([7.0, 21.0, 1.0])
    back = np.einsum("nij,nj->ni", to_crop[:, :, :2], to_canvas @ point) + to_crop[:, :, 2]
    np.testing.assert_allclose(back, np.broadcast_to(point[:2] / 32, back.shape), atol=1e-5)


def test_shifts_by_px_of_the_frame_are_told_apart():
    rows, _ = drawn_by(human36m_dataconf, 50, unit="frame")
    drawn = [human36m_dataconf.random_data_generator(np.random.default_rng(k)) for k in range(50)]
    shifts = [[k["scale"] * k[name] for name in ("transx", "transy")] for k in drawn]
    np.testing.assert_allclose(rows[:, SHIFT], shifts, rtol=1e-6)


def test_a_loader_draws_for_a_stored_sample_what_it_draws_for_the_reader(lsp):
    """The same order and the same flips in every epoch: what is resumed goes on as the readers do."""
    canvas = canvas_of(CONF)
    kept = BatchLoader(Draws(lsp, canvas, lsp.get_length(TRAIN_MODE)), ["drawn"], [], TRAIN_MODE, 3, seed=5)
    read = BatchLoader(lsp, ["image_number", "afmat"], ["pose"], TRAIN_MODE, 3, seed=5)
    assert len(kept) == len(read)
    for kept.epoch in (0, 4):
        read.epoch = kept.epoch
        for index in range(len(read)):
            (drawn,), _ = kept[index]
            (numbers, afmat), _ = read[index]
            keys = lsp.image_numbers[lsp.samples[TRAIN_MODE][drawn[:, RECORD].astype(int)]]
            assert keys.tolist() == numbers[:, 0].tolist()
            turned = np.linalg.det(afmat[:, :2, :2]) < 0
            assert (drawn[:, HFLIP] > 0).tolist() == turned.tolist()


@pytest.mark.parametrize("rendered", [False, True])
def test_a_canvas_shows_what_the_reader_sees(lsp, rendered):
    """A plain crop of a canvas has the reader's joints to the pixel that its window begins on."""
    dataset = SyntheticPoses(CONF, length=2) if rendered else lsp
    canvas = canvas_of(CONF)
    records = take_records(uncut(dataset, canvas), [0, 1])
    assert records["pixels"].shape == (2, canvas.side**2) and records["pixels"].dtype == np.uint32
    plain = CONF.replace(angles=(0,), scales=(1,), trans_x=(0,), trans_y=(0,), hflips=(0,), chpower=(1,))
    dataset.dataconf, before = plain, dataset.dataconf
    samples = [dataset.get_data(k, TRAIN_MODE) for k in (0, 1)]
    dataset.dataconf = before
    for row, sample in enumerate(samples):
        known = sample["pose"][:, -1] > 0
        mine = 0.5 + (records["people"][row, 0, :, :2] - 0.5) * canvas.reach
        assert known.sum() > 8
        assert np.abs(mine - sample["pose"][:, :2])[known].max() < 3 * canvas.reach * sample["afmat"][0, 0]
        stored = records["pixels"][row].reshape(canvas.side, canvas.side)
        seen = stored.view(np.uint8).reshape(canvas.side, canvas.side, 4)[..., :3] / 255
        low, high = (round(canvas.side / 2 + k * canvas.window / 2) for k in (-1, 1))
        assert abs(seen[low:high, low:high].mean() - (sample["frame"].mean() + 1) / 2) < 0.03


def test_everybody_is_kept_where_it_is_asked_for(lsp):
    reader = uncut(lsp, canvas_of(CONF))
    assert take_records(reader, [0], everybody=True)["people"].shape == (1, 8, 16, 3)
    assert take_records(reader, [0])["people"].shape == (1, 1, 16, 3)


def test_nobody_can_be_stored():
    records = take_records(uncut(Nobody(CONF, length=1), canvas_of(CONF)), [0])
    assert (records["people"][..., -1] == 0).all() and records["pixels"].any()


def test_what_cannot_be_stored_is_refused(lsp):
    with pytest.raises(ValueError, match="`crop_resolution` must be square.*Received"):
        canvas_of(DataConfig((64, 32)))
    for side in (2, 1000):
        with pytest.raises(ValueError, match=f"`canvas_side` must be from .* px.* Received: {side}"):
            canvas_of(CONF, side)
    with pytest.raises(ValueError, match="`dataset` must be a reader of single images.*Received: SyntheticClips"):
        uncut(SyntheticClips(CONF, length=1), Canvas(48, 2.0))
    loose = Lsp(lsp.dataset_path, CONF, remove_outer_joints=False)
    with pytest.raises(ValueError, match="removes joints outside.*Received: Lsp"):
        uncut(loose, Canvas(48, 2.0))
    lsp.shift_unit, before = "metre", lsp.shift_unit
    with pytest.raises(ValueError, match="`shift_unit` of the data set must be.*Received: 'metre'"):
        Draws(lsp, Canvas(48, 2.0), 1)
    lsp.shift_unit = before
