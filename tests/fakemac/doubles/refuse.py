"""The one way in which a double says that it does not know something."""


class Unknown(Exception):
    """Arguments that are not modelled; the command ends with 70 and a message, and whoever relies on it fails loudly."""
