"""Scenes as JSON: each value with the name of its class, fractions as text."""

import dataclasses
from fractions import Fraction
from typing import Any

from antiphon.spatial import scene as values

_FRACTIONS = {"start", "end", "interpolation"}


def encoded(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        fields = {f.name: encoded(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"_": type(value).__name__, **fields}
    if isinstance(value, tuple):
        return [encoded(part) for part in value]
    return str(value) if isinstance(value, Fraction) else value


def decoded(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(decoded(part) for part in value)
    if not isinstance(value, dict):
        return value
    fields = {
        name: Fraction(part) if name in _FRACTIONS and part is not None else decoded(part)
        for name, part in value.items()
        if name != "_"
    }
    return getattr(values, value["_"])(**fields)
