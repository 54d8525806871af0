"""The page in a browser without a network: it plays, turns, seeks, obeys keys, and runs nothing of a document."""

import dataclasses
import shutil
import time

import pytest
from PIL import Image

from deephar.report import write_report
from tests.report.examples import FRAMES, SIZE, image, save, video, write_run, write_validation, write_video

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium")
EVIL = '</script><script>window.hit = 1</script><img src=x onerror="window.hit = 1">'
PIXELS = """canvas => [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data]
    .reduce((sum, v, k) => (sum * 31 + v * (k % 7 + 1)) % 1000000007, 0)"""  # changes where the canvas does
FRAME = "() => Number(document.querySelector('.controls input[type=range]').value)"


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser):
    """Return a function that opens a page, with no network; whatever went wrong in it fails the test."""
    wrong, contexts = [], []

    def open_page(path, place="", **options):
        options = {"viewport": {"width": 1300, "height": 2000}, **options}
        contexts.append(browser.new_context(offline=True, **options))
        page = contexts[-1].new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: None if is_local(request.url) else wrong.append(request.url))
        page.goto(path.as_uri() + place)
        page.wait_for_selector("h1")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def until(page, expression, limit_s=20.0):
    """Wait until a JavaScript function is true in the page; Playwright's own wait may need `eval`, which it forbids."""
    end = time.monotonic() + limit_s
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(20)


def is_local(url):
    return url.startswith(("file:", "data:", "blob:"))


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """A page of one video."""
    folder = tmp_path_factory.mktemp("films")
    problems = ("1 of 51 frames missing, the first after 1.000 s",)
    save(video(write_video(folder / "walk.mp4"), problems=problems), folder / "results", "walk")
    return write_report([folder / "results"])[0]


@pytest.fixture(scope="module")
def album(tmp_path_factory):
    """A page of a run, its results: two images and a video that is gone, and what came with evil names."""
    folder = write_run(tmp_path_factory.mktemp("album") / "mine")
    write_validation(folder)
    Image.new("RGB", (40, 30), (200, 40, 40)).save(folder / "validation_best.png")
    for name in ("one", "two"):
        path = folder / f"{name}.png"
        Image.new("RGB", SIZE, (60, 90, 60)).save(path)
        save(image(path), folder / "results", name)
    save(video("gone.mp4", complete=False, problems=("cut off",)), folder / "results", "zgone")
    evil = video(EVIL, labels=(EVIL, "squat"), problems=(EVIL,))
    save(dataclasses.replace(evil, head=dataclasses.replace(evil.head, detector=EVIL)), folder / "results", "zz<b>evil")
    return write_report([folder])[0]


def test_a_video_plays_in_step(films, opened):
    page = opened(films)
    until(page, "() => document.querySelector('video').readyState >= 2")
    before = page.locator(".stage canvas").evaluate(PIXELS), page.locator(".space").evaluate(PIXELS)
    page.click(".play")
    until(page, "() => document.querySelector('video').currentTime > 0.3")
    page.click(".play")
    assert page.locator("video").evaluate("video => video.paused")
    after = page.locator(".stage canvas").evaluate(PIXELS), page.locator(".space").evaluate(PIXELS)
    assert before[0] != after[0] and before[1] != after[1]
    time, frame = page.locator("video").evaluate("video => video.currentTime"), page.evaluate(FRAME)
    assert abs(frame - time * 25) <= 2
    assert f"frame {frame}" in page.inner_text(".time")


def test_a_frame_is_the_one_that_is_asked_for(films, opened):
    page = opened(films)
    until(page, "() => document.querySelector('video').readyState >= 2")
    where = """() => {
        const video = document.querySelector("video"), small = document.createElement("canvas");
        [small.width, small.height] = [video.videoWidth, video.videoHeight];
        small.getContext("2d").drawImage(video, 0, 0);
        const row = small.getContext("2d").getImageData(0, 60, small.width, 1).data;
        return [...row].findIndex((v, k) => k % 4 === 0 && v > 140) / 4;
    }"""  # where the bar of the video begins: at three times the frame
    for frame in (7, 30, 31):
        page.locator(".controls input[type=range]").evaluate(
            "(slide, frame) => { slide.value = frame; slide.dispatchEvent(new Event('input')); }", frame
        )
        until(page, "() => !document.querySelector('video').seeking")
        page.wait_for_timeout(100)
        assert page.evaluate(FRAME) == frame
        assert abs(page.evaluate(where) - 3 * frame) < 1.5


def test_keys_and_clicks_seek(films, opened):
    page = opened(films)
    until(page, "() => document.querySelector('video').readyState >= 2")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(FRAME) == 2
    page.keyboard.press("End")
    assert page.evaluate(FRAME) == FRAMES - 1
    page.keyboard.press("Home")
    page.keyboard.press(" ")
    until(page, "() => !document.querySelector('video').paused")
    page.keyboard.press(" ")
    until(page, "() => document.querySelector('video').paused")
    track = page.locator(".timeline .rows .track").first
    box = track.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.7, box["y"] + 8)
    assert abs(page.evaluate(FRAME) - 0.7 * FRAMES) <= 1
    page.get_by_role("button", name="jump rope 0.90, from 0:01 to 0:02").press("Enter")
    assert page.evaluate(FRAME) == 20
    page.locator(".flag").click()
    assert page.evaluate(FRAME) == 25
    heat = page.locator("canvas.heat").last.bounding_box()
    page.mouse.click(heat["x"] + heat["width"] * 0.3, heat["y"] + 5)
    assert abs(page.evaluate(FRAME) - 0.3 * FRAMES) <= 1
    page.locator("td button", has_text="0:00.80").click()
    assert page.evaluate(FRAME) == 20


