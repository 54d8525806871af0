"""Samples a second: the readers of images and of clips against the straightforward way, on JPEGs with rotation.

    python benchmarks/reader.py [--images 24] [--seconds 4] [--crop 256]

The straightforward way decodes the whole image, turns the whole image, crops, resizes and normalises. Both get the
same images, boxes and augmentation (angles, scales, flip, channel powers), on one core, in turns, so that a busy
machine slows both. People of three sizes are measured: the larger one is in the frame, the more the JPEG decoder can
save. Times are CPU times. Expected: at least 4 times over all sizes of people on images of 1280 x 720, as MPII's.

A clip is 8 frames of a video kept as JPEGs, as of Penn Action (480 x 270 to 640 x 480) and of larger ones, read by the
class that the data sets of videos derive from. Frames hardly larger than the crop have to be decoded whole and sampled
at every pixel whoever reads them: the ratio grows with the frames.

Clips of 16 frames from anywhere in a video file of VIDEO_S seconds, 256 px on the shorter side as networks of actions
take them: the straightforward way reads from the beginning, every frame as pixels, and resizes the clip with Pillow.

Last, what a batch of crops on its way from a worker process costs the process that trains, in float32 and in uint8.
"""

import argparse
import os
import pathlib
import tempfile
import time

import numpy as np
from PIL import Image

from deephar.config import DataConfig
from deephar.data.files import open_image
from deephar.data.frames import cut, make_crop, normalise
from deephar.data.video_frames import DEFAULT_FPS, SHORT_SIDE_PX, read_frames, read_timeline, scaled_size
from deephar.data.videos import VideoDataset
from deephar.utils.bbox import objposwin_to_bbox
from deephar.utils.video import VideoWriter, require_av

FRAME = (1280, 720)
CLIP_FRAMES = ((480, 270), (640, 480), (1280, 720), (1920, 1080))
CLIP_PERSON = 0.55  # height of the person over that of the frame
NUM_FRAMES, BATCH = 8, 32
VIDEO_SIZES, VIDEO_S, VIDEO_CLIP = ((480, 270), (1280, 720)), 20, 16
PERSON_PX = {"small, 250 px": 250, "medium, 400 px": 400, "large, 600 px": 600}
WINDOW_SCALE = 1.25


