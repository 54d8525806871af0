"""LSP and FLIC from their official releases: counts, images, the real annotations, errors."""

import h5py
import miniatures as M
import numpy as np
import pytest
import scipy.io

from deephar.config import DataConfig
from deephar.data import Flic, Lsp
from deephar.utils import TEST_MODE, TRAIN_MODE
from deephar.utils.pose import FLIC_COLUMNS

SMALL = DataConfig(crop_resolution=(32, 32))


def write_examples(path, names, joints, train):
    """A FLIC release's examples.mat of joints (N, 11, 2) px."""
    fields = ("filepath", "coords", "torsobox", "istrain", "istest")
    records = np.empty((1, len(names)), dtype=[(name, object) for name in fields])
    for k, (name, points) in enumerate(zip(names, joints, strict=True)):
        coords = np.full((2, 29), np.nan)
        coords[:, FLIC_COLUMNS] = points.T
        records[0, k] = name, coords, np.zeros((1, 4)), bool(train[k]), not train[k]
    path.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path, {"examples": records})


def test_the_real_people_of_flic(prepare_flic, real, tmp_path, capsys):
    names, joints, train = [], [], []
    for part in ("train", "valid"):
        with h5py.File(real / "flic_annotations" / f"{part}.h5") as file:
            names += [name.decode() for name in file["imgname"][:]]
            joints.append(file["part"][:])
            train += [part == "train"] * len(joints[-1])
    joints = np.concatenate(joints)
    write_examples(tmp_path / "release" / "FLIC" / "examples.mat", names, joints, train)
    assert prepare_flic.main([str(tmp_path / "release"), str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "training: 3,987 people of 3,987 in" in out and "test: 1,016 people of 1,016 in" in out
    assert "put the images into" in out
    flic = Flic(tmp_path / "FLIC", DataConfig(), held_out=0.1)
    assert flic.get_length(TEST_MODE) == 1016 and 3000 < flic.get_length(TRAIN_MODE) < 3987
    np.testing.assert_array_equal(flic.joints, joints)
    observed = Flic(tmp_path / "FLIC", DataConfig(), sides="observer")
    trunk = observed.joints[:, [0, 6], 0].sum(axis=1) <= observed.joints[:, [3, 7], 0].sum(axis=1)
    assert trunk.all()


def test_flic_with_images_is_prepared_verified_and_damage_is_named(prepare_flic, tmp_path, capsys):
    names = [f"film-{k}-0000000{k}.jpg" for k in range(1, 4)]
    source, joints = tmp_path / "source", np.random.default_rng(0).uniform(5, 40, (3, 11, 2))
    write_examples(source / "examples.mat", names, joints, [True, True, False])
    for seed, name in enumerate(names):
        M.image(source / "images" / name, seed=seed)
    assert prepare_flic.main([str(source), str(tmp_path), "--images", "copy"]) == 0
    assert prepare_flic.main(["--verify", str(tmp_path)]) == 0
    assert "2 training, 1 test people, 3 images, 0 problems" in capsys.readouterr().out
    assert Flic(tmp_path / "FLIC", SMALL).get_data(0, TEST_MODE)["frame"].shape == (32, 32, 3)
    (tmp_path / "FLIC" / "images" / names[1]).write_bytes(b"no image")
    assert prepare_flic.main(["--verify", str(tmp_path)]) == 1
    assert names[1] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("shape", "name", "counts"),
    [
        ((3, 14, 4), "im%04d.jpg", "training: 2 people in 2 images"),
        ((14, 3, 4), "im%05d.jpg", "test: 1 people in 1 images"),
    ],
)
def test_both_releases_of_lsp(shape, name, counts, prepare_lsp, tmp_path, capsys):
    source = tmp_path / "source" / "lsp"
    source.mkdir(parents=True)
    scipy.io.savemat(source / "joints.mat", {"joints": np.random.default_rng(0).uniform(1, 40, shape)})
    for number in range(1, 5):
        M.image(source / "images" / (name % number), seed=number)
    assert prepare_lsp.main([str(tmp_path / "source"), str(tmp_path)]) == 0
    assert counts in capsys.readouterr().out
    assert prepare_lsp.main(["--verify", str(tmp_path)]) == 0
    assert Lsp(tmp_path / "LSP", SMALL).get_data(0, TRAIN_MODE)["frame"].shape == (32, 32, 3)


def test_a_source_without_or_with_two_releases(prepare_lsp, tmp_path):
    (tmp_path / "source").mkdir()
    with pytest.raises(FileNotFoundError, match=r"SOURCE must hold joints\.mat. Received.*sam\.johnson"):
        prepare_lsp.main([str(tmp_path / "source"), str(tmp_path)])
    for name in ("a", "b"):
        (tmp_path / "source" / name).mkdir()
        (tmp_path / "source" / name / "joints.mat").write_bytes(b"")
    with pytest.raises(ValueError, match=r"SOURCE must hold one joints\.mat; name its folder"):
        prepare_lsp.main([str(tmp_path / "source"), str(tmp_path)])
    assert not (tmp_path / "LSP").exists()


def test_synthetic_twins(prepare_lsp, prepare_flic, tmp_path):
    assert prepare_lsp.main(["--synthetic", str(tmp_path), "--train", "2", "--workers", "1"]) == 0
    options = ["--synthetic", str(tmp_path), "--train", "2", "--test", "1", "--workers", "1"]
    assert prepare_flic.main(options) == 0 and prepare_flic.main(["--verify", str(tmp_path)]) == 0
