"""MPII's official release becomes the folder that the reader reads; the split is the key's; damage is named."""

import h5py
import miniatures as M
import numpy as np
import pytest
import scipy.io

from deephar.config import DataConfig
from deephar.data import MpiiSinglePerson
from deephar.utils import TRAIN_MODE, VALID_MODE

NAMES = ("000.jpg", "001.jpg", "002.jpg", "003.jpg", "004.jpg")


def release(folder):
    """Five images: two people of whom one is single; one with two joints left; official test; nobody; validation."""
    rng = np.random.default_rng(0)
    lone, other = M.mpii_person(rng), M.mpii_person(rng, scale=None)
    few = M.mpii_person(rng, joints=(0, 9))
    hidden = M.mpii_person(rng, annopoints=None, x1=None, y1=None, x2=None, y2=None)
    valid = [M.mpii_person(rng, objpos={"x": 40 + k, "y": 30}) for k in range(3)]
    entries = [
        (NAMES[0], True, [1], [lone, other]),
        (NAMES[1], True, [1], [few]),
        (NAMES[2], False, [1], [hidden]),
        (NAMES[3], True, [], []),
        (NAMES[4], True, [1, 3], valid),
    ]
    M.mpii_release(folder / "mpii_human_pose_v1_u12_2" / "mpii_human_pose_v1_u12_1.mat", entries)
    for seed, name in enumerate(NAMES):
        M.image(folder / "images" / name, seed=seed)
    return entries


@pytest.fixture
def source(tmp_path):
    release(tmp_path / "source")
    (tmp_path / "source" / "valid.txt").write_text(f"{NAMES[4]}\n{NAMES[4]}\n")
    return tmp_path / "source"


def points_of(person):
    """Joints (16, 2) as the release has them, NaN where absent."""
    points = np.full((16, 2), np.nan)
    for joint, x, y, _ in person["annopoints"]["point"][0]:
        points[joint] = x, y
    return points


def visible_of(person):
    """Which joints (16,) are seen, as the release has it: a number, text, or nothing for joints of the head."""
    visible = np.full(16, np.nan)
    for joint, _, _, seen in person["annopoints"]["point"][0]:
        visible[joint] = float(seen) if np.size(seen) else np.nan
    return visible


def test_round_trip(prepare_mpii, source, tmp_path, capsys):
    entries = release(source)
    assert prepare_mpii.main([str(source), str(tmp_path / "out"), "--valid", str(source / "valid.txt")]) == 0
    out = capsys.readouterr().out
    assert "annot_tr: 2 people in 2 images" in out and "annot_val: 2 people in 1 images" in out
    assert "the usual validation split has 2958 people, this one has 2" in out
    data = MpiiSinglePerson(tmp_path / "out" / "MPII", DataConfig(crop_resolution=(64, 64)))
    assert (data.get_length(TRAIN_MODE), data.get_length(VALID_MODE)) == (2, 2)
    expected = [entries[0][3][0], entries[1][3][0], entries[4][3][0], entries[4][3][2]]
    for person, record in zip(data.samples[TRAIN_MODE] + data.samples[VALID_MODE], expected, strict=True):
        np.testing.assert_array_equal(person.joints, points_of(record))
        np.testing.assert_array_equal(person.objpos, [record["objpos"]["x"], record["objpos"]["y"]])
        np.testing.assert_array_equal(person.head, [20, 5, 35, 25])
        assert person.scale == 0.4
        np.testing.assert_array_equal(person.visible, visible_of(record))
    assert [person.image for person in data.samples[VALID_MODE]] == [NAMES[4]] * 2
    sample = data.get_data(1, VALID_MODE)
    assert sample["frame"].shape == (64, 64, 3) and sample["headsize"] == pytest.approx(0.6 * 25)
    assert (data.get_data(1, TRAIN_MODE)["pose"][:, 0] > -1e8).sum() <= 2
    assert prepare_mpii.main(["--verify", str(tmp_path / "out"), "--workers", "1"]) == 0


