"""Parts of whole numbers."""


def off(cents: int, percent: int) -> int:
    """What is left of cents when a part is taken off, rounded down."""
    return cents * (100 - percent) // 100
