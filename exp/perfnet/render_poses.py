"""Poses of a network drawn on all videos of a folder, for `VideoFolder(..., streams={"pose": OUT})`.

Li et al., "PERF-Net: Pose Empowered RGB-Flow Net", WACV 2022, section 3.2: limbs drawn on the frame in 13 colours, the
thicker the larger the person is, at 25 frames a second and a short side of 256.

    python exp/perfnet/render_poses.py poses --data VIDEOS
    python exp/perfnet/render_poses.py dots --data VIDEOS --poses poses/poses --marker dot --background black
    python exp/perfnet/render_poses.py runs/sheet --data VIDEOS --sheet sheet.png
    python exp/perfnet/render_poses.py runs/tiny --tiny

VIDEOS is a folder of class-named folders of videos, or of a tree with `--splits`; OUT mirrors it: OUT/CLASS/video.mp4.
Poses are kept in OUT/poses, where --poses finds them for another way of drawing, without the network. `--sheet` shows
all 16 ways on one frame. Stopped runs, damaged videos and settings are treated as by compute_flow.py.

Deviations: the paper's detector draws everybody; here it is one person a video, looked for in the whole frame, then
followed from frame to frame, each in the box of the one before, and looked for again where lost. A frame without
anybody stays as it is, or black. Networks without a nose draw the top of the head.

Time: spnet-2d takes 0.1 s a frame on one core, a network pass for one frame each of --batch videos; drawing and
writing take 7 ms, in one process a core.
"""

from deephar.experiments import options, pose_streams, streams
from deephar.models.cards import DEFAULT_MODEL


def main():
    parser = options.bare_parser(__doc__, "runs/poses")
    streams.add_videos(parser)
    options.add_network(parser, DEFAULT_MODEL)
    pose_streams.add_options(parser)
    arguments = options.parse(parser, keras=False)
    return pose_streams.write_sheet(arguments) if arguments.sheet else pose_streams.render(arguments)


if __name__ == "__main__":
    options.run(main, streams.GOING_ON)
