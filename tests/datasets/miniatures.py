"""Miniatures of the official releases, written from their published descriptions."""

import numpy as np
import scipy.io
from PIL import Image

CAMERAS = ("54138969", "55011271", "58860488", "60457274")


def image(path, size=(96, 64), seed=0):
    """A smooth image."""
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(0, 255, (4, 5, 3)).astype(np.uint8)
    Image.fromarray(coarse).resize(size, Image.BICUBIC).save(path, quality=90)
    return path


def video(path, count, size=(96, 54), codec="mpeg4"):
    """A video whose frames' grey level says their number, 10 + 4 x number."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=30)
        stream.width, stream.height = size
        stream.pix_fmt, stream.bit_rate, stream.gop_size = "yuv420p", 2_000_000, 1  # each frame by itself
        for number in range(1, count + 1):
            frame = np.full((size[1], size[0], 3), 10 + 4 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def number_of(path):
    """The number of the frame that `video` made, read off an image."""
    return round((np.asarray(Image.open(path)).mean() - 9) / 4)  # the colour space costs a level


# MPII: RELEASE with annolist, img_train, single_person and more; fields of a person are there where they are known.


def mpii_point(joint, x, y, visible=True):
    """A joint; in the release `is_visible` is a number or text, and empty for the head (8, 9)."""
    seen = np.zeros((0, 0)) if joint in (8, 9) else str(int(visible)) if joint % 2 else np.uint8(visible)
    return {"id": joint, "x": x, "y": y, "is_visible": seen}


def mpii_person(rng, joints=range(16), **changes):
    """A fully annotated person; `changes` replaces fields, None removes them."""
    points = [mpii_point(joint, *rng.uniform(10, 50, 2), visible=joint % 3 > 0) for joint in joints]
    person = {"x1": 20.0, "y1": 5.0, "x2": 35.0, "y2": 25.0, "annopoints": {"point": struct_row(points)}}
    person |= {"scale": 0.4, "objpos": {"x": 48, "y": 32}} | changes
    return {name: value for name, value in person.items() if value is not None}


def struct_row(records):
    """A 1 x N MATLAB struct array of dicts; a field that one lacks is an empty array there."""
    if not records:
        return np.zeros((0, 0))
    names = list(dict.fromkeys(name for record in records for name in record))
    out = np.empty((1, len(records)), dtype=[(name, object) for name in names])
    for place, record in enumerate(records):
        out[0, place] = tuple(record.get(name, np.zeros((0, 0))) for name in names)
    return out


def mpii_release(path, entries):
    """Write the release's file.

    Args:
        path: file.
        entries: list of (image name, is_train, single people from 1, people).
    """
    annolist = struct_row(
        [
            {
                "image": {"name": name},
                "annorect": struct_row(people),
                "frame_sec": np.zeros((0, 0)),
                "vididx": np.zeros((0, 0)),
            }
            for name, _, _, people in entries
        ]
    )
    single = np.empty((len(entries), 1), dtype=object)
    for place, (_, _, numbers, _) in enumerate(entries):
        single[place, 0] = np.array(numbers, np.uint8).reshape(-1, 1) if numbers else np.zeros((0, 0))
    flags = np.array([[int(train) for _, train, _, _ in entries]], np.uint8)
    release = {"annolist": annolist, "img_train": flags, "version": "12", "single_person": single}
    path.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path, {"RELEASE": release})


# Penn Action: a file a video.


def penn_label(path, count, action="bowl", train=1, size=(96, 64), whole_numbers=False, short_boxes=False, seed=0):
    """Write labels/NNNN.mat with the quirks that some of the real files have; return x and y (T, 13)."""
    rng = np.random.default_rng(seed)
    x, y = (rng.uniform(2, side, (count, 13)) for side in size)
    if whole_numbers:
        x, y = x.astype(np.uint8), y.astype(np.uint8)
    visible = (rng.uniform(size=(count, 13)) > 0.2).astype(np.uint8)
    box = np.tile([1.0, 1.0, *size], (count - short_boxes, 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    variables = {"action": action, "pose": "front", "x": x, "y": y, "visibility": visible, "train": train, "bbox": box}
    variables |= {"dimensions": np.array([[size[1], size[0], count]], np.uint16), "nframes": count}
    scipy.io.savemat(path, variables)
    return np.stack([x, y], axis=-1).astype(np.float64), visible


# NTU RGB+D: a text file and a video a sample.


def ntu_body(rng, centre=(0.0, 0.0, 3.0), width=0.4, height=1.6):
    """25 joints of one body: x y z, depth x y, colour x y, orientation, tracking state."""
    body = np.zeros((25, 12))
    body[:, 0] = centre[0] + rng.uniform(-width / 2, width / 2, 25)
    body[:, 1] = centre[1] + np.linspace(-height / 2, height / 2, 25)
    body[:, 2] = centre[2] + rng.uniform(-0.1, 0.1, 25)
    body[:, 5:7] = [960, 540] + 1000 * body[:, :2] / body[:, 2:3] * [1, -1]
    body[:, 7:11] = 0.5
    body[:, 11] = 2
    return body


def ntu_skeleton(path, frames):
    """Write a `.skeleton` file; frames: list of dicts from tracking id to body (25, 12)."""
    lines = [str(len(frames))]
    for bodies in frames:
        lines.append(str(len(bodies)))
        for number, body in bodies.items():
            lines += [f"{number} 0 1 1 0 0 0 0.012 -0.256 2", "25"]
            lines += [" ".join(f"{value:.9g}" for value in joint[:11]) + f" {int(joint[11])}" for joint in body]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\r\n".join(lines) + "\r\n", encoding="ascii")


def ntu_walk(rng, count, step=0.02, **where):
    """A body that moves, frame by frame."""
    body = ntu_body(rng, **where)
    along, noise = step * np.eye(12)[0], 1e-3 * np.eye(12)[2]
    return [body + place * along + rng.normal(size=(25, 1)) * noise for place in range(count)]


# Human3.6M: metadata.xml, a CDF file a recording, a video a camera.


def h36m_numbers(rng):
    """The 300 numbers of `w0`: cameras of a room, small images."""
    outer = np.zeros((4, 11, 2, 3))
    outer[..., 0, :] = [1.6, 0.0, 0.0] + rng.uniform(-0.1, 0.1, (4, 11, 3))
    outer[..., 1, :] = [0.0, -5000.0, 1200.0] + rng.uniform(-50, 50, (4, 11, 3))
    lens = np.tile([57.0, 57.1, 48.0, 32.0, -0.2, 0.24, -0.003, -0.0009, -0.0016], (4, 1))
    return np.concatenate([outer.ravel(), (lens + np.arange(4)[:, None] * 1e-3).ravel()])


def h36m_metadata(path, numbers, recordings):
    """Write metadata.xml; recordings: list of (action number, take, base name), the same for all subjects."""

    def row(*cells_):
        return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells_) + "</tr>"

    subjects = [f"S{number}" for number in range(1, 12)]
    table = row("", "", *subjects) + "".join(row(action, take, *[name] * 11) for action, take, name in recordings)
    names = "".join(f"<id>{name}</id>" for name in CAMERAS)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"<metadata><mapping>{table}</mapping><dbcameras><index2id>{names}</index2id></dbcameras>"
        f"<w0>[{' '.join(repr(float(number)) for number in numbers)}]</w0></metadata>",
        encoding="utf-8",
    )


def h36m_poses(path, count, rng, column_major=False):
    """Write a CDF file of `Pose` (1, T, 96); return the poses (T, 32, 3) mm."""
    from cdflib.cdfwrite import CDF

    base = rng.normal(0, 1, (32, 3)) * [150.0, 100.0, 400.0] + [0.0, 0.0, 900.0]
    poses = (base + np.arange(count)[:, None, None] * [3.0, 0.0, 0.0]).astype(np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    file = CDF(str(path), cdf_spec={"Majority": "column_major" if column_major else "row_major"}, delete=True)
    spec = {"Variable": "Pose", "Data_Type": 44, "Num_Elements": 1, "Rec_Vary": True, "Dim_Sizes": [count, 96]}
    table = poses.reshape(count, 96)
    stored = table.T if column_major else table  # the writer stores the bytes as they come
    file.write_var(spec, var_data=np.ascontiguousarray(stored).reshape(1, count, 96))
    file.close()
    return poses
