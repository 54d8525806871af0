"""Optical flow of all videos of a folder, computed once, for `VideoFolder(..., streams={"flow": OUT})`.

Li et al., "PERF-Net: Pose Empowered RGB-Flow Net", WACV 2022, by the recipe of two-stream networks (Carreira and
Zisserman, CVPR 2017): 25 frames a second, short side 256, OpenCV's TV-L1 with its usual settings, clipped at 20 px.

    python exp/perfnet/compute_flow.py flow --data VIDEOS
    python exp/perfnet/compute_flow.py flow --data KINETICS --splits train.csv validate.csv --skip-damaged
    python exp/perfnet/compute_flow.py runs/tiny --tiny

VIDEOS is a folder of class-named folders of videos, such as those of UCF101 and HMDB51; OUT mirrors it:
OUT/CLASS/video.h5. What is there is not computed again: a stopped run goes on with the same command, after a kill with
the videos that were in work. Damaged videos are found before the work begins, named at the end, and make the exit
status 1 unless --skip-damaged is given; OUT/settings.json keeps other settings out.

Time: TV-L1 is slow. A frame of 341 x 256 px takes 1 to 2 s of one core, 0.1 s where nothing moves, 7 s or more in fast
motion and at a cut: about 6 minutes for a clip of 10 s. So there is a process a core; OpenCV's own threads would add a
sixth of work and save no time. Size: about 20 kB a frame.
"""

from deephar.experiments import options, streams


def main():
    parser = options.bare_parser(__doc__, "runs/flow")
    streams.add_videos(parser)
    return streams.compute_flow(options.parse(parser, keras=False))


if __name__ == "__main__":
    options.run(main, streams.GOING_ON)
