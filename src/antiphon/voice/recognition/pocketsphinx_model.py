"""Makes what pocketsphinx expects to hear: ``python -m ...pocketsphinx_model FOLDER < names.json``.

A process of its own, for 20,000 names take seconds. The names are a JSON list of ``Named``.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from pocketsphinx import get_model_path

from antiphon.voice.model import Named
from antiphon.voice.recognition.arpa import arpa_lines
from antiphon.voice.recognition.lexicon import dictionary_lines, read_dictionary
from antiphon.voice.recognition.phrases import phrases_of

__all__ = ["main", "write_model"]


def write_model(names: Sequence[Named], folder: Path) -> None:
    """Write the language model and the pronunciations of its words into a folder."""
    sentences = list(phrases_of(names))
    model = "\n".join(arpa_lines(sentences))
    (folder / "requests.arpa").write_text(f"{model}\n", "utf-8")
    dictionary = Path(get_model_path("en-us/cmudict-en-us.dict"))
    with dictionary.open(encoding="utf-8") as lines:
        known = read_dictionary(lines)
    words = sorted({word for sentence in sentences for word in sentence.words})
    lexicon = "\n".join(dictionary_lines(words, known))
    (folder / "lexicon.dict").write_text(f"{lexicon}\n", "utf-8")


def main() -> None:
    """Write the model of the names on standard input."""
    names = msgspec.json.decode(sys.stdin.buffer.read(), type=list[Named])
    write_model(names, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
