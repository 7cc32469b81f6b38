"""What people say to the room, hundreds of requests over a catalogue of difficult names."""

import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest

from antiphon.kernel import ListenerId
from antiphon.voice import Answer, Intent, Question, Situation, Transcript

from .casebook import DEVICES, Dialogue, Judge, read_dialogues
from .world import World, opened_world

KEPT = frozenset({Intent.LIKE, Intent.DISLIKE, Intent.ADD_TO_PLAYLIST})
TURNS, RIGHT, RIGHT_OF_A_GROUP = 500, 0.95, 0.85


@dataclass(frozen=True)
class Judged:
    """A turn with what came of it."""

    group: str
    who: str
    said: str
    expected: str
    answer: Answer
    is_right: bool
    violations: list[str]
    cpu_ms: float

    def told(self) -> str:
        """Return it as a line to read where it is wrong."""
        of = self.answer
        action = of.action
        came = of.reason or (action and f"{action.intent} {action.item} {len(action.song_ids)}")
        if action is not None:
            came = f"{came} {action.percent} {action.seconds} {action.device_id}"
        reading = of.reading and [(s.name.value, s.text) for s in of.reading.slots]
        return (
            f"{self.group}: {self.who}> {self.said}\n    expected {self.expected}\n"
            f"    came {of.outcome} {came} {reading} {of.reply.text!r} {self.violations or ''}"
        )


def leaves_traces(last: Judged, dialogue: Dialogue) -> bool:
    """Say whether a dialogue may have taught something or changed what its listener keeps."""
    action = last.answer.action
    return len(dialogue.turns) > 1 or (action is not None and action.intent in KEPT)


async def judged_turns(world: World, dialogues: list[Dialogue]) -> list[Judged]:
    """Say all dialogues to the room, each as another listener, and judge what it answers."""
    judged: list[Judged] = []
    listener = None
    for number, dialogue in enumerate(dialogues):
        if listener is None or leaves_traces(judged[-1], dialogues[number - 1]):
            listener = ListenerId(f"listener{number:016}")
            await world.furnish(listener)
        asker = world.asker(dialogue.who, listener)
        for turn in dialogue.turns:
            title, _, artist = turn.playing.partition(" / ")
            playing = world.song(title, artist).id if title else None
            question = Question(
                asker, Transcript([(turn.said, 1.0)]), Situation(f"{number}", playing, DEVICES)
            )
            began = time.process_time()
            answer = await world.voice.ask(question)
            cpu_ms = 1000 * (time.process_time() - began)
            judge = Judge(world, asker, answer)
            judged.append(
                Judged(
                    dialogue.group,
                    dialogue.who,
                    turn.said,
                    turn.expected,
                    answer,
                    judge.fits(turn.expected),
                    judge.violations(turn.said),
                    cpu_ms,
                )
            )
    return judged


@pytest.mark.slow
async def test_what_people_say_is_understood_and_nobody_hears_what_they_may_not(
    tmp_path: Path,
) -> None:
    async with opened_world(tmp_path) as world:
        turns = await judged_turns(world, read_dialogues())
    groups = defaultdict(list)
    for turn in turns:
        groups[turn.group].append(turn.is_right)
        if not turn.is_right or turn.violations:
            print(turn.told())
    shares = {group: sum(right) / len(right) for group, right in groups.items()}
    for group, share in shares.items():
        print(f"{group:12} {share:6.1%} of {len(groups[group])}")
    right = sum(turn.is_right for turn in turns) / len(turns)
    cpu = sorted(turn.cpu_ms for turn in turns)
    median, most = cpu[len(cpu) // 2], cpu[int(len(cpu) * 0.99)]
    print(f"all          {right:6.1%} of {len(turns)}, CPU {median:.1f} ms, p99 {most:.1f} ms")
    assert not [turn.told() for turn in turns if turn.violations]
    assert len(turns) >= TURNS
    assert right >= RIGHT
    assert min(shares.values()) >= RIGHT_OF_A_GROUP, shares


SWEPT = (
    "play {title}",
    "play {title} by {artist}",
    "play the live version of {title}",
    "play the new one by {artist}",
    "play something like {title}",
    "play the album {album}",
    "add {title} to rainy days",
)


@pytest.mark.slow
async def test_no_name_of_the_house_asked_in_any_way_goes_past_rights(tmp_path: Path) -> None:
    found = []
    async with opened_world(tmp_path) as world:
        for who in ("child", "abroad", "guest"):
            listener = ListenerId(f"listener{who:>16}")
            await world.furnish(listener)
            asker = world.asker(who, listener)
            for piece in world.pieces:
                song = piece.song
                names = {"title": song.title, "artist": song.artists[0].name}
                for words in SWEPT:
                    said = words.format(**names, album=song.album_title)
                    question = Question(asker, Transcript([(said, 1.0)]), Situation(said))
                    judge = Judge(world, asker, await world.voice.ask(question))
                    found += [(who, said, *wrong) for wrong in [judge.violations(said)] if wrong]
    assert found == []
