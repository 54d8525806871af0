"""Comparison of a reader's sample with the reference entry of the same name."""

import numpy as np

from deephar.config import DataConfig

PLAIN = DataConfig(crop_resolution=(256, 256))
AUG = PLAIN.replace(
    fixed_angle=20, fixed_scale=1.3, fixed_trans_x=15, fixed_trans_y=-8, fixed_hflip=1, fixed_chpower=(0.9, 1.0, 1.1)
)
SETTINGS = {"plain": PLAIN, "aug": AUG}


def block_means(frame):
    """Means of 8 x 8 blocks: (..., 256, 256, 3) -> (..., 32, 32, 3)."""
    return frame.reshape((*frame.shape[:-3], 32, 8, 32, 8, 3)).mean(axis=(-4, -2))


def assert_agrees(sample, reference, prefix):
    """Compare every field that the reference has under `prefix`."""
    fields = [key.rsplit("/", 1)[1] for key in reference.files if key.rsplit("/", 1)[0] == prefix]
    assert fields, f"no reference for {prefix}"
    for field in fields:
        expected = reference[f"{prefix}/{field}"]
        if field == "frame32":
            error = np.abs(block_means(sample["frame"]) - expected)
            assert error.mean() < 0.02 and error.max() < 0.15, field
        else:
            assert np.shape(sample[field]) == expected.shape, field
            np.testing.assert_allclose(sample[field], expected, rtol=1e-5, atol=1e-9, err_msg=field)
