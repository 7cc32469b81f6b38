"""The search driver on tantivy, one index folder shared by one writer and many readers.

An index can be made again beside the one that answers: each has a folder of its own, and the file
``generation`` names the one that everybody uses, from their next look on.

Text is folded and cut into words by ``text.words`` on both sides, so the index's own tokenizer
only splits at spaces. Per word there is an exact term in ``title`` and in ``every``; ``edge`` holds
the beginnings of one to three characters of every word, because expanding a short beginning into
the thousands of words that start with it costs tens of milliseconds on a million songs.
"""

import asyncio
import fcntl
import os
import shutil
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import tantivy
from tantivy import Occur, Query

from antiphon.catalog.model import ItemKind
from antiphon.catalog.search import SHORT_PREFIX, Document, Hit, Hits
from antiphon.kernel import Invalid, Unavailable

_SCHEMA_FOLDER = "v1"
_GENERATION = "generation"
_HOLD = "replacing"
_WRITER_HEAP = 48_000_000
_RELOAD_SECONDS = 1.0
_FUZZY_FROM = 4  # characters: below that one typo makes everything match everything
_MAX_TERMS = 16
_MAX_TERM_CHARACTERS = 64


def open_search(url: str) -> "TantivySearch":
    """Open the search engine at ``url``, such as ``tantivy:/folder``."""
    scheme, _, path = url.partition(":")
    if scheme != "tantivy" or not path.startswith("/"):
        raise Invalid(f"{url!r} cannot be the search engine: write tantivy:/absolute/folder.")
    return TantivySearch(Path(path))


