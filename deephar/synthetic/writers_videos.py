"""The synthetic world as class-named folders of videos, split by people, which `deephar.data.VideoFolder` reads.

    OUT/Videos/train/jumping_jacks/jumping_jacks_0001.mp4, .../test/...          every video somebody else, elsewhere

A folder has the name of its action, or one of its own: classes={"star_jump": "jumping_jacks"}.
"""

import pathlib
from collections.abc import Mapping

from deephar.synthetic.actions import get_actions
from deephar.synthetic.definition import SYNTHETIC_V1
from deephar.synthetic.output import check_counts, definition, start
from deephar.synthetic.world import FPS, render_clip
from deephar.utils.io import atomic_path
from deephar.utils.jobs import run_jobs
from deephar.utils.video import VideoWriter, exact_rate, require_av


def folder_of(action):
    """The folder of an action that is given no other name: 'hand waving' -> 'hand_waving'."""
    return action.replace(" ", "_")


def choose_classes(actions="penn", classes=None):
    """The folders of a data set and what is performed in them.

    Args:
        actions: 'penn', 'ntu' or 'h36m'.
        classes: {folder: action}, a list of 'action' or 'folder=action', or None for all that are performed. Names of
            actions may have `_` for a space.

    Returns:
        {folder: place of its action in `performed` of the `ActionSet`}.

    Raises:
        ValueError: an action or a name of a folder is none, two folders have one name, or there is no class.
    """
    known = get_actions(actions)
    places = {folder_of(known.label(action)): place for place, action in enumerate(known.performed)}
    if isinstance(classes, Mapping):
        pairs = list(classes.items())
    else:
        words = [text.partition("=") for text in (places if classes is None else classes)]
        pairs = [(folder, action) if equal else (folder_of(folder), folder) for folder, equal, action in words]
    if not pairs or len(dict(pairs)) < len(pairs):
        raise ValueError(f"`classes` must be different folders, one or more. Received: {[name for name, _ in pairs]}")
    for folder, action in pairs:
        if folder_of(action) not in places:
            raise ValueError(f"`classes` must be of the actions {', '.join(places)}. Received: {action!r}")
        if not folder or folder.startswith(".") or set(folder) & set("/\\\0"):
            raise ValueError(f"`classes` must be names of folders, not hidden, no slash. Received: {folder!r}")
    return {folder: places[folder_of(action)] for folder, action in pairs}


def _video_job(job):
    """Draw one video unless it is there."""
    path, split, index, size, seed, background, actions, fps = job
    path = pathlib.Path(path)
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    clip = render_clip(split, index, None, size, seed, background=background, actions=actions, fps=fps)
    with atomic_path(path) as temporary, VideoWriter(temporary, fps) as writer:
        for frame in clip["frames"]:
            writer.add(frame)


def write_videos(
    out,
    train=8,
    test=4,
    sizes=SYNTHETIC_V1.clip_sizes,
    seed=0,
    workers=None,
    background=None,
    actions="penn",
    classes=None,
    fps=FPS,
):
    """Write class-named folders of videos of 0.7 to 2.7 s.

    Args:
        out: the folder in which `Videos` is made, or continued.
        train: number of videos of each class below `train`.
        test: number of videos of each class below `test`, of other people in other clothes and manners.
        sizes: shapes (width, height) px that the videos of a class take in turn.
        seed: seed of the world.
        workers: processes; None: as many as cores.
        background: a folder of own images for the background, or None.
        actions: 'penn', 'ntu' or 'h36m': whose motions.
        classes: {folder: action}, a list of actions, or None for all that are performed; see `choose_classes`.
        fps: frames a second; the motions are as fast at any rate.

    Returns:
        Path of the `Videos` folder.

    Raises:
        ValueError: a count below 1, an unknown action, or the folder holds another synthetic world.
        ImportError: PyAV is not installed.
    """
    check_counts(train=train, test=test)
    rate, chosen, places = float(exact_rate(fps)), choose_classes(actions, classes), len(get_actions(actions).performed)
    require_av()
    folder, sizes = pathlib.Path(out) / "Videos", [tuple(size) for size in sizes]
    what = {"actions": actions, "classes": chosen, "fps": rate}
    start(folder, {**definition(sizes, seed, (train, test), background), **what})
    plan = [
        (split, name, place, number)
        for split, count in (("train", train), ("test", test))
        for number in range(count)
        for name, place in chosen.items()
    ]
    jobs = [
        (
            str(folder / split / name / f"{name}_{number + 1:04d}.mp4"),
            split,
            number * places + place,
            sizes[(number + place) % len(sizes)],
            seed,
            background,
            actions,
            rate,
        )
        for split, name, place, number in plan
    ]
    run_jobs(_video_job, jobs, workers, "videos")
    return folder
