"""Collections on disk: a folder per collection with its request and its Edge shard, and one file of aliases.

Like a server's, what `wait=true` acknowledged outlives kill -9: it is in the shard's log.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from qdrant_edge import CountRequest, EdgeShard, QueryRequest, ScrollRequest, UpdateOperation

from tests.qdrant_server.translate import (
    BadRequest,
    Json,
    edge_config,
    edge_filter,
    edge_id,
    edge_index,
    edge_params,
    edge_point,
    edge_prefetch,
    edge_query,
    json_point,
    keys_of,
)


class NotFound(Exception):
    """What a real server answers with 404."""


class Taken(Exception):
    """What a real server answers with 409."""


@dataclass
class Stored:
    """A collection: what it was made with, its payload indexes, and its open shard."""

    name: str
    folder: Path
    request: Json
    indexes: dict[str, Any]
    shard: Any

    @property
    def sizes(self) -> dict[str, int]:
        """Lengths of its dense vectors."""
        return {name: given["size"] for name, given in self.request["vectors"].items()}

    def save(self) -> None:
        """Write down what it is."""
        told = {"name": self.name, "request": self.request, "indexes": self.indexes}
        write_json(self.folder / "collection.json", told)

    def check(self, wanted: Json | None, *, update: bool = False, limit: int = 0) -> None:
        """Refuse what strict mode refuses: filters on fields without index, and limits above the most."""
        strict = self.request.get("strict_mode_config") or {}
        if not strict.get("enabled"):
            return
        if limit > (strict.get("max_query_limit") or limit):
            raise BadRequest(f'Forbidden: Limit exceeded {limit} > {strict["max_query_limit"]} for "limit"')
        if strict.get("unindexed_filtering_update" if update else "unindexed_filtering_retrieve") is False:
            for key in keys_of(wanted):
                if key not in self.indexes:
                    raise BadRequest(f'Bad request: Index required but not found for "{key}"')


class Storage:
    """All collections under a folder. One call at a time: Edge holds the interpreter lock anyway."""

    def __init__(self, folder: Path, api_key: str) -> None:
        self.folder, self.api_key = folder, api_key
        self.lock = RLock()
        folder.mkdir(parents=True, exist_ok=True)
        self.aliases: dict[str, str] = read_json(folder / "aliases.json", {})
        self.collections: dict[str, Stored] = {}
        for label in folder.glob("*/collection.json"):
            self.open(label)

    def open(self, label: Path) -> None:
        """Open a collection that is on disk."""
        told = read_json(label, {})
        shard = EdgeShard.load(str(label.parent / "shard"), edge_config(told["request"]))
        self.collections[told["name"]] = Stored(folder=label.parent, shard=shard, **told)

    def folder_of(self, name: str) -> Path:
        """Where a collection lies."""
        return self.folder / hashlib.sha256(name.encode()).hexdigest()[:32]

    def find(self, name: str) -> Stored:
        """A collection by its name or an alias."""
        stored = self.collections.get(self.aliases.get(name, name))
        if stored is None:
            raise NotFound(f"Not found: Collection `{name}` doesn't exist!")
        return stored

    def exists(self, name: str) -> bool:
        """GET /collections/{name}/exists."""
        return self.aliases.get(name, name) in self.collections

    def create(self, name: str, request: Json) -> bool:
        """PUT /collections/{name}."""
        if name in self.collections or name in self.aliases:
            raise Taken(f"Wrong input: Collection `{name}` already exists!")
        folder = self.folder_of(name)
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "shard").mkdir(parents=True)
        shard = EdgeShard.create(str(folder / "shard"), edge_config(request))
        stored = Stored(name, folder, request, {}, shard)
        stored.save()
        self.collections[name] = stored
        return True

    def delete(self, name: str) -> bool:
        """DELETE /collections/{name}. Its aliases go with it; an alias itself is no collection."""
        stored = self.collections.pop(name, None)
        if stored is None:
            return False
        self.aliases = {alias: target for alias, target in self.aliases.items() if target != name}
        write_json(self.folder / "aliases.json", self.aliases)
        (stored.folder / "collection.json").unlink()
        stored.shard.close()
        shutil.rmtree(stored.folder)
        return True

    def info(self, name: str) -> Json:
        """GET /collections/{name}."""
        stored = self.find(name)
        params = {key: stored.request[key] for key in ("vectors", "sparse_vectors") if key in stored.request}
        told = stored.shard.info()
        return {
            "status": "green",
            "optimizer_status": "ok",
            "segments_count": told.segments_count,
            "points_count": told.points_count,
            "indexed_vectors_count": 0,
            "config": {
                "params": {**params, "shard_number": 1, "replication_factor": 1},
                "hnsw_config": {"m": 0, "ef_construct": 100, "full_scan_threshold": 10_000},
                "optimizer_config": {"default_segment_number": 0, "flush_interval_sec": 5},
                "strict_mode_config": stored.request.get("strict_mode_config"),
            },
            "payload_schema": {
                key: {
                    "data_type": schema if isinstance(schema, str) else schema["type"],
                    "params": None if isinstance(schema, str) else schema,
                    "points": 0,
                }
                for key, schema in stored.indexes.items()
            },
        }

    def change_aliases(self, request: Json) -> bool:
        """POST /collections/aliases: all actions or none."""
        changed = dict(self.aliases)
        for action in request["actions"]:
            if "create_alias" in action:
                wanted = action["create_alias"]
                if wanted["collection_name"] not in self.collections:
                    raise NotFound(f"Not found: Collection `{wanted['collection_name']}` doesn't exist!")
                if wanted["alias_name"] in self.collections:
                    raise Taken(f"Wrong input: Collection `{wanted['alias_name']}` already exists!")
                changed[wanted["alias_name"]] = wanted["collection_name"]
            elif "delete_alias" in action:
                changed.pop(action["delete_alias"]["alias_name"], None)
            else:
                raise BadRequest("this stand-in renames no alias")
        write_json(self.folder / "aliases.json", changed)
        self.aliases = changed
        return True

    def list_aliases(self, name: str | None = None) -> Json:
        """GET /aliases and GET /collections/{name}/aliases."""
        wanted = None if name is None else self.find(name).name
        pairs = [(alias, target) for alias, target in self.aliases.items() if wanted in (None, target)]
        return {"aliases": [{"alias_name": alias, "collection_name": target} for alias, target in pairs]}

    def index(self, name: str, request: Json) -> Json:
        """PUT /collections/{name}/index."""
        stored = self.find(name)
        schema = request["field_schema"]
        stored.shard.update(UpdateOperation.create_field_index(request["field_name"], edge_index(schema)))
        stored.indexes[request["field_name"]] = schema
        stored.save()
        return done()

    def upsert(self, name: str, points: list[Json], *, copies: bool = False) -> Json:
        """PUT /collections/{name}/points. `copies` stores each point once more under another id: the fault `duplicate`."""
        stored = self.find(name)
        given = points + [{**point, "id": str(uuid4())} for point in points if copies]
        stored.shard.update(UpdateOperation.upsert_points([edge_point(point, stored.sizes) for point in given]))
        return done()

    def delete_points(self, name: str, request: Json) -> Json:
        """POST /collections/{name}/points/delete."""
        stored = self.find(name)
        if "points" in request:
            operation = UpdateOperation.delete_points([edge_id(each) for each in request["points"]])
        else:
            stored.check(request["filter"], update=True)
            wanted = edge_filter(request["filter"])
            assert wanted is not None
            operation = UpdateOperation.delete_points_by_filter(wanted)
        stored.shard.update(operation)
        return done()

    def count(self, name: str, request: Json) -> Json:
        """POST /collections/{name}/points/count."""
        stored = self.find(name)
        stored.check(request.get("filter"))
        wanted = edge_filter(request.get("filter"))
        return {"count": stored.shard.count(CountRequest(exact=request.get("exact", True), filter=wanted))}

    def query(self, name: str, request: Json) -> Json:
        """POST /collections/{name}/points/query."""
        stored = self.find(name)
        prefetches = request.get("prefetch") or []
        prefetches = prefetches if isinstance(prefetches, list) else [prefetches]
        for part in (request, *prefetches):
            stored.check(part.get("filter"), limit=part["limit"])
            check_size(stored, part)
        found = stored.shard.query(
            QueryRequest(
                limit=request["limit"],
                query=edge_query(request.get("query"), request.get("using")),
                prefetches=[edge_prefetch(each) for each in prefetches],
                filter=edge_filter(request.get("filter")),
                params=edge_params(request.get("params")),
                with_payload=request.get("with_payload") or False,
                with_vector=request.get("with_vector") or False,
            )
        )
        return {"points": [json_point(hit, score=hit.score, version=hit.version) for hit in found]}

    def scroll(self, name: str, request: Json) -> Json:
        """POST /collections/{name}/points/scroll."""
        stored = self.find(name)
        limit = request.get("limit") or 10
        stored.check(request.get("filter"), limit=limit)
        offset = request.get("offset")
        records, following = stored.shard.scroll(
            ScrollRequest(
                limit=limit,
                offset=None if offset is None else edge_id(offset),
                filter=edge_filter(request.get("filter")),
                with_payload=request.get("with_payload", True),
                with_vector=request.get("with_vector") or False,
            )
        )
        return {
            "points": [json_point(record) for record in records],
            "next_page_offset": None if following is None else str(following),
        }

    def retrieve(self, name: str, request: Json) -> list[Json]:
        """POST /collections/{name}/points."""
        shard = self.find(name).shard
        ids = [edge_id(each) for each in request["ids"]]
        found = shard.retrieve(ids, request.get("with_payload", True), request.get("with_vector") or False)
        return [json_point(record) for record in found]

    def snapshot(self, name: str) -> Json:
        """POST /collections/{name}/snapshots: an archive of the collection's folder. Outlives the collection."""
        stored = self.find(name)
        stored.shard.flush()
        made = self.archives(stored.name) / f"{stored.name}-{uuid4().hex[:8]}.snapshot"
        made.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(made, "w") as archive:
            archive.add(stored.folder, ".")
        return described(made)

    def snapshots(self, name: str) -> list[Json]:
        """GET /collections/{name}/snapshots."""
        return [described(path) for path in self.archives(self.find(name).name).glob("*.snapshot")]

    def delete_snapshot(self, name: str, snapshot: str) -> bool:
        """DELETE /collections/{name}/snapshots/{snapshot}."""
        path = self.archives(self.find(name).name) / snapshot
        if not path.exists():
            raise NotFound(f"Not found: Snapshot {snapshot} not found")
        path.unlink()
        return True

    def recover(self, name: str, request: Json) -> bool:
        """PUT /collections/{name}/snapshots/recover, from an address of this server's own."""
        *_, source, _, snapshot = urlsplit(request["location"]).path.split("/")
        path = self.archives(unquote(source)) / unquote(snapshot)
        if request.get("api_key") != self.api_key or not path.exists():
            raise BadRequest(f"Bad request: Failed to download snapshot from {request['location']}")
        aliases = dict(self.aliases)
        self.delete(name)
        folder = self.folder_of(name)
        with tarfile.open(path) as archive:
            archive.extractall(folder, filter="data")
        self.open(folder / "collection.json")
        self.aliases = aliases
        write_json(self.folder / "aliases.json", aliases)
        return True

    def archives(self, name: str) -> Path:
        """Where a collection's snapshots lie."""
        return self.folder / "snapshots" / self.folder_of(name).name

    def lose(self, name: str, every: int) -> int:
        """Take every n-th point away behind everybody's back: the fault `lose`."""
        shard = self.find(name).shard
        records, _ = shard.scroll(ScrollRequest(limit=1_000_000, with_payload=False, with_vector=False))
        gone = [record.id for record in records[::every]]
        shard.update(UpdateOperation.delete_points(gone))
        return len(gone)


