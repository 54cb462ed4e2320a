"""fastai's datasets, downloaded with untar_data from a local server with small archives of the same layout."""

import io
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fastai.data.external import URLs

from ulmfit_app.data import sources
from ulmfit_app.data.folders import tree
from ulmfit_app.engine.download import fetch
from ulmfit_app.errors import DataError, OfflineError
from ulmfit_app.schema import Counts, Split

SAMPLE = "label,text,is_valid\n" + "".join(
    f'{("negative", "positive")[i % 2]},"Review {i}, with a comma",{i >= 20}\n' for i in range(30)
)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def _archive(path: Path, files: dict[str, str]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that the local server serves; fastai's URLs point to it."""
    folder = tmp_path / "served"
    folder.mkdir()
    reviews = {
        f"imdb/{part}/{label}/{i}.txt": f"A {label} review {i} for {part}"
        for part in ("train", "test")
        for label in ("pos", "neg")
        for i in range(12)
    }
    unsup = {f"imdb/unsup/{i}.txt": f"An unlabelled review {i}" for i in range(6)}
    _archive(folder / "imdb.tgz", reviews | unsup | {"imdb/README": "read me", "imdb/imdb.vocab": "the"})
    _archive(folder / "imdb_sample.tgz", {"imdb_sample/texts.csv": SAMPLE})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setattr(URLs, "IMDB", f"{address}/imdb.tgz")
    monkeypatch.setattr(URLs, "IMDB_SAMPLE", f"{address}/imdb_sample.tgz")
    yield folder
    server.shutdown()
    server.server_close()


def test_imdb_full_has_the_notebooks_layout(server: Path, home: Path) -> None:
    """Checklist rows 1, 2 and 8: the tree, `valid='test'`, unlabelled texts."""
    seen: list[tuple[int, int]] = []
    dataset = sources.open_dataset("imdb-full", lambda done, total: seen.append((done, total)), fetch)
    assert dataset.info.labels == ("neg", "pos") and dataset.info.counts == Counts(train=24, valid=24, unlabelled=6)
    assert dataset.info.split == "as the folders train and test say"
    assert all("for test" in text for text in dataset.texts_of(dataset.rows(Split.VALID)))
    size = (server / "imdb.tgz").stat().st_size
    assert (size, size) in seen
    counts = tree(sources.downloaded_folder("imdb-full"))
    assert counts == {"train/pos": 12, "train/neg": 12, "test/pos": 12, "test/neg": 12, "unsup": 6}
    assert sources.downloaded_folder("imdb-full").is_relative_to(home)


def test_imdb_sample_keeps_its_own_split(server: Path) -> None:
    dataset = sources.open_dataset("imdb-sample", fetch=fetch)
    assert dataset.info.labels == ("negative", "positive") and dataset.info.counts == Counts(
        train=20, valid=10, unlabelled=0
    )
    assert dataset.texts[20] == "Review 20, with a comma" and dataset.rows(Split.VALID).tolist() == list(range(20, 30))


def test_what_is_there_is_not_downloaded_again(server: Path) -> None:
    folder = fetch("imdb-sample")
    (server / "imdb_sample.tgz").unlink()
    assert fetch("imdb-sample") == folder
    assert sources.open_dataset("imdb-sample").info.counts.train == 20


@pytest.mark.parametrize("trouble", ["no server", "not found"])
def test_without_a_network_the_offline_choice_is_named(
    server: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    if trouble == "no server":
        monkeypatch.setattr(URLs, "IMDB", "http://127.0.0.1:9/imdb.tgz")
    else:
        (server / "imdb.tgz").unlink()
    with pytest.raises(OfflineError, match=r"“imdb-full” has to be downloaded and cannot be .* Use the dataset “imdb”"):
        sources.open_dataset("imdb-full", fetch=fetch)
    assert not sources.downloaded_folder("imdb-full").exists()


def test_a_damaged_archive_is_told_and_fetched_anew(server: Path) -> None:
    whole = (server / "imdb_sample.tgz").read_bytes()
    (server / "imdb_sample.tgz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cannot be unpacked .* Start again: it is downloaded anew"):
        fetch("imdb-sample")
    (server / "imdb_sample.tgz").write_bytes(whole)
    assert (fetch("imdb-sample") / "texts.csv").read_text() == SAMPLE


def test_cancelling_a_download_leaves_nothing(server: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("imdb-full", stop)
    left = [path.name for path in sources.downloaded_folder("imdb-full").parent.rglob("*") if path.is_file()]
    assert left == ["imdb.lock"]
