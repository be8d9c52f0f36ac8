"""Which wheels of a folder a kind of node gets, and fetching those that are missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from .. import lock
from ..lock import Resolved, Target
from ..wheelhouse import Wheelhouse
from .store import OfflineError, Store, digest_of

FOLDER: Final = "wheels"
# Requirements of one call of pip: its start costs a second, and what an interruption loses is one call.
_BATCH: Final = 6
# {requirement "name==version": [digests that the lock allows]}
Wanted = dict[str, list[str]]


def wanted_of(*parts: Resolved) -> Wanted:
    """Return what the locks ask of a kind of node."""
    return {requirement: digests for part in parts for requirement, digests in lock.entries(part["requirements"])}


def set_key(target: Target, *parts: Resolved) -> str:
    """Return the name of the set of wheels of a kind of node; its locks are part of it."""
    return f"{lock.target_key(target)}-{lock.content_digest(*parts)[:16]}"


def ranks(target: Target) -> dict[str, int]:
    """Return ``{tag: rank}`` of the wheel tags that a kind of node accepts, 0 the one that pip prefers."""
    from packaging import tags

    numbers = [int(part) for part in target["python_version"].split(".")[:2]]
    abi = f"cp{numbers[0]}{numbers[1]}"
    platforms = _platforms(target)
    found = [*tags.cpython_tags(numbers, [abi], platforms), *tags.compatible_tags(numbers, abi, platforms)]
    ranked: dict[str, int] = {}
    for tag in found:
        ranked.setdefault(str(tag), len(ranked))
    return ranked


def _platforms(target: Target) -> list[str]:
    if target["system"] != "Darwin":
        return lock.platform_tags(target)
    from packaging import tags

    major, minor = [*str(target.get("macos")).split("."), "0"][:2]
    return list(tags.mac_platforms((int(major), int(minor) if int(major) < 11 else 0), target["machine"]))


def choose(wanted: Wanted, digests: Mapping[str, str], target: Target) -> dict[str, str]:
    """Return ``{requirement: file name}``: of the wheels ``digests`` ({file name: sha256}) the best one for each requirement."""
    from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

    ranked = ranks(target)
    by_digest: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for file, digest in sorted(digests.items()):
        try:
            name, _version, _build, tags = parse_wheel_filename(file)
        except InvalidWheelFilename:
            continue
        rank = min((ranked[str(tag)] for tag in tags if str(tag) in ranked), default=None)
        if rank is not None:
            by_digest.setdefault((name, digest), []).append((rank, file))
    found = {}
    for requirement, allowed in wanted.items():
        name = canonicalize_name(requirement.partition("==")[0])
        fitting = [one for digest in allowed for one in by_digest.get((name, digest), [])]
        if fitting:
            found[requirement] = min(fitting)[1]
    return found


def of_store(store: Store) -> dict[str, str]:
    """Return ``{file name: sha256}`` of the wheels in a store's manifest."""
    prefix = f"{FOLDER}/"
    return {name[len(prefix) :]: entry["sha256"] for name, entry in store.files.items() if name.startswith(prefix)}


def for_node(store: Store, target: Target, parts: Sequence[Resolved]) -> dict[str, str]:
    """Return ``{requirement: path in the store}`` for a node; raise OfflineError with what is missing or damaged."""
    wanted = wanted_of(*parts)
    chosen = choose(wanted, of_store(store), target)
    missing = [requirement for requirement in wanted if requirement not in chosen]
    kind = lock.target_key(target)
    if missing:
        raise OfflineError(f"{store.folder} has no wheel of {_some(missing)} for {kind}")
    for file in chosen.values():
        if fault := store.fault(f"{FOLDER}/{file}"):
            raise OfflineError(f"{store.folder / FOLDER / file} {fault}")
    return {requirement: f"{FOLDER}/{file}" for requirement, file in chosen.items()}


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} others" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def fetch(
    store: Store, house: Wheelhouse, target: Target, parts: Sequence[Resolved], origin: str, say: Callable[[str], None]
) -> list[str]:
    """Fetch the wheels that a kind of node needs and the store lacks; return the paths of new files. Raise FetchError."""
    wanted, key = wanted_of(*parts), set_key(target, *parts)
    done = store.sets.setdefault(key, {})
    for requirement in [name for name in done if name not in wanted]:
        del done[requirement]
    new: list[str] = []
    for requirement, digests in wanted.items():
        only = _only_file(store, digests)
        if only and not store.fault(only):
            done[requirement] = only
        elif requirement in done and not _is_good(store, done[requirement], digests):
            store.drop(done.pop(requirement))
    left = [requirement for requirement in wanted if requirement not in done]
    folder = store.folder / FOLDER
    folder.mkdir(exist_ok=True)
    for start in range(0, len(left), _BATCH):
        batch = left[start : start + _BATCH]
        house.fetch(_requirements(batch, wanted), target, str(folder))
        new += _record(store, batch, wanted, target, origin, done)
        store.save()
        size = sum(store.files[path]["size"] for path in set(done.values()))
        say(f"wheels for {lock.target_key(target)}: {len(done)} of {len(wanted)}, {size / 2**20:.0f} MiB")
    return new


def _is_good(store: Store, path: str, digests: Sequence[str]) -> bool:
    return not store.fault(path) and store.files[path]["sha256"] in digests


def _only_file(store: Store, digests: Iterable[str]) -> str:
    """Return the path of the only file that a requirement can have, if it is in the store."""
    allowed = list(digests)
    if len(allowed) != 1:
        return ""
    return next((name for name, entry in store.files.items() if entry["sha256"] == allowed[0]), "")


def _requirements(batch: Sequence[str], wanted: Wanted) -> str:
    return "".join(f"{one} " + " ".join(f"--hash=sha256:{digest}" for digest in wanted[one]) + "\n" for one in batch)


def _record(store: Store, batch: Sequence[str], wanted: Wanted, target: Target, origin: str, done: dict[str, str]) -> list[str]:
    """Put what pip has left in the folder into the manifest; return the paths of new files."""
    new = []
    allowed = {digest for requirement in batch for digest in wanted[requirement]}
    for path in sorted((store.folder / FOLDER).glob("*.whl")):
        name = f"{FOLDER}/{path.name}"
        # A damaged wheel of another requirement keeps its entry, which shows it.
        if store.fault(name) and digest_of(path) in allowed:
            store.record(name, origin)
            new.append(name)
    chosen = choose({one: wanted[one] for one in batch}, of_store(store), target)
    for requirement in batch:
        if requirement not in chosen:
            raise OfflineError(
                f"pip fetched no usable wheel of {requirement} for {lock.target_key(target)}: "
                "empty the folder wheels of offline_dir and run fetch.yml again."
            )
        done[requirement] = f"{FOLDER}/{chosen[requirement]}"
    return new
