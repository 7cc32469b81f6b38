"""Packs of type Matrix: what goes in, what comes out (BS.2076, 7.2.3; BS.2127-1, 5.2.4)."""

from dataclasses import dataclass

from antiphon.spatial.adm.lookup import channel_of, channels_of_pack, pack_of
from antiphon.spatial.adm.model import Document, MatrixBlock, PackType
from antiphon.spatial.errors import MasterUnreadable
from antiphon.spatial.scene import MatrixTrack, MixTrack, Track

_MAX_TERMS = 4096


@dataclass(frozen=True, slots=True)
class MatrixOutput:
    """One channel that a matrix makes: the channel format it sounds as, and its track."""

    channel: str
    track: Track


def matrix_inputs(document: Document, name: str) -> list[str]:
    """Return the packs whose channels may go into the matrix, the likeliest first."""
    pack = pack_of(document, name)
    found = [pack.input_pack] if pack.input_pack else []
    for encode in pack.encode_packs:
        inner = pack_of(document, encode)
        found.append(encode)
        if inner.input_pack:
            found.append(inner.input_pack)
    return found


def output_pack(document: Document, name: str) -> str:
    """Return the pack that a matrix's output is rendered as."""
    pack = pack_of(document, name)
    if pack.output_pack is None:
        raise MasterUnreadable(f"{name}: this matrix has no output pack: it can't be rendered.")
    return pack.output_pack


def outputs(document: Document, name: str, tracks: dict[str, Track]) -> list[MatrixOutput]:
    """Return the outputs of a matrix from the tracks of its inputs, by channel id.

    Tracks of its own channels are taken as they are: the matrix was applied before.
    """
    return [
        MatrixOutput(_sounds_as(document, channel), _track(document, name, channel, tracks, 0))
        for channel, _ in channels_of_pack(document, name)
    ]


def _sounds_as(document: Document, channel: str) -> str:
    block = _block(document, channel)
    if block.output_channel is None:
        raise MasterUnreadable(f"{channel}: this matrix channel has no output channel.")
    return block.output_channel


def _block(document: Document, channel: str) -> MatrixBlock:
    blocks = channel_of(document, channel).blocks
    if len(blocks) != 1 or not isinstance(blocks[0], MatrixBlock):
        raise MasterUnreadable(f"{channel}: a matrix channel has one block of type Matrix.")
    if len(blocks[0].terms) > _MAX_TERMS:
        raise MasterUnreadable(f"{channel}: a matrix has at most {_MAX_TERMS} terms a channel.")
    if any(term.variable for term in blocks[0].terms):
        raise MasterUnreadable(f"{channel}: a matrix with variables or phases can't be rendered.")
    return blocks[0]


def _track(
    document: Document, name: str, channel: str, tracks: dict[str, Track], depth: int
) -> Track:
    if channel in tracks:
        return tracks[channel]
    if depth > 2 or channel_of(document, channel).type is not PackType.MATRIX:
        raise MasterUnreadable(f"{name}: its channel {channel} has no track.")
    terms = _block(document, channel).terms
    return MixTrack(
        tuple(
            MatrixTrack(_track(document, name, t.channel, tracks, depth + 1), t.gain, t.delay_ms)
            for t in terms
        )
    )
