"""Files that strangers wrote: paths stay inside, damage is named, nothing is unpickled."""

import pickle

import numpy as np
import pytest
import scipy.io

from deephar.data.files import data_folder, inside, load_json, load_mat, open_image

PREPARE = "Do this."


@pytest.mark.parametrize("name", ["", ".", "..", "../x.jpg", "a/../../x.jpg", "/x.jpg", "a\0b.jpg", "link/x.jpg"])
def test_paths_that_leave_the_folder(tmp_path, name):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    with pytest.raises(ValueError, match="annotation"):
        inside(folder, name)


def test_paths_that_stay(tmp_path):
    (tmp_path / "elsewhere" / "b").mkdir(parents=True)
    (tmp_path / "data").symlink_to(tmp_path / "elsewhere")  # a folder may lie on another disk
    for name in ("a.jpg", "b/c.jpg", "b/../a.jpg", "..a.jpg"):
        assert inside(tmp_path / "data", name).is_relative_to(tmp_path / "elsewhere")


def test_folder_is_needed(tmp_path):
    (tmp_path / "file").touch()
    for name in ("none", "file"):
        with pytest.raises(FileNotFoundError, match=f"`dataset_path`.*{name}.*Do this"):
            data_folder(tmp_path / name, PREPARE)
    assert data_folder(str(tmp_path), PREPARE) == tmp_path


def test_mat_with_optional_variables(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"x": np.arange(3)})
    x, y = load_mat(tmp_path / "a.mat", ["x"], PREPARE, optional=["y"])
    assert x.ravel().tolist() == [0, 1, 2] and y is None


def test_pickle_is_not_read(tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("unpickled",))

    (tmp_path / "a.mat").write_bytes(pickle.dumps(Trap()))
    (tmp_path / "a.json").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ValueError, match="a.mat.*Do this"):
        load_mat(tmp_path / "a.mat", ["x"], PREPARE)
    with pytest.raises(ValueError, match="a.json.*Do this"):
        load_json(tmp_path / "a.json", PREPARE)


def test_deep_json_is_an_error(tmp_path):
    (tmp_path / "a.json").write_text("[" * 100000)
    with pytest.raises(ValueError, match="a.json"):
        load_json(tmp_path / "a.json", PREPARE)


def test_damaged_images_always_name_their_path(tmp_path, photo):
    content, rng, damaged = bytearray(photo.read_bytes()), np.random.default_rng(0), 0
    for _ in range(40):
        broken = content[: rng.integers(len(content))]
        for place in rng.integers(max(1, len(broken) // 4), size=5):
            if broken:
                broken[place] = rng.integers(256)
        (tmp_path / "broken.jpg").write_bytes(broken)
        try:
            with open_image(tmp_path / "broken.jpg", PREPARE) as image:
                image.load()
        except ValueError as error:
            assert "broken.jpg" in str(error) and PREPARE in str(error)
            damaged += 1
    assert damaged > 30