def test_the_file_has_the_form_of_the_fixture(prepare_mpii, source, tmp_path, fixture_world):
    prepare_mpii.main([str(source), str(tmp_path), "--valid", str(source / "valid.txt")])
    ours = scipy.io.loadmat(tmp_path / "MPII" / "annotations.mat")
    theirs = scipy.io.loadmat(fixture_world / "MPII" / "annotations.mat")
    for name in ("annot_tr", "annot_val"):
        a, b = ours[name], theirs[name]
        assert a.dtype == b.dtype == object and a.shape[0] == b.shape[0] == 3
        assert a[0, 0].dtype == b[0, 0].dtype and a[0, 0].ndim == b[0, 0].ndim == 2
        person, other = a[2, 0][0, 0][0, 0], b[2, 0][0, 0][0, 0]
        assert person.dtype.names == (*other.dtype.names, "visible")  # older folders do not say what is seen
        assert all(person[field].shape == other[field].shape for field in other.dtype.names)
        assert all(person[field].dtype == other[field].dtype for field in other.dtype.names)


def test_a_key_of_people_takes_exactly_these(prepare_mpii, source, tmp_path):
    key = tmp_path / "valid.h5"
    with h5py.File(key, "w") as file:
        file["imgname"] = np.array([NAMES[4], NAMES[4]], dtype="S13")
        file["person"] = np.array([1.0, 2.0])  # from 0; the first of them is no single person
    prepare_mpii.main([str(source), str(tmp_path / "out"), "--valid", str(key)])
    data = MpiiSinglePerson(tmp_path / "out" / "MPII", DataConfig())
    assert [person.objpos[0] for person in data.samples[VALID_MODE]] == [41, 42]
    assert {person.image for person in data.samples[TRAIN_MODE]} == set(NAMES[:2])


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("999.jpg", "names images without annotation in the release: .'999.jpg'."),
        (NAMES[2], "names images without annotation in the release"),
        ("nonsense", "must hold one image name a line"),
        ("", "must hold one image name a line"),
    ],
)
def test_a_wrong_key_is_refused_before_anything_is_written(prepare_mpii, source, tmp_path, lines, problem):
    (tmp_path / "key.txt").write_text(lines)
    with pytest.raises(ValueError, match=problem):
        prepare_mpii.main([str(source), str(tmp_path / "out"), "--valid", str(tmp_path / "key.txt")])
    with h5py.File(tmp_path / "key.h5", "w") as file:
        file["imgname"], file["person"] = np.array([NAMES[0]], dtype="S13"), np.array([1.0])
    with pytest.raises(ValueError, match="names a person of 000.jpg without full annotation"):
        prepare_mpii.main([str(source), str(tmp_path / "out"), "--valid", str(tmp_path / "key.h5")])
    (tmp_path / "bad.h5").write_bytes(b"not HDF5")
    with pytest.raises(ValueError, match="must be HDF5 with `imgname` and `person`.*bad.h5"):
        prepare_mpii.main([str(source), str(tmp_path / "out"), "--valid", str(tmp_path / "bad.h5")])
    assert not (tmp_path / "out").exists()


def test_a_damaged_release_is_named(prepare_mpii, source, tmp_path):
    path = next(source.rglob("*.mat"))
    arguments = [str(source), str(tmp_path / "out"), "--valid", str(source / "valid.txt")]
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="mpii_human_pose_v1_u12_1.mat"):
        prepare_mpii.main(arguments)
    rng = np.random.default_rng(0)
    bad = M.mpii_person(rng, annopoints={"point": M.struct_row([M.mpii_point(16, 1, 2)])})
    M.mpii_release(path, [(NAMES[4], True, [1], [M.mpii_person(rng)]), (NAMES[1], True, [1], [bad])])
    with pytest.raises(ValueError, match=r"u12_1.mat.*annolist\(2\).*a joint has number 16"):
        prepare_mpii.main(arguments)
    path.unlink()
    with pytest.raises(FileNotFoundError, match="SOURCE must hold mpii_human_pose_v1_u12_1.mat"):
        prepare_mpii.main(arguments)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("how", ["link", "copy"])
