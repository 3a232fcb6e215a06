"""The names of models and their colours. Models are called after pigments and inks, in the order of this table."""

PIGMENTS = {
    "Graphite": "#6b7075",
    "Charcoal": "#3a3b3d",
    "Sepia": "#6f4a26",
    "Cinnabar": "#c8452f",
    "Indigo": "#2f4a86",
    "Umber": "#5f4532",
    "Ochre": "#bf8a2b",
    "Cobalt": "#1f55a5",
    "Madder": "#a83c4f",
    "Vermilion": "#d4482a",
    "Sienna": "#a0552d",
    "Malachite": "#1f7a55",
    "Lampblack": "#26262b",
    "Carmine": "#9c1f3a",
    "Azurite": "#2f6fb0",
    "Gamboge": "#d99a1a",
    "Verdigris": "#3f8f83",
    "Orpiment": "#d9a520",
    "Bister": "#4a3a2a",
    "Woad": "#35507a",
}
UNKNOWN_COLOUR = "#6b7075"


def model_name(number: int) -> str:
    """The name of a task's model `number`, from 1. After the last pigment they start again: "Graphite 2"."""
    earlier_uses, index = divmod(number - 1, len(PIGMENTS))
    name = list(PIGMENTS)[index]
    return f"{name} {earlier_uses + 1}" if earlier_uses else name


def colour(name: str) -> str:
    """The colour, as CSS writes it, of a model with this name ("Sepia", "Sepia 2"); grey for any other name."""
    return PIGMENTS.get(name.split(" ")[0], UNKNOWN_COLOUR)
