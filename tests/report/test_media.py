"""Images and videos of the page: embedded, made smaller, linked, or why not."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from deephar.report.media import Budget, embed_image, embed_pixels, embed_video, find_source, link_image, probe
from tests.report.examples import FRAMES, SIZE, write_video


def budget(tmp_path, left=10**6, image=10**6):
    return Budget(tmp_path / "pages" / "report.html", left, image)


def size_of(url):
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).size


def noise(side):
    return np.random.default_rng(0).integers(0, 255, (side, side, 3), np.uint8)


def test_an_image_is_embedded_as_large_as_it_may_be(tmp_path):
    small = embed_pixels(noise(100), budget(tmp_path))
    assert size_of(small["url"]) == (100, 100) and small["note"] == ""
    limited = budget(tmp_path, image=200_000)
    large = embed_pixels(noise(1000), limited)
    wide, high = size_of(large["url"])
    assert wide == high < 1000 and large["note"] == f"shown at {wide // 10} % of its 1000 x 1000 px"
    assert 10**6 - 200_000 <= limited.left < 10**6
    assert embed_pixels(noise(1000), budget(tmp_path, image=1000)) is None
    assert embed_pixels(noise(100), budget(tmp_path, left=1000)) is None


def test_a_file_is_linked_from_the_page(tmp_path):
    path = tmp_path / "a b#.png"
    Image.fromarray(noise(20)).save(path)
    assert link_image(path, budget(tmp_path))["url"] == "../a%20b%23.png"
    assert link_image(tmp_path / "a.tiff", budget(tmp_path)) is None
    (tmp_path / "broken.png").write_bytes(b"no image")
    assert embed_image(tmp_path / "broken.png", budget(tmp_path)) is None


def test_a_video_is_embedded_until_the_limit(tmp_path):
    path = write_video(tmp_path / "walk.mp4", 5)
    whole = embed_video(path, "video/mp4", budget(tmp_path))
    assert base64.b64decode(whole["base64"]) == path.read_bytes() and whole["note"] == ""
    linked = embed_video(path, "video/mp4", budget(tmp_path, left=10))
    assert linked["url"] == "../walk.mp4" and linked["note"].startswith("linked, not in this page: walk.mp4 has ")


def test_a_source_is_looked_for_beside_its_document(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    document = tmp_path / "results" / "a_prediction.json"
    document.parent.mkdir()
    (tmp_path / "a.png").touch()
    (document.parent / "b.png").touch()
    assert find_source("a.png", document).resolve() == tmp_path / "a.png"
    assert find_source("elsewhere/b.png", document) == document.parent / "b.png"
    assert find_source("c.png", document) is None and find_source(None, document) is None
    assert find_source("0", document) is None and find_source("rtsp://user@host/1", document) is None


def test_what_browsers_play(tmp_path):
    av = pytest.importorskip("av")
    found = probe(write_video(tmp_path / "walk.mp4"), 7)
    assert (found.mime, found.why, found.size, found.offset_s) == ("video/mp4", "", SIZE, 0.0)
    assert abs(int(found.pixels[60, 3 * 7 + 5, 0]) - 220) < 25 and FRAMES > 7  # the bar of frame 7
    with av.open(str(tmp_path / "old.avi"), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
        container.mux([*stream.encode(frame), *stream.encode(None)])
    found = probe(tmp_path / "old.avi")
    assert found.mime == "" and found.why == "browsers do not play it (mpeg4, yuv420p in avi)"
    (tmp_path / "none.mp4").write_bytes(b"no video")
    assert probe(tmp_path / "none.mp4") is None


def test_a_mirrored_video_is_not_for_browsers(cases):
    assert "do not mirror" in probe(cases / "mirrored.mp4").why
    assert probe(cases / "anamorphic.mp4").mime == "video/mp4"
