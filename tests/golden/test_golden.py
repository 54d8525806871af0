"""Small networks give their stored outputs, and the other golden files are those of the whole reference."""

import pathlib

import numpy as np
import pytest

HERE = pathlib.Path(__file__).resolve().parent
MAX_BYTES = 2_000_000
with np.load(HERE / "small_networks.npz") as file:
    SMALL_OUTPUTS = {key: file[key] for key in file.files}
NAMES = sorted({key.split("/")[0] for key in SMALL_OUTPUTS})


@pytest.fixture(scope="module")
def small_networks(golden_module, reference_weights):
    """The module that builds the small networks; `reference_weights`, which it imports, is loaded before."""
    return golden_module("small_networks")


@pytest.mark.parametrize("name", NAMES)
def test_small_network_gives_its_stored_outputs(small_networks, name):
    outputs = small_networks.outputs(small_networks.build(name))
    expected = [SMALL_OUTPUTS[key] for key in sorted(SMALL_OUTPUTS) if key.startswith(f"{name}/")]
    assert [y.shape for y in outputs] == [y.shape for y in expected]
    for y, stored in zip(outputs, expected, strict=True):
        np.testing.assert_allclose(y, stored, rtol=0, atol=1e-5)


def test_every_small_network_is_stored(small_networks):
    assert sorted(small_networks.NETWORKS) == NAMES


def test_stored_outputs_are_neither_flat_nor_saturated():
    for key, y in SMALL_OUTPUTS.items():
        assert y.std() > 0.02 and ((y > 1e-3) & (y < 1 - 1e-3)).mean() > 0.5, key


def test_golden_files_are_those_of_the_whole_reference(reference, golden_module, tmp_path):
    if reference == HERE:
        pytest.skip("no ../shared/reference beside the project")
    golden_module("make").take_reference(reference, tmp_path)
    made = {path.name for path in tmp_path.iterdir()} | {"small_networks.npz"}
    assert made == {path.name for path in HERE.iterdir() if path.suffix in (".json", ".npz")}
    for path in tmp_path.glob("*.json"):
        assert path.read_bytes() == (HERE / path.name).read_bytes()
    for path in tmp_path.glob("*.npz"):
        with np.load(path) as fresh, np.load(HERE / path.name) as shipped:
            assert fresh.files == shipped.files
            for key in fresh.files:
                np.testing.assert_array_equal(fresh[key], shipped[key], err_msg=f"{path.name}: {key}")


def test_golden_files_are_small():
    assert sum(path.stat().st_size for path in HERE.iterdir() if path.is_file()) < MAX_BYTES
