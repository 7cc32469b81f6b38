"""One turn of a dialogue: heard, understood, answered, remembered."""

import asyncio
from typing import Final

from antiphon.catalog import clean
from antiphon.kernel import Invalid
from antiphon.voice.answers import PLAYS, Answer, Outcome, Reason
from antiphon.voice.asking import Asker, Question, Situation
from antiphon.voice.coded import samples_of
from antiphon.voice.commands import read_command
from antiphon.voice.counts import VoiceCounts
from antiphon.voice.finder import Finding
from antiphon.voice.followups import Said, read_follow_up
from antiphon.voice.model import MAX_TEXT, Intent, Named, Reading, Transcript
from antiphon.voice.recognition import NothingHeard, Recogniser
from antiphon.voice.store import Alias, Memory
from antiphon.voice.turn import Parts, Turn, found_for, refused
from antiphon.voice.wishes import Wish, wish_of

_MOST_HYPOTHESES: Final = 5
_KEPT: Final = PLAYS | {Intent.ADD_TO_PLAYLIST}


class Voice:
    """Answers what listeners say. Every call names who asks; nothing goes past their rights."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.counts = VoiceCounts()

    async def ask(self, question: Question) -> Answer:
        """Return what an utterance comes to; the best that one of its hypotheses comes to.

        ``Invalid`` for a text of more than ``MAX_TEXT`` characters.
        """
        texts = [_checked(text) for text, _ in question.transcript.hypotheses[:_MOST_HYPOTHESES]]
        texts = list(dict.fromkeys(text for text in texts if text))
        if not texts:
            return refused("", Reason.NOTHING_HEARD)
        asker, situation = question.asker, question.situation
        memory = await self._parts.store.memory(asker.listener_id, situation.dialogue)
        began = self._parts.clock.monotonic()
        best: Answer | None = None
        for text in texts:
            answer = await Turn(self._parts, question, memory, text).answer()
            if best is None or _worth(answer) > _worth(best):
                best = answer
            if answer.outcome is Outcome.ACT:
                break
        if best is None:
            raise RuntimeError("no hypothesis was looked at")
        await self._remember(question, memory, best)
        self.counts.count(best, self._parts.clock.monotonic() - began)
        self.counts.corrected += _corrects(best, memory)
        return best

    async def read(self, text: str) -> Reading | None:
        """Return what a text asks for, by itself and without doing it; None where for nothing.

        ``Invalid`` for a text of more than ``MAX_TEXT`` characters.
        """
        text = _checked(text)
        command = read_command(text)
        if command is not None:
            return command
        names = await self._parts.names.names()
        return next(iter(self._parts.reader.read(text, names)), None) if text else None

    async def recogniser(self) -> Recogniser:
        """Return what hears requests, opened; the first who asks waits until names are learned."""
        return await self._parts.ears.recogniser()

    async def hear(self, asker: Asker, situation: Situation, coded: bytes) -> Answer:
        """Return what a recording comes to, in a format that clients record in.

        ``AudioInvalid``, ``AudioTooLong`` and ``AudioClipped`` where it cannot be heard,
        ``RecogniserBusy`` where others are just being heard. Silence is answered.
        """
        try:
            pcm = await asyncio.to_thread(samples_of, coded)
            transcript = await self._parts.ears.transcript_of(pcm)
        except NothingHeard:
            transcript = Transcript(())
        return await self.ask(Question(asker, transcript, situation))

    async def find(self, asker: Asker, wish: Wish) -> Finding:
        """Return what a wish leads to, by the way that spoken requests go.

        For those whose words were understood elsewhere; nothing is done or remembered.
        """
        return await found_for(self._parts, asker, wish)

    async def play(self, asker: Asker, item: Named, wish: Wish) -> Finding:
        """Return what an item plays for who asks, narrowed and ordered by a wish."""
        return await (await self._parts.finder(asker)).play(item, wish=wish)

    async def aliases(self, asker: Asker) -> list[Alias]:
        """Return what was learned of a listener."""
        return await self._parts.store.aliases(asker.listener_id)

    async def forget_alias(self, asker: Asker, said: str) -> None:
        """Forget what a name meant."""
        await self._parts.store.delete_aliases(asker.listener_id, [said])

    async def abandoned(self, asker: Asker, dialogue: str, turn_id: str) -> None:
        """Learn that what a turn began was left at once: next time it is asked, not done."""
        memory = await self._parts.store.memory(asker.listener_id, dialogue)
        if memory is None or memory.turn_id != turn_id or memory.done is None or not memory.said:
            return
        self.counts.abandoned += 1
        alias = Alias(memory.said, memory.done, self._parts.clock.now(), is_doubted=True)
        await self._parts.store.put_alias(asker.listener_id, alias)

    def stayed_silent(self) -> None:
        """Count that something was said to play, and nothing sounded."""
        self.counts.silent += 1

    async def _remember(self, question: Question, before: Memory | None, answer: Answer) -> None:
        reading = answer.reading
        said = wish_of(reading, answer.heard).name if reading and reading.slots else ""
        intent = Intent.PLAY if answer.reading is None else answer.reading.intent
        if answer.outcome is Outcome.ACT and intent not in _KEPT:
            if before is None or answer.reading is None:
                return
            memory = before  # "louder" in between does not end what the dialogue is about
        else:
            memory = Memory(
                answer.id,
                intent,
                said or (before.said if before and answer.reading is None else ""),
                offered=answer.choices,
                done=None if answer.action is None else answer.action.item,
                before=question.situation.playing,
            )
        await self._parts.store.remember(
            question.asker.listener_id, question.situation.dialogue, memory
        )

    async def close(self) -> None:
        """Give up what is being made, and end what hears."""
        await self._parts.ears.close()
        await self._parts.names.close()


def _checked(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise Invalid(f"A request has at most {MAX_TEXT} characters.", parameter="text")
    return clean(text)


def _corrects(answer: Answer, memory: Memory | None) -> bool:
    follow = read_follow_up(
        answer.heard, memory.offered if memory else (), memory.done if memory else None
    )
    return memory is not None and follow is not None and follow.said is Said.CORRECTION


def _worth(answer: Answer) -> int:
    if answer.reason in {Reason.EXPLICIT, Reason.NOT_AVAILABLE, Reason.DECLINED}:
        return 2  # it was understood, and may not be
    return {Outcome.ACT: 4, Outcome.CHOOSE: 3, Outcome.CONFIRM: 3, Outcome.REFUSE: 1}[
        answer.outcome
    ]
