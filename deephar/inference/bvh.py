"""People in motion as BVH, the skeletons that animation programs read: one file a person.

    joints (T, J, 3) mm --x, -y, -z; cm--> y up, z towards the camera --constant rate--> (N, J, 3) cm
        tree of the layout, from the pelvis; rest pose: a T of the person's own mean bones
        rotation of a joint: what best turns its bones of the rest pose into those of a frame
            several bones: Kabsch, "A solution for the best rotation to relate two sets of vectors" (1976)
            one bone: the shortest arc from where the parent's rotation leaves it
    HIERARCHY, MOTION: of every joint its position in the parent's frame, cm, and Z, X, Y rotation, degrees

The bones of a prediction change their length, so every joint has position channels. They stand in the place of OFFSET,
as Blender reads them; a program that reads rotations alone shows mean bones.
"""

import pathlib
import warnings
from collections.abc import Mapping

import numpy as np
from scipy.spatial.transform import Rotation

from deephar.drawing.skeleton import joint_side
from deephar.inference.millimetres import body_part
from deephar.inference.results import Result
from deephar.utils.io import atomic_path
from deephar.utils.pose import POSE_LAYOUTS, PoseLayout
from deephar.utils.progress import progress

CM_PER_MM = 0.1
CHANNELS = "CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation"
EULER = "ZXY"  # intrinsic: rotation = Z X Y, as the order of the channels says
IMAGE_S = 0.04  # frame time of a single frame
ROUNDED_S = 0.001  # times of a document are rounded to this
END_SHARE = 0.25  # length of the bone at a leaf over the one before: something to draw, without meaning
JOINED = {"shoul": ("thorax", "neck", "pelvis"), "hip": ("pelvis",)}  # where limbs begin: the first one that is there
# Bones of the rest pose, by the part at their end: y up, the person looks along z, left is x; right is mirrored.
REST = {
    **dict.fromkeys(("spine", "thorax", "neck", "head"), (0.0, 1.0, 0.0)),
    **dict.fromkeys(("shoul", "elb", "wrist", "hand", "tip", "hip"), (1.0, 0.0, 0.0)),
    **dict.fromkeys(("knee", "ankle"), (0.0, -1.0, 0.0)),
    **dict.fromkeys(("foot", "thumb"), (0.0, 0.0, 1.0)),
}


def joint_tree(layout: PoseLayout) -> dict[int, int]:
    """Return the parent of every joint of a layout, -1 of the root, in the order of a BVH file: depth first.

    The root is the pelvis, without one the first joint. Joints that no link leads to hang on it.
    """
    names, parts = layout.joint_names, [body_part(name) for name in layout.joint_names]
    near = {joint: [] for joint in range(layout.num_joints)}
    joined = [(k, [p for p in JOINED[part] if p in parts]) for k, part in enumerate(parts) if part in JOINED]
    for a, b in [*layout.links, *((parts.index(places[0]), k) for k, places in joined if places)]:
        near[a].append(b)
        near[b].append(a)
    root, parents = names.index("pelvis") if "pelvis" in names else 0, {}
    waiting = [(k, root) for k in reversed(range(layout.num_joints)) if k != root] + [(root, -1)]
    while waiting:
        joint, parent = waiting.pop()
        if joint not in parents:
            parents[joint] = parent
            waiting += [(k, joint) for k in reversed(near[joint])]
    return parents


