"""One text of one utterance, on its way to an answer: read, found, decided, done."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from antiphon.catalog import Catalog, name_key
from antiphon.kernel import Clock, PlaylistId, SongId, random_id
from antiphon.library import Kind, Library, Shelf
from antiphon.voice.answers import PLAYS, Action, Answer, Outcome, Reason
from antiphon.voice.asking import Asker, Question
from antiphon.voice.commands import read_command
from antiphon.voice.deeds import deed_of
from antiphon.voice.ears import Ears
from antiphon.voice.finder import Finder, Finding
from antiphon.voice.followups import FollowUp, Said, read_follow_up
from antiphon.voice.model import Intent, Named, NameKind, Reading, SlotName, Sought, Verdict
from antiphon.voice.music import Music
from antiphon.voice.names import NameBook, TakenApart, named_album, named_song
from antiphon.voice.ports import Reader
from antiphon.voice.references import Reference, read_reference
from antiphon.voice.replies import (
    described,
    refusal,
    reply_to_action,
    reply_to_doubt,
    reply_with_choices,
)
from antiphon.voice.store import Alias, Memory, VoiceStore
from antiphon.voice.wishes import Wish, wish_of

_KEEPS = frozenset({Intent.LIKE, Intent.DISLIKE})
_JUDGED = _KEEPS | {Intent.WHAT_IS_THIS}


@dataclass(frozen=True, slots=True)
class Parts:
    """What a turn is made with: the ports of the room, and the rooms below."""

    reader: Reader
    names: NameBook
    ears: Ears
    music: Music
    catalog: Catalog
    library: Library
    store: VoiceStore
    clock: Clock
    taken_apart: TakenApart

    async def finder(self, asker: Asker) -> Finder:
        """Return what finds for this listener."""
        return Finder(await self.names.names(), self.music, asker, self.taken_apart)


class Turn:
    """One hypothesis of one utterance, on its way to an answer."""

    def __init__(self, parts: Parts, question: Question, memory: Memory | None, text: str) -> None:
        self._parts = parts
        self._asker = question.asker
        self._situation = question.situation
        self._memory = memory
        self._text = text

    async def answer(self) -> Answer:
        """Return what it comes to; what is to be done on the server is done."""
        offered = self._memory.offered if self._memory else ()
        done = self._memory.done if self._memory else None
        follow, command = read_follow_up(self._text, offered, done), read_command(self._text)
        corrects = follow is not None and follow.said is Said.CORRECTION
        if follow is not None and not (corrects and command is not None):  # "no repeat"
            return await self._follow(follow)
        if command is not None:
            return await self._command(command)
        if (reference := read_reference(self._text)) is not None:
            return await self._refer(reference)
        return await self._request(self._text)

    async def _follow(self, follow: FollowUp) -> Answer:
        if follow.said is Said.NO:
            return refused(self._text, Reason.DECLINED)
        if follow.choice is not None:
            await self._learn(follow.choice)
            intent = self._memory.intent if self._memory else Intent.PLAY
            found = await (await self._parts.finder(self._asker)).play(follow.choice)
            return await self._done(Reading(intent, (), 1.0), Wish(), found, chosen=True)
        if follow.about is not None:
            return await self._another(follow, follow.about)
        rest = f"play {follow.rest}"
        answer = await self._request(rest)
        if answer.action is not None and answer.action.item is not None:
            await self._learn(answer.action.item)
        return answer

    async def _another(self, follow: FollowUp, about: Named) -> Answer:
        """Take another version of what the turn before was about, or the same by others."""
        finder = await self._parts.finder(self._asker)
        kinds = frozenset({about.kind})
        artist = follow.artist or about.artist
        wish = Wish(sought=(Sought(about.name, artist, kinds, follow.version),))
        if follow.version or follow.artist:
            found = await finder.find(wish)
        else:
            found = await finder.by_others(about)
        if found.verdict is Verdict.ABSENT and follow.artist:
            request = await self._request(self._text)  # perhaps it was no word about the one before
            if request.outcome is not Outcome.REFUSE:
                return request
        intent = self._memory.intent if self._memory else Intent.PLAY
        return await self._done(Reading(intent, (), 1.0), wish, found)

    async def _refer(self, reference: Reference) -> Answer:
        """Play what belongs to the song that is playing, or that the turn before began."""
        item = await self._playing() or self._begun()
        reading = Reading(Intent.PLAY, (), 1.0)
        finder = await self._parts.finder(self._asker)
        songs = [] if item is None else await self._parts.music.of(item, self._asker)
        if item is None or not songs:
            return refused(self._text, Reason.NOTHING_PLAYING, reading=reading)
        if reference is Reference.LIKE:
            return await self._done(reading, Wish(), await finder.like(item))
        if reference is Reference.ARTIST:
            by = songs[0].artists[0]
            named = Named(NameKind.ARTIST, by.id, by.name)
        else:
            album = await self._parts.catalog.album(songs[0].album_id)
            named = item if album is None else named_album(album, self._parts.taken_apart)
        return await self._done(reading, Wish(), await finder.play(named))

    def _begun(self) -> Named | None:
        done = self._memory.done if self._memory else None
        return done if done and done.kind in {NameKind.SONG, NameKind.ALBUM} else None

    async def _learn(self, item: Named) -> None:
        """Remember that by the name of the turn before, this was meant."""
        said = self._memory.said if self._memory else ""
        if item.id and said and name_key(said) != name_key(item.name):
            alias = Alias(said, item, self._parts.clock.now())
            await self._parts.store.put_alias(self._asker.listener_id, alias)

    async def _command(self, reading: Reading) -> Answer:
        if reading.intent is Intent.UNDO:
            return await self._undo(reading)
        if reading.intent is Intent.PLAY:  # to another device
            return await self._moved(reading)
        playing = await self._playing()
        starts = reading.intent is Intent.RESUME and playing is None
        if starts and wish_of(Reading(Intent.PLAY, (), 1.0), self._text).anything:
            return await self._request(self._text)  # "play music": there is nothing to go on with
        if reading.intent is Intent.ADD_TO_PLAYLIST:
            return await self._add(reading, playing)
        return await self._deed(reading, playing)

    async def _deed(self, reading: Reading, playing: Named | None) -> Answer:
        """Return what a command comes to that names no music; a like or a dislike is kept."""
        if reading.intent in _KEEPS and not self._asker.may_change:
            return refused(self._text, Reason.NOT_ALLOWED, reading=reading)
        deed = deed_of(reading, is_playing=playing is not None)
        if deed.action is None:
            return refused(self._text, deed.reason or Reason.NOT_UNDERSTOOD, reading=reading)
        action = deed.action
        if playing is not None and action.intent in _JUDGED:
            action = Action(action.intent, playing, (SongId(playing.id),))
            await self._judge(action)
        return self._acted(reading, action)

    async def _request(self, text: str) -> Answer:
        names = await self._parts.names.names()
        reading = next(iter(self._parts.reader.read(text, names)), None)
        if reading is None or reading.intent is Intent.NONE:
            return refused(text, Reason.NOT_UNDERSTOOD, reading=reading)
        wish = wish_of(reading, text)
        adds = reading.intent is Intent.ADD_TO_PLAYLIST
        if adds and not wish.playlist:
            return refused(text, Reason.NO_SUCH_PLAYLIST, reading=reading, what=wish.name)
        wanted = replace(wish, playlist="") if adds else wish
        found = await found_for(self._parts, self._asker, wanted)
        return await self._done(reading, wish, found)

    async def _done(
        self, reading: Reading, wish: Wish, found: Finding, *, chosen: bool = False
    ) -> Answer:
        """Decide on what was found, and do it."""
        if found.verdict is Verdict.ABSENT or found.item is None:
            reason = found.reason or Reason.NOT_FOUND
            what = wish.playlist if reason is Reason.NO_SUCH_PLAYLIST else wish.name
            return refused(self._text, reason, reading=reading, what=what)
        if found.verdict is Verdict.SEVERAL and not chosen and len(found.candidates) > 1:
            reply = reply_with_choices(found.candidates)
            return Answer(
                random_id(), Outcome.CHOOSE, self._text, reply, reading, choices=found.candidates
            )
        if not found.songs:
            reason = found.reason or Reason.NOT_FOUND
            what, detail = described(found.item), found.detail
            return refused(self._text, reason, reading=reading, what=what, detail=detail)
        if found.verdict is Verdict.LIKELY and not chosen:
            return Answer(
                random_id(), Outcome.CONFIRM, self._text, reply_to_doubt(found.item), reading,
                choices=found.candidates,
            )  # fmt: skip
        return await self._play(reading, wish, found)

    async def _play(self, reading: Reading, wish: Wish, found: Finding) -> Answer:
        songs = tuple(song.id for song in found.songs)
        intent = reading.intent if reading.intent in PLAYS else Intent.PLAY
        if reading.intent is Intent.ADD_TO_PLAYLIST:
            return await self._add_to(reading, wish.playlist, found.item, songs)
        device = ""
        if wish.device:
            device = _device_named(wish.device, self._situation.devices)
            if not device:
                return refused(self._text, Reason.NO_SUCH_DEVICE, reading=reading, what=wish.device)
        action = Action(intent, found.item, songs, shuffled=found.shuffled, device_id=device)
        return self._acted(reading, action)

    async def _add(self, reading: Reading, playing: Named | None) -> Answer:
        if playing is None:
            return refused(self._text, Reason.NOTHING_PLAYING, reading=reading)
        name = reading.first(SlotName.PLAYLIST) or ""
        return await self._add_to(reading, name, playing, (SongId(playing.id),))

    async def _add_to(
        self, reading: Reading, name: str, item: Named | None, songs: tuple[SongId, ...]
    ) -> Answer:
        if not self._asker.may_change:
            return refused(self._text, Reason.NOT_ALLOWED, reading=reading)
        playlist = await self._parts.music.playlist_named(name, self._asker)
        if playlist is None:
            return refused(self._text, Reason.NO_SUCH_PLAYLIST, reading=reading, what=name)
        await self._parts.library.add_to_playlist(
            self._asker.listener_id, PlaylistId(playlist.id), songs
        )
        action = Action(Intent.ADD_TO_PLAYLIST, item, songs, playlist_id=playlist.id)
        reply = reply_to_action(action, playlist=playlist.name)
        return Answer(random_id(), Outcome.ACT, self._text, reply, reading, action)

    async def _judge(self, action: Action) -> None:
        """Keep a like or a dislike; one takes the other back."""
        if action.intent is Intent.WHAT_IS_THIS:
            return
        liked = action.intent is Intent.LIKE
        onto, off = Shelf.FAVOURITES, Shelf.DISLIKES
        if not liked:
            onto, off = off, onto
        library, listener = self._parts.library, self._asker.listener_id
        await library.keep(listener, onto, Kind.SONGS, action.song_ids)
        await library.drop(listener, off, Kind.SONGS, action.song_ids)

    async def _undo(self, reading: Reading) -> Answer:
        memory = self._memory
        if memory is None or memory.done is None or memory.before is None:
            return refused(self._text, Reason.NOTHING_TO_UNDO, reading=reading)
        song = await self._parts.catalog.song(memory.before)
        if song is None:
            return refused(self._text, Reason.NOTHING_TO_UNDO, reading=reading)
        if not (await self._parts.music.playable([song], self._asker)).songs:
            return refused(self._text, Reason.NOTHING_TO_UNDO, reading=reading)
        item = named_song(song, self._parts.taken_apart)
        return self._acted(reading, Action(Intent.UNDO, item, (song.id,)))

    async def _moved(self, reading: Reading) -> Answer:
        said = reading.first(SlotName.DEVICE) or ""
        device = _device_named(said, self._situation.devices)
        if not device:
            named = await self._request(self._text)  # "play on the road again" is a song
            if named.action is not None:
                return named
            return refused(self._text, Reason.NO_SUCH_DEVICE, reading=reading, what=said)
        return self._acted(reading, Action(Intent.PLAY, device_id=device))

    def _acted(self, reading: Reading, action: Action) -> Answer:
        device = self._situation.devices.get(action.device_id, "")
        reply = reply_to_action(action, device=device)
        return Answer(random_id(), Outcome.ACT, self._text, reply, reading, action)

    async def _playing(self) -> Named | None:
        """Return the song that is playing, if the asker may hear it."""
        if self._situation.playing is None:
            return None
        music = self._parts.music
        item = Named(NameKind.SONG, self._situation.playing, "")
        songs = await music.of(item, self._asker)
        if not (await music.playable(songs, self._asker)).songs:
            return None
        return named_song(songs[0], self._parts.taken_apart)


def refused(
    heard: str, reason: Reason, *, reading: Reading | None = None, what: str = "", detail: str = ""
) -> Answer:
    """Return an answer that nothing is done, and why."""
    reply = refusal(reason, what=what, detail=detail)
    return Answer(random_id(), Outcome.REFUSE, heard, reply, reading, reason=reason)


def _device_named(said: str, devices: Mapping[str, str]) -> str:
    """Return the id of the device that is called so, whatever its case, signs and article."""
    drop = {"the", "my", "our", "on", "in"}
    words = [w for w in name_key(said).split() if w not in drop]
    for device, name in devices.items():
        own = name_key(name).split()
        if words and (words == own or set(words) <= set(own)):
            return device
    return ""


async def found_for(parts: Parts, asker: Asker, wish: Wish) -> Finding:
    """Return what a wish leads to for this listener, by what they have taught first."""
    finder = await parts.finder(asker)
    alias = None
    if wish.name and wish.sought:
        alias = await parts.store.alias(asker.listener_id, wish.name)
    if alias is not None and not alias.is_doubted:
        return await finder.play(alias.item, wish=wish)
    found = await finder.find(wish)
    if alias is not None and found.verdict is Verdict.CERTAIN and found.item == alias.item:
        return replace(found, verdict=Verdict.LIKELY)
    return found
