"""The appearance of people: skin, hair, clothes and small things worn on one side only, different in every split.

sample_person(rng, split) -> PersonAppearance, once a clip     dress(skeleton, appearance) -> Solids, every frame
"""

from dataclasses import dataclass

import numpy as np

from deephar.synthetic.dress import PART, PART_NAMES, dress
from deephar.synthetic.faces import head_texture
from deephar.synthetic.palette import cloth_colour, pattern_seed, pick, split_value, tone
from deephar.synthetic.scene import Material

__all__ = ["PART", "PART_NAMES", "PersonAppearance", "dress", "sample_person"]

SKIN_TONES = ((0.27, 0.17, 0.13), (0.47, 0.31, 0.22), (0.68, 0.48, 0.36), (0.84, 0.64, 0.51), (0.95, 0.79, 0.69))
HAIR_TONES = (
    (0.07, 0.06, 0.06),
    (0.20, 0.12, 0.07),
    (0.38, 0.24, 0.13),
    (0.55, 0.28, 0.12),
    (0.80, 0.66, 0.40),
    (0.62, 0.61, 0.60),
)
HAIR_STYLES = ("short", "cropped", "receding", "long", "ponytail", "bun", "afro", "cap", "bald")
HAIR_SHARES = (0.26, 0.12, 0.06, 0.16, 0.10, 0.07, 0.06, 0.11, 0.06)
PATTERNS = ("plain", "stripes", "checks", "noise")
PATTERN_SHARES = (0.5, 0.2, 0.13, 0.17)
SLEEVES = (0.0, 0.45, 0.6, 1.0)  # share of the upper arm; 1 covers the whole arm
TROUSERS = (0.35, 0.55, 0.85, 1.0)  # share of the thigh; 1 covers the whole leg


@dataclass(frozen=True)
class PersonAppearance:
    """Everything about a person that is not the body: kept for the length of a clip."""

    skin: Material
    head: Material
    hair: Material
    top: Material
    front: Material  # of the chest: the top with or without a print
    bottom: Material
    shoes: Material
    soles: Material
    accent: Material  # watch, glove, cap
    hair_style: str = "short"
    sleeve: float = 0.45
    trousers: float = 1.0
    loose: float = 1.06  # radius of the cloth over that of the limb
    barefoot: bool = False
    socks: float = 0.0  # share of the shin
    watch: str = ""  # '', 'r' or 'l'
    glove: str = ""
    bust: float = 0.0  # 0 flat to 1
    bare_top: bool = False


def cloth(rng, split, plain=False):
    """A material for clothes: plain or patterned."""
    pattern = "plain" if plain else pick(rng, PATTERNS, PATTERN_SHARES)
    colour, second = cloth_colour(rng, split), cloth_colour(rng, split)
    if pattern == "plain":
        fold = rng.uniform(0.55, 0.95)
        second = tuple(fold * c for c in colour)
    return Material(
        colour, second, pattern, float(rng.uniform(50, 220)), pattern_seed(rng, split), float(rng.uniform(0, 0.06))
    )


def _head(rng, split, skin, hair, style):
    """The material of the head: its texture is drawn once a person."""
    beard = style in ("short", "cropped", "bald", "cap", "receding") and rng.random() < 0.25
    glasses = cloth_colour(rng, split) if rng.random() < 0.15 else None
    texture = head_texture(rng, skin, hair, style, beard, glasses)
    return Material(tuple(skin), texture=texture, chart=True, specular=0.08)


def _front(rng, split, top):
    """What the chest shows: the cloth of the top, on most plain ones with a print in front."""
    if top.pattern != "plain" or rng.random() < 0.25:
        return top
    contrast = cloth_colour(rng, split)
    if abs(np.mean(contrast) - np.mean(top.colour)) < 0.2:
        contrast = (0.95, 0.95, 0.92) if np.mean(top.colour) < 0.5 else (0.08, 0.08, 0.1)
    return Material(top.colour, contrast, "print", 300.0, top.seed, top.specular, chart=True)


def sample_person(rng, split="train"):
    """Draw the appearance of a person.

    Args:
        rng: numpy Generator.
        split: 'train', 'validation' or 'test'; their colours and patterns have nothing in common.

    Returns:
        A `PersonAppearance`.
    """
    skin = np.clip(tone(SKIN_TONES, split_value(rng, split, 10)) * rng.uniform(0.96, 1.04, 3), 0, 1)
    hair = np.clip(tone(HAIR_TONES, split_value(rng, split, 10)) * rng.uniform(0.9, 1.1), 0, 1)
    style = pick(rng, HAIR_STYLES, HAIR_SHARES)
    top, bottom = cloth(rng, split), cloth(rng, split, plain=rng.random() < 0.7)
    bare_top = bool(rng.random() < 0.06)
    skin_material = Material(
        tuple(skin), tuple(skin * (0.95, 0.92, 0.90)), "plain", 150.0, pattern_seed(rng, split), 0.08
    )
    if bare_top:
        top = skin_material
    return PersonAppearance(
        skin=skin_material,
        head=_head(rng, split, skin, hair, style),
        hair=Material(tuple(hair), tuple(hair * 0.7), "noise", 60.0, pattern_seed(rng, split), 0.12),
        top=top,
        front=top if bare_top else _front(rng, split, top),
        bottom=bottom,
        shoes=cloth(rng, split, plain=True),
        soles=Material(*[(0.9, 0.9, 0.88)] * 2) if rng.random() < 0.6 else cloth(rng, split, plain=True),
        accent=cloth(rng, split, plain=True),
        hair_style=style,
        sleeve=0.0 if bare_top else pick(rng, SLEEVES, (0.17, 0.25, 0.26, 0.32)),
        trousers=pick(rng, TROUSERS, (0.12, 0.2, 0.2, 0.48)),
        loose=float(rng.uniform(1.03, 1.22)),
        barefoot=bool(rng.random() < 0.08),
        socks=pick(rng, (0.0, 0.25, 0.7)),
        watch=pick(rng, ("", "r", "l"), (0.6, 0.2, 0.2)),
        glove=pick(rng, ("", "r", "l"), (0.86, 0.07, 0.07)),
        bust=pick(rng, (0.0, float(rng.uniform(0.3, 1.0))))
        if style in ("long", "ponytail", "bun", "short", "afro")
        else 0.0,
        bare_top=bare_top,
    )
