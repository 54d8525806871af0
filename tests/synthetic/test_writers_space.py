"""Human3.6M, NTU and LSP folders of the synthetic world: the formats' own structure, read back; several cameras."""

import re
import shutil

import numpy as np
import pytest
import scipy.io
from PIL import Image

from deephar.config import DataConfig
from deephar.data.human36m import Human36M
from deephar.data.lsp import Lsp
from deephar.data.ntu import Ntu
from deephar.synthetic.actions import H36M, NTU
from deephar.synthetic.camera import project
from deephar.synthetic.layouts import map_points
from deephar.synthetic.recordings import Recording, h36m_cameras, ntu_cameras
from deephar.synthetic.writers import synthesise, write_h36m, write_lsp, write_ntu
from deephar.synthetic.writers_h36m import sequence_name
from deephar.synthetic.writers_ntu import SUBJECTS, numbers_of
from deephar.utils import TEST_MODE, TRAIN_MODE, VALID_MODE, pa20j3d
from deephar.utils.io import temporary_name

SIZE = (120, 120)
SMALL = DataConfig(crop_resolution=(64, 64))


def h36m_into(out, workers=1):
    return write_h36m(out, train=2, valid=1, test=1, size=SIZE, frames=3, workers=workers)


def ntu_into(out, workers=1):
    return write_ntu(out, train=1, test=1, size=(96, 54), workers=workers)


def lsp_into(out, workers=1):
    return write_lsp(out, train=3, size=(64, 64), workers=workers)