def test_verify_names_missing_and_damaged_images(prepare_mpii, source, tmp_path, capsys, how):
    out = str(tmp_path / "out")
    arguments = [str(source), out, "--valid", str(source / "valid.txt"), "--images", how]
    assert prepare_mpii.main(arguments) == 0
    images = tmp_path / "out" / "MPII" / "images"
    assert images.is_symlink() == (how == "link")
    whole = (images / NAMES[0]).read_bytes()
    (images / NAMES[0]).write_bytes(whole[: len(whole) // 2])
    (images / NAMES[4]).unlink()
    assert prepare_mpii.main(["--verify", out, "--workers", "1"]) == 1
    error = capsys.readouterr().err
    assert f"{images / NAMES[0]} is damaged" in error and f"{images / NAMES[4]} does not exist" in error
    if how == "copy":
        (images / ".0123456789abcdef.half.jpg").write_bytes(b"of a killed run")
        assert prepare_mpii.main(arguments) == 0
        assert prepare_mpii.main(["--verify", out, "--workers", "1"]) == 0
        assert sorted(path.name for path in images.iterdir()) == sorted(NAMES)


def test_annotations_of_another_origin_are_not_overwritten(prepare_mpii, source, tmp_path):
    (tmp_path / "MPII").mkdir()
    (tmp_path / "MPII" / "annotations.mat").write_bytes(b"precious")
    with pytest.raises(ValueError, match="annotations.mat of another origin; nothing was changed"):
        prepare_mpii.main([str(source), str(tmp_path), "--valid", str(source / "valid.txt")])
    assert (tmp_path / "MPII" / "annotations.mat").read_bytes() == b"precious"


def test_the_synthetic_twin(prepare_mpii, tmp_path, source):
    asked = ["--synthetic", str(tmp_path), "--train", "1", "--test", "1", "--workers", "1"]
    assert prepare_mpii.main(asked) == 0
    data = MpiiSinglePerson(tmp_path / "MPII", DataConfig())
    assert (data.get_length(TRAIN_MODE), data.get_length(VALID_MODE)) == (1, 1)
    assert prepare_mpii.main(["--verify", str(tmp_path), "--workers", "1"]) == 0
    with pytest.raises(ValueError, match="OUT holds a synthetic data set; nothing was changed"):
        prepare_mpii.main([str(source), str(tmp_path), "--valid", str(source / "valid.txt")])


@pytest.mark.slow
def test_the_usual_validation_people(prepare_mpii, real, tmp_path, capsys):
    """A release made of the real annotations of the 2,958 people, told from others by the real key."""
    key = real / "mpii_annotations" / "valid.h5"
    with h5py.File(key) as file:
        truth = {name: file[name][:] for name in ("imgname", "person", "part", "center", "scale", "normalize")}
    people, stranger = {}, {"scale": 1.0, "objpos": {"x": 1, "y": 1}}
    for k, name in enumerate(truth["imgname"]):
        joints = [M.mpii_point(j, *truth["part"][k, j]) for j in range(16) if truth["part"][k, j].any()]
        scale = truth["scale"][k] / 1.25  # the key's makers enlarged it, and moved the centre down
        objpos = {"x": truth["center"][k, 0], "y": truth["center"][k, 1] - 15 * scale}
        side = truth["normalize"][k] / 0.6
        head = {"x1": 0.0, "y1": 0.0, "x2": side, "y2": 0.0}
        record = {"annopoints": {"point": M.struct_row(joints)}, "scale": scale, "objpos": objpos, **head}
        people.setdefault(name.decode(), {})[int(truth["person"][k])] = record
    every = {name: [records.get(n, stranger) for n in range(max(records) + 1)] for name, records in people.items()}
    entries = [(name, True, [], records) for name, records in every.items()]
    M.mpii_release(tmp_path / "mpii_human_pose_v1_u12_1.mat", entries)
    assert prepare_mpii.main([str(tmp_path), str(tmp_path), "--valid", str(key)]) == 0
    assert "annot_val: 2958 people in 2729 images" in (out := capsys.readouterr().out) and "the usual" not in out
    found = MpiiSinglePerson(tmp_path / "MPII", DataConfig()).samples[VALID_MODE]
    rank = {name: place for place, name in enumerate(people)}
    order = sorted(range(2958), key=lambda k: (rank[truth["imgname"][k].decode()], truth["person"][k]))
    joints = np.nan_to_num(np.stack([person.joints for person in found]))
    np.testing.assert_allclose(joints, truth["part"][order])
    np.testing.assert_allclose([1.25 * person.scale for person in found], truth["scale"][order])
    heads = [0.6 * np.linalg.norm(person.head[:2] - person.head[2:]) for person in found]
    np.testing.assert_allclose(heads, truth["normalize"][order])
