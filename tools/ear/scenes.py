"""From `ear`'s rendering items, as read from an ADM file, to the JSON of a scene."""

from fractions import Fraction

from ear.core import metadata_input as m
from ear.fileio.adm import elements as e


def scene_of_items(items, channels, rate):
    return {
        "_": "Scene",
        "items": [_item(item) for item in items],
        "channels": channels,
        "sample_rate": rate,
    }


def _item(item):
    blocks = list(iter(item.metadata_source.get_next_block, None))
    common = _common(blocks[0].extra_data)
    if isinstance(item, m.HOARenderingItem):
        told = blocks[0]
        return {
            "_": "HoaItem",
            **common,
            "tracks": [_track(track) for track in item.track_specs],
            "orders": told.orders,
            "degrees": told.degrees,
            "normalization": told.normalization,
            "nfc_distance": told.nfcRefDist,
            "screen_ref": told.screenRef,
        }
    start = blocks[0].extra_data.object_start or Fraction(0)
    if isinstance(item, m.ObjectRenderingItem):
        told = [_object_block(block.block_format, start) for block in blocks]
        return {
            "_": "ObjectItem",
            **common,
            "track": _track(item.track_spec),
            "blocks": told,
        }
    packs = blocks[0].audioPackFormats or []
    return {
        "_": "SpeakerItem",
        **common,
        "track": _track(item.track_spec),
        "blocks": [_speaker_block(block.block_format, start) for block in blocks],
        "packs": [pack.id for pack in packs if pack.is_common_definition],
    }


def _common(extra):
    start = extra.object_start or Fraction(0)
    duration = extra.object_duration
    frequency = extra.channel_frequency
    return {
        "start": str(start),
        "end": None if duration is None else str(start + duration),
        "frequency": {
            "_": "Frequency",
            "low_pass": frequency.lowPass,
            "high_pass": frequency.highPass,
        },
    }


def _times(block, start):
    if block.rtime is None:
        return {"start": str(start), "end": None}
    begin = start + block.rtime
    return {"start": str(begin), "end": str(begin + block.duration)}


def _edge(edge):
    return {"_": "ScreenEdge", "horizontal": edge.horizontal, "vertical": edge.vertical}


def _object_block(block, start):
    place = block.position
    if isinstance(place, e.ObjectPolarPosition):
        position = {
            "_": "PolarPosition",
            "azimuth": place.azimuth,
            "elevation": place.elevation,
            "distance": place.distance,
        }
    else:
        position = {"_": "CartesianPosition", "x": place.X, "y": place.Y, "z": place.Z}
    position["screen_edge"] = _edge(place.screenEdgeLock)
    length = block.jumpPosition.interpolationLength
    if block.channelLock or block.objectDivergence or block.zoneExclusion:
        raise NotImplementedError("a file with locks, divergence or zones")
    return {
        "_": "ObjectBlock",
        **_times(block, start),
        "position": position,
        "cartesian": block.cartesian,
        "width": block.width,
        "height": block.height,
        "depth": block.depth,
        "gain": block.gain,
        "diffuse": block.diffuse,
        "jump": block.jumpPosition.flag,
        "interpolation": None if length is None else str(length),
        "screen_ref": block.screenRef,
    }


def _speaker_block(block, start):
    place = block.position
    cartesian = isinstance(place, e.DirectSpeakerCartesianPosition)
    if cartesian:
        bounds = (place.bounded_X, place.bounded_Y, place.bounded_Z)
    else:
        bounds = (place.bounded_azimuth, place.bounded_elevation, place.bounded_distance)
    first, second, third = (
        {"_": "Bound", "value": b.value, "minimum": b.min, "maximum": b.max} for b in bounds
    )
    return {
        "_": "SpeakerBlock",
        **_times(block, start),
        "position": {
            "_": "SpeakerPosition",
            "cartesian": cartesian,
            "first": first,
            "second": second,
            "third": third,
            "screen_edge": _edge(place.screenEdgeLock),
        },
        "labels": block.speakerLabel,
    }


def _track(track):
    if isinstance(track, m.DirectTrackSpec):
        return {"_": "DirectTrack", "index": track.track_index}
    if isinstance(track, m.SilentTrackSpec):
        return {"_": "SilentTrack"}
    if isinstance(track, m.MixTrackSpec):
        return {"_": "MixTrack", "sources": [_track(source) for source in track.input_tracks]}
    return {
        "_": "MatrixTrack",
        "source": _track(track.input_track),
        "gain": track.coefficient.gain if track.coefficient.gain is not None else 1.0,
        "delay_ms": track.coefficient.delay or 0.0,
    }
