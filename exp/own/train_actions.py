"""Train an SPNet to name your own actions, from folders of videos.

FOLDER holds a folder for every class, with its videos; or `train`, `val` and `test` with such. The person in each video
is found by the pose network that is started from, the poses are frozen, and the action part learns on what it reads of
them, computed once. docs/own_actions.md goes through it step by step.

    python exp/own/train_actions.py runs/mine --data FOLDER --init spnet-2d
    deephar predict new.mp4 --model runs/mine --out results
    python exp/own/train_actions.py runs/tiny --tiny

A clip is 8 frames in 1.07 s (--seconds), taken by time, so that videos may have any frame rate, and so may what is
predicted later. Where nobody is found in a clip the whole frame is seen, in training as in prediction; videos without
anybody are named. Damaged videos are named too, and nothing is trained with exit status 1, unless --skip-damaged leaves
them out. Classes may have unequal numbers of videos (--balanced).

Expected: OUT is a run folder with the network, boxes.json, result.json and confusion.png. Three classes of 20 rendered
videos, 30 test videos of other people, two runs: 83.3 and 80.0 % by all clips, 76.7 and 80.0 % by one clip, 15 minutes
on two cores; how, the page says.
"""

from deephar.experiments import options, own_actions


def main():
    arguments = own_actions.parse(__doc__)
    folder = own_actions.read_folder(arguments)
    if folder is None:
        return 1
    import keras

    from deephar.experiments.own_videos import PersonVideos, find_people

    keras.utils.set_random_seed(arguments.seed)
    source, config = own_actions.pose_network(arguments)
    frame = own_actions.clip_input(arguments, source.signature)
    own_actions.print_videos(folder, frame)
    people = find_people(source, folder.root, folder.names(), arguments.out / own_actions.BOXES, frame)
    own_actions.print_people(people)
    config = own_actions.action_config(config, frame.num_frames, len(folder.labels))
    model = own_actions.build_network(source, config, frame, folder.labels)
    frame, layout = model.signature.frame, model.signature.layout
    clips = PersonVideos(folder, people, own_actions.clip_dataconf(frame), layout, frame, arguments.seed)
    own_actions.train(arguments, model, config, clips, folder)
    own_actions.score(arguments, model, clips, people)
    print(f"next: deephar predict VIDEO --model {arguments.out} --out results")
    return 0


if __name__ == "__main__":
    options.run(main)
