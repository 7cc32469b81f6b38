"""A joint model as bytes: weights in 8 bits, those that are small left out, compressed."""

import zlib
from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np

from antiphon.voice.understanding.gazetteer import Gazetteer
from antiphon.voice.understanding.intents import IntentScorer, Vocabulary
from antiphon.voice.understanding.joint import JointModel
from antiphon.voice.understanding.reranking import Reranker
from antiphon.voice.understanding.tagger import Floats, Tagger

_LEVELS: Final = 127
_MOST_BYTES: Final = 64 << 20


class _Matrix(msgspec.Struct, frozen=True):
    shape: tuple[int, int]
    scale: float
    counts: bytes  # of weights in each row, 16 bits
    columns: bytes  # 8 bits
    values: bytes  # 8 bits


class _PackedTagger(msgspec.Struct, frozen=True):
    tags: list[str]
    attributes: str
    weights: _Matrix
    transitions: _Matrix


class _PackedModel(msgspec.Struct, frozen=True):
    intents: list[str]
    terms: list[str]
    rarities: list[bytes]
    reach: tuple[int, int]
    weights: _Matrix
    bias: list[float]
    groups: dict[str, str]
    taggers: dict[str, _PackedTagger]
    ranking: tuple[float, float]
    made_from: str = ""


def packed(model: JointModel, made_from: str = "") -> bytes:
    """Return a model as bytes. It must have learned nothing by heart and rerank by scores only.

    ``made_from`` is remembered: it tells whether what the model was made from has changed.
    """
    assert not model.gazetteer.leanings
    assert not model.reranker.weights
    scorer = model.scorer
    whole = _PackedModel(
        list(scorer.intents),
        ["\n".join(v.rows) for v in scorer.vocabularies],
        [v.rarity.astype("<f2").tobytes() for v in scorer.vocabularies],
        scorer.reach,
        _matrix(scorer.weights),
        [float(b) for b in scorer.bias],
        dict(model.groups),
        {name: _packed_tagger(tagger) for name, tagger in model.taggers.items()},
        (model.reranker.intent_weight, model.reranker.tags_weight),
        made_from,
    )
    return zlib.compress(msgspec.msgpack.encode(whole), 9)


def unpacked(data: bytes) -> JointModel:
    """Return the model that these bytes hold."""
    whole = _whole(data)
    vocabularies = tuple(
        Vocabulary(_numbered(terms), np.frombuffer(rarity, "<f2").astype(np.float32))
        for terms, rarity in zip(whole.terms, whole.rarities, strict=True)
    )
    return JointModel(
        IntentScorer(
            tuple(whole.intents),
            vocabularies,
            _unpacked_matrix(whole.weights),
            np.array(whole.bias, np.float32),
            whole.reach,
        ),
        whole.groups,
        {name: _unpacked_tagger(tagger) for name, tagger in whole.taggers.items()},
        Gazetteer({}, {}),
        Reranker(*whole.ranking),
    )


def made_from(data: bytes) -> str:
    """Return what was remembered of what the model in these bytes was made from."""
    return _whole(data).made_from


def _whole(data: bytes) -> _PackedModel:
    raw = zlib.decompressobj().decompress(data, _MOST_BYTES)
    return msgspec.msgpack.decode(raw, type=_PackedModel)


def _packed_tagger(tagger: Tagger) -> _PackedTagger:
    names = list(tagger.rows)
    matrix = _matrix(tagger.weights)
    kept = np.frombuffer(matrix.counts, "<u2") > 0
    return _PackedTagger(
        list(tagger.tags),
        "\n".join(name for name, keep in zip(names, kept, strict=True) if keep),
        _matrix(tagger.weights[kept], matrix.scale),
        _matrix(tagger.transitions),
    )


def _unpacked_tagger(tagger: _PackedTagger) -> Tagger:
    return Tagger(
        tuple(tagger.tags),
        _numbered(tagger.attributes),
        _unpacked_matrix(tagger.weights),
        _unpacked_matrix(tagger.transitions),
    )


def _numbered(lines: str) -> Mapping[str, int]:
    return {line: row for row, line in enumerate(lines.split("\n"))}


def _matrix(weights: Floats, scale: float = 0.0) -> _Matrix:
    scale = scale or float(np.abs(weights).max(initial=1e-9)) / _LEVELS
    levels = np.rint(weights / scale).astype(np.int8)
    rows, columns = np.nonzero(levels)
    counts = np.bincount(rows, minlength=len(weights)).astype("<u2")
    shape = (weights.shape[0], weights.shape[1])
    return _Matrix(
        shape,
        scale,
        counts.tobytes(),
        columns.astype(np.uint8).tobytes(),
        levels[rows, columns].tobytes(),
    )


def _unpacked_matrix(matrix: _Matrix) -> Floats:
    weights = np.zeros(matrix.shape, np.float32)
    rows = np.repeat(np.arange(matrix.shape[0]), np.frombuffer(matrix.counts, "<u2"))
    columns = np.frombuffer(matrix.columns, np.uint8)
    weights[rows, columns] = np.frombuffer(matrix.values, np.int8) * np.float32(matrix.scale)
    return weights
