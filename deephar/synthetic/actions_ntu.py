"""The actions of NTU RGB+D that the synthetic world performs: single-person ones with a clear movement.

Numbers (from 1, as in A001) after Shahroudy et al., "NTU RGB+D: A Large Scale Dataset for 3D Human Activity
Analysis", CVPR 2016. Some are close to each other: sitting down and standing up are one path in both directions;
drinking, eating, brushing teeth and a phone call all bring one hand to the head; dropping and picking up, hopping and
jumping, clapping and rubbing hands differ by their timing.
"""

from deephar.synthetic import actions_ntu_arms as arms
from deephar.synthetic import actions_ntu_body as body
from deephar.synthetic import actions_ntu_hand as hand
from deephar.utils.labels import NTU_LABELS

# number in the data set: script
_SCRIPTS = {
    1: hand.drink_water,
    2: hand.eat_meal,
    3: hand.brush_teeth,
    4: hand.brush_hair,
    5: body.drop,
    6: body.pick_up,
    7: body.throw,
    8: body.sit_down,
    9: body.stand_up,
    10: arms.clapping,
    11: arms.reading,
    14: arms.put_on_jacket,
    22: arms.cheer_up,
    23: arms.hand_waving,
    24: body.kick,
    26: body.hop,
    27: body.jump_up,
    28: hand.phone_call,
    31: arms.pointing,
    33: arms.check_time,
    34: arms.rub_hands,
    35: body.bow,
    37: hand.wipe_face,
    38: hand.salute,
    40: arms.cross_hands,
    43: body.falling,
}

# number in the data set: (name, script)
NTU_SCRIPTS = {number: (NTU_LABELS[number - 1], script) for number, script in _SCRIPTS.items()}
