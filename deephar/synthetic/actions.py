"""The fifteen Penn actions by name, and a performance of any of them."""

from dataclasses import dataclass

import numpy as np

from deephar.synthetic import actions_bar, actions_gym, actions_sport
from deephar.synthetic.body import sample_body
from deephar.synthetic.motion import Performance, Style, mirror_performance, place

# Penn Action's own order; its files count from 1.
ACTIONS = (
    "baseball_pitch baseball_swing bench_press bowl clean_and_jerk golf_swing jump_rope jumping_jacks "
    "pullup pushup situp squat strum_guitar tennis_forehand tennis_serve"
).split()
NUM_ACTIONS = len(ACTIONS)
MIN_FRAMES, MAX_FRAMES = 20, 80
MIN_FRAMES_ONCE = 36  # of an action that is not repeated: a throw in fewer would jump from frame to frame
_MODULES = (actions_bar, actions_gym, actions_sport)
_SCRIPTS = {name: next(getattr(m, name) for m in _MODULES if hasattr(m, name)) for name in ACTIONS}


@dataclass(frozen=True)
class Take:
    """One performance of one action by one person, before any frame is computed.

    Attributes:
        action: index into `ACTIONS`.
        body: the performer.
        num_frames: length of the video, 20 to 80.
    """

    action: int
    body: object
    num_frames: int
    script: object
    first: float
    last: float
    left_handed: bool
    heading: float

    def perform(self, frames):
        """The `Performance` at frame numbers (T,), which need not be whole, around the origin of the world."""
        frames = np.atleast_1d(np.asarray(frames, float))
        u = self.first + (self.last - self.first) * frames / max(self.num_frames - 1, 1)
        performance = Performance(*self.script.perform(self.body, u))
        if self.left_handed:
            performance = mirror_performance(performance)
        return place(performance, self.heading, (0.0, 0.0))


def sample_take(rng, split, action=None):
    """Draw who does what and how.

    Args:
        rng: numpy Generator.
        split: 'train', 'validation' or 'test'; style parameters come from the split's own cells.
        action: index 0..14, or None for a random one.

    Returns:
        A `Take`.
    """
    style = Style(rng, split)
    action = int(rng.integers(NUM_ACTIONS)) if action is None else int(action)
    if not 0 <= action < NUM_ACTIONS:
        raise ValueError(f"`action` must be in 0..{NUM_ACTIONS - 1}. Received: {action}")
    body = sample_body(rng)
    script = _SCRIPTS[ACTIONS[action]](style)
    num_frames = int(rng.integers(MIN_FRAMES if script.cycles else MIN_FRAMES_ONCE, MAX_FRAMES + 1))
    if script.cycles is None:
        first, last = -style.uniform(0.0, 0.12), 1.0 + style.uniform(0.0, 0.10)
    else:
        low, high = script.cycles
        first = style.uniform(0.0, 1.0)
        # A repetition takes at least eleven frames, so that eight frames of a clip still show it.
        last = first + min(style.uniform(low, high), num_frames / 11.0)
    return Take(action, body, num_frames, script, first, last, style.chance(0.5), float(rng.uniform(0, 360)))