def track_of(result: Result, number: int, layout: PoseLayout) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the motion of one person from the first to the last sighting, at a constant rate.

    Args:
        result: `Result` with poses in mm.
        number: int. The person's id.
        layout: PoseLayout of the result.

    Returns:
        points: float (N, J, 3) cm, as many as the document has frames in that time; x to the right, y up, z towards
            the camera; from the camera's centre where it is known, else from the root. Frames without the person, and
            all of a document of variable rate, are interpolated on straight lines.
        confidence: float (N, J).
        frame_s: float. Seconds from frame to frame.

    Raises:
        ValueError: a sighting without mm, or with other joints than the layout's.
    """
    seen = [(k, p) for k, frame in enumerate(result.frames) for p in frame.people if p.id == number]
    names = tuple(layout.joint_names)
    for k, person in seen:
        if person.pose_mm is None or person.joint_names != names:
            received = f"frame {k} without them, or with other joints than those of {layout.name}"
            raise ValueError(f"`results` must have all joints in mm for BVH. Received: {received}")
    first, last = seen[0][0], seen[-1][0]
    from_camera = all(person.camera_mm is not None for _, person in seen)
    points = np.stack([person.camera_mm if from_camera else person.pose_mm for _, person in seen])
    points = points * [CM_PER_MM, -CM_PER_MM, -CM_PER_MM]  # (S, J, 3)
    values = np.concatenate([points, [person.confidence[:, None] for _, person in seen]], axis=2)  # (S, J, 4)
    times = np.array([frame.time_s for frame in result.frames[first : last + 1]])
    even = np.linspace(times[0], times[-1], len(times))
    if np.abs(times - even).max() <= ROUNDED_S:
        times = even
    at = times[[k - first for k, _ in seen]]
    flat = values.reshape(len(seen), -1)
    filled = np.stack([np.interp(even, at, column) for column in flat.T], axis=1).reshape(len(even), -1, 4)  # (N, J, 4)
    frame_s = (times[-1] - times[0]) / max(len(times) - 1, 1) or IMAGE_S
    return filled[..., :3], filled[..., 3], float(frame_s)


def rest_and_rotations(
    points: np.ndarray, confidence: np.ndarray, layout: PoseLayout
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rest pose and the rotations that lead from it to poses.

    Args:
        points: float (N, J, 3), y up.
        confidence: float (N, J), the weight of each frame in the mean bones.
        layout: PoseLayout.

    Returns:
        offsets: float (J, 3), each joint from its parent in the rest pose; of the mean length of the bone.
        turned: float (N, J, 3, 3), rotation of every joint against the axes of `points`.
    """
    parents = joint_tree(layout)
    up = np.array([parents[k] for k in range(layout.num_joints)])
    bones = np.where((up >= 0)[:, None], points - points[:, up], 0.0)  # (N, J, 3)
    weights = confidence * np.where(up >= 0, confidence[:, up], 1.0) + 1e-6  # (N, J)
    lengths = np.average(np.linalg.norm(bones, axis=2), axis=0, weights=weights)  # (J,)
    offsets = np.array([_rest(name) for name in layout.joint_names]) * lengths[:, None]
    for _ in range(2):  # the second time with the places of hips and shoulders that the first one found
        turned = _rotations(bones, offsets, parents)
        local = np.einsum("njba,njb->nja", turned[:, up], bones)  # (N, J, 3), in the parent's frame
        mean = np.average(local, axis=0, weights=np.broadcast_to(weights[..., None], local.shape))
        offsets = _unit(mean, offsets) * lengths[:, None]
    return offsets, turned


def _rest(name):
    x, *yz = REST.get(body_part(name), (0.0, -1.0, 0.0))
    return (-x if joint_side(name) == "right" else x, *yz)


def _rotations(bones, offsets, parents):
    """The rotations (N, J, 3, 3) that best turn the offsets (J, 3) of each joint's children into their bones."""
    turned = np.zeros((*bones.shape, 3))
    for joint, parent in parents.items():
        before = turned[:, parent] if parent >= 0 else np.eye(3)[None]  # (N or 1, 3, 3)
        children = [k for k, p in parents.items() if p == joint]
        if len(children) > 1:
            u, _, vt = np.linalg.svd(np.einsum("ca,ncb->nab", _unit(offsets[children]), _unit(bones[:, children])))
            vt[:, 2] *= np.sign(np.linalg.det(u @ vt))[:, None]
            turned[:, joint] = np.swapaxes(u @ vt, 1, 2)
        elif children:
            here = np.einsum("nba,nb->na", before, bones[:, children[0]])
            turned[:, joint] = before @ _shortest_arc(offsets[children[0]], here)
        else:
            turned[:, joint] = before
    return turned


def _shortest_arc(start, ends):
    """The rotations (N, 3, 3) from one direction (3,) to others (N, 3) about the axis upright on both."""
    start = _unit(start, np.array([0.0, 1.0, 0.0]))
    ends = _unit(ends, start)
    real = 1 + ends @ start  # (N,)
    aside = np.cross(start, np.eye(3)[np.abs(start).argmin()])  # half a turn, where they are opposite
    axis = np.where(real[:, None] < 1e-9, aside, np.cross(start, ends))
    return Rotation.from_quat(np.concatenate([axis, real[:, None]], axis=1)).as_matrix()


