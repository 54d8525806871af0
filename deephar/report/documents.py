"""A document of results as an entry of the page: facts, people, actions, and what they are drawn on."""

import re
import types

import numpy as np
from PIL import Image

from deephar.drawing.skeleton import draw_pose, joint_side
from deephar.inference.actions import ActionResult, clock, headline
from deephar.inference.export import DRAWN_CONFIDENCE, GRID_MM
from deephar.inference.result_files import OVERLAY_IMAGE, OVERLAY_VIDEO
from deephar.inference.results import UNITS, FrameResult, Result, read
from deephar.report.media import (
    SEARCHED_FRAMES,
    Budget,
    data_url,
    embed_image,
    embed_pixels,
    embed_video,
    find_source,
    jpeg,
    link_image,
    probe,
)
from deephar.report.people import busiest_frame, encode, joints_of, pack_people, shares
from deephar.report.places import Found
from deephar.utils.images import read_image
from deephar.utils.pose import get_poselayout

THUMBNAIL_PX, THUMBNAIL_QUALITY, PAPER = 240, 70, 128
SHOWN_ACTIONS = 5  # curves of probabilities a person
PROBLEM_TIME = re.compile(r"\b(?:after|at) (\d+\.\d+) s")


def document_entry(found: Found, budget: Budget) -> tuple[dict, dict]:
    """Return a document for the page.

    Args:
        found: `Found` of kind "results".
        budget: `Budget`, of which what is embedded is taken.

    Returns:
        (summary for the list, the whole entry): dicts of plain values for JSON.

    Raises:
        FileNotFoundError, ValueError: as `deephar.inference.results.read`.
    """
    result = read(found.path)
    layout = _layout_of(result)
    media, pixels, shown = (_video if result.head.kind == "video" else _image)(result, found.path, budget)
    people = pack_people(result)
    words = _words(result, people)
    entry = {
        "kind": result.head.kind,
        "headline": words,
        "size": list(result.size),
        "fps": result.fps,
        "facts": _facts(result, found),
        "units": [[name, text] for name, text in UNITS.items()],
        "complete": result.complete,
        "problems": [{"text": text, "time_s": _time_of(text)} for text in result.problems],
        "joints": layout.joint_names,
        "sides": [joint_side(name) for name in layout.joint_names],
        "links": layout.links,
        "drawn_confidence": DRAWN_CONFIDENCE,
        "grid_mm": GRID_MM,
        "media": media,
        "actions": [_action(action) for action in result.actions],
        **people,
    }
    summary = {
        "kind": result.head.kind,
        "words": words,
        "complete": result.complete,
        "thumbnail": _thumbnail(result, layout, pixels, shown),
    }
    return summary, entry


def _layout_of(result):
    """Names and links of the joints; no links where the layout is a user's own."""
    names = list(joints_of(result))
    try:
        layout = get_poselayout(result.head.layout)
    except ValueError:
        layout = None
    if layout is None or names and names != list(layout.joint_names):
        return types.SimpleNamespace(num_joints=len(names), joint_names=names, links=[])
    return layout


def _words(result, people):
    """Who is there, or what they do, in one line."""
    if result.actions:
        return headline(result.actions)
    count = len(people["people"])
    return "nobody found" if not count else "1 person" if count == 1 else f"{count} people"


def _time_of(problem):
    match = PROBLEM_TIME.search(problem)
    return match and float(match[1])


def _facts(result, found):
    head, (width, height) = result.head, result.size
    length = result.frames[-1].time_s if result.frames else 0.0
    video = {
        "length": f"{len(result.frames)} frames, {clock(length)}, {head.fps or 0:.4g} a second",
        "clips of the network": head.clip_frames
        and f"{head.clip_frames} frames, {head.clip_step_s or 0:.3g} s between two of them",
    }
    facts = {
        "source": head.source or "arrays",
        "size": f"{width} x {height} px",
        **(video if head.kind == "video" else {}),
        "network": head.model.name,
        "weights, SHA-256": head.model.weights_sha256[:12],
        "people found by": head.detector,
        "joints": head.layout,
        "smoothed": head.smoothing and f"yes; gaps up to {head.smoothing.max_gap_s:g} s are filled",
        "complete": "yes" if result.complete else "no",
        "document": str(found.path),
        "written by": f"deephar {head.deephar or ''}".strip(),
    }
    return [[name, text] for name, text in facts.items() if text]


