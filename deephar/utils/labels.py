"""Names of the actions of Penn Action and NTU RGB+D, in the order of their numbers, and whether names agree."""

from collections.abc import Sequence

PENN_LABELS = tuple(
    "baseball_pitch baseball_swing bench_press bowl clean_and_jerk golf_swing jump_rope jumping_jacks "
    "pullup pushup situp squat strum_guitar tennis_forehand tennis_serve".split()
)

NTU_LABELS = tuple(
    "drink water, eat meal, brush teeth, brush hair, drop, pick up, throw, sit down, stand up, clap, read, write, "
    "tear up paper, put on jacket, take off jacket, put on a shoe, take off a shoe, put on glasses, take off glasses, "
    "put on a hat, take off a hat, cheer up, hand waving, kick something, reach into pocket, hop, jump up, phone call, "
    "play with phone, type on a keyboard, point to something, taking a selfie, check time, rub two hands, nod head, "
    "shake head, wipe face, salute, put palms together, cross hands in front, sneeze, staggering, falling down, "
    "headache, chest pain, back pain, neck pain, nausea, fan self, punch person, kick person, push person, "
    "pat on back, point finger at person, hug person, give object, touch pocket, shake hands, "
    "walk towards, walk apart".split(", ")
)


def default_labels(count: int) -> tuple[str, ...]:
    """Return names for `count` actions of which nobody says what they are: action_0, action_1, ..."""
    return tuple(f"action_{k}" for k in range(count))


def check_equal_names(argument: str, lists: Sequence[Sequence[str]]) -> None:
    """Check that several lists of names are one and the same.

    Args:
        argument: str. What the error names.
        lists: list of lists of str, one at least.

    Raises:
        ValueError: they are not; says the first difference.
    """
    first = list(lists[0])
    for number, names in enumerate(lists[1:], 1):
        if len(names) != len(first):
            counts = [len(k) for k in lists]
            raise ValueError(f"`{argument}` must hold the same names in every list. Received: {counts} names")
        for place, (name, other) in enumerate(zip(first, names, strict=True)):
            if name != other:
                allowed = f"`{argument}` must hold the same names in the same order in every list"
                raise ValueError(f"{allowed}. Received: {name!r} and, in list {number}, {other!r} at {place}")
