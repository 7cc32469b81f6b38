"""The words that stand around names in requests for music, in English."""

import re
from typing import Final

from antiphon.voice.phrasing import RECORDING, VERSIONS

OPENING: Final = re.compile(
    r"\s*(?:(?:hey|ok|okay|hi|hello)\s+[a-z]+[,\s]+)?"
    r"(?:(?:please|now|just|kindly|so|um|uh|well|would you mind"
    r"|(?:can|could|would|will) (?:you|we|i)"
    r"|i(?:'d| would)? (?:want|like|love)(?: (?:you )?to)?|i wanna|i need|let me|let's|i feel like"
    r"|i'm in the mood for|how about|time for|go ahead and|actually)[,\s]+)*",
    re.IGNORECASE,
)
DESIRE: Final = re.compile(
    r"\bi (?:want|need|would (?:like|love)|wanna|feel like)\b|\bi'd (?:like|love)\b"
    r"|\bin the mood for\b"
    r"|\bhow about\b|\btime for\b",
    re.IGNORECASE,
)
CLOSING: Final = re.compile(
    r"[,\s]*(?:please|thanks|thank you|for me|right now|now|for us|if you can|will you)?[\s.!?]*$",
    re.IGNORECASE,
)
PLAY: Final = re.compile(
    r"(?:play|playing|hear|hearing|listen(?:ing)? to|put(?:ting)? on|start(?: playing)?|spin"
    r"|shuffle|throw on|give me|find|get)\b(?: (?:me|us))?\s+",
    re.IGNORECASE,
)
QUEUE_NEXT: Final = re.compile(
    r"(?:play|put|queue) (?P<what>.+?)"
    r" (?:next(?: in (?:the|my) queue)?|after this(?: (?:song|one))?)"
    r"|(?:and )?(?:then|after (?:that|this)|next(?: up)?,? play) (?:play )?(?P<what2>.+)",
    re.IGNORECASE,
)
QUEUE_LAST: Final = re.compile(
    r"(?:queue(?: up)? (?P<what>.+)"
    r"|play (?P<what3>.+?) (?:last|at the end)"
    r"|(?:add|put) (?P<what2>.+?) (?:to|in|on|into) (?:the|my) (?:queue|up next)(?: list)?)",
    re.IGNORECASE,
)
ADD: Final = re.compile(
    r"(?:add|put|save|include) (?P<what>.+?) (?:to|in|on|into|onto) "
    r"(?:(?:my |the |a )?playlist (?:called |named )?(?P<playlist>.+)"
    r"|(?:my |the )?(?P<playlist2>.+?)(?: playlist)?)",
    re.IGNORECASE,
)
DEVICE: Final = re.compile(
    r"\s(?:on|in|through|from|over) (?P<device>(?:the |my |our )?"
    r"(?:[\w'-]+ ){0,2}(?:speakers?|tv|television|phone|tablet|laptop|computer|stereo|headphones"
    r"|receiver|soundbar|kitchen|bedroom|bathroom|living room|office|garage|garden|browser|car))$",
    re.IGNORECASE,
)
EXCLUDED: Final = re.compile(
    r"[,\s]+(?:(?:but |just |and )*(?:not|without|except(?: for)?|no|nothing)"
    r"|but(?= )(?! (?:not|no|nothing|without)\b)) (?P<excluded>.+)$",
    re.IGNORECASE,
)
SIMILAR: Final = re.compile(
    r"(?:(?:some|more|any)?\s*(?:thing|music|songs?|artists?|bands?|stuff|tracks?)?\s*"
    r"(?:like|similar to|in the style of|that sounds? like|along the lines of)"
    r"|(?:a |an |the )?(?:radio|station|mix) (?:based on|like|of|around)) (?P<similar>.+)"
    r"|(?:a |an |the )?(?P<before>.+?) (?:radio|radio station|station|mix)",
    re.IGNORECASE,
)
NEWEST: Final = re.compile(
    r"(?:the |some |any )?(?P<sort>new(?:est)?|latest|most recent|last|first|oldest|earliest|debut)"
    r"(?: (?:one|album|record|music|release|songs?|stuff|track|single|ep))?"
    r" (?:by|from|of) (?P<artist>.+)"
    r"|(?P<artist2>.+?)(?:'s|s') (?P<sort2>new(?:est)?|latest|most recent|last|first|oldest|debut)"
    r"(?: (?:one|album|record|release|songs?|music|track))?"
    r"|(?:the )?(?P<sort3>newest|latest|most recent|new|oldest|first|debut) (?P<artist3>.+?)"
    r" (?:album|record|release|one)",
    re.IGNORECASE,
)
BEST: Final = re.compile(
    r"(?:the |some )?(?P<sort>best|greatest hits|hits|top songs|biggest hits|most popular songs)"
    r"(?: songs?| tracks?| music)? (?:by|from|of) (?P<artist>.+)",
    re.IGNORECASE,
)
YEARS: Final = re.compile(
    r"(?<!\S)(?:(?:from|of|in) )?(?:the )?(?:(?:early|mid|late)[ -])?"
    r"(?P<year>(?:19|20)\d\d'?s?|\d0'?s|fifties|sixties"
    r"|seventies|eighties|nineties|two thousands|noughties)(?=\s|$)",
    re.IGNORECASE,
)
KIND: Final = re.compile(
    r"(?:the |an? |some |any |that |this )?"
    r"(?P<kind>song|track|tune|single|album|record|lp|ep|artist|band|group"
    r"|singer|musician|composer|playlist)s?(?: (?:called|named|titled|entitled))?"
    r" (?P<rest>(?!(?:by|from|of|for|like|in)\b).+)",
    re.IGNORECASE,
)
OF_ARTIST: Final = re.compile(
    r"(?:the )?(?P<artist>.+?)(?:'s|s')? (?P<kind>song|track|album|record|single) (?P<name>.+)",
    re.IGNORECASE,
)
BY: Final = re.compile(r"(?P<name>.+) (?:by|from) (?P<artist>.+)", re.IGNORECASE)
BY_ALONE: Final = re.compile(
    r"(?:something|anything|some|a|any|another|other|music|songs?|tracks?|more|stuff|everything"
    r"|tunes?|numbers?)"
    r"(?: (?:song|songs|music|tracks?|stuff|more|album|thing|tunes?"
    r"|numbers?))? (?:by|from|of) (?P<artist>.+)",
    re.IGNORECASE,
)
MY_PLAYLIST: Final = re.compile(
    r"(?:my |the |our )?"
    r"(?:playlist (?:called |named )?(?P<playlist>.+)|(?P<playlist2>.+?) playlist)",
    re.IGNORECASE,
)
SOME_MUSIC: Final = re.compile(
    r"(?:some |something |a bit of |a little |any |more |good |really |very )*(?P<of>.+?)"
    r"(?: (?:music|songs?|tunes?|tracks?|stuff|hits|vibes|beats|sounds?))?"
    r"(?: (?:for|to) (?P<mood>.+?)(?: to)?)?",
    re.IGNORECASE,
)
VERSION: Final = re.compile(
    rf"\s*[(\[]?\b(?P<version>{VERSIONS}){RECORDING}?[)\]]?$", re.IGNORECASE
)
LIVE_AT: Final = re.compile(r"(?P<rest>.+?) (?P<version>live) (?:at|in|from) .+", re.IGNORECASE)
VERSION_BEFORE: Final = re.compile(
    rf"(?:the |an? )?(?P<version>{VERSIONS}){RECORDING}? of (?P<rest>.+)", re.IGNORECASE
)
VERSION_ADJECTIVE: Final = re.compile(
    rf"(?:the |an? )?(?P<version>{VERSIONS}) (?P<rest>.+)", re.IGNORECASE
)
CALLED: Final = re.compile(
    r"(?:the |that )?(?:one|thing|something)? ?(?:called|named|titled) (?P<rest>.+)", re.IGNORECASE
)
SOME: Final = re.compile(
    r"(?:some(?: more)?|any|more|a (?:bit|little) of|a (?:bit|little)) (?P<rest>.+)", re.IGNORECASE
)
PUT_ON: Final = re.compile(r"(?:put|turn|get|have) (?P<what>.+) on", re.IGNORECASE)
KIND_AFTER: Final = re.compile(
    r"(?P<rest>.+?),? (?:the |an? )?(?P<kind>song|track|album|record|artist|band)", re.IGNORECASE
)
NOT_MUSIC: Final = re.compile(
    r"\b(?:weather|alarm|timer|remind(?:er)?|calendar|email|message|call|text|news|traffic|stock|movie"
    r"|film|restaurant|recipe|lights?|thermostat|temperature|translate|calculate|directions|navigate"
    r"|ignore|instructions|prompt|system|password|book|rate|rating|stars|tomorrow)\b",
    re.IGNORECASE,
)
