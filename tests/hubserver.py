"""The HTTP calls of a Hub, as huggingface_hub 2.4 makes them, over the state in `tests.hubstate`."""

import base64
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import yaml

from tests.hubstate import Commit, Failure, Hub, Repo, Request
from ulmfit_app.hub import transfer

SORTS = {"models": "model", "datasets": "dataset"}
LFS_FROM = 10_000  # bytes; larger files are sent by git LFS, as on the Hub


@contextmanager
def running(handler: "type[Handler] | None" = None) -> Iterator[Hub]:
    """A Hub that answers on a free port of this machine while the block runs, as `handler` does."""
    hub = Hub()
    handler = type("Handler", (handler or Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class RefusedError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str = "", message: str = "") -> None:
        super().__init__(status)
        self.status, self.code, self.message = status, code, message


class Handler(BaseHTTPRequestHandler):
    """One request. `routes`: pattern of the path, methods, what answers with the groups of the pattern."""

    hub: Hub
    routes: ClassVar[list[tuple[str, tuple[str, ...], Callable[..., None]]]] = []
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Write nothing."""

    def do_GET(self) -> None:
        self._answer("GET")

    def do_HEAD(self) -> None:
        self._answer("HEAD")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PUT(self) -> None:
        self._answer("PUT")

    def _answer(self, method: str) -> None:
        scheme, _, given = self.headers.get("authorization", "").partition(" ")
        token = given if scheme == "Bearer" else None
        asked = self.headers
        self.hub.requests.append(Request(method, self.path, token, asked.get("range"), asked.get("cookie")))
        self.body = self._read_body()
        self.failure = self._failure(method)
        try:
            if self.failure and self.failure.status:
                self.send(self.failure.status, json.dumps(self.failure.body).encode(), self.failure.headers)
                return
            if token is not None and token not in self.hub.users:
                raise RefusedError(401, message="Invalid credentials in Authorization header")
            self.name, self.groups = self.hub.users.get(token or "", ("", []))
            self._route(method, urlsplit(self.path).path)
        except RefusedError as refused:
            self.send(refused.status, b"{}", {"X-Error-Code": refused.code, "X-Error-Message": refused.message})
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _read_body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _failure(self, method: str) -> Failure | None:
        for failure in self.hub.failures:
            if failure.times and failure.method == method and failure.path in self.path:
                failure.times -= 1
                return failure
        return None

    def _route(self, method: str, path: str) -> None:
        for pattern, wanted, answer in self.routes:
            match = re.fullmatch(pattern, path)
            if match and method in wanted:
                answer(self, *map(unquote, match.groups()))
                return
        raise RefusedError(404, message=f"no such call: {method} {path}")

    def json(self, value: Any) -> None:
        self.send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            if value:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self._send_body(body)

    def _send_body(self, body: bytes) -> None:
        cut, pause = (self.failure.cut, self.failure.pause) if self.failure else (None, 0.0)
        sent = body if cut is None else body[:cut]
        if not pause:
            self.wfile.write(sent)
        for start in range(0, len(sent) if pause else 0, 4096):
            time.sleep(pause)
            self.wfile.write(sent[start : start + 4096])
        if cut is not None:
            self.close_connection = True

    def _repo(self, repo_id: str, sort: str, *, write: bool = False) -> Repo:
        """The repository, if whoever asks may see or change it."""
        repo = self.hub.repos.get(repo_id)
        owner = repo_id.partition("/")[0]
        insider = owner == self.name or owner in self.groups
        if repo is None or repo.sort != SORTS[sort] or (repo.private and not insider):
            raise RefusedError(404 if self.name else 401, "RepoNotFound", "Repository not found")
        if write and not insider:
            raise RefusedError(403, message="You do not have write access to this repo")
        return repo

    def _found(self, repo: Repo, revision: str) -> Commit:
        commit = repo.find(revision)
        if commit is None:
            raise RefusedError(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return commit

    def whoami(self) -> None:
        if not self.name:
            raise RefusedError(401, message="Invalid username or password.")
        self.json({"type": "user", "name": self.name, "orgs": [{"name": group} for group in self.groups]})

    def info(self, sort: str, repo_id: str, revision: str = "main") -> None:
        if repo_id in self.hub.renamed:
            self.send(307, b"", {"Location": self.path.replace(repo_id, self.hub.renamed[repo_id])})
            return
        repo = self._repo(repo_id, sort)
        commit = self._found(repo, revision)
        self.json(
            self._facts(repo_id, repo, commit)
            | {"siblings": [_sibling(path, content) for path, content in commit.files.items()]}
        )

    def _facts(self, repo_id: str, repo: Repo, commit: Commit) -> dict[str, Any]:
        front = yaml.safe_load((commit.files.get("README.md", b"").decode() + "---").split("---")[1] or "{}")
        tags = [front.get("library_name"), *front.get("tags", [])] if isinstance(front, dict) else []
        return {
            "id": repo_id,
            "sha": commit.oid,
            "private": repo.private,
            "gated": "manual" if repo.gated else False,
            "library_name": tags[0] if tags else None,
            "pipeline_tag": front.get("pipeline_tag") if isinstance(front, dict) else None,
            "tags": [tag for tag in tags if tag],
            "downloads": 7,
            "lastModified": "2026-11-01T12:00:00.000Z",
        }

    def refs(self, sort: str, repo_id: str) -> None:
        repo = self._repo(repo_id, sort)
        branches = [{"name": "main", "ref": "refs/heads/main", "targetCommit": repo.commits[-1].oid}]
        tags = [{"name": name, "ref": f"refs/tags/{name}", "targetCommit": oid} for name, oid in repo.tags.items()]
        self.json({"branches": branches, "converts": [], "tags": tags})

    def commits(self, sort: str, repo_id: str, revision: str) -> None:
        repo = self._repo(repo_id, sort)
        self.json(
            [
                {
                    "id": commit.oid,
                    "title": commit.title,
                    "message": "",
                    "authors": [],
                    "date": "2026-11-01T12:00:00.000Z",
                }
                for commit in reversed(repo.commits)
            ]
        )

    def search(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        found = []
        for repo_id, repo in self.hub.repos.items():
            facts = self._facts(repo_id, repo, repo.commits[-1]) if repo.commits else {"tags": []}
            seen = not repo.private or repo_id.partition("/")[0] == self.name
            if seen and set(asked["filter"]) <= set(facts["tags"]) and asked.get("search", [""])[0] in repo_id:
                found.append(facts)
        self.json(found)

    def create(self) -> None:
        asked = json.loads(self.body)
        owner = asked.get("organization") or self.name
        repo_id = f"{owner}/{asked['name']}"
        if not self.name:
            raise RefusedError(401, message="Invalid username or password.")
        if owner not in (self.name, *self.groups):
            raise RefusedError(
                403, message=f'You don\'t have the rights to create a model under the namespace "{owner}"'
            )
        if repo_id in self.hub.repos:
            raise RefusedError(409, message="You already created this model repo")
        made = self.hub.repos[repo_id] = Repo(private=asked.get("visibility") == "private")
        made.commit({".gitattributes": b"*.safetensors filter=lfs"}, "initial commit")
        self.json({"url": f"{self.hub.url}/{repo_id}", "name": repo_id})

    def validate(self) -> None:
        yaml.safe_load(json.loads(self.body)["content"].split("---")[1])
        self.json({"errors": [], "warnings": []})

    def preupload(self, sort: str, repo_id: str, revision: str) -> None:
        if not parse_qs(urlsplit(self.path).query).get("create_pr"):
            self._repo(repo_id, sort, write=True)
        files = json.loads(self.body)["files"]
        modes = [{"path": f["path"], "uploadMode": "lfs" if f["size"] > LFS_FROM else "regular"} for f in files]
        self.json({"files": [mode | {"shouldIgnore": False} for mode in modes]})

    def batch(self, repo_id: str) -> None:
        objects = json.loads(self.body)["objects"]
        upload = [o | {"actions": {"upload": {"href": f"{self.hub.url}/lfs/{o['oid']}"}}} for o in objects]
        self.json({"transfer": "basic", "objects": upload})

    def put(self, oid: str) -> None:
        assert hashlib.sha256(self.body).hexdigest() == oid
        self.hub.lfs[oid] = self.body
        self.send(200, b"")

    def make_commit(self, sort: str, repo_id: str, revision: str) -> None:
        proposed = bool(parse_qs(urlsplit(self.path).query).get("create_pr"))
        repo = self._repo(repo_id, sort, write=not proposed)
        lines = [json.loads(line) for line in self.body.splitlines()]
        header = next(line["value"] for line in lines if line["key"] == "header")
        if header.get("parentCommit") not in (None, repo.commits[-1].oid):
            raise RefusedError(412, message="A commit has happened since. Please refresh and try again.")
        files = {}
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            if line["key"] == "lfsFile":
                files[value["path"]] = self.hub.lfs[value["oid"]]
        made = repo.on_top(files, header["summary"])
        (repo.proposed if proposed else repo.commits).append(made)
        address = f"{self.hub.url}/{repo_id}"
        answer = {"commitUrl": f"{address}/commit/{made.oid}", "commitOid": made.oid, "success": True}
        self.json(answer | ({"pullRequestUrl": f"{address}/discussions/1"} if proposed else {}))

    def tag(self, sort: str, repo_id: str, revision: str) -> None:
        repo = self._repo(repo_id, sort, write=True)
        name = json.loads(self.body)["tag"]
        if name in repo.tags:
            raise RefusedError(409, message="Tag reference exists already")
        repo.tags[name] = self._found(repo, revision).oid
        self.json({})

    def resolve(self, prefix: str, repo_id: str, revision: str, path: str) -> None:
        repo = self._repo(repo_id, prefix.strip("/") or "models")
        if repo.gated and repo_id.partition("/")[0] != self.name:
            raise RefusedError(403 if self.name else 401, "GatedRepo", "Access to this repo is restricted")
        commit = self._found(repo, revision)
        if path not in commit.files:
            raise RefusedError(404, "EntryNotFound", "Entry not found")
        content, asked = commit.files[path], self.headers.get("range")
        told = {"X-Repo-Commit": commit.oid, "ETag": f'"{_git_name(content)}"'}
        if asked:
            start = int(asked.removeprefix("bytes=").partition("-")[0])
            told["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self.send(206, content[start:], told)
        else:
            self.send(200, content, told)


def _git_name(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _sibling(path: str, content: bytes) -> dict[str, Any]:
    told: dict[str, Any] = {"rfilename": path, "size": len(content), "blobId": _git_name(content)}
    if len(content) > LFS_FROM:
        told["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 130}
    return told


REPO = r"([^/]+/[^/]+)"
API = rf"/api/(models|datasets)/{REPO}"
Handler.routes = [
    (r"/api/whoami-v2", ("GET",), Handler.whoami),
    (r"/api/models", ("GET",), Handler.search),
    (r"/api/repos/create", ("POST",), Handler.create),
    (r"/api/validate-yaml", ("POST",), Handler.validate),
    (API, ("GET",), Handler.info),
    (rf"{API}/revision/([^/]+)", ("GET",), Handler.info),
    (rf"{API}/refs", ("GET",), Handler.refs),
    (rf"{API}/commits/([^/]+)", ("GET",), Handler.commits),
    (rf"{API}/preupload/([^/]+)", ("POST",), Handler.preupload),
    (rf"{API}/commit/([^/]+)", ("POST",), Handler.make_commit),
    (rf"{API}/tag/([^/]+)", ("POST",), Handler.tag),
    (rf"/{REPO}\.git/info/lfs/objects/batch", ("POST",), Handler.batch),
    (r"/lfs/([0-9a-f]{64})", ("PUT",), Handler.put),
    (rf"/(datasets/|){REPO}/resolve/([^/]+)/(.+)", ("GET", "HEAD"), Handler.resolve),
]


@contextmanager
def in_place_of_the_real_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """`running`, for this process: the client asks it, finds no token on the machine and waits between no two tries."""
    from huggingface_hub import constants

    with running() as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(folder / "no-token"))
        monkeypatch.setattr(transfer, "PAUSE", 0.0)
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield hub
