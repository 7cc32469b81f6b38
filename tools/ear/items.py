"""From the JSON of a scene to `ear`'s rendering items."""

from fractions import Fraction

from ear.common import CartesianPosition as EarCartesian
from ear.common import CartesianScreen, PolarScreen
from ear.common import PolarPosition as EarPolar
from ear.core import metadata_input as m
from ear.fileio.adm import elements as e


def items_of_scene(scene):
    return [_MAKERS[item["_"]](item) for item in scene["items"]]


def _object(item):
    extra = _extra(item)
    blocks = [
        m.ObjectTypeMetadata(block_format=_object_block(block, item), extra_data=extra)
        for block in item["blocks"]
    ]
    return m.ObjectRenderingItem(
        track_spec=_track(item["track"]), metadata_source=m.MetadataSourceIter(blocks)
    )


def _speaker(item):
    packs = [
        e.AudioPackFormat(
            id=name,
            audioPackFormatName="",
            type=e.TypeDefinition.DirectSpeakers,
            is_common_definition=True,
        )
        for name in item["packs"]
    ]
    blocks = [
        m.DirectSpeakersTypeMetadata(
            block_format=_speaker_block(block, item),
            audioPackFormats=packs or None,
            extra_data=_extra(item),
        )
        for block in item["blocks"]
    ]
    return m.DirectSpeakersRenderingItem(
        track_spec=_track(item["track"]), metadata_source=m.MetadataSourceIter(blocks)
    )


def _hoa(item):
    metadata = m.HOATypeMetadata(
        orders=item["orders"],
        degrees=item["degrees"],
        normalization=item["normalization"],
        nfcRefDist=item["nfc_distance"],
        screenRef=item["screen_ref"],
        extra_data=_extra(item),
    )
    return m.HOARenderingItem(
        track_specs=[_track(track) for track in item["tracks"]],
        metadata_source=m.MetadataSourceIter([metadata]),
    )


_MAKERS = {"ObjectItem": _object, "SpeakerItem": _speaker, "HoaItem": _hoa}


def _fraction(value):
    return None if value is None else Fraction(value)


def _times(block, item):
    """Blocks are timed from the start of their object; both times or none are given."""
    start, end = Fraction(block["start"]), _fraction(block["end"])
    if end is None:
        return {"rtime": None, "duration": None}
    return {"rtime": start - Fraction(item["start"]), "duration": end - start}


def _extra(item):
    start, end = Fraction(item["start"]), _fraction(item["end"])
    return m.ExtraData(
        object_start=start,
        object_duration=None if end is None else end - start,
        reference_screen=_screen(item["screen"]),
        channel_frequency=e.Frequency(
            lowPass=item["frequency"]["low_pass"], highPass=item["frequency"]["high_pass"]
        ),
    )


def _screen(screen):
    centre = screen["centre"]
    if screen["_"] == "PolarScreen":
        place = EarPolar(centre["azimuth"], centre["elevation"], centre["distance"])
        return PolarScreen(screen["aspect_ratio"], place, screen["width_azimuth"])
    place = EarCartesian(centre["x"], centre["y"], centre["z"])
    return CartesianScreen(screen["aspect_ratio"], place, screen["width_x"])


def _edge(edge):
    return e.ScreenEdgeLock(horizontal=edge["horizontal"], vertical=edge["vertical"])


def _object_block(block, item):
    place = block["position"]
    if place["_"] == "PolarPosition":
        position = e.ObjectPolarPosition(
            place["azimuth"], place["elevation"], place["distance"], _edge(place["screen_edge"])
        )
    else:
        position = e.ObjectCartesianPosition(
            place["x"], place["y"], place["z"], _edge(place["screen_edge"])
        )
    lock, divergence = block["channel_lock"], block["divergence"]
    return e.AudioBlockFormatObjects(
        id="AB",
        position=position,
        cartesian=block["cartesian"],
        width=block["width"],
        height=block["height"],
        depth=block["depth"],
        gain=block["gain"] * item["gain"],
        diffuse=block["diffuse"],
        channelLock=None if lock is None else e.ChannelLock(maxDistance=lock["max_distance"]),
        objectDivergence=None if divergence is None else _divergence(divergence),
        jumpPosition=e.JumpPosition(
            flag=block["jump"], interpolationLength=_fraction(block["interpolation"])
        ),
        screenRef=block["screen_ref"],
        zoneExclusion=[_zone(zone) for zone in block["zones"]],
        **_times(block, item),
    )


def _divergence(divergence):
    name = "azimuthRange" if divergence["_"] == "PolarDivergence" else "positionRange"
    return e.ObjectDivergence(divergence["value"], **{name: divergence["range"]})


def _zone(zone):
    if zone["_"] == "PolarZone":
        return e.PolarZone(
            minElevation=zone["min_elevation"],
            maxElevation=zone["max_elevation"],
            minAzimuth=zone["min_azimuth"],
            maxAzimuth=zone["max_azimuth"],
        )
    return e.CartesianZone(
        minX=zone["min_x"],
        minY=zone["min_y"],
        minZ=zone["min_z"],
        maxX=zone["max_x"],
        maxY=zone["max_y"],
        maxZ=zone["max_z"],
    )


def _speaker_block(block, item):
    place = block["position"]
    bounds = [_bound(place[name]) for name in ("first", "second", "third")]
    kind = e.DirectSpeakerCartesianPosition if place["cartesian"] else e.DirectSpeakerPolarPosition
    return e.AudioBlockFormatDirectSpeakers(
        id="AB",
        position=kind(*bounds, _edge(place["screen_edge"])),
        speakerLabel=block["labels"],
        **_times(block, item),
    )


def _bound(bound):
    return e.BoundCoordinate(value=bound["value"], min=bound["minimum"], max=bound["maximum"])


def _track(track):
    if track["_"] == "DirectTrack":
        return m.DirectTrackSpec(track["index"])
    if track["_"] == "SilentTrack":
        return m.SilentTrackSpec()
    if track["_"] == "MixTrack":
        return m.MixTrackSpec([_track(source) for source in track["sources"]])
    coefficient = e.MatrixCoefficient(gain=track["gain"], delay=track["delay_ms"])
    return m.MatrixCoefficientTrackSpec(_track(track["source"]), coefficient)
