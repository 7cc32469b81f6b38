"""Label messages of our own making, in each version of the standard, for tests and benchmarks."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

VERSIONS = ("3.8.2", "4.1.1", "4.3", "4.3.2")
_SPACES = {"3.8.2": "382", "4.1.1": "411", "4.3": "43", "4.3.2": "432"}


@dataclass(frozen=True, slots=True)
class LabelTrack:
    """A song of a made-up release; without ``file`` its media are not sent."""

    isrc: str
    title: str
    file: str = ""
    md5: str = ""
    warning: str = "NotExplicit"
    disc: int = 1


@dataclass(frozen=True, slots=True)
class LabelDeal:
    """A deal in the standard's words; dates as they are written.

    ``terms`` is more XML for its DealTerms, ``usage`` for what stands with the use types, and
    ``beside`` for what stands beside the DealTerms.
    """

    territories: Sequence[str] = ("Worldwide",)
    excluded: Sequence[str] = ()
    uses: Sequence[str] = ("OnDemandStream",)
    models: Sequence[str] = ("SubscriptionModel",)
    start: str = "2020-01-01"
    end: str = ""
    clip_preview: str = ""
    preorder: bool = False
    exclusive: bool = False
    take_down: bool = False
    release: str = "R0"
    terms: str = ""
    usage: str = ""
    beside: str = ""
    effective: str = ""


@dataclass(frozen=True, slots=True)
class LabelRelease:
    """A made-up album as a label would tell of it."""

    tracks: Sequence[LabelTrack]
    deals: Sequence[LabelDeal] = (LabelDeal(),)
    title: str = "Tidal Rooms"
    artist: str = "The Quiet Engines"
    label: str = "Harbour Light"
    icpn: str = "4006381333931"
    image: str = ""
    message_id: str = "M1"
    created: str = "2026-01-01T10:00:00Z"
    update: bool = False
    sender: str = "PADPIDA2026010101A"


def release_message(version: str, release: LabelRelease) -> bytes:
    """Return a NewReleaseMessage in ``version``."""
    three = version == "3.8.2"
    parts = [_header(release)]
    if three:
        word = "UpdateMessage" if release.update else "OriginalMessage"
        parts.append(f"<UpdateIndicator>{word}</UpdateIndicator>")
    else:
        parts.append(
            "<PartyList>"
            + _party("PArtist", release.artist)
            + _party("PLabel", release.label)
            + "</PartyList>"
        )
    sound = _sound_three if three else _sound_four
    sounds = [sound(n, t, release, version) for n, t in enumerate(release.tracks, 1)]
    images = [_image(release, version)] if release.image else []
    parts.append(f"<ResourceList>{''.join(sounds + images)}</ResourceList>")
    main = _main_three(release) if three else _main_four(release)
    parts.append(f"<ReleaseList>{main}{_tracks(release, three=three)}</ReleaseList>")
    parts.append(f"<DealList>{_deals(release, three=three)}</DealList>")
    return _document("NewReleaseMessage", version, "".join(parts))


def purge_message(version: str, release: LabelRelease) -> bytes:
    """Return a PurgeReleaseMessage for a release."""
    purged = (
        f"<PurgedRelease><ReleaseId><ICPN>{release.icpn}</ICPN></ReleaseId>"
        f"<Title><TitleText>{escape(release.title)}</TitleText></Title></PurgedRelease>"
    )
    return _document("PurgeReleaseMessage", version, _header(release) + purged)


def _document(name: str, version: str, body: str) -> bytes:
    space = f"http://ddex.net/xml/ern/{_SPACES[version]}"
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<ern:{name} xmlns:ern="{space}" '
        f'LanguageAndScriptCode="en">{body}</ern:{name}>\n'
    )
    return text.replace("><", ">\n<").encode()


def _header(release: LabelRelease) -> str:
    return (
        f"<MessageHeader><MessageThreadId>T1</MessageThreadId>"
        f"<MessageId>{release.message_id}</MessageId><MessageSender>"
        f"<PartyId>{release.sender}</PartyId><PartyName><FullName>{escape(release.label)}"
        "</FullName></PartyName></MessageSender><MessageRecipient><PartyId>PADPIDA2026010102B"
        "</PartyId></MessageRecipient>"
        f"<MessageCreatedDateTime>{release.created}</MessageCreatedDateTime></MessageHeader>"
    )


def _party(reference: str, name: str) -> str:
    return (
        f"<Party><PartyReference>{reference}</PartyReference><PartyName><FullName>{escape(name)}"
        "</FullName></PartyName></Party>"
    )


def _sound_three(number: int, track: LabelTrack, release: LabelRelease, _version: str) -> str:
    digest = (
        f"<HashSum><HashSum>{track.md5}</HashSum><HashSumAlgorithmType>MD5</HashSumAlgorithmType>"
        "</HashSum>"
        if track.md5
        else ""
    )
    technical = (
        "<TechnicalSoundRecordingDetails><TechnicalResourceDetailsReference>"
        f"T{number}</TechnicalResourceDetailsReference><File><FileName>{escape(track.file)}"
        f"</FileName>{digest}</File></TechnicalSoundRecordingDetails>"
        if track.file
        else ""
    )
    return (
        "<SoundRecording><SoundRecordingType>MusicalWorkSoundRecording</SoundRecordingType>"
        f"<SoundRecordingId><ISRC>{track.isrc}</ISRC></SoundRecordingId>"
        f"<ResourceReference>A{number}</ResourceReference><ReferenceTitle><TitleText>"
        f"{escape(track.title)}</TitleText></ReferenceTitle><Duration>PT0M2S</Duration>"
        "<SoundRecordingDetailsByTerritory><TerritoryCode>Worldwide</TerritoryCode>"
        f'<Title TitleType="DisplayTitle"><TitleText>{escape(track.title)}</TitleText></Title>'
        f'<DisplayArtist SequenceNumber="1"><PartyName><FullName>{escape(release.artist)}'
        "</FullName></PartyName><ArtistRole>MainArtist</ArtistRole></DisplayArtist>"
        f"{_p_line(release)}<ParentalWarningType>{track.warning}</ParentalWarningType>{technical}"
        "</SoundRecordingDetailsByTerritory></SoundRecording>"
    )


def _sound_four(number: int, track: LabelTrack, release: LabelRelease, version: str) -> str:
    file = ""
    if track.file:
        digest = (
            f"<HashSum><Algorithm>MD5</Algorithm><HashSumValue>{track.md5}</HashSumValue></HashSum>"
            if track.md5
            else ""
        )
        file = f"<File><URI>{escape(track.file)}</URI>{digest}</File>"
    reference = f"<TechnicalResourceDetailsReference>T{number}</TechnicalResourceDetailsReference>"
    identity = f"<ResourceId><ISRC>{track.isrc}</ISRC></ResourceId>"
    in_edition = version != "4.1.1"
    if in_edition:
        delivered = f"<DeliveryFile><Type>AudioFile</Type>{file}</DeliveryFile>" if file else ""
        edition = (
            f"<SoundRecordingEdition>{identity}{_p_line(release)}<TechnicalDetails>{reference}"
            f"{delivered}</TechnicalDetails></SoundRecordingEdition>"
        )
        identity = technical = ""
    else:
        edition = _p_line(release)
        technical = f"<TechnicalDetails>{reference}{file}</TechnicalDetails>" if file else ""
    return (
        f"<SoundRecording><ResourceReference>A{number}</ResourceReference>"
        f"<Type>MusicalWorkSoundRecording</Type>{identity}{edition}"
        f"<DisplayTitleText>{escape(track.title)}</DisplayTitleText>"
        '<DisplayTitle ApplicableTerritoryCode="Worldwide" IsDefault="true">'
        f"<TitleText>{escape(track.title)}</TitleText></DisplayTitle>{_artist_four(release)}"
        f"<Duration>PT0M2S</Duration><ParentalWarningType>{track.warning}</ParentalWarningType>"
        f"<LanguageOfPerformance>en</LanguageOfPerformance>{technical}</SoundRecording>"
    )


def _image(release: LabelRelease, version: str) -> str:
    number = len(release.tracks) + 1
    identity = '<ProprietaryId Namespace="X">cover</ProprietaryId>'
    if version == "3.8.2":
        return (
            f"<Image><ImageType>FrontCoverImage</ImageType><ImageId>{identity}</ImageId>"
            f"<ResourceReference>A{number}</ResourceReference><ImageDetailsByTerritory>"
            "<TerritoryCode>Worldwide</TerritoryCode><TechnicalImageDetails><File><FileName>"
            f"{release.image}</FileName></File></TechnicalImageDetails></ImageDetailsByTerritory>"
            "</Image>"
        )
    return (
        f"<Image><ResourceReference>A{number}</ResourceReference><Type>FrontCoverImage</Type>"
        f"<ResourceId>{identity}</ResourceId><TechnicalDetails><File><URI>{release.image}</URI>"
        "</File></TechnicalDetails></Image>"
    )


def _p_line(release: LabelRelease) -> str:
    return (
        f"<PLine><Year>2026</Year><PLineText>(P) 2026 {escape(release.label)}</PLineText></PLine>"
    )


def _artist_four(release: LabelRelease) -> str:
    return (
        f"<DisplayArtistName>{escape(release.artist)}</DisplayArtistName>"
        '<DisplayArtist SequenceNumber="1"><ArtistPartyReference>PArtist</ArtistPartyReference>'
        "<DisplayArtistRole>MainArtist</DisplayArtistRole></DisplayArtist>"
    )


def _groups(release: LabelRelease) -> str:
    discs = sorted({t.disc for t in release.tracks})
    inner = []
    for disc in discs:
        items = "".join(
            f"<ResourceGroupContentItem><SequenceNumber>{place}</SequenceNumber>"
            f"<ReleaseResourceReference>A{n}</ReleaseResourceReference></ResourceGroupContentItem>"
            for place, (n, t) in enumerate(
                ((n, t) for n, t in enumerate(release.tracks, 1) if t.disc == disc), 1
            )
        )
        group = f"<ResourceGroup><SequenceNumber>{disc}</SequenceNumber>{items}</ResourceGroup>"
        inner.append(group)
    cover = (
        "<ResourceGroupContentItem><ResourceType>Image</ResourceType><ReleaseResourceReference>"
        f"A{len(release.tracks) + 1}</ReleaseResourceReference></ResourceGroupContentItem>"
        if release.image
        else ""
    )
    return f"<ResourceGroup>{''.join(inner)}{cover}</ResourceGroup>"


def _main_three(release: LabelRelease) -> str:
    return (
        f'<Release IsMainRelease="true"><ReleaseId><ICPN>{release.icpn}</ICPN></ReleaseId>'
        "<ReleaseReference>R0</ReleaseReference><ReferenceTitle><TitleText>"
        f"{escape(release.title)}</TitleText></ReferenceTitle><ReleaseType>Album</ReleaseType>"
        "<ReleaseDetailsByTerritory><TerritoryCode>Worldwide</TerritoryCode><DisplayArtistName>"
        f"{escape(release.artist)}</DisplayArtistName><LabelName>{escape(release.label)}</LabelName>"
        f'<Title TitleType="DisplayTitle"><TitleText>{escape(release.title)}</TitleText></Title>'
        f'<DisplayArtist SequenceNumber="1"><PartyName><FullName>{escape(release.artist)}'
        "</FullName></PartyName><ArtistRole>MainArtist</ArtistRole></DisplayArtist>"
        f"{_groups(release)}<Genre><GenreText>Ambient</GenreText></Genre>"
        "<ReleaseDate>2026-01-01</ReleaseDate></ReleaseDetailsByTerritory>"
        f"{_p_line(release)}</Release>"
    )


def _main_four(release: LabelRelease) -> str:
    return (
        "<Release><ReleaseReference>R0</ReleaseReference><ReleaseType>Album</ReleaseType>"
        f"<ReleaseId><ICPN>{release.icpn}</ICPN></ReleaseId><DisplayTitleText>"
        f"{escape(release.title)}</DisplayTitleText>{_artist_four(release)}"
        "<ReleaseLabelReference>PLabel</ReleaseLabelReference>"
        f"{_p_line(release)}<Genre><GenreText>Ambient</GenreText></Genre>"
        f"<ReleaseDate>2026-01-01</ReleaseDate>{_groups(release)}</Release>"
    )


def _tracks(release: LabelRelease, *, three: bool) -> str:
    found = []
    for n, track in enumerate(release.tracks, 1):
        name, place = ("Release", "ReleaseResourceReferenceList") if three else ("TrackRelease", "")
        reference = f"<ReleaseResourceReference>A{n}</ReleaseResourceReference>"
        inside = f"<{place}>{reference}</{place}>" if place else reference
        kind = "<ReleaseType>TrackRelease</ReleaseType>" if three else ""
        found.append(
            f"<{name}><ReleaseReference>R{n}</ReleaseReference><ReleaseId><ISRC>{track.isrc}</ISRC>"
            f"</ReleaseId>{kind}{inside}</{name}>"
        )
    return "".join(found)


def _deals(release: LabelRelease, *, three: bool) -> str:
    return "".join(
        f"<ReleaseDeal><DealReleaseReference>{deal.release}</DealReleaseReference><Deal>"
        f"<DealTerms>{_terms(deal, three=three)}</DealTerms>{deal.beside}</Deal>{_since(deal)}"
        "</ReleaseDeal>"
        for deal in release.deals
    )


def _terms(deal: LabelDeal, *, three: bool) -> str:
    uses = "".join(f"<UseType>{use}</UseType>" for use in deal.uses)
    models = "".join(f"<CommercialModelType>{m}</CommercialModelType>" for m in deal.models)
    where = "".join(f"<TerritoryCode>{t}</TerritoryCode>" for t in deal.territories)
    where += "".join(f"<ExcludedTerritoryCode>{t}</ExcludedTerritoryCode>" for t in deal.excluded)
    when = _when("Start", deal.start) + _when("End", deal.end)
    period = f"<ValidityPeriod>{when}</ValidityPeriod>" if when else ""
    flags = "<IsPreOrderDeal>true</IsPreOrderDeal>" if deal.preorder else ""
    flags += "<IsExclusive>true</IsExclusive>" if deal.exclusive else ""
    flags += "<TakeDown>true</TakeDown>" if deal.take_down else ""
    if deal.clip_preview:
        flags += f"<ClipPreviewStartDateTime>{deal.clip_preview}</ClipPreviewStartDateTime>"
    if three:
        usage = f"<Usage>{uses}{deal.usage}</Usage>" if uses else ""
        return f"{models}{usage}{where}{deal.terms}{period}{flags}"
    return f"{where}{deal.terms}{period}{models}{uses}{deal.usage}{flags}"


def _since(deal: LabelDeal) -> str:
    return f"<EffectiveDate>{deal.effective}</EffectiveDate>" if deal.effective else ""


def _when(which: str, text: str) -> str:
    name = f"{which}DateTime" if "T" in text else f"{which}Date"
    return f"<{name}>{text}</{name}>" if text else ""
