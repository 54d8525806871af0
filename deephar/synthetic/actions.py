"""The actions by data set and number, and a performance of any of them."""

from dataclasses import dataclass

import numpy as np

from deephar.synthetic import actions_bar, actions_gym, actions_sport
from deephar.synthetic.actions_h36m import H36M_SCRIPTS
from deephar.synthetic.actions_ntu import NTU_SCRIPTS
from deephar.synthetic.body import sample_body
from deephar.synthetic.motion import Performance, Style, flip_performance, place
from deephar.utils.labels import NTU_LABELS

# Penn Action's own order; its files count from 1.
ACTIONS = (
    "baseball_pitch baseball_swing bench_press bowl clean_and_jerk golf_swing jump_rope jumping_jacks "
    "pullup pushup situp squat strum_guitar tennis_forehand tennis_serve"
).split()
NUM_ACTIONS = len(ACTIONS)
MIN_FRAMES, MAX_FRAMES = 20, 80
MIN_FRAMES_ONCE = 36  # of an action that is not repeated: a throw in fewer would jump from frame to frame
_MODULES = (actions_bar, actions_gym, actions_sport)


@dataclass(frozen=True)
class ActionSet:
    """The actions of a data set that the synthetic world performs.

    Attributes:
        name: 'penn', 'ntu' or 'h36m'.
        scripts: {action, from 0: (name, script)}, a script being a function of a `Style`.
        num_actions: classes of the data set, performed here or not.
        view: how far to either side of the person's front a camera may stand, degrees.
    """

    name: str
    scripts: dict
    num_actions: int
    view: float = 180.0

    @property
    def performed(self):
        """The actions, from 0, that occur."""
        return tuple(self.scripts)

    @property
    def labels(self):
        """Names of all classes in their order, None for those that are not performed."""
        return tuple(self.label(action) if action in self.scripts else None for action in range(self.num_actions))

    def label(self, action):
        """The name of an action."""
        return self.scripts[action][0]


def _from_zero(scripts):
    return {number - 1: entry for number, entry in scripts.items()}


PENN = ActionSet(
    "penn",
    {i: (name, next(getattr(m, name) for m in _MODULES if hasattr(m, name))) for i, name in enumerate(ACTIONS)},
    NUM_ACTIONS,
)
NTU = ActionSet("ntu", _from_zero(NTU_SCRIPTS), len(NTU_LABELS), view=80.0)
H36M = ActionSet("h36m", _from_zero(H36M_SCRIPTS), len(H36M_SCRIPTS))
ACTION_SETS = {actions.name: actions for actions in (PENN, NTU, H36M)}


def get_actions(name):
    """The `ActionSet` of that name.

    Raises:
        ValueError: there is none.
    """
    if name not in ACTION_SETS:
        raise ValueError(f"`actions` must be one of {tuple(ACTION_SETS)}. Received: {name!r}")
    return ACTION_SETS[name]


@dataclass(frozen=True)
class Take:
    """One performance of one action by one person, before any frame is computed.

    Attributes:
        action: its number in the data set, from 0.
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
            performance = flip_performance(performance)
        return place(performance, self.heading, (0.0, 0.0))


def sample_take(rng, split, action=None, actions=PENN, body=None):
    """Draw who does what and how.

    Args:
        rng: numpy Generator.
        split: 'train', 'validation' or 'test'; style parameters come from the split's own cells.
        action: one of `actions.performed`, or None for a random one.
        actions: an `ActionSet`.
        body: the performer; None: somebody new.

    Returns:
        A `Take`.
    """
    style = Style(rng, split)
    performed = actions.performed
    action = performed[int(rng.integers(len(performed)))] if action is None else int(action)
    if action not in performed:
        raise ValueError(f"`action` must be one of {performed}. Received: {action}")
    body = sample_body(rng) if body is None else body
    script = actions.scripts[action][1](style)
    num_frames = int(rng.integers(MIN_FRAMES if script.cycles else MIN_FRAMES_ONCE, MAX_FRAMES + 1))
    if script.cycles is None:
        first, last = -style.uniform(0.0, 0.12), 1.0 + style.uniform(0.0, 0.10)
    else:
        low, high = script.cycles
        first = style.uniform(0.0, 1.0)
        # A repetition takes at least eleven frames, so that eight frames of a clip still show it.
        last = first + min(style.uniform(low, high), num_frames / 11.0)
    return Take(action, body, num_frames, script, first, last, style.chance(0.5), float(rng.uniform(0, 360)))