def write_images(folder, count, rng, size=FRAME):
    """Write JPEGs with structure at several scales, as detailed as photographs (150 KB each of 1280 x 720)."""
    paths = []
    for index in range(count):
        image = np.zeros((size[1], size[0], 3))
        for cell, weight in ((160, 0.5), (40, 0.25), (10, 0.15), (3, 0.1)):
            coarse = rng.uniform(0, 255, (size[1] // cell + 2, size[0] // cell + 2, 3)).astype(np.uint8)
            image += weight * np.asarray(Image.fromarray(coarse).resize(size, Image.BICUBIC), dtype=float)
        paths.append(pathlib.Path(folder) / f"{index:03d}.jpg")
        Image.fromarray(image.astype(np.uint8)).save(paths[-1], quality=90)
    return paths


def straightforward(path, centre, window, augmentation, resolution):
    """Turn the whole image, crop, resize, flip, normalise."""
    image = Image.open(path)
    angle = np.deg2rad(augmentation["angle"])
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    middle = np.array(image.size) / 2
    turned = image.rotate(augmentation["angle"], Image.BILINEAR, expand=True)
    x, y = rotation @ (np.asarray(centre) - middle) + np.array(turned.size) / 2
    half = window / 2
    cropped = turned.crop((int(x - half), int(y - half), int(x + half), int(y + half)))
    cropped = cropped.resize(resolution, Image.BILINEAR)
    if augmentation["hflip"]:
        cropped = cropped.transpose(Image.FLIP_LEFT_RIGHT)
    frame = np.asarray(cropped, dtype=np.float32) / 255.0
    frame = np.power(frame, np.asarray(augmentation["chpower"], dtype=np.float32))
    return 2.0 * (frame - 0.5)


def reader(path, centre, window, augmentation, resolution):
    """What `deephar.data` does."""
    with open_image(path, "") as opened:
        crop = make_crop(opened.size, centre, (window, window), augmentation, resolution)
        pixels = cut(opened, crop)
    return normalise(pixels, augmentation["chpower"], augmentation["geoocclusion"])


def straightforward_clip(paths, *crop):
    """Frame by frame."""
    return np.stack([straightforward(path, *crop) for path in paths])


def clip_reader(paths, centre, window, augmentation, resolution):
    """What `deephar.data.videos` does with the chosen frames of a video."""
    dataconf, clips = DataConfig(crop_resolution=resolution), ("sequences", False, False, NUM_FRAMES, False)
    dataset = VideoDataset(".", dataconf, "pa16j2d", *clips, pred_bboxes_file=None, seed=0)
    dataset._paths = lambda video, numbers: [paths[number] for number in numbers]
    with Image.open(paths[0]) as image:
        video = argparse.Namespace(size=image.size)
    box, joints = objposwin_to_bbox(centre, (window, window)), np.zeros((len(paths), 16, 2))
    augmentation = {**augmentation, "transx": 0, "transy": 0}
    return dataset._crop_clip(video, range(len(paths)), joints, box, augmentation)["frame"]


def in_turns(ways, draw, seconds):
    """Return calls a second of both ways on what `draw` gives, in turns, and the mean difference of their results."""
    spent, count, difference = np.zeros(2), 0, []
    while spent.sum() < seconds:
        drawn, results = draw(count), []
        for way, function in enumerate(ways):
            start = time.process_time()
            results.append(function(*drawn))
            spent[way] += time.process_time() - start
        difference.append(np.abs(results[0] - results[1]).mean())
        count += 1
    return count / spent[0], count / spent[1], float(np.mean(difference))


def augmentations(resolution):
    """The `DataConfig` that both ways draw from."""
    return DataConfig(crop_resolution=resolution, angles=[a for a in range(-40, 41, 5) if a], scales=(0.7, 1, 1.3))


def measure(paths, person_px, seconds, resolution, rng):
    """Return samples a second of both ways, taken in turns, and the mean difference of their images."""
    dataconf = augmentations(resolution)

    def draw(count):
        augmentation = dataconf.random_data_generator(rng)
        window = WINDOW_SCALE * person_px * augmentation["scale"]
        return paths[count % len(paths)], rng.uniform(0.35, 0.65, 2) * FRAME, window, augmentation, resolution

    return in_turns((straightforward, reader), draw, seconds)


def measure_clips(size, seconds, resolution, rng):
    """Return frames a second of both ways on clips of frames (width, height), and the difference of their images."""
    dataconf = augmentations(resolution)
    with tempfile.TemporaryDirectory() as folder:
        paths = write_images(folder, NUM_FRAMES, rng, size)

        def draw(_):
            augmentation = dataconf.random_data_generator(rng)
            window = WINDOW_SCALE * CLIP_PERSON * size[1] * augmentation["scale"]
            return paths, rng.uniform(0.35, 0.65, 2) * size, window, augmentation, resolution

        slow, fast, difference = in_turns((straightforward_clip, clip_reader), draw, seconds)
    return NUM_FRAMES * slow, NUM_FRAMES * fast, difference


def write_video(path, size, rng):
    """Write a video that pans over a picture; keyframes are where the encoder puts them."""
    with tempfile.TemporaryDirectory() as folder:
        image = np.asarray(Image.open(write_images(folder, 1, rng, size)[0]))
    with VideoWriter(path, DEFAULT_FPS) as writer:
        for number in range(round(VIDEO_S * DEFAULT_FPS)):
            writer.add(np.ascontiguousarray(np.roll(image, 2 * number, axis=1)))


def straightforward_video(path, numbers, size):
    """Read from the beginning."""
    wanted, frames = set(numbers), []
    with require_av().open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            pixels = frame.to_ndarray(format="rgb24")
            if number in wanted:
                frames.append(np.asarray(Image.fromarray(pixels).resize(size, Image.BILINEAR)))
            if number == numbers[-1]:
                break
    return np.stack(frames)


def measure_videos(size, seconds, rng):
    """Return frames a second of both ways on clips of a video, and the difference of their frames."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "video.mp4"
        write_video(path, size, rng)
        length, small = read_timeline(path).num_frames(), scaled_size(size, SHORT_SIDE_PX)

        def draw(_):
            first = rng.integers(length - VIDEO_CLIP)
            return path, range(first, first + VIDEO_CLIP)

        ways = (lambda *drawn: straightforward_video(*drawn, small) / 127.5, lambda *drawn: read_frames(*drawn) / 127.5)
        slow, fast, difference = in_turns(ways, draw, seconds)
    return VIDEO_CLIP * slow, VIDEO_CLIP * fast, difference


class Crops:
    """Batches of crops that cost nothing to make."""

    def __init__(self, batch, resolution):
        pixels = np.random.default_rng(0).integers(0, 256, (batch, *resolution, 3), dtype=np.uint8)
        self.frames, self.poses = normalise(pixels), np.zeros((batch, 16, 3), np.float32)

    def __len__(self):
        return 1000

    def __getitem__(self, index):
        return (self.frames,), (self.poses,)


def measure_way(batch, resolution, number=40):
    """Return the CPU time in ms that the arrival of a batch costs, in float32 and in uint8."""
    from deephar.training.feeder import BatchFeeder  # with Keras, which nothing else here needs
    from deephar.training.packing import PackedLoader

    plain, spent = Crops(batch, resolution), []
    for loader in (plain, PackedLoader(plain, [(-1.0, 1.0)])):  # one after the other: batches arrive in a thread
        with BatchFeeder(loader, workers=1, use_multiprocessing=True, max_queue_size=2) as feeder:
            next(feeder)
            start = time.process_time()
            for _ in range(number):
                next(feeder)
            spent.append(1e3 * (time.process_time() - start) / number)
    return spent


def print_row(size, slow, fast, difference):
    print(f"{f'{size[0]} x {size[1]}':<16}{slow:>17.1f}{fast:>14.1f}{fast / slow:>7.1f}x{difference:>17.4f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=4.0, help="CPU time for each size of person")
    parser.add_argument("--crop", type=int, default=256, help="side of the crop, px")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # of the workers
    rng, totals = np.random.default_rng(args.seed), np.zeros(2)
    print(f"1280x720 JPEG -> {args.crop}x{args.crop}, rotated; samples a second on one core")
    print(f"{'person':<16}{'straightforward':>17}{'deephar.data':>14}{'ratio':>8}{'mean difference':>17}")
    with tempfile.TemporaryDirectory() as folder:
        paths = write_images(folder, args.images, rng)
        for name, person_px in PERSON_PX.items():
            slow, fast, difference = measure(paths, person_px, args.seconds, (args.crop, args.crop), rng)
            totals += 1 / np.array([slow, fast])
            print(f"{name:<16}{slow:>17.1f}{fast:>14.1f}{fast / slow:>7.1f}x{difference:>17.4f}")
    slow, fast = len(PERSON_PX) / totals
    print(f"{'all':<16}{slow:>17.1f}{fast:>14.1f}{fast / slow:>7.1f}x")
    print(f"clips of {NUM_FRAMES} JPEGs -> {args.crop}x{args.crop}, rotated; frames a second on one core")
    for size in CLIP_FRAMES:
        print_row(size, *measure_clips(size, args.seconds, (args.crop, args.crop), rng))
    print(f"clips of {VIDEO_CLIP} frames of H.264 videos of {VIDEO_S} s, {SHORT_SIDE_PX} px; frames a second likewise")
    for size in VIDEO_SIZES:
        print_row(size, *measure_videos(size, args.seconds, rng))
    whole, packed = measure_way(BATCH, (args.crop, args.crop))
    print(f"{BATCH} crops from a worker: {whole:.1f} ms in float32, {packed:.1f} ms in uint8, {whole / packed:.1f}x")


if __name__ == "__main__":
    main()