@pytest.fixture(scope="module")
def h36m(tmp_path_factory):
    return h36m_into(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def ntu(tmp_path_factory):
    return ntu_into(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def lsp(tmp_path_factory):
    return lsp_into(tmp_path_factory.mktemp("world"))


def files(folder):
    """Every file of a folder, hidden ones too, with its bytes; of MATLAB files, which hold a date, the length."""
    found = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: len(data) if name.suffix == ".mat" else data for name, data in found.items()}


def load(folder):
    return scipy.io.loadmat(folder / "annotations.mat", squeeze_me=True, struct_as_record=False)


def test_human36m_structure_equals_the_fixture(h36m, fixture_world):
    ours, theirs = load(h36m), load(fixture_world / "Human3.6M")
    variables = {name for name in theirs if not name.startswith("__")}
    assert {name for name in ours if not name.startswith("__")} == variables
    assert ours["action_labels"].tolist() == theirs["action_labels"].tolist() and len(ours["joint_labels"]) == 32
    for name in ("sequences_tr", "sequences_te", "sequences_val"):
        a, b = ours[name][0], theirs[name][0]
        assert a._fieldnames == b._fieldnames and a.frames[0]._fieldnames == b.frames[0]._fieldnames
        assert set(a.camera_parameters._fieldnames) == set(b.camera_parameters._fieldnames)
        for field in b.camera_parameters._fieldnames:
            assert getattr(a.camera_parameters, field).shape == getattr(b.camera_parameters, field).shape, field
        assert a.frames[0].pose3d.shape == (3, 32) and (a.frames[0].w, a.frames[0].h) == SIZE


def test_four_cameras_see_one_motion_of_a_rigid_body(h36m):
    sequences = load(h36m)["sequences_tr"]
    assert [s.name for s in sequences[:4]] == [f"s01_S01_1_c{camera}" for camera in (1, 2, 3, 4)]
    assert sequences[4].name == "s02_S01_1_c1" and len(sequences) == 8
    motion = np.stack([[frame.pose3d for frame in s.frames] for s in sequences[:4]])  # (4, T, 3, 32)
    np.testing.assert_array_equal(motion, np.broadcast_to(motion[:1], motion.shape))
    positions = np.stack([s.camera_parameters.T for s in sequences[:4]])
    azimuth = np.sort(np.rad2deg(np.arctan2(positions[:, 1], positions[:, 0])))
    assert (np.diff(azimuth) > 50).all() and (np.hypot(positions[:, 0], positions[:, 1]) > 4500).all()
    assert motion[:, :, 2].min() > 0 and 1100 < motion[0, 0, 2, 15] < 2100  # z is up, mm
    for a, b in ((25, 26), (26, 27), (1, 2), (2, 3)):
        length = np.linalg.norm(motion[0, :, :, a] - motion[0, :, :, b], axis=1)
        np.testing.assert_allclose(length, length[0], atol=1e-6)


def test_human36m_is_read_back_with_the_pixels_it_was_drawn_with(h36m):
    data = Human36M(h36m, SMALL, topology="frames")
    assert [data.get_length(mode) for mode in (TRAIN_MODE, VALID_MODE, TEST_MODE)] == [24, 12, 12]
    name, subject = sequence_name("test", 0)
    assert (name, subject) == ("s01_S09_1", 9)
    recording = Recording(H36M, "test", 0, h36m_cameras(0, 9, SIZE), 9)
    last = recording.num_samples - 1
    for camera in range(4):
        px = map_points(recording.annotate(camera)[0][last], "pa17")
        sample = data.get_data(3 * camera + 2, TEST_MODE)
        np.testing.assert_allclose(sample["pose_uvd"][:, :2], px, atol=0.15 * SIZE[0] / 1000)
        assert sample["action"] == 0 and sample["pose"][:, 3].mean() > 0.9
    assert Image.open(h36m / "images" / "s01_S09_1_c1" / f"{last + 1:05d}.jpg").size == SIZE


def test_splits_of_human36m_have_their_own_subjects_and_styles(h36m):
    annotations = load(h36m)
    names = {n: {s.name for s in np.atleast_1d(annotations[n])} for n in annotations if n.startswith("sequences")}
    assert all("_S10_" in name for name in names["sequences_val"])
    assert not names["sequences_te"] & names["sequences_tr"]
    first = {n: annotations[n][0].frames[0].pose3d for n in names}
    assert not np.allclose(first["sequences_tr"], first["sequences_te"])
    assert [sequence_name("train", index)[0] for index in (0, 15, 75)] == ["s01_S01_1", "s01_S05_1", "s01_S01_2"]
    many = [sequence_name("train", index)[0] for index in range(300)]
    assert len(set(many)) == 300


def test_ntu_rows_and_images_are_as_the_fixture_has_them(ntu, fixture_world):
    theirs = np.load(next((fixture_world / "NTU" / "nturgb+d_numpy").glob("*.npy")))
    paths = sorted((ntu / "nturgb+d_numpy").glob("*.npy"))
    assert len(paths) == 6 and all(re.fullmatch(r"S\d{3}C\d{3}P\d{3}R\d{3}A\d{3}", path.stem) for path in paths)
    for path in paths:
        rows = np.load(path)
        assert rows.dtype == theirs.dtype and rows.shape[1] == theirs.shape[1] == 151
        np.testing.assert_array_equal(rows[:, 0], np.arange(1, len(rows) + 1))
        images = sorted(p.name for p in (ntu / "images-small" / path.stem).iterdir())
        assert images == [f"{number:05d}.jpg" for number in range(1, len(rows) + 1, 2)]
        xyz, px = rows[:, 1:76].reshape(-1, 25, 3), np.stack([rows[:, 76:101], rows[:, 101:126]], axis=-1)
        np.testing.assert_allclose(xyz[..., 2] * 1000, rows[:, 126:151])
        # A pinhole of 1081 px in the middle of 1920 x 1080; y is up in metres and down in pixels.
        np.testing.assert_allclose(px, 1081.0 * xyz[..., :2] / xyz[..., 2:] * (1, -1) + (960, 540), atol=1e-6)
        assert 1500 < rows[:, 126].min() and np.abs(px[:, 0] - (960, 540)).max() < 540


def test_ntu_is_read_back_with_its_action_and_the_sides_of_the_person(ntu):
    data = Ntu(ntu, SMALL, pa20j3d, topology="frames", use_gt_bbox=True)
    assert {s.subject for s in data.sequences[TRAIN_MODE]} <= set(SUBJECTS["train"])
    assert {s.camera for s in data.sequences[TEST_MODE]} == {1, 2, 3}
    setup, subject, replication, action = numbers_of("test", 0)
    assert action == NTU.performed[0] + 1 and subject in SUBJECTS["test"]
    heading = -45.0 if replication == 1 else 45.0
    recording = Recording(NTU, "test", 0, ntu_cameras(0, setup, (960, 540)), subject, heading, 0.5)
    assert data.get_length(TEST_MODE) == 3 * recording.num_samples / 2
    for camera in range(3):
        frame = 4
        sample = data.get_data(camera * recording.num_samples // 2 + frame, TEST_MODE)
        assert sample["ntuaction"].argmax() == action - 1
        px = map_points(recording.annotate(camera)[0][2 * frame], "pa20")
        back = (np.linalg.inv(sample["afmat"]) @ np.c_[sample["pose"][:, :2], np.ones(20)].T)[:2].T
        np.testing.assert_allclose(back, px, atol=1e-2)
        depth = map_points(recording.annotate(camera)[1][2 * frame][:, 2:], "pa20")[:, 0]
        np.testing.assert_allclose(sample["pose"][:, 2], 0.5 + (depth - depth[0]) / 2000, atol=1e-6)


def test_ntu_actors_face_one_of_the_outer_cameras():
    for index in range(0, 80, 7):
        for replication, faced in ((1, 1), (2, 2)):
            cameras = ntu_cameras(0, 3, (960, 540))
            heading = -45.0 if replication == 1 else 45.0
            recording = Recording(NTU, "train", index, cameras, 1, heading)
            front = recording.performance.skeleton.frames[0, 0, :, 0]
            towards = [np.dot(front[:2], c.position[:2]) / np.linalg.norm(c.position[:2]) for c in cameras]
            assert int(np.argmax(towards)) == faced
    assert len({numbers_of("train", index) for index in range(3000)}) == 3000


def test_two_cameras_agree_on_where_a_joint_is():
    recording = Recording(H36M, "train", 12, h36m_cameras(0, 1, SIZE), 1)
    px, local, world = recording.annotate(2)
    again, depth = project(recording.cameras[2], world)
    np.testing.assert_allclose(px, again)
    np.testing.assert_allclose(local[..., 2], depth)
    np.testing.assert_allclose(local @ recording.cameras[2].R + recording.cameras[2].position, world, atol=1e-6)


def test_lsp_is_read_back_with_one_joint_in_one_place(lsp):
    joints = scipy.io.loadmat(lsp / "joints.mat")["joints"]
    assert joints.shape == (14, 3, 3) and set(np.unique(joints[:, 2])) <= {0.0, 1.0}
    data = Lsp(lsp, SMALL)
    assert sum(data.get_length(mode) for mode in (TRAIN_MODE, VALID_MODE, TEST_MODE)) == 3
    assert data.get_data(0, TRAIN_MODE)["frame"].shape == (64, 64, 3)


@pytest.mark.parametrize("kind", ("h36m", "ntu", "lsp"))
def test_a_stopped_run_goes_on_and_gives_the_same(kind, request, tmp_path):
    folder = request.getfixturevalue(kind)
    again = {"h36m": h36m_into, "ntu": ntu_into, "lsp": lsp_into}[kind]
    twin = shutil.copytree(folder, tmp_path / folder.name)
    kept, lost = sorted(twin.rglob("*.jpg"))[:2]
    stamp = kept.stat().st_mtime_ns
    lost.unlink()
    temporary_name(lost).write_bytes(b"half")  # of a writer that was killed
    for path in (*twin.rglob("*.mat"), *twin.rglob("samples.json"), *list(twin.rglob("*.npy"))[:1]):
        path.unlink()
    again(tmp_path)
    assert kept.stat().st_mtime_ns == stamp
    assert files(twin) == files(folder)


def test_two_processes_write_what_one_writes(h36m, tmp_path):
    assert files(h36m_into(tmp_path, workers=2)) == files(h36m)


def test_wrong_arguments_are_named_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match="`size` must be in the proportion of 960 x 540. Received: \\(100, 100\\)"):
        write_ntu(tmp_path, 1, 1, size=(100, 100))
    with pytest.raises(ValueError, match="`train` and `test` must be at most .*Received: 99999, 1"):
        write_ntu(tmp_path, 99999, 1)
    with pytest.raises(ValueError, match="`frames` must be a whole number from 1. Received: 0"):
        write_h36m(tmp_path, frames=0)
    with pytest.raises(ValueError, match="`test` must be left out: .*Received: 3"):
        synthesise("lsp", tmp_path, 5, 3)
    assert not list(tmp_path.iterdir())


def test_left_and_right_are_those_of_the_person(h36m, ntu):
    """Head over neck over thorax over spine; from right to left and up gives the front, to which the feet point."""
    names = pa20j3d.joint_names
    for data in (
        Human36M(h36m, SMALL, pa20j3d, topology="frames"),
        Ntu(ntu, SMALL, pa20j3d, topology="frames", use_gt_bbox=True),
    ):
        for key in range(0, data.get_length(TEST_MODE), 4):
            pose = data.get_data(key, TEST_MODE)["pose"]
            place = {name: pose[names.index(name), :3] for name in names}
            assert place["head"][1] < place["neck"][1] < place["thorax"][1] < place["pelvis"][1]
            front = np.cross(place["l_shoul"] - place["r_shoul"], place["thorax"] - place["pelvis"])
            for side in "rl":
                assert (place[f"{side}_foot"] - place[f"{side}_ankle"]) @ front > 0
