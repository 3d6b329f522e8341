"""Prices in cents. From ten pieces on, each costs ten percent less, rounded down."""
from percent import off


def total(cents: int, count: int) -> int:
    if count > 10:
        return count * off(cents, 10)
    return count * cents
