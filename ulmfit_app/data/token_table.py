"""Tokenised corpora: ids on disk, words in memory, computed once.

`tokenise` turns texts into a `TokenTable` and keeps it under `<home>/cache/tokens/<key>/`, where the key covers the
texts, the rules, the language, spaCy's version and the format. Files: `ids.bin` (uint32, all texts end to end),
`offsets.npy` (int64, where each text starts, one more at the end), `words.json` (a list; an id is a position in it).
A folder is complete or absent: it is written beside and renamed.
"""

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from errno import ENOSPC
from pathlib import Path
from tempfile import mkdtemp
from typing import overload

import numpy as np
from numpy.typing import NDArray

from ulmfit_app.data.progress import Progress
from ulmfit_app.data.rules import RULES
from ulmfit_app.data.token_workers import Chunk, Chunks, tokenised_chunks
from ulmfit_app.data.tokens import spacy_version
from ulmfit_app.errors import DataError
from ulmfit_app.schema import FAKE, UNK_ID
from ulmfit_app.settings import settings

FORMAT = 1
TOKENS_AT_ONCE = 4_000_000

Rows = Sequence[int] | NDArray[np.int64]


class TokenTable:
    """The tokens of many texts: `ids` (uint32, on disk), `offsets` (int64, texts + 1), `words`."""

    def __init__(self, ids: NDArray[np.uint32], offsets: NDArray[np.int64], words: list[str]) -> None:
        self.ids, self.offsets, self.words = ids, offsets, words

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def length(self, i: int) -> int:
        """Tokens in text `i`."""
        return int(self.offsets[i + 1] - self.offsets[i])

    def lengths(self) -> NDArray[np.int64]:
        """Tokens per text."""
        return np.diff(self.offsets)

    def tokens(self, i: int) -> list[str]:
        """The tokens of text `i`, as fastai's Tokenizer gives them."""
        return [self.words[word] for word in self.ids_of(i)]

    def counts(self, rows: Rows) -> Counter[str]:
        """How often each word occurs in the texts `rows`, in the order of first occurrence.

        Source: the Counter of `fastai.text.data.Numericalize.setups`, whose order decides ties in the vocabulary.
        """
        seen = np.zeros(len(self.words), np.int64)
        order: list[int] = []
        for part in self._parts(rows):
            fresh, at = np.unique(part[seen[part] == 0], return_index=True)
            order.extend(fresh[np.argsort(at)].tolist())
            seen += np.bincount(part, minlength=len(self.words))
        return Counter({self.words[word]: int(seen[word]) for word in order})

    def numericalise(self, vocab: Sequence[str], rows: Rows, first_tokens: int | None = None) -> "Numericalised":
        """The texts `rows` as ids of `vocab`, cut to `first_tokens`; unknown words and `xxfake` become 0.

        Source: `fastai.text.data.Numericalize`.
        """
        return Numericalised(self, self.lookup(vocab), np.asarray(rows, np.int64), first_tokens)

    def lookup(self, vocab: Sequence[str]) -> NDArray[np.int64]:
        """The id in `vocab` of each of `words`; 0 for unknown words and `xxfake`."""
        ids = {word: i for i, word in enumerate(vocab) if word != FAKE}
        return np.array([ids.get(word, UNK_ID) for word in self.words], np.int64)

    def ids_of(self, i: int) -> NDArray[np.uint32]:
        """The tokens of text `i` as positions in `words`."""
        return self.ids[self.offsets[i] : self.offsets[i + 1]]

    def _parts(self, rows: Rows) -> Iterator[NDArray[np.uint32]]:
        """The tokens of `rows`, end to end, some `TOKENS_AT_ONCE` at a time: the corpus may not fit into memory."""
        part, tokens = [], 0
        for row in rows:
            part.append(self.ids_of(row))
            tokens += len(part[-1])
            if tokens >= TOKENS_AT_ONCE:
                yield np.concatenate(part)
                part, tokens = [], 0
        if part:
            yield np.concatenate(part)


