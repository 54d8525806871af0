"""Colours by name."""

import numpy as np
import pytest

from deephar.utils.colors import cnames, hex_colors, hexcolor2tuple


def test_names_codes_and_numbers():
    assert cnames["sandybrown"] == "#F4A460" and cnames["aliceblue"] == "#F0F8FF" and len(cnames) >= 140
    assert hex_colors == list(cnames.values()) and all(len(code) == 7 and code == code.upper() for code in hex_colors)
    np.testing.assert_allclose(hexcolor2tuple("#FF8000"), (1.0, 128 / 255, 0.0))
    with pytest.raises(ValueError, match="no colour"):
        hexcolor2tuple("no colour")
