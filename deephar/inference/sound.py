"""The sound of a video for its overlay: copied as it is where MP4 can hold it, else encoded as AAC.

    overlay (frames alone) ----------------------+
    source --packets, shifted to its first frame-+--> overlay with sound, in order of time
"""

import heapq
import pathlib
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from deephar.utils.video import require_av

if TYPE_CHECKING:
    import av

COPIED = ("aac", "ac3", "alac", "eac3", "flac", "mp3", "opus")  # what MP4 holds
ENCODED_HZ = 48_000


def add_sound(
    frames: str | pathlib.Path, source: str | pathlib.Path, out: str | pathlib.Path, start_s: float, end_s: float
) -> bool:
    """Write the frames of an MP4 file together with the sound of another video.

    Args:
        frames: str or Path. MP4 file without sound; its time 0 is the source's `start_s`.
        source: str or Path. The video with the sound; of several streams the one that a player takes.
        out: str or Path. MP4 file to write.
        start_s, end_s: float. Time stamps of the source between which sound is taken.

    Returns:
        Whether the source has sound; otherwise nothing is written.

    Raises:
        av.FFmpegError: the sound cannot be read, or not be written.
    """
    av = require_av()
    with av.open(str(source)) as sounding:
        sound = sounding.streams.best("audio")
        if sound is None:
            return False
        faststart = {"movflags": "faststart"}
        with av.open(str(frames)) as shown, av.open(str(out), "w", format="mp4", options=faststart) as made:
            images = _copied(shown, shown.streams.video[0], _like(made, shown.streams.video[0]), 0.0, float("inf"))
            if sound.codec_context.name in COPIED:
                heard = _copied(sounding, sound, _like(made, sound), start_s, end_s)
            else:
                encoder = made.add_stream("aac", rate=ENCODED_HZ)
                heard = _encoded(sounding, sound, encoder, start_s, end_s)
            for packet in heapq.merge(images, heard, key=lambda packet: packet.dts * packet.time_base):
                made.mux(packet)
    return True


def _like(container: "av.container.OutputContainer", stream: "av.stream.Stream") -> "av.stream.Stream":
    """Add a stream for copied packets; older versions of PyAV name it otherwise."""
    add = getattr(container, "add_stream_from_template", None)
    return add(stream) if add else container.add_stream(template=stream)


def _copied(container, stream, target, start_s, end_s) -> Iterator["av.Packet"]:
    """The packets of a stream between two times, shifted to begin at 0; damaged ones are left out."""
    shift = round(Fraction(start_s) / stream.time_base)
    for packet in _packets(container, stream):
        if packet.dts is None or packet.pts is None or packet.is_corrupt:
            continue
        if start_s <= packet.pts * packet.time_base < end_s:
            packet.dts, packet.pts, packet.stream = packet.dts - shift, packet.pts - shift, target
            yield packet


def _encoded(container, stream, encoder, start_s, end_s) -> Iterator["av.Packet"]:
    """The sound of a stream between two times, encoded again."""
    av = require_av()
    resampler = av.AudioResampler(format="fltp", layout=encoder.layout, rate=ENCODED_HZ)
    for packet in _packets(container, stream):
        try:
            frames = packet.decode()
        except av.FFmpegError:
            continue
        for frame in frames:
            if frame.time is None or not start_s <= frame.time < end_s:
                continue
            frame.pts = round((frame.time - start_s) / frame.time_base)
            for part in resampler.resample(frame):
                yield from encoder.encode(part)
    for part in resampler.resample(None):
        yield from encoder.encode(part)
    yield from encoder.encode(None)


def _packets(container, stream):
    """The packets of a stream, up to where the file can be read."""
    av, packets = require_av(), container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            return
        if packet is None:
            return
        yield packet