class Numericalised(Sequence[NDArray[np.int64]]):
    """Texts as ids (int64) of a vocabulary. A text is read from the table's file and looked up when it is asked for.

    So a corpus costs no memory, whatever its size; a lookup is microseconds, in the step of a training nothing.
    """

    def __init__(
        self, table: TokenTable, lookup: NDArray[np.int64], rows: NDArray[np.int64], first_tokens: int | None
    ) -> None:
        self._table, self._lookup, self._rows, self._first = table, lookup, rows, first_tokens

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens per text, without reading any."""
        lengths = self._table.lengths()[self._rows]
        return lengths if self._first is None else np.minimum(lengths, self._first)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, i: int) -> NDArray[np.int64]: ...
    @overload
    def __getitem__(self, i: slice) -> list[NDArray[np.int64]]: ...
    def __getitem__(self, i: int | slice) -> NDArray[np.int64] | list[NDArray[np.int64]]:
        """One text, or a list of those of a slice."""
        if isinstance(i, slice):
            return [self._ids(row) for row in self._rows[i].tolist()]
        return self._ids(int(self._rows[i]))

    def _ids(self, row: int) -> NDArray[np.int64]:
        return self._lookup[self._table.ids_of(row)[: self._first]]


def tokenise(
    texts: Sequence[str], *, language: str = "en", workers: int | None = None, on_progress: Progress | None = None
) -> TokenTable:
    """The tokens of `texts`: from the cache, else computed (in `workers` processes when there are many) and kept.

    `on_progress` hears of texts done after each chunk. An exception raised from it ends the work: processes are
    stopped, nothing is left on disk. Raises DataError if the system ends a process.
    """
    folder = _folder(key_of(texts, language))
    table = _read(folder)
    if table is None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(mkdtemp(dir=folder.parent, prefix=".making-"))
        try:
            with closing(_reported(tokenised_chunks(texts, language, workers), len(texts), on_progress)) as chunks:
                _write(beside, chunks)
            table = _kept(beside, folder)
        except OSError as error:
            raise _full(error) if error.errno == ENOSPC else error from None
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    if on_progress:
        on_progress(len(texts), len(texts))
    return table


def cached(texts: Sequence[str], language: str = "en") -> TokenTable | None:
    """The tokens of `texts` if they are in the cache."""
    return _read(_folder(key_of(texts, language)))


def is_kept(key: str) -> bool:
    """True if the texts that have this `key_of` are in the cache."""
    return _folder(key).is_dir()


def key_of(texts: Sequence[str], language: str = "en") -> str:
    """The name of these texts' tokens in the cache. Reads all of them: 0.2 s for 40 MB."""
    digest = hashlib.sha256(json.dumps([FORMAT, RULES, language, spacy_version(), len(texts)]).encode())
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()[:32]


def _folder(key: str) -> Path:
    return settings().home_path / "cache" / "tokens" / key


def _reported(chunks: Chunks, total: int, on_progress: Progress | None) -> Chunks:
    """`chunks`, each announced once it has been written; closing this closes `chunks`, and with it the processes."""
    done = 0
    with closing(chunks):
        for chunk in chunks:
            yield chunk
            done += len(chunk.lengths)
            if on_progress and done < total:
                on_progress(done, total)


def _write(folder: Path, chunks: Iterable[Chunk]) -> None:
    index: dict[str, int] = {}
    lengths: list[NDArray[np.int64]] = [np.zeros(1, np.int64)]
    with (folder / "ids.bin").open("wb") as file:
        for chunk in chunks:
            table = np.array([index.setdefault(word, len(index)) for word in chunk.words], np.uint32)
            file.write(table[chunk.ids].tobytes())
            lengths.append(chunk.lengths)
    np.save(folder / "offsets.npy", np.cumsum(np.concatenate(lengths)))
    (folder / "words.json").write_text(json.dumps(list(index), ensure_ascii=False), encoding="utf-8")


def _kept(beside: Path, folder: Path) -> TokenTable:
    """`beside` under its final name; if another process was faster, or the old one was damaged, theirs or ours."""
    table = _read(folder)
    if table is not None:
        return table
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        beside.rename(folder)
    table = _read(folder)
    if table is None:
        raise OSError(ENOSPC, "the token table cannot be read back", str(folder))
    return table


def _full(error: OSError) -> DataError:
    return DataError(
        f"There is no room for the tokens of these texts ({error.strerror}).",
        kept="Nothing was written.",
        todo=f"Free some disk space under {settings().home_path} and start again.",
    )


def _read(folder: Path) -> TokenTable | None:
    """The table in `folder`; None if there is none or it is damaged (it is then made anew)."""
    try:
        offsets = np.load(folder / "offsets.npy", allow_pickle=False)
        words = json.loads((folder / "words.json").read_text(encoding="utf-8"))
        size = (folder / "ids.bin").stat().st_size
        if size != 4 * int(offsets[-1]):
            return None
        ids = np.memmap(folder / "ids.bin", np.uint32, mode="r") if size else np.empty(0, np.uint32)
    except (OSError, ValueError, EOFError):
        return None
    with suppress(OSError):  # another may only read here
        os.utime(folder)  # a hosted server forgets what nobody reads
    return TokenTable(ids, offsets, words)
