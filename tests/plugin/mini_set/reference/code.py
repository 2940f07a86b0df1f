"""References of the tests' own problem set."""


def double(number: int) -> int:
    """Twice the number."""
    return number + number
