"""What `add_all` refuses, whichever store it is asked of."""

from collections.abc import Container, Hashable, Iterable

from app.errors import AlreadyThere, NotFound


def refuse_repeats(kind: str, named: Iterable[tuple[Hashable, int]], taken: Container[Hashable] = ()) -> None:
    """Raises `AlreadyThere` for the first name that is taken or comes twice; each name comes with its id."""
    seen: set[Hashable] = set()
    for name, item_id in named:
        if name in taken or name in seen:
            raise AlreadyThere(kind, item_id)
        seen.add(name)


def refuse_strays(kind: str, wanted: Iterable[int], there: Container[int], added: Container[int]) -> None:
    """Raises `NotFound` for the first id that is neither there nor being added."""
    for item_id in wanted:
        if item_id not in there and item_id not in added:
            raise NotFound(kind, item_id)
