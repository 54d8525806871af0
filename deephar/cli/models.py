"""`deephar models`: list the registered networks, or show one of them whole; needs no Keras."""

import json


def add_command(commands):
    command = commands.add_parser(
        "models",
        help="list the registered networks, or show one",
        description="List the registered networks; with NAME show all that is known about one: scores with protocol "
        "and command, input, labels, licence, and how it was trained.",
    )
    command.add_argument("name", metavar="NAME", nargs="?", help="of one network; default: all, one line each")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)
    return command


def run(arguments):
    from deephar.models.cards import MODELS, find_card
    from deephar.models.listing import card_text, models_table

    card = None if arguments.name is None else find_card(arguments.name)
    if arguments.json:
        document = [each.to_dict() for each in MODELS.values()] if card is None else card.to_dict()
        print(json.dumps(document, indent=2))
    elif card is None:
        print(f"{models_table()}\n\n`deephar models NAME` shows all scores of one, with protocol and command.")
    else:
        print(card_text(card))