def _unit(vectors, instead=0.0):
    """Vectors (..., 3) of length 1, and of those without a direction `instead`, of length 1 too."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    if np.ndim(instead):
        vectors = np.where(length < 1e-9, instead, vectors)
        length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.maximum(length, 1e-9)


def euler_degrees(rotations: np.ndarray) -> np.ndarray:
    """Return rotations (N, J, 3, 3) as angles Z, X, Y in degrees (N, J, 3), continuous along N.

    Two triples of angles mean the same rotation; each frame has the one nearer to the frame before, and no angle jumps
    by more than half a turn.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Gimbal lock")  # either of its angles will do
        angles = Rotation.from_matrix(rotations.reshape(-1, 3, 3)).as_euler(EULER, degrees=True)
    angles = angles.reshape(*rotations.shape[:2], 3)
    other = angles * [1, -1, 1] + 180.0

    def apart(first, second):
        return np.abs((first - second + 180) % 360 - 180).sum(axis=2)

    changes = apart(other[1:], angles[:-1]) < apart(angles[1:], angles[:-1])  # (N - 1, J)
    taken = np.cumsum(np.pad(changes, ((1, 0), (0, 0))), axis=0) % 2 == 1
    return np.unwrap(np.where(taken[..., None], other, angles), axis=0, period=360)


def bvh_text(points: np.ndarray, confidence: np.ndarray, frame_s: float, layout: PoseLayout) -> str:
    """Return a motion as the text of a BVH file; arguments as `track_of` returns them."""
    parents = joint_tree(layout)
    order, up = list(parents), np.array([parents[k] for k in range(layout.num_joints)])
    offsets, turned = rest_and_rotations(points, confidence, layout)
    root = up < 0
    before = np.where(root[:, None, None], np.eye(3), turned[:, up])  # (N, J, 3, 3)
    places = np.einsum("njba,njb->nja", before, np.where(root[:, None], points, points - points[:, up]))
    angles = euler_degrees(np.einsum("njba,njbc->njac", before, turned))
    channels = np.concatenate([places, angles], axis=2)[:, order].reshape(len(points), -1)  # (N, 6 J), in file order
    line = " ".join(["%.4f"] * channels.shape[1])
    rows = "\n".join(line % tuple(row) for row in _rounded(channels).tolist())
    head = "\n".join(_hierarchy(order[0], parents, layout.joint_names, offsets))
    return f"HIERARCHY\n{head}\nMOTION\nFrames: {len(points)}\nFrame Time: {frame_s:.6f}\n{rows}\n"


def _rounded(values):
    """Numbers of four digits, none of them -0."""
    return np.round(values, 4) + 0.0


def _hierarchy(joint, parents, names, offsets, depth=0):
    """The lines of a joint and all below it."""
    tab, children = "  " * depth, [k for k, parent in parents.items() if parent == joint]

    def offset(vector):
        return "OFFSET " + " ".join(f"{v:.4f}" for v in _rounded(vector))

    yield from (f"{tab}{'JOINT' if depth else 'ROOT'} {names[joint]}", f"{tab}{{")
    yield from (f"{tab}  {offset(offsets[joint])}", f"{tab}  {CHANNELS}")
    for child in children:
        yield from _hierarchy(child, parents, names, offsets, depth + 1)
    if not children:
        yield from (f"{tab}  End Site", f"{tab}  {{", f"{tab}    {offset(END_SHARE * offsets[joint])}", f"{tab}  }}")
    yield f"{tab}}}"


def write_bvh(named: Mapping[str, Result], out: pathlib.Path) -> list[pathlib.Path]:
    """Write NAME_ID.bvh for everyone in results of 3D poses; return the paths.

    Args:
        named: {name: `Result`}, the name of each document's file without its suffix.
        out: Path of a folder.

    Raises:
        ValueError: poses without millimetres or of a layout of one's own, or nobody in any of the results.
    """
    people = []
    for name, result in named.items():
        layout = POSE_LAYOUTS.get(result.head.layout)
        everyone = [person for frame in result.frames for person in frame.people]
        if layout is None or layout.dim != 3 or any(person.pose_mm is None for person in everyone):
            received = f"{name}, by {result.model.name} with the joints {result.head.layout}"
            allowed = "`results` must have joints of a known layout in mm for BVH, as spnet-3d predicts them"
            raise ValueError(f"{allowed}. Received: {received}")
        people += [(name, result, layout, number) for number in sorted({person.id for person in everyone})]
    if not people:
        raise ValueError(f"`results` must have somebody in them for BVH. Received: {', '.join(named)}, without anybody")
    written = []
    for name, result, layout, number in progress(people, len(people), "people"):
        written.append(out / f"{name}_{number}.bvh")
        text = bvh_text(*track_of(result, number, layout), layout)
        with atomic_path(written[-1]) as temporary:
            temporary.write_text(text, encoding="ascii", newline="\n")
    return written
