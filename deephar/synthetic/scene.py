"""The plain data of a synthetic scene: camera, solids, materials, lights and surroundings.

World: millimetres, z up, the floor is z = 0. Camera: x right, y down, z forward. Everything here is a frozen
dataclass that others fill; nothing here computes a pixel.

    Solids (one person, one object, one piece of furniture)      Scene
      capsules   tapered, may be flattened                         camera
      ellipsoids                                  --- many --->    solids = merge([...])
      boxes                                                        surroundings (floor, walls or sky)
      materials  (index 0.. of this Solids)                        lights, ambient
"""

from dataclasses import dataclass, field

import numpy as np

# Part numbers: the rasteriser writes the `part` of the nearest solid into every pixel. A person adds its own offset.
PART_NONE = -1
PART_SECOND_PERSON = 1000
PART_OBJECT = 2000
PART_FURNITURE = 3000


def _rows(columns):
    """Factory of an empty float32 array (0, columns), or (0,) where `columns` is 0."""
    return lambda: np.zeros((0, columns) if columns else (0,), np.float32)


def _integers():
    """An empty index array."""
    return np.zeros((0,), np.int32)


@dataclass(frozen=True)
class Camera:
    """A perspective camera with the lens model of Human3.6M.

    A world point X is in camera space `R @ (X - position)`, then x/z, y/z are distorted by `k` (radial) and `p`
    (tangential), then multiplied by `f` and shifted by `c`. `f` and `c` are in pixels of an image of `size` (width,
    height); a rendering of another size scales both.
    """

    R: np.ndarray  # (3, 3) world to camera
    position: np.ndarray  # (3,) mm, world
    f: tuple  # (fx, fy) px
    c: tuple  # (cx, cy) px
    k: tuple = (0.0, 0.0, 0.0)  # radial distortion
    p: tuple = (0.0, 0.0)  # tangential distortion
    size: tuple = (256, 256)  # (width, height) px the numbers above refer to


@dataclass(frozen=True)
class Capsules:
    """N round cones: the convex hull of a sphere of radius `ra` at `a` and one of radius `rb` at `b`.

    `front` is the direction (world) where the angle around the axis is zero. `flat` scales the solid along `front`: 1
    is round, 0.6 a chest. All lengths in millimetres.
    """

    a: np.ndarray = field(default_factory=_rows(3))  # (N, 3)
    b: np.ndarray = field(default_factory=_rows(3))  # (N, 3)
    ra: np.ndarray = field(default_factory=_rows(0))  # (N,)
    rb: np.ndarray = field(default_factory=_rows(0))  # (N,)
    material: np.ndarray = field(default_factory=_integers)  # (N,) index into Solids.materials
    part: np.ndarray = field(default_factory=_integers)  # (N,)
    front: np.ndarray = field(default_factory=_rows(3))  # (N, 3)
    flat: np.ndarray = field(default_factory=_rows(0))  # (N,)


@dataclass(frozen=True)
class Ellipsoids:
    """N ellipsoids; the columns of `axes` are the half axes in mm: forward, left, up (up is the axis of patterns)."""

    centre: np.ndarray = field(default_factory=_rows(3))  # (N, 3)
    axes: np.ndarray = field(default_factory=lambda: np.zeros((0, 3, 3), np.float32))  # (N, 3, 3)
    material: np.ndarray = field(default_factory=_integers)
    part: np.ndarray = field(default_factory=_integers)


@dataclass(frozen=True)
class Boxes:
    """N boxes; the columns of `rotation` are the unit directions of the three `half` sizes in mm."""

    centre: np.ndarray = field(default_factory=_rows(3))  # (N, 3)
    rotation: np.ndarray = field(default_factory=lambda: np.zeros((0, 3, 3), np.float32))  # (N, 3, 3)
    half: np.ndarray = field(default_factory=_rows(3))  # (N, 3)
    material: np.ndarray = field(default_factory=_integers)
    part: np.ndarray = field(default_factory=_integers)


@dataclass(frozen=True)
class Material:
    """The appearance of a surface.

    `pattern` is 'plain', 'stripes', 'checks', 'noise' or 'print'; `scale` is the length of one repeat in mm. With
    `chart` the texture is not repeated but wrapped once around the solid (columns: once around, the middle is the
    front; rows: top to bottom), which is how faces and shirt prints are made.
    """

    colour: tuple = (0.5, 0.5, 0.5)  # display RGB in [0, 1]
    second: tuple = (0.5, 0.5, 0.5)
    pattern: str = "plain"
    scale: float = 100.0  # mm
    seed: int = 0  # picks the noise or the print
    specular: float = 0.05
    chart: bool = False
    texture: np.ndarray | None = None  # (S, S, 3) uint8, replaces colours and pattern


@dataclass(frozen=True)
class Light:
    """A distant light: `direction` points to it (unit, world), `colour` is its strength per channel."""

    direction: tuple = (0.3, -0.5, 0.8)
    colour: tuple = (0.7, 0.7, 0.7)