def test_a_drag_and_the_keys_turn_the_pose(films, opened):
    page = opened(films)
    space = page.locator(".space")
    seen = [space.evaluate(PIXELS)]
    box = space.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 120, steps=3)
    page.mouse.up()
    seen.append(space.evaluate(PIXELS))
    space.press("ArrowLeft")
    seen.append(space.evaluate(PIXELS))
    assert len(set(seen)) == 3 and page.evaluate(FRAME) == 0
    space.press("Home")
    assert space.evaluate(PIXELS) == seen[0]


def test_people_are_chosen_and_values_are_told(films, opened):
    page = opened(films)
    second = page.get_by_role("button", name="Person 2")
    before = page.locator("canvas.heat").last.evaluate(PIXELS)
    second.click()
    assert second.get_attribute("aria-pressed") == "true"
    assert page.locator("canvas.heat").last.evaluate(PIXELS) != before
    box = page.locator("canvas.heat").last.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 2)
    words = page.inner_text("#tip").split("\n")
    assert words[0] == "pelvis" and words[1].endswith("frame 45") and words[2].startswith("confidence 0.")
    page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + 2)
    assert "not seen" in page.inner_text("#tip")
    shown = page.locator(".stage canvas").evaluate(PIXELS)
    for name in ("skeletons", "boxes", "ids and actions"):
        page.get_by_label(name, exact=True).uncheck()
    assert page.locator(".stage canvas").evaluate(PIXELS) != shown
    assert page.locator(".stage canvas").evaluate(
        "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.every(v => v === 0)"
    )


def test_light_dark_and_a_phone(films, album, opened):
    colors = []
    page = opened(films, viewport={"width": 390, "height": 800})
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(100)
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        colors.append((paper, page.locator(".space").evaluate(PIXELS)))
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert colors[0][0] != colors[1][0] and colors[0][1] != colors[1][1]
    page = opened(album, viewport={"width": 390, "height": 800})
    for place in ("#0", "#1", "#all"):
        page.evaluate("place => { location.hash = place; }", place)
        page.wait_for_timeout(100)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, place


def test_a_video_beside_the_page_is_linked(films, opened):
    folder = films.parent
    page = opened(write_report([folder], folder / "linked.html", 0)[0])
    assert "linked, not in this page" in page.inner_text(".note").lower()
    until(page, "() => document.querySelector('video').readyState >= 2")


def test_poses_play_without_their_video(album, opened):
    page = opened(album, "#3")
    assert page.inner_text("h1") == "zgone" and page.locator("video").count() == 0
    assert "cut off" in page.inner_text("[role=alert]") and "Not complete" in page.inner_text("[role=alert]")
    page.keyboard.press(" ")
    until(page, "() => Number(document.querySelector('.controls input[type=range]').value) > 5")


def test_nothing_of_a_document_is_run(album, opened):
    page = opened(album, "#4")
    assert page.inner_text("h1") == "zz<b>evil"
    assert EVIL in page.inner_text("dl") and EVIL in page.inner_text(".alert")
    page.wait_for_timeout(100)
    assert page.evaluate("window.hit") is None and page.locator("img").count() == 0


def test_the_list_leads_to_every_entry(album, opened):
    page = opened(album)
    assert page.locator(".card").count() == 5 and page.inner_text(".badge") == "not complete"
    page.get_by_role("link", name="one Image", exact=True).click()
    until(page, "() => document.querySelector('h1').textContent === 'one'")
    until(page, "() => document.querySelector('.stage img').naturalWidth === 160")
    page.keyboard.press("ArrowRight")
    until(page, "() => document.querySelector('h1').textContent === 'two'")
    before = page.inner_text(".bars h3")
    page.locator("td button", has_text="Person 2").click()
    assert before.endswith("person 1") and page.inner_text(".bars h3").endswith("person 2")


def test_the_curves_and_the_validation_of_a_run(album, opened):
    page = opened(album, "#0")
    assert page.locator(".plots svg").count() == 5 and page.locator(".plots .star").count() == 2
    assert page.locator(".plots path.curve").first.get_attribute("d").count("L") == 5
    page.get_by_role("checkbox", name="single clip").uncheck()
    assert page.locator(".plots svg").count() == 4
    pck = page.get_by_role("img", name="pck over 6 epochs")
    box = pck.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.98, box["y"] + 50)
    words = page.inner_text("#tip")
    assert "action, epoch 2 (6 in all)" in words and "pck 0.45" in words and "seconds an epoch 2.5" in words
    rate = page.get_by_role("img", name="learning rate over 6 epochs")
    page.get_by_label("logarithmic").check()
    assert "0.001" in rate.text_content() and "1e-4" in rate.text_content()
    cell = page.locator("canvas.confusion")
    cell.scroll_into_view_if_needed()
    box = cell.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 10, box["y"] + box["height"] - 70)
    assert page.inner_text("#tip").split("\n") == ["true: squat", "predicted: jump rope", "1 of 4, 25 %"]
    assert "pck 50 % (higher is better)" in page.inner_text("main")
    assert page.get_by_alt_text("best samples of the validation").get_attribute("src").startswith("data:image/jpeg")
