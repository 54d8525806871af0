"""The actions of NTU RGB+D that the synthetic world performs: single-person ones with a clear movement.

Numbers (from 1, as in A001) and names after Shahroudy et al., "NTU RGB+D: A Large Scale Dataset for 3D Human Activity
Analysis", CVPR 2016. Some are close to each other: sitting down and standing up are one path in both directions;
drinking, eating, brushing teeth and a phone call all bring one hand to the head; dropping and picking up, hopping and
jumping, clapping and rubbing hands differ by their timing.
"""

from deephar.synthetic import actions_ntu_arms as arms
from deephar.synthetic import actions_ntu_body as body
from deephar.synthetic import actions_ntu_hand as hand

NUM_NTU_ACTIONS = 60

# number in the data set: (name, script)
NTU_SCRIPTS = {
    1: ("drink water", hand.drink_water),
    2: ("eat meal", hand.eat_meal),
    3: ("brush teeth", hand.brush_teeth),
    4: ("brush hair", hand.brush_hair),
    5: ("drop", body.drop),
    6: ("pick up", body.pick_up),
    7: ("throw", body.throw),
    8: ("sit down", body.sit_down),
    9: ("stand up", body.stand_up),
    10: ("clap", arms.clapping),
    11: ("read", arms.reading),
    14: ("put on jacket", arms.put_on_jacket),
    22: ("cheer up", arms.cheer_up),
    23: ("hand waving", arms.hand_waving),
    24: ("kick something", body.kick),
    26: ("hop", body.hop),
    27: ("jump up", body.jump_up),
    28: ("phone call", hand.phone_call),
    31: ("point to something", arms.pointing),
    33: ("check time", arms.check_time),
    34: ("rub two hands", arms.rub_hands),
    35: ("nod head or bow", body.bow),
    37: ("wipe face", hand.wipe_face),
    38: ("salute", hand.salute),
    40: ("cross hands in front", arms.cross_hands),
    43: ("falling down", body.falling),
}
