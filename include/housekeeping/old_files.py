"""Which files go, and taking them away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta, tzinfo
from fnmatch import fnmatchcase

from include.changes import Change, Plan, Reject, Result
from include.housekeeping.settings import OldFiles
from include.housekeeping.trees import Found, Tree

MODIFIED = "modified"
BATCH = 200
_DATES_IN_NAMES = ("%Y-%m-%d", "%m_%d_%Y", "%m_%d_%y", "%Y%m%d")


def plan_old_files(tree: Tree, target: str, rules: Mapping[str, OldFiles], today: date, zone: tzinfo) -> Plan:
    """A change for each file that a rule says goes: last changed more than its days before `today`.

    `considered` are all files that fit a rule. Where two rules fit a file, the one whose folder is nearest
    to it decides.
    """
    found: dict[str, tuple[Found, str]] = {}
    for name, rule in sorted(rules.items(), key=lambda item: -_depth(item[1].folder)):
        for file in tree.files(rule.folder):
            if file.path not in found and _fits(file, rule):
                found[file.path] = (file, name)
    changes, rejects = [], []
    for path, (file, name) in sorted(found.items()):
        days = rules[name].days
        if not _is_old(file, today, days, zone):
            continue
        if len(path) > _LONGEST_KEY:
            rejects.append(Reject(path, "its path is too long for the audit; remove it by hand"))
            continue
        reason = f"{name}: last changed more than {days} days ago"
        changes.append(Change(target, path, MODIFIED, file.state(), None, reason))
    return Plan(tuple(changes), len(found), tuple(rejects))


def remove_files(
    tree: Tree, changes: tuple[Change, ...], rules: Mapping[str, OldFiles]
) -> Iterator[list[Result]]:
    """Remove the planned files, each only when it is still what the plan saw; what is gone counts as removed.

    Folders that are empty afterwards go, too, but never the folder that the rule names.
    """
    for start in range(0, len(changes), BATCH):
        yield [_remove(tree, change, rules) for change in changes[start : start + BATCH]]


def _remove(tree: Tree, change: Change, rules: Mapping[str, OldFiles]) -> Result:
    rule = rules.get(change.reason.partition(":")[0])
    if rule is None:
        return Result(change, "skipped", "its rule is not in housekeeping.yaml any more")
    try:
        now = tree.look(str(change.key))
        if now and now.state() != change.old:
            return Result(change, "conflicted", "it has changed meanwhile, and stays")
        tree.remove(str(change.key), rule.folder)
    except OSError as error:
        return Result(change, "failed", f"cannot be removed: {error.strerror or error}", retry=True)
    return Result(change, "applied")


_LONGEST_KEY = 400


def _fits(file: Found, rule: OldFiles) -> bool:
    fits = any(fnmatchcase(file.name, name) for name in rule.names)
    return fits and not any(fnmatchcase(file.name, name) for name in rule.excepted)


def _is_old(file: Found, today: date, days: int, zone: tzinfo) -> bool:
    if any(f"{today:{form}}" in file.name for form in _DATES_IN_NAMES):
        return False
    return file.modified.astimezone(zone).date() < today - timedelta(days=days)


def _depth(folder: str) -> int:
    return 0 if folder == "." else folder.count("/") + 1
