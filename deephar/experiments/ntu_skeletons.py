"""NTU RGB+D's `.skeleton` files: reading them, and choosing whose skeleton it is.

Shahroudy, Liu, Ng and Wang, "NTU RGB+D: A Large Scale Dataset for 3D Human Activity Analysis", CVPR 2016. Text, numbers
separated by blanks and line ends (Microsoft Kinect 2):

    number of frames
    then for each frame:   number of bodies
      then for each body:  tracking id, 6 whole numbers (edges, hands, restricted), lean x, lean y, tracking state
                           number of joints (25)
        for each joint:    x y z (m) | depth x, y (px) | colour x, y (px, 1920 x 1080) | orientation w x y z | state
"""

import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

NUM_JOINTS = 25
BODY_NUMBERS, JOINT_NUMBERS = 10, 12
XYZ, COLOUR, STATE = slice(0, 3), slice(5, 7), 11
MIN_FRAMES = 12  # a body seen less often is a flicker of the tracker, if there is another
FLAT = 0.8  # a body whose width is more than this much of its height is furniture rather than a person ...
MOSTLY = 0.75  # ... if it is so in that part of its frames


def read_skeleton(path: str | pathlib.Path) -> list[dict[str, np.ndarray]]:
    """Read one file.

    Returns:
        List of frames, each a dict from tracking id (string) to a body (25, 12) float64.

    Raises:
        ValueError: names the file; it is not a skeleton file or not whole.
    """
    words = pathlib.Path(path).read_text(encoding="ascii", errors="replace").split()
    try:
        frames, end = _frames(words)
    except IndexError as error:
        raise ValueError(f"{path} is not a whole skeleton file (it ends too early)") from error
    except ValueError as error:
        raise ValueError(f"{path} is not a whole skeleton file ({error})") from error
    if end != len(words):
        raise ValueError(f"{path} is not a whole skeleton file ({len(words) - end} numbers after its last frame)")
    return frames


def _frames(words):
    """Take the words apart; return frames, and the number of words used."""
    frames, place = [], 1
    for _ in range(int(words[0])):
        bodies, place = {}, place + 1
        for _ in range(int(words[place - 1])):
            number = words[place]
            if int(words[place + BODY_NUMBERS]) != NUM_JOINTS:
                raise ValueError(f"a body has {words[place + BODY_NUMBERS]} joints instead of {NUM_JOINTS}")
            start = place + BODY_NUMBERS + 1
            place = start + NUM_JOINTS * JOINT_NUMBERS
            if place > len(words):
                raise IndexError
            bodies[number] = np.array(words[start:place], dtype=np.float64).reshape(NUM_JOINTS, JOINT_NUMBERS)
        frames.append(bodies)
    return frames, place


def main_body(frames: Sequence[Mapping[str, np.ndarray]]) -> np.ndarray:
    """Choose the one person of a sample: the body that moves most, with what the tracker took for other people.

    Flickers and flat things are no candidates where there is another body. The tracker gives a person who was lost a
    new id: a body that is never seen together with the chosen one is taken for the same person.

    Args:
        frames: list of dict, from `read_skeleton`.

    Returns:
        Rows (F, 151) float64, one for each frame in which the person was seen: its number from 1; x y z (m) of joint 0,
        of joint 1 ...; 25 colour x and 25 colour y (px of 1920 x 1080); 25 depths (mm). What was not tracked is 0.
    """
    seen = {}
    for place, bodies in enumerate(frames):
        for number in bodies:
            seen.setdefault(number, []).append(place)
    tracks = {number: np.stack([frames[place][number] for place in places]) for number, places in seen.items()}
    candidates = [number for number, track in tracks.items() if not _is_noise(track[:, :, XYZ])] or list(tracks)
    if not candidates:
        return np.zeros((0, 1 + 6 * NUM_JOINTS))
    ranked = sorted(candidates, key=lambda number: -_motion(tracks[number][:, :, XYZ]))
    chosen = dict.fromkeys(seen[ranked[0]], ranked[0])
    for number in ranked[1:]:
        if not set(seen[number]) & set(seen[ranked[0]]):
            chosen = dict.fromkeys(seen[number], number) | chosen
    return np.stack([_row(place + 1, frames[place][chosen[place]]) for place in sorted(chosen)])


def _is_noise(xyz):
    """Whether a track (F, 25, 3) is a flicker or a flat thing."""
    width, height = np.ptp(xyz[:, :, 0], axis=1), np.ptp(xyz[:, :, 1], axis=1)
    return len(xyz) < MIN_FRAMES or (width > FLAT * height).mean() > MOSTLY


def _motion(xyz):
    """How much a track (F, 25, 3) moves: the variance of its coordinates over time, summed."""
    return xyz.var(axis=0).sum()


def _row(number, body):
    """One body (25, 12) as a row of numbers."""
    xyz, colour, depth = body[:, XYZ], body[:, COLOUR], 1000 * body[:, 2]
    lost = ~np.isfinite(body[:, :7]).all(1) | (body[:, STATE] == 0)
    planar = np.where(lost[:, None], 0, np.column_stack([colour, depth]))  # (25, 3)
    return np.concatenate([[number], np.where(lost[:, None], 0, xyz).ravel(), planar.T.ravel()])