class TantivySearch:
    """``SearchIndex`` on tantivy."""

    def __init__(self, folder: Path, *, generation: int | None = None) -> None:
        """Open the index in use, or one ``generation`` whatever is in use."""
        self._place = folder
        self._pinned = generation
        self._schema = _schema()
        self._writer: Any = None
        self._written = -1  # the generation that the writer writes
        self._reloading = threading.Lock()
        self._open(self._wanted())

    @property
    def generation(self) -> int:
        """Return which index this is of those that this machine has had."""
        return self._generation

    def successor(self) -> "TantivySearch":
        """Return the index that may replace this one: new, or as far as an earlier try came."""
        return TantivySearch(self._place, generation=self._wanted() + 1)

    @asynccontextmanager
    async def held_back(self) -> AsyncIterator[None]:
        """Let nobody change the index in use: they are told to wait. A death lets them go on."""
        with (self._place / _HOLD).open("a", encoding="ascii") as file:
            await asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX)
            yield

    async def take_over(self) -> None:
        """Become the index that all processes of this machine use, each from its next look on."""
        await asyncio.to_thread(self._take_over)

    async def remove_others(self) -> None:
        """Delete the indexes that are not in use; who still reads in one holds it open."""
        await asyncio.to_thread(self._remove_others)

    async def find(
        self,
        terms: Sequence[str],
        kind: ItemKind,
        *,
        limit: int,
        offset: int = 0,
        typos: bool = True,
    ) -> Hits:
        """Return the best documents of ``kind`` that match every one of the folded terms."""
        terms = [t[:_MAX_TERM_CHARACTERS] for t in terms[:_MAX_TERMS]]
        if not terms or limit <= 0:
            return Hits((), 0)
        return await asyncio.to_thread(self._find, terms, kind, limit, offset, typos=typos)

    async def complete(self, prefix: str, *, limit: int) -> list[str]:
        """Return indexed words that begin with ``prefix``, the most frequent first."""
        return await asyncio.to_thread(self._complete, prefix[:_MAX_TERM_CHARACTERS], limit)

    async def change(self, put: Sequence[Document], remove: Sequence[str]) -> None:
        """Put and remove documents, durably when it returns."""
        await asyncio.to_thread(self._change, put, remove)

    async def count(self) -> int:
        """Return how many documents there are."""
        return int(self._searcher().num_docs)

    async def close(self) -> None:
        """Let the writer finish merging and release its lock."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            await asyncio.to_thread(writer.wait_merging_threads)

    def _find(
        self, terms: Sequence[str], kind: ItemKind, limit: int, offset: int, *, typos: bool
    ) -> Hits:
        searcher = self._searcher()
        query = self._query(terms, kind, typos=typos)
        found = searcher.search(query, limit, offset=offset, weight_by_field="weight")
        hits = tuple(Hit(searcher.doc(at).get_first("id"), score) for score, at in found.hits)
        return Hits(hits, found.count)

    def _query(self, terms: Sequence[str], kind: ItemKind, *, typos: bool) -> Query:
        *full, last = terms
        clauses = [(Occur.Must, self._term("kind", kind.value, 0.0))]
        clauses += [(Occur.Must, self._word(word, typos=typos)) for word in full]
        clauses.append((Occur.Must, self._begun(last, typos=typos)))
        clauses.append((Occur.Should, self._term("name", " ".join(terms), 6.0)))
        clauses.append((Occur.Should, self._first(terms)))
        return Query.boolean_query(clauses)

    def _first(self, terms: Sequence[str]) -> Query:
        """Return what favours names that begin as typed."""
        word = terms[0]
        ways = [self._term("first", word, 1.0)]
        if len(terms) == 1 and len(word) > SHORT_PREFIX:
            ways.append(self._fuzzily("first", word, 0.5, distance=0, prefix=True))
        return Query.disjunction_max_query(ways)

    def _word(self, word: str, *, typos: bool) -> Query:
        """Return what matches a whole word, with a typo if it is long enough."""
        ways = self._exactly(word)
        if typos and len(word) >= _FUZZY_FROM:
            ways.append(self._fuzzily("every", word, 0.3, distance=1))
        return Query.disjunction_max_query(ways)

    def _begun(self, word: str, *, typos: bool) -> Query:
        """Return what matches the last word, which may still be being typed."""
        ways = self._exactly(word)
        if len(word) <= SHORT_PREFIX:
            ways.append(self._term("edge", word, 0.5))
        else:
            ways.append(self._fuzzily("title", word, 0.8, distance=0, prefix=True))
            ways.append(self._fuzzily("every", word, 0.3, distance=int(typos), prefix=True))
        return Query.disjunction_max_query(ways)

    def _exactly(self, word: str) -> list[Query]:
        return [self._term("title", word, 2.0), self._term("every", word, 1.0)]

    def _term(self, field: str, word: str, score: float) -> Query:
        """A constant score per field: how rare a word is says little about what was meant."""
        query = Query.term_query(self._schema, field, word, index_option="basic")
        return Query.const_score_query(query, score)

    def _fuzzily(
        self, field: str, word: str, score: float, *, distance: int, prefix: bool = False
    ) -> Query:
        query = Query.fuzzy_term_query(self._schema, field, word, distance=distance, prefix=prefix)
        return Query.const_score_query(query, score)

    def _complete(self, prefix: str, limit: int) -> list[str]:
        found = self._searcher().terms_with_prefix("title", prefix, limit=limit * 20)
        best = sorted(found, key=lambda pair: (-pair[1], pair[0]))
        return [word for word, _ in best[:limit]]

    def _change(self, put: Sequence[Document], remove: Sequence[str]) -> None:
        with self._allowed():
            self._write(put, remove)

    def _write(self, put: Sequence[Document], remove: Sequence[str]) -> None:
        writer = self._opened_writer()
        for item_id in remove:
            writer.delete_documents_by_term("id", item_id)
        for document in put:
            writer.delete_documents_by_term("id", document.id)
            writer.add_document(_tantivy_document(document))
        writer.commit()

    @contextmanager
    def _allowed(self) -> Iterator[None]:
        """Enter where nobody is replacing the index; he waits until those who entered are done."""
        if self._pinned is not None:
            yield
            return
        with (self._place / _HOLD).open("a", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError as fault:
                raise Unavailable("The search index is being replaced: wait.") from fault
            yield

    def _opened_writer(self) -> Any:
        with self._reloading:
            self._look()
        if self._writer is not None and self._written != self._generation:
            writer, self._writer = self._writer, None
            writer.wait_merging_threads()
        if self._writer is None:
            self._written = self._generation
            try:
                self._writer = self._index.writer(heap_size=_WRITER_HEAP, num_threads=1)
            except ValueError as fault:  # the lock file is held
                raise Unavailable(
                    "Another process writes the search index: only one may.",
                    folder=str(self._folder),
                ) from fault
        return self._writer

    def _searcher(self) -> Any:
        if time.monotonic() - self._checked >= _RELOAD_SECONDS:
            with self._reloading:  # of the threads of one search none may be a commit behind
                if time.monotonic() - self._checked >= _RELOAD_SECONDS:
                    self._look()
        return self._index.searcher()

    def _open(self, generation: int) -> None:
        self._generation = generation
        self._folder = self._place / _folder_of(generation)
        self._folder.mkdir(parents=True, exist_ok=True)
        index = tantivy.Index(self._schema, str(self._folder), reuse=True)
        words = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
        index.register_tokenizer("words", words)
        index.config_reader(reload_policy="manual")
        self._seen = self._commit_mark()
        self._checked = time.monotonic()
        self._index = index

    def _wanted(self) -> int:
        if self._pinned is not None:
            return self._pinned
        try:
            return int((self._place / _GENERATION).read_text("ascii"))
        except FileNotFoundError:
            return 0

    def _take_over(self) -> None:
        part = self._place / f"{_GENERATION}.part"
        with part.open("w", encoding="ascii") as sink:
            sink.write(str(self._generation))
            sink.flush()
            os.fsync(sink.fileno())
        part.replace(self._place / _GENERATION)

    def _remove_others(self) -> None:
        for folder in self._place.glob(f"{_SCHEMA_FOLDER}*"):
            if folder != self._folder and folder.is_dir():
                shutil.rmtree(folder, ignore_errors=True)

    def _look(self) -> None:
        """See what was committed, or go over to the index that is in use now."""
        wanted = self._wanted()
        if wanted != self._generation:
            self._open(wanted)
            return
        mark = self._commit_mark()
        if mark != self._seen:
            self._index.reload()
            self._seen = mark
        self._checked = time.monotonic()

    def _commit_mark(self) -> tuple[int, ...]:
        """Return what differs after every commit: times alone stand still for some milliseconds."""
        try:
            found = (self._folder / "meta.json").stat()
        except FileNotFoundError:
            return ()
        return found.st_mtime_ns, found.st_ino, found.st_size


def _folder_of(generation: int) -> str:
    return f"{_SCHEMA_FOLDER}-{generation}" if generation else _SCHEMA_FOLDER


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("kind", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("name", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("first", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("title", tokenizer_name="words", index_option="basic")
    builder.add_text_field("every", tokenizer_name="words", index_option="basic")
    builder.add_text_field("edge", tokenizer_name="words", index_option="basic")
    builder.add_float_field("weight", fast=True)
    return builder.build()


def _tantivy_document(document: Document) -> tantivy.Document:
    made = tantivy.Document()
    made.add_text("id", document.id)
    made.add_text("kind", document.kind.value)
    made.add_text("name", document.name)
    made.add_text("first", next(iter(document.title_words), ""))
    made.add_text("title", " ".join(document.title_words))
    made.add_text("every", " ".join(document.all_words))
    made.add_text("edge", " ".join(_edges(document.all_words)))
    made.add_float("weight", document.weight)
    return made


def _edges(words: Sequence[str]) -> dict[str, None]:
    return dict.fromkeys(w[:n] for w in words for n in range(1, min(SHORT_PREFIX, len(w)) + 1))