def check_size(stored: Stored, part: Json) -> None:
    """Refuse a query vector of another length, as a server does; Edge would panic."""
    vector = part.get("query")
    vector = vector.get("nearest") if isinstance(vector, dict) and "nearest" in vector else vector
    if isinstance(vector, list) and len(vector) != stored.sizes.get(part.get("using") or ""):
        expected = stored.sizes.get(part.get("using") or "")
        raise BadRequest(f"Wrong input: Vector dimension error: expected dim: {expected}, got {len(vector)}")


def described(path: Path) -> Json:
    """A snapshot as the server tells of it: its times are UTC without saying so."""
    told = path.stat()
    made = datetime.fromtimestamp(told.st_mtime, UTC).replace(tzinfo=None)
    return {"name": path.name, "size": told.st_size, "creation_time": made.isoformat(), "checksum": None}


def done() -> Json:
    """What every acknowledged change is answered with."""
    return {"operation_id": 0, "status": "completed"}


def read_json(path: Path, missing: Any) -> Any:
    """The content of a file."""
    return json.loads(path.read_text()) if path.exists() else missing


def write_json(path: Path, content: Any) -> None:
    """Replace a file's content at once."""
    path.with_suffix(".new").write_text(json.dumps(content))
    path.with_suffix(".new").replace(path)
