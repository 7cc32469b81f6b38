"""The voice room over HTTP: ``/v1/me/voice``."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Router, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, QueryParameter

from antiphon.catalog import Catalog, Gate, Showing, SongResource, language_of
from antiphon.identity import Principal, Scope
from antiphon.kernel import Invalid, SongId, is_well_formed
from antiphon.voice.answers import Action, Answer
from antiphon.voice.asking import Asker, Question, Situation
from antiphon.voice.desk import VoiceDesk
from antiphon.voice.model import MAX_TEXT, Named, Transcript
from antiphon.voice.store import Alias

_HOME = "/v1/catalog/home"
_MOST_DEVICES = 50
_Asking = Request[Principal, Any, Any]
_Desk = NamedDependency[VoiceDesk]
_Catalog = NamedDependency[Catalog]
_Showing = NamedDependency[Showing]
_Said = Annotated[str, QueryParameter(max_length=MAX_TEXT, description="The name as it was said.")]
_Dialogue = Annotated[str, QueryParameter(max_length=100, description="What turns belong to.")]
_Playing = Annotated[str | None, QueryParameter(max_length=40, description="A song's id.")]
_Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
_Name = Annotated[str, msgspec.Meta(max_length=100)]


class _Out(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Base of answers: camelCase, absent where there is nothing."""


