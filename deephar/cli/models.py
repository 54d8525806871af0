"""`deephar models`: list the registered networks, or show all that is known about one; needs no Keras."""

import argparse
import json

OPTION_OF = {"name": "NAME"}  # argument of a function, as its errors name it -> argument of the command


def add_command(commands: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Add the command to the subparsers of `deephar` and return its parser."""
    command = commands.add_parser(
        "models",
        help="list the registered networks, or show one",
        description="List the registered networks; with NAME show all that is known about one: scores with protocol "
        "and command, input, labels, licence, and how it was trained.",
    )
    command.add_argument("name", metavar="NAME", nargs="?", help="of one network; default: all, one line each")
    command.add_argument("--json", action="store_true", help="print JSON")
    return command


def run(arguments: argparse.Namespace) -> None:
    """Run the command with its parsed arguments."""
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
