"""`deephar models`: list the registered models."""


def add_command(commands):
    command = commands.add_parser("models", help="list the registered models")
    command.set_defaults(run=run)
    return command


def run(arguments):
    from deephar.inference.quiet import quiet_keras

    quiet_keras()
    from deephar.models.cards import MODELS
    from deephar.utils.tables import table

    rows = []
    for card in MODELS.values():
        size = " x ".join(str(n) for n in card.input_shape[:-1])
        actions = "+".join(str(n) for n in card.num_actions) or "-"
        rows.append([card.name, size, actions, "yes" if card.ships else "no", card.score])
    print(table(["name", "input", "actions", "ships", "score"], rows, left=(0, 4)))
