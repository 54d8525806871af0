"""What users hand over: which kind it is, in Python and on the command line."""

import numpy as np
import pytest
from PIL import Image

from deephar.inference.sources import Source, find_sources, kind_of


def test_kinds_of_what_code_hands_over(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    (tmp_path / "v.mp4").write_bytes(b"\0" * 40)
    frame = np.zeros((4, 4, 3), np.uint8)
    kinds = {
        "image": (frame, Image.new("RGB", (4, 4)), tmp_path / "a.png", str(tmp_path / "a.png"), "none.png"),
        "video": (tmp_path / "v.mp4",),
        "folder": (tmp_path, str(tmp_path)),
        "images": ([frame], (frame,), np.zeros((2, 4, 4, 3))),
        "frames": (iter([frame]), (f for f in [frame])),
        "live": (0, "0", "rtsp://host/a", "http://host/a.mp4"),
    }
    for kind, sources in kinds.items():
        assert [kind_of(source) for source in sources] == [kind] * len(sources)


@pytest.mark.parametrize(
    ("path", "kind", "name"),
    [
        ("a/b.c.jpg", "image", "b.c"),
        ("0", "live", "camera0"),
        ("rtsp://me@host:554/cam/main?x=1", "live", "main"),
        ("http://host/", "live", "host"),
        ("udp://@:1234", "live", "1234"),
    ],
)
def test_names_of_results(path, kind, name):
    assert Source(path, kind).name == name


def test_a_number_is_a_camera_unless_there_is_such_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_sources(["0"]) == ([Source("0", "live")], [])
    Image.new("RGB", (4, 4)).save(tmp_path / "0", "PNG")
    assert find_sources(["0"]) == ([Source("0", "image")], [])


def test_a_folder_without_sources_says_what_is_in_it(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / ".hidden.png").write_text("x")
    with pytest.raises(FileNotFoundError, match="`source` must hold images or videos.*notes.txt: no image or video"):
        find_sources([str(tmp_path)])