class _In(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Base of request bodies."""


class HypothesisIn(_In, frozen=True, kw_only=True):
    """What a recogniser may have heard."""

    text: _Text
    confidence: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0


class DeviceIn(_In, frozen=True, kw_only=True):
    """A device in reach."""

    id: _Name
    name: _Name


class UtteranceIn(_In, frozen=True, kw_only=True):
    """An utterance as ``text``, or as ``hypotheses``, best first; and where it was said.

    ``dialogue`` names what turns belong together, such as a device; ``playing`` is a song's id.
    """

    text: _Text = ""
    hypotheses: Annotated[list[HypothesisIn], msgspec.Meta(max_length=10)] = []
    dialogue: _Name = ""
    playing: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    devices: Annotated[list[DeviceIn], msgspec.Meta(max_length=_MOST_DEVICES)] = []
    allows_explicit: bool = True


class AbandonedIn(_In, frozen=True, kw_only=True):
    """Tells that what a turn began was left at once."""

    dialogue: _Name = ""


class ItemOut(_Out, frozen=True, kw_only=True):
    """Something that was found; ``version`` sets it apart from others of its name."""

    kind: str
    name: str
    id: str = ""
    artist: str = ""
    version: str = ""


class ActionOut(_Out, frozen=True, kw_only=True):
    """What the player is to do; see ``antiphon.voice.Action``."""

    intent: str
    item: ItemOut | None = None
    songs: list[SongResource] = []
    shuffled: bool = False
    percent: int | None = None
    seconds: float | None = None
    relative: bool = False
    count: int = 1
    quality: str = ""
    device_id: str = ""
    playlist_id: str = ""


class SlotOut(_Out, frozen=True, kw_only=True):
    """A span of the text, in characters."""

    name: str
    text: str
    begin: int
    end: int


class ReplyOut(_Out, frozen=True, kw_only=True):
    """What is said."""

    text: str
    ssml: str
    language: str = "en"


class TurnOut(_Out, frozen=True, kw_only=True):
    """One turn: ``outcome`` is act, confirm, choose or refuse, and a refusal has a ``reason``."""

    id: str
    outcome: str
    heard: str
    reply: ReplyOut
    intent: str = ""
    slots: list[SlotOut] = []
    action: ActionOut | None = None
    choices: list[ItemOut] = []
    reason: str = ""


class Turned(_Out, frozen=True, kw_only=True):
    """The answer to an utterance."""

    data: TurnOut


class AliasOut(_Out, frozen=True, kw_only=True):
    """What a listener means by a name; ``doubted``: it is asked again before it plays."""

    said: str
    item: ItemOut
    learned_at: str
    doubted: bool = False


class Aliases(_Out, frozen=True, kw_only=True):
    """All that was learned."""

    data: list[AliasOut]


class VoiceRoutes(Controller):
    """Utterances in, actions and replies out; and what was learned."""

    path = "/voice"
    tags = ("Voice",)

    @post("/", status_code=200, operation_id="askByVoice")
    async def ask(
        self, request: _Asking, data: UtteranceIn, desk: _Desk, catalog: _Catalog, showing: _Showing
    ) -> Turned:
        """Understand an utterance; what is to be kept is kept, what is to be played is returned."""
        voice = await desk.voice()
        answer = await voice.ask(_question(request.user, data))
        return Turned(data=await _turn(answer, catalog, showing))

    @post("/audio", status_code=200, operation_id="askBySound")
    async def hear(
        self,
        request: _Asking,
        desk: _Desk,
        catalog: _Catalog,
        showing: _Showing,
        dialogue: _Dialogue = "",
        playing: _Playing = None,
    ) -> Turned:
        """Understand a recording of up to 30 seconds: WAV, WebM, Ogg, MP4; the body is the file."""
        voice = await desk.voice()
        situation = _situation(request.user, UtteranceIn(dialogue=dialogue, playing=playing))
        answer = await voice.hear(_asker(request.user), situation, await request.body())
        return Turned(data=await _turn(answer, catalog, showing))

    @post("/prepare", status_code=204, operation_id="prepareVoice")
    async def prepare(self, request: _Asking, desk: _Desk) -> None:  # noqa: ARG002
        """Make ready for a question that is about to come by sound; it is answered sooner then."""
        await (await desk.voice()).recogniser()

    @post("/turns/{turn_id:str}/abandoned", status_code=204, operation_id="abandonVoiceTurn")
    async def abandon(
        self, request: _Asking, turn_id: FromPath[str], data: AbandonedIn, desk: _Desk
    ) -> None:
        """Tell that what this turn began to play was left at once: it is asked next time."""
        voice = await desk.voice()
        await voice.abandoned(_asker(request.user), data.dialogue, turn_id)

    @post("/turns/{turn_id:str}/silent", status_code=204, operation_id="reportSilentVoiceTurn")
    async def silent(self, turn_id: FromPath[str], desk: _Desk) -> None:  # noqa: ARG002
        """Tell that this turn said it plays, and three seconds later nothing sounds: counted."""
        (await desk.voice()).stayed_silent()

    @get("/aliases", operation_id="listVoiceAliases")
    async def aliases(self, request: _Asking, desk: _Desk) -> Aliases:
        """List what was learned of how the listener calls things."""
        learned = await (await desk.voice()).aliases(_asker(request.user))
        return Aliases(data=[_alias(alias) for alias in learned])

    @delete("/aliases", status_code=204, operation_id="forgetVoiceAlias")
    async def forget(self, request: _Asking, said: _Said, desk: _Desk) -> None:
        """Forget what a name meant."""
        await (await desk.voice()).forget_alias(_asker(request.user), said)


def routes(desk: VoiceDesk, catalog: Catalog, gate: Gate) -> Sequence[Router]:
    """Return the routes, to be mounted at the root."""

    def the_desk() -> VoiceDesk:
        return desk

    def the_catalog() -> Catalog:
        return catalog

    def showing(request: _Asking) -> Showing:
        language = language_of(request.headers.get("accept-language", ""))
        return Showing(catalog, gate, request.user, _HOME, language)

    return [
        Router(
            "/v1/me",
            route_handlers=[VoiceRoutes],
            dependencies={
                "desk": Provide(the_desk, sync_to_thread=False),
                "catalog": Provide(the_catalog, sync_to_thread=False),
                "showing": Provide(showing, sync_to_thread=False),
            },
        )
    ]


def _question(user: Principal, data: UtteranceIn) -> Question:
    hypotheses = [(h.text, h.confidence) for h in data.hypotheses] or [(data.text, 1.0)]
    asker = _asker(user, allows_explicit=data.allows_explicit)
    return Question(asker, Transcript(hypotheses), _situation(user, data))


def _situation(user: Principal, data: UtteranceIn) -> Situation:
    if data.playing is not None and not is_well_formed(data.playing):
        raise Invalid("This is not a song's id.", pointer="/playing")
    return Situation(
        data.dialogue or user.device_id,
        None if data.playing is None else SongId(data.playing),
        {device.id: device.name for device in data.devices},
    )


def _asker(user: Principal, *, allows_explicit: bool = True) -> Asker:
    may_change = user.scopes is None or Scope.LIBRARY.value in user.scopes
    explicit = user.allows_explicit and allows_explicit
    return Asker(user.listener_id, user.household_id, explicit, may_change)


async def _turn(answer: Answer, catalog: Catalog, showing: Showing) -> TurnOut:
    reading = answer.reading
    return TurnOut(
        id=answer.id,
        outcome=answer.outcome.value,
        heard=answer.heard,
        reply=ReplyOut(text=answer.reply.text, ssml=answer.reply.ssml),
        intent="" if reading is None else reading.intent.value,
        slots=[
            SlotOut(name=s.name.value, text=s.text, begin=s.begin, end=s.end)
            for s in (() if reading is None else reading.slots)
        ],
        action=None if answer.action is None else await _action(answer.action, catalog, showing),
        choices=[_item(item) for item in answer.choices],
        reason="" if answer.reason is None else answer.reason.value,
    )


async def _action(action: Action, catalog: Catalog, showing: Showing) -> ActionOut:
    songs = [song for song in await catalog.songs(action.song_ids) if song is not None]
    return ActionOut(
        intent=action.intent.value,
        item=None if action.item is None else _item(action.item),
        songs=await showing.songs(songs),
        shuffled=action.shuffled,
        percent=action.percent,
        seconds=action.seconds,
        relative=action.is_relative,
        count=action.count,
        quality=action.quality,
        device_id=action.device_id,
        playlist_id=action.playlist_id,
    )


def _item(item: Named) -> ItemOut:
    return ItemOut(
        kind=item.kind.value, name=item.name, id=item.id, artist=item.artist, version=item.version
    )


def _alias(alias: Alias) -> AliasOut:
    learned = datetime.fromtimestamp(alias.learned_at / 1000, UTC)
    return AliasOut(
        said=alias.said,
        item=_item(alias.item),
        learned_at=learned.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        doubted=alias.is_doubted,
    )