def _action(action: ActionResult) -> dict:
    """What a person does, for the page: segments, and the curves of the most probable actions over the clips."""
    values = np.stack([clip.probabilities for clip in action.clips])  # (clips, actions)
    best = np.argsort(-values.max(axis=0), kind="stable")[:SHOWN_ACTIONS]
    document = action.to_dict()
    return {
        "id": action.id,
        "name": action.name,
        "probability": document["probability"],
        "segments": document["segments"],
        "labels": [action.clips[0].labels[k] for k in best],
        "starts": encode([clip.start_s for clip in action.clips], "<f4"),
        "ends": encode([clip.end_s for clip in action.clips], "<f4"),
        "probabilities": encode(shares(values[:, best]), "u1"),  # (clips, labels)
    }


def _beside(document, ending):
    """The overlay of a document, or None."""
    path = document.with_name(re.sub(r"_prediction\.jsonl?$", ending, document.name))
    return path if path != document and path.is_file() else None


def _image(result, document, budget):
    """(media, pixels or None, frame of the thumbnail) of an image."""
    path, overlay = find_source(result.source, document), _beside(document, OVERLAY_IMAGE)
    frame, pixels, note = busiest_frame(result.frames), None, ""
    if path is None:
        note = "the image is not there: only the poses are shown"
    else:
        try:
            pixels = read_image(path)
        except (OSError, ValueError, ImportError) as error:
            note = f"the image cannot be read any more: {error}"
    if pixels is not None and pixels.shape[1::-1] != tuple(result.size):
        note, pixels = f"{path} is another image now, of {pixels.shape[1]} x {pixels.shape[0]} px: not shown", None
    if pixels is not None:
        shown = embed_pixels(pixels, budget) or link_image(path, budget)
        note = "the limit of the page is reached: only the poses are shown"
        if shown:
            return {"how": "image", "drawn": False, **shown}, pixels, frame
    elif overlay and (shown := embed_image(overlay, budget) or link_image(overlay, budget)):
        note = f"{note.partition(':')[0]}: the overlay is shown"
        return {"how": "image", "drawn": True, "url": shown["url"], "note": note}, None, frame
    return {"how": "none", "note": note}, pixels, frame


def _video(result, document, budget):
    """(media, pixels or None, frame of the thumbnail) of a video."""
    path, overlay = find_source(result.source, document), _beside(document, OVERLAY_VIDEO)
    frame = busiest_frame(result.frames[:SEARCHED_FRAMES])
    looked = probe(path, frame.index if frame else 0) if path else None
    pixels, why = looked and looked.pixels, "the source is not there"
    if path is not None:
        why = looked.why if looked else "the source cannot be read"
        if looked and looked.size and tuple(looked.size) != tuple(result.size):
            why, pixels = f"the source has {looked.size[0]} x {looked.size[1]} px now, it is another one", None
        if not why and not result.complete and overlay:
            why = "the source is damaged or the run was stopped"
    choices = [] if why else [(path, looked.mime, {"drawn": False, "offset_s": looked.offset_s}, "")]
    if overlay and overlay.stat().st_size:
        choices.append((overlay, "video/mp4", {"drawn": True, "offset_s": 0.0}, why and f"{why}: the overlay is shown"))
    choices.sort(key=lambda choice: choice[0].stat().st_size > budget.left)  # what fits goes first
    if not choices:
        return {"how": "none", "note": f"{why}: only the poses are shown"}, pixels, frame
    chosen, mime, about, reason = choices[0]
    shown = embed_video(chosen, mime, budget)
    note = "; ".join(filter(None, [reason, shown.pop("note")]))
    return {"how": "video", **about, **shown, "note": note}, pixels, frame


def _thumbnail(result: Result, layout: object, pixels: np.ndarray | None, frame: FrameResult | None) -> str:
    """A small image with the skeletons as a data URL; on grey where there are no pixels."""
    width, height = result.size
    scale = THUMBNAIL_PX / max(width, height)
    side = max(1, round(width * scale)), max(1, round(height * scale))
    if pixels is None:
        small = np.full((side[1], side[0], 3), PAPER, np.uint8)
    else:
        small = np.asarray(Image.fromarray(pixels).resize(side, Image.Resampling.BILINEAR, reducing_gap=2.0))
    for person in frame.people if frame else ():
        if len(person.confidence) == layout.num_joints:
            sure = np.asarray(person.confidence) >= DRAWN_CONFIDENCE
            small = draw_pose(small, person.pose_px[:, :2] * scale, layout, visible=sure)
    return data_url(jpeg(small, THUMBNAIL_PX, THUMBNAIL_QUALITY), "image/jpeg")
