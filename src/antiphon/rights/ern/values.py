"""The value sets of messages that decide something here, and how their text is read."""

import re
from datetime import UTC, date, datetime
from typing import Final

from antiphon.kernel import DurationMs, UnixMs
from antiphon.rights.model import CommercialModel, UseType

NAMESPACES: Final = {
    "http://ddex.net/xml/ern/382": "3.8.2",
    "http://ddex.net/xml/ern/411": "4.1.1",
    "http://ddex.net/xml/ern/43": "4.3",
    "http://ddex.net/xml/ern/432": "4.3.2",
}

# What each use type of a deal opens here. Those that open nothing (sales, ringtones ...) are kept
# by name and shown, so that an operator sees why a deal does not play.
USES: Final[dict[str, frozenset[UseType]]] = {
    "OnDemandStream": frozenset({UseType.STREAM, UseType.PREVIEW}),
    "Stream": frozenset({UseType.STREAM, UseType.PREVIEW, UseType.RADIO}),
    "NonInteractiveStream": frozenset({UseType.RADIO}),
    "TimeInfluencedStream": frozenset({UseType.RADIO}),
    "Webcast": frozenset({UseType.RADIO}),
    "Simulcast": frozenset({UseType.RADIO}),
    "ContentInfluencedStream": frozenset({UseType.RADIO}),
    "ConditionalDownload": frozenset({UseType.DOWNLOAD}),
    "TetheredDownload": frozenset({UseType.DOWNLOAD}),
    "Preview": frozenset({UseType.PREVIEW}),
    "Prelisten": frozenset({UseType.PREVIEW}),
}
OTHER_USES: Final = frozenset(
    {
        "AsPerContract", "Broadcast", "Cable", "Display", "Download", "Dub", "DubForAdvertisement",
        "DubForLivePerformance", "DubForMovies", "DubForMusicOnHold", "DubForOnDemandStreaming",
        "DubForPublicPerformance", "DubForRadio", "DubForTV", "ExtractForInternet",
        "KioskDownload", "Narrowcast", "Perform", "PerformAsMusicOnHold",
        "PerformInLivePerformance",
        "PerformInPublic", "PermanentDownload", "Playback", "PlayInPublic", "Podcast", "Print",
        "PrivateCopy", "PurchaseAsPhysicalProduct", "Rent", "Synchronize",
        "UserMakeAvailableLabelProvided", "UserMakeAvailableUserProvided", "Use", "UseAsAlertTone",
        "UseAsDevice", "UseAsKaraoke",
        "UseAsRingbackTone", "UseAsRingbackTune", "UseAsRingtone", "UseAsRingtune",
        "UseAsScreensaver", "UseAsVoiceMail", "UseAsWallpaper", "UseForIdentification",
        "UseForMobile", "UseInMobilePhoneMessaging", "UseInPhoneListening", "UserDefined",
    }
)  # fmt: skip

MODELS: Final[dict[str, frozenset[CommercialModel]]] = {
    "SubscriptionModel": frozenset({CommercialModel.SUBSCRIPTION}),
    "AdvertisementSupportedModel": frozenset({CommercialModel.ADVERTISING}),
    "FreeOfChargeModel": frozenset(CommercialModel),
}
OTHER_MODELS: Final = frozenset(
    {
        "AsPerContract", "DeviceFeeModel", "LivestreamModel", "PayAsYouGoModel",
        "PerformanceRoyaltiesModel", "RightsClaimModel", "Unknown", "UserDefined",
    }
)  # fmt: skip

WARNINGS: Final = frozenset(
    {
        "Explicit", "ExplicitContentEdited", "NoAdviceAvailable", "NotExplicit", "Unknown",
        "UserDefined",
    }
)  # fmt: skip

_CODES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR "
    "BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ "
    "EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW "
    "GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY "
    "KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV "
    "MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY "
    "QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG "
    "TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM "
    "ZW XK"
)
COUNTRIES: Final = frozenset(_CODES.lower().split())  # ISO 3166-1, and Kosovo by its usual code

_DURATION = re.compile(
    r"P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8}(?:\.\d{1,9})?)S)?)?\Z"
)
_MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|[+-]\d\d:\d\d)?\Z"
)
_DATE = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?\Z")
_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}\d{7}\Z")


def read_duration(text: str) -> DurationMs | None:
    """Return an ISO 8601 duration; None where it is none."""
    match = _DURATION.match(text)
    if match is None or match.lastindex is None:
        return None
    days, hours, minutes, seconds = match.groups("0")
    whole = (int(days) * 24 + int(hours)) * 60 + int(minutes)
    return DurationMs(round((whole * 60 + float(seconds)) * 1000))


def read_moment(text: str) -> UnixMs | None:
    """Return an ISO 8601 date or time, in UTC where it names no zone; None where it is none."""
    match = _MOMENT.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    iso = f"{year}-{month}-{day}T{hour or '00'}:{minute or '00'}:{second or '00'}"
    offset = "+00:00" if zone in {None, "Z"} else zone
    try:
        moment = datetime.fromisoformat(iso + offset)
        ms = int(f"{fraction or '0':0<3.3}")
        return UnixMs(round(moment.astimezone(UTC).timestamp()) * 1000 + ms)
    except (ValueError, OverflowError):
        return None


def read_date(text: str) -> str | None:
    """Return a year, month or day as written; None where it is none."""
    if _DATE.match(text) is None:
        return None
    try:
        date.fromisoformat((text + "-01-01")[:10])
    except ValueError:
        return None
    return text


def is_isrc(text: str) -> bool:
    """Say whether a text is an ISRC (ISO 3901), written without hyphens."""
    return _ISRC.match(text) is not None


def territory_of(text: str) -> str | None:
    """Return a territory as it is known here: ``Worldwide`` or a country in lower case."""
    if text == "Worldwide":
        return text
    code = text.lower()
    return code if code in COUNTRIES else None
