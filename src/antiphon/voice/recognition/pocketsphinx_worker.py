"""A process that decodes for pocketsphinx: ``python -m ...pocketsphinx_worker FOLDER``.

It is a process of its own so that the event loop never waits for it, can end it at a deadline, and
outlives what strange sound does to a decoder in C. Requests are frames on standard input: a letter,
the length (4 bytes, big-endian), that many bytes. B begins an utterance and drops one under way,
A is sound (16-bit, 16 kHz, mono), P asks for the words so far, F for the outcome. P and F are
answered by one line of JSON each.
"""

import json
import sys
from pathlib import Path
from typing import BinaryIO

from pocketsphinx import Decoder, get_model_path

from antiphon.voice.recognition.pocketsphinx_frames import HEADER
from antiphon.voice.recognition.port import MOST_HYPOTHESES

__all__ = ["main"]

_PRIMER = 41_600  # bytes, 1.3 s: from half a second before the speech to 0.8 s into it
_SECOND_PASS = {"fwdflatsfwin": 10, "fwdflatefwid": 6}
"""Words that the second pass considers, by frames around and frames alive: a quarter less CPU after
the end of speech than with the defaults (25 and 4), and as many words right (48 commands, 3,000
songs). Without that pass it is 100 ms less, and 8 words of 100 are wrong instead of 6."""
_NBEST_SEEN = 40  # the lattice gives the same words with other pauses, many times


class _Utterance:
    """Decodes as sound comes, once 1.3 s are there to normalise the features by.

    Without that the first utterance is normalised by a guess and each later one by what its
    predecessor's microphone was like: right 82 of 100 times instead of 97.
    """

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._held = bytearray()
        self._started = False
        self._words = ""

    def sound(self, pcm: bytes) -> None:
        if self._started:
            self._decoder.process_raw(pcm)
            return
        self._held += pcm
        if len(self._held) >= _PRIMER:
            self._start()

    def words(self) -> str:
        found = self._decoder.hyp() if self._started else None
        return found.hypstr if found else ""

    def finish(self) -> list[tuple[str, float]]:
        if not self._started:
            self._start()
        self._decoder.end_utt()
        self._started = False
        best = self._decoder.hyp()
        return [] if best is None or not best.hypstr else _hypotheses(self._decoder, best.hypstr)

    def drop(self) -> None:
        if self._started:
            self._decoder.end_utt()
            self._started = False

    def _start(self) -> None:
        primer = bytes(self._held)
        self._decoder.reinit_feat()  # forgets earlier utterances: their means, their noise
        self._decoder.start_utt()
        self._decoder.process_raw(primer, no_search=True, full_utt=True)
        self._decoder.end_utt()
        means = self._decoder.get_cmn()
        self._decoder.reinit_feat()
        self._decoder.set_cmn(means)
        self._decoder.start_utt()
        self._started = True
        self._decoder.process_raw(primer)
        self._held.clear()


def _hypotheses(decoder: Decoder, best: str) -> list[tuple[str, float]]:
    """Return distinct hypotheses, best first.

    The confidence of the best is the mean posterior of its words in the lattice. The scores of
    the others are no probabilities (they differ by e-50 for the same words): theirs is a half, a
    third ... of it.
    """
    certain = [s.prob for s in decoder.seg() if not s.word.startswith(("<", "["))]
    confidence = min(sum(certain) / max(len(certain), 1), 1.0)
    found = {best: confidence}
    for number, hypothesis in enumerate(decoder.nbest()):
        if number >= _NBEST_SEEN or len(found) >= MOST_HYPOTHESES:
            break
        found.setdefault(hypothesis.hypstr, confidence / (len(found) + 1))
    return list(found.items())


def main() -> None:
    """Serve one parent until it closes the pipe."""
    folder = Path(sys.argv[1])
    decoder = Decoder(
        hmm=get_model_path("en-us/en-us"),
        dict=str(folder / "lexicon.dict"),
        lm=str(folder / "requests.arpa"),
        loglevel="FATAL",
        **_SECOND_PASS,
    )
    _serve(decoder, sys.stdin.buffer, sys.stdout.buffer)


def _serve(decoder: Decoder, requests: BinaryIO, answers: BinaryIO) -> None:
    utterance = _Utterance(decoder)
    while header := requests.read(HEADER.size):
        letter, length = HEADER.unpack(header)
        body = requests.read(length)
        answer: object = None
        if letter == b"B":
            utterance.drop()
            utterance = _Utterance(decoder)
        elif letter == b"A":
            utterance.sound(body)
        elif letter == b"P":
            answer = utterance.words()
        elif letter == b"F":
            answer = utterance.finish()
        if answer is not None:
            answers.write(json.dumps(answer).encode() + b"\n")
            answers.flush()


if __name__ == "__main__":
    main()
