"""The reader of Keras 2 weight files: what it reads, and how it refuses what is broken."""

import h5py
import numpy as np
import pytest

from deephar.checkpoints import hdf5, legacy_h5

GROUPS = [
    ("input_1", []),
    ("conv1", [("conv1/kernel:0", np.arange(12, dtype="float32").reshape(2, 2, 3))]),
    ("stem", [("inner_a/kernel:0", np.ones((3, 4), "float32")), ("inner_b/beta:0", np.zeros(4, "float32"))]),
]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "weights.h5"
    legacy_h5.write(path, GROUPS)
    return path


def same(a, b):
    assert [(layer, [n for n, _ in ws]) for layer, ws in a] == [(layer, [n for n, _ in ws]) for layer, ws in b]
    for (_, mine), (_, theirs) in zip(a, b, strict=True):
        for (_, x), (_, y) in zip(mine, theirs, strict=True):
            np.testing.assert_array_equal(x, y)


def test_what_is_written_is_read_again(file):
    same(legacy_h5.read(file), GROUPS)
    assert legacy_h5.is_legacy(file)
    with h5py.File(file) as f:
        # As the original reads them: byte strings of fixed length, whatever the version of h5py.
        assert f.attrs["keras_version"].decode("utf8") == "2.1.4" and f.attrs["backend"].decode("utf8") == "tensorflow"
        assert [n.decode("utf8") for n in f.attrs["layer_names"]] == ["input_1", "conv1", "stem"]
        assert [n.decode("utf8") for n in f["conv1"].attrs["weight_names"]] == ["conv1/kernel:0"]
        assert f["conv1/conv1/kernel:0"].dtype == "float32"


def test_reference_files_survive_reading_and_writing(reference, reference_weights, tmp_path):
    """Nested models included."""
    theirs, ours = tmp_path / "theirs.h5", tmp_path / "ours.h5"
    reference_weights.write_h5(reference / "merge_penn.json", theirs)
    groups = legacy_h5.read(theirs)
    legacy_h5.write(ours, groups)
    same(legacy_h5.read(ours), groups)
    with h5py.File(theirs) as a, h5py.File(ours) as b:
        assert sorted(a) == sorted(b)


def test_a_file_of_model_save_is_read(tmp_path):
    plain, whole = tmp_path / "plain.h5", tmp_path / "whole.h5"
    legacy_h5.write(plain, GROUPS)
    with h5py.File(plain) as source, h5py.File(whole, "w") as target:
        target.attrs["model_config"] = b"{}"
        group = target.create_group("model_weights")
        group.attrs.update(source.attrs)
        for name in source:
            source.copy(name, group)
    same(legacy_h5.read(whole), GROUPS)


def test_names_too_long_for_one_attribute_are_cut(tmp_path):
    groups = [(f"a_rather_long_name_of_a_layer_{i:05d}", []) for i in range(3000)]
    legacy_h5.write(tmp_path / "long.h5", groups)
    same(legacy_h5.read(tmp_path / "long.h5"), groups)


def refused(path, *words):
    with pytest.raises(hdf5.WeightFileError) as error:
        legacy_h5.read(path)
    message = str(error.value)
    assert "`path`" in message and str(path) in message and all(w in message for w in words), message


def test_text_file_and_empty_file(tmp_path):
    text = tmp_path / "page.h5"
    text.write_text("<html>quota exceeded</html>")
    refused(text, "not an HDF5 file", "<html>")
    (tmp_path / "empty.h5").touch()
    refused(tmp_path / "empty.h5", "empty")
    with pytest.raises(FileNotFoundError, match="`path` must be a weight file.*none.h5"):
        legacy_h5.read(tmp_path / "none.h5")


@pytest.mark.parametrize("kept", [0.3, 0.7, 0.98])
def test_truncated_file(file, kept):
    data = file.read_bytes()
    file.write_bytes(data[: int(kept * len(data))])
    refused(file, "damaged or was cut off")


def test_overwritten_bytes_never_crash_the_reader(file):
    data, rng = file.read_bytes(), np.random.default_rng(0)
    for _ in range(40):
        spoilt = bytearray(data)
        for at in rng.integers(8, len(data), 20):
            spoilt[at] = rng.integers(256)
        file.write_bytes(bytes(spoilt))
        try:
            legacy_h5.read(file)
        except hdf5.WeightFileError as error:
            assert str(file) in str(error)


def test_no_layer_names(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as f:
        f["data"] = np.zeros(3)
    refused(tmp_path / "other.h5", "no `layer_names`")
    assert not legacy_h5.is_legacy(tmp_path / "other.h5")


def spoil(file, change):
    with h5py.File(file, "a") as f:
        change(f)


def test_listed_but_absent(file):
    spoil(file, lambda f: f["conv1"].pop("conv1"))
    refused(file, "conv1/kernel:0", "is not there")


def test_links_out_of_the_file_are_not_followed(file, tmp_path):
    legacy_h5.write(tmp_path / "secret.h5", GROUPS)

    def link(f):
        del f["conv1"]
        f["conv1"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/conv1")

    spoil(file, link)
    refused(file, "link to somewhere else")


def test_names_cannot_climb_out_of_their_group(file):
    spoil(file, lambda f: f["conv1"].attrs.modify("weight_names", [b"../stem/inner_b/beta:0"]))
    refused(file, "not a name inside")


def test_only_numbers_are_read(file):
    def objects(f):
        del f["conv1/conv1/kernel:0"]
        f["conv1"].create_dataset("conv1/kernel:0", data=["text"], dtype=h5py.string_dtype())

    spoil(file, objects)
    refused(file, "not numbers")


def test_a_file_cannot_unfold_to_more_than_fits(file):
    def huge(f):
        del f["conv1/conv1/kernel:0"]
        f["conv1"].create_dataset("conv1/kernel:0", shape=(2**40,), dtype="float32", chunks=(1024,))

    spoil(file, huge)
    refused(file, "unfolds to more than")


def test_a_failed_write_leaves_the_old_file(file):
    before = file.read_bytes()
    with pytest.raises((TypeError, ValueError)):
        legacy_h5.write(file, [("conv1", [("conv1/kernel:0", "no number")])])
    assert file.read_bytes() == before and [p.name for p in file.parent.iterdir()] == [file.name]