@dataclass(frozen=True)
class Surroundings:
    """What is seen where no solid is: a room, a place outdoors, or an image (see `deephar.synthetic.backgrounds`)."""

    kind: str = "room"  # 'room', 'outdoor' or 'image'
    floor: np.ndarray | None = None  # (S, S, 3) uint8 texture, repeated every floor_scale mm
    floor_scale: float = 2000.0
    wall: np.ndarray | None = None  # (S, S, 3) uint8 texture of the walls, or of the band at the horizon
    wall_scale: float = 4000.0
    bounds: tuple = (-5000.0, 5000.0, -5000.0, 5000.0, 3000.0)  # room: x0, x1, y0, y1, height in mm
    sky: tuple = ((0.35, 0.55, 0.85), (0.8, 0.87, 0.95))  # zenith and horizon
    clouds: np.ndarray | None = None  # (S, S) uint8
    skyline: np.ndarray | None = None  # (A,) float32: height of trees or houses, tangent of the elevation, once around
    image: np.ndarray | None = None  # (H, W, 3) uint8, kind 'image'
    softness: int = 1  # 1 sharp; 2 or 4: drawn that many times coarser, as if out of focus


@dataclass(frozen=True)
class Solids:
    """Capsules, ellipsoids and boxes that share one list of materials."""

    capsules: Capsules = field(default_factory=Capsules)
    ellipsoids: Ellipsoids = field(default_factory=Ellipsoids)
    boxes: Boxes = field(default_factory=Boxes)
    materials: tuple = ()


@dataclass(frozen=True)
class Scene:
    """Everything one image needs."""

    camera: Camera
    solids: Solids
    surroundings: Surroundings = field(default_factory=Surroundings)
    lights: tuple = (Light(),)
    ambient: tuple = (0.45, 0.45, 0.48)  # from above; from below half of it in the colour of the floor
    shadow: float = 0.5  # 0: no shadow on the floor, 1: black


def _join(kind, items, offsets):
    """Concatenate the fields of several Capsules, Ellipsoids or Boxes, moving their material numbers."""
    joined = {}
    for name in kind.__dataclass_fields__:
        arrays = [getattr(item, name) for item in items]
        if name == "material":
            arrays = [array + offset for array, offset in zip(arrays, offsets, strict=True)]
        joined[name] = np.concatenate(arrays)
    return kind(**joined)


def merge(groups):
    """One `Solids` of several; material numbers are moved so that each solid keeps its own material."""
    groups = list(groups)
    if not groups:
        return Solids()
    offsets = np.cumsum([0] + [len(group.materials) for group in groups[:-1]]).astype(np.int32)
    return Solids(
        capsules=_join(Capsules, [group.capsules for group in groups], offsets),
        ellipsoids=_join(Ellipsoids, [group.ellipsoids for group in groups], offsets),
        boxes=_join(Boxes, [group.boxes for group in groups], offsets),
        materials=tuple(material for group in groups for material in group.materials),
    )


class SolidsBuilder:
    """Collects solids one by one and hands back frozen arrays."""

    def __init__(self, part_offset=0):
        self.part_offset = part_offset
        self.materials = []
        self._capsules, self._ellipsoids, self._boxes = [], [], []

    def material(self, *args, **kwargs):
        """Register a Material (given, or its arguments) and return its number."""
        given = args[0] if args and isinstance(args[0], Material) else Material(*args, **kwargs)
        self.materials.append(given)
        return len(self.materials) - 1

    def capsule(self, a, b, ra, rb, material, part, front=(1.0, 0.0, 0.0), flat=1.0):
        """Add a round cone from `a` (radius `ra`) to `b` (radius `rb`)."""
        self._capsules.append((a, b, ra, rb, material, part + self.part_offset, front, flat))

    def ellipsoid(self, centre, axes, material, part):
        """Add an ellipsoid; `axes` (3, 3) has the half axes forward, left, up in its columns."""
        self._ellipsoids.append((centre, axes, material, part + self.part_offset))

    def box(self, centre, rotation, half, material, part):
        """Add a box; `rotation` (3, 3) has the directions of the half sizes in its columns."""
        self._boxes.append((centre, rotation, half, material, part + self.part_offset))

    def build(self):
        """The collected solids as one `Solids`."""

        def pack(kind, rows):
            if not rows:
                return kind()
            fields = zip(kind.__dataclass_fields__, zip(*rows, strict=True), strict=True)
            return kind(**{n: np.array(v, np.int32 if n in ("material", "part") else np.float32) for n, v in fields})

        return Solids(
            capsules=pack(Capsules, self._capsules),
            ellipsoids=pack(Ellipsoids, self._ellipsoids),
            boxes=pack(Boxes, self._boxes),
            materials=tuple(self.materials),
        )
