"""Reads values whose type is not known: a missing field or a wrong type gives None, never an exception."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from agentotel.facts.call import NOTHING, AttributeValue, Failure, Request, Usage
from agentotel.wire.format import Body, fields

OTHER_ERROR = "_OTHER"
"""The ``error.type`` of an error that names none."""

Reader = Callable[[object], AttributeValue | None]
"""Reads one value as an attribute; None where there is nothing to say."""

Rule = tuple[str, str, Reader]
"""Key of a body, name of the attribute, reader of the value."""

UsageTable = Mapping[str, "str | UsageTable"]
"""Key of a usage object to the field of ``Usage``; a nested table for a nested object."""


_STATUS_DIGITS = 3
_MOST = 2**63 - 1
_NUMBERS = (int, float)
_ORDERED = (list, tuple)
_NO_COLLECTIONS = (str, bytes, bytearray, Mapping, Iterator)


def text(value: object) -> str | None:
    """Return a string that is not empty."""
    return value if isinstance(value, str) and value else None


def integer(value: object) -> int | None:
    """Return an int that an attribute can hold, which has 64 bits; a bool is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and -_MOST <= value <= _MOST else None


def several(value: object) -> AttributeValue | None:
    """Return a number of choices; one choice is not worth saying."""
    return None if value == 1 else integer(value)


def natural(value: object) -> int | None:
    """Return an int that can be the number of something; some servers send -1 for a number that they do not know."""
    found = integer(value)
    return None if found is None or found < 0 else found


def number(value: object) -> float | None:
    """Return an int or a float as a float; a bool is none."""
    return float(value) if isinstance(value, _NUMBERS) and not isinstance(value, bool) else None


def items(value: object) -> Sequence[object]:
    """Return the members of a list or another collection; nothing for text, mappings and one-shot iterators."""
    if value is None:
        return ()
    if isinstance(value, _ORDERED):
        return value
    return list(value) if isinstance(value, Collection) and not isinstance(value, _NO_COLLECTIONS) else ()


def texts(value: object) -> list[str] | None:
    """Return one string or several as a list of strings."""
    if isinstance(value, str):
        return [value]
    return [item for item in items(value) if isinstance(item, str)] or None


def one_of(table: Mapping[str, str]) -> Reader:
    """Make a reader that translates by a table and drops what the table lacks."""
    return lambda value: table.get(value) if isinstance(value, str) else None


def inside(key: str, read: Reader) -> Reader:
    """Make a reader of a field of an object."""
    return lambda value: read(fields(value).get(key))


def positive(value: object) -> AttributeValue | None:
    """Return an int above 0: of the rarer parts of a count, 0 says nothing."""
    return integer(value) or None


def present(**values: object) -> dict[str, object]:
    """Return the values that are not None."""
    return {key: value for key, value in values.items() if value is not None}


def attributes(body: Body, rules: Iterable[Rule]) -> dict[str, AttributeValue]:
    """Read a body by a table; of several rules for one name the first that finds something wins."""
    found: dict[str, AttributeValue] = {}
    get = body.get
    for key, name, read in rules:
        value = get(key)
        if value is not None and name not in found:
            known = read(value)
            if known is not None:
                found[name] = known
    return found


def by_table(
    rules: tuple[Rule, ...], fixed: Mapping[str, AttributeValue] = NOTHING
) -> Callable[[Body], dict[str, AttributeValue]]:
    """Make the function that reads bodies by a table, and adds what is the same for all of them."""

    def read(body: Body) -> dict[str, AttributeValue]:
        found = attributes(body, rules)
        found.update(fixed)
        return found

    return read


def plain_request(body: Body) -> Request:
    """Read what most requests say in the same words: the model, and whether the answer is to be a stream."""
    return Request(text(body.get("model")), body.get("stream") is True)


def model_request(body: Body) -> Request:
    """Read what is asked where the answer is no stream: the model."""
    return Request(text(body.get("model")))


def failure(error: object) -> Failure | None:
    """Read an error object: ``{"code": "server_error", "message": "..."}``; None where there is none.

    The type is the code, which some servers send as a number, else the class of the error. A number that is no
    HTTP status (``"3505"`` of Mistral) says less than the class beside it.
    """
    if not error:
        return None
    if isinstance(error, str):
        return Failure(type=OTHER_ERROR, message=error)
    sent = fields(error)
    given, named = sent.get("code"), text(sent.get("type"))
    code = str(given) if integer(given) is not None else text(given)
    numbered = code is not None and code.isdecimal() and len(code) != _STATUS_DIGITS
    kind = named or code if numbered else code or named
    return Failure(type=kind or OTHER_ERROR, message=text(sent.get("message")))


def usage(sent: object, table: UsageTable) -> Usage | None:
    """Read a usage object by a table; None when it holds none of the numbers.

    Of several keys for one number the first of the table wins. A number below 0 is none.
    """
    if not sent:
        return None
    found: dict[str, int] = {}
    told = fields(sent)
    if not _collect(told, table, found):
        found = {}
        _collect_in_order(told, table, found)
    return Usage(**found) if found else None


def _collect(sent: Body, table: UsageTable, found: dict[str, int]) -> bool:
    """Look up what was sent, which is less than what the table knows. False where two keys give one number."""
    target_of = table.get
    for key, value in sent.items():
        if value is None or (target := target_of(key)) is None:
            continue
        if target.__class__ is not str:
            if value and not _collect(fields(value), target, found):  # type: ignore[arg-type]  # a table
                return False
        elif value.__class__ is int and 0 <= value <= _MOST:
            if target in found:
                return False
            found[target] = value
    return True


def _collect_in_order(sent: Body, table: UsageTable, found: dict[str, int]) -> None:
    for key, target in table.items():
        value = sent.get(key)
        if value is None:
            continue
        if isinstance(target, str):
            if type(value) is int and 0 <= value <= _MOST:
                found.setdefault(target, value)
        else:
            _collect_in_order(fields(value), target, found)
