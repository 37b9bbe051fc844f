"""Names as people write them, from what was typed in capitals or without any."""

from __future__ import annotations

import re
import unicodedata

_RUN = re.compile(r"[^\W\d_]+")
# "McDONALD", "DeMARCO": whoever typed it knew where the second capital belongs.
_HALF_CASED = re.compile(r"([A-Z][a-z]{1,2})([^\W\d_a-z]{2,})")
# Behind a last name. Longer lists of degrees hold too many that are names as well, such as "Pla" and "Cas".
_SUFFIXES = {
    suffix.lower(): suffix
    for suffix in (
        "Jr", "Sr", "Esq", "II", "III", "IV", "VI", "VII", "VIII",
        "CPA", "DDS", "DMD", "DVM", "EdD", "JD", "LPN", "MBA", "MD", "PharmD", "PhD", "PsyD", "RN", "VMD",
    )
}  # fmt: skip
_TITLES = frozenset({"dr", "fr", "mr", "mrs", "ms", "sgt", "st", "sr", "jr"})
_VOWELS = frozenset("aeiouy")
_PARTICLES = frozenset(
    {"af", "av", "da", "das", "de", "del", "dos", "van", "vande", "vander", "von", "vom", "zu"}
)
# Small only behind another particle: "de la Cruz", but "La Rosa".
_SECOND_PARTICLES = frozenset({"de", "den", "der", "het", "la", "las", "los", "t"})
_JOINING = frozenset({"and", "or", "y"})
_BEFORE_APOSTROPHE = frozenset({"da", "dall", "de", "del", "dell", "la", "lo", "nell", "sant"})
# Behind "Mac" a capital follows in these; "Mack", "Macias" and "Machado" are no such names.
_MAC_NAMES = """
    adam alister allister arthur aulay auley beth callum cormack crae dermott diarmid donald donnell dougal
    dougall duff eachern ewan fadden farlane fee gillivray gowan gregor guire innes innis intosh intyre isaac
    iver ivor kay kenna kenzie kinley kinnon kintosh lachlan laren laughlin lean leay lellan lennan leod
    mahon manus master millan nab namara naughton neal neil neill nicol phail phee pherson quarrie queen rae
    robbie swain tavish vicar vittie
"""
_MAC = frozenset(_MAC_NAMES.split())


def cased(text: str | None, *, family: bool) -> str:
    """A first name, or a last name (`family`), with capitals where they belong; empty for NULL.

    A name that has small and capital letters stays as it was typed; blanks are tidied. Common particles are
    small ("de la Cruz", "van der Berg"), generations and degrees keep their form ("III", "Jr.", "PhD").
    """
    words = unicodedata.normalize("NFC", text or "").split()
    if _is_cased(words, family):
        return " ".join(words)
    return " ".join(_word(words, position, family) for position in range(len(words)))


def proper_names(first: str | None, last: str | None) -> tuple[str, str]:
    """First and last name, each as `cased` has it."""
    return cased(first, family=False), cased(last, family=True)


def full_name(first: str | None, last: str | None, longest: int = 40) -> str:
    """First and last name in one, at most `longest` characters; what is missing is left out."""
    return " ".join(filter(None, proper_names(first, last)))[:longest].rstrip()


def _is_cased(words: list[str], family: bool) -> bool:
    """Whether small and capital letters were chosen on purpose; words that have a case of their own aside."""
    own = [
        _HALF_CASED.sub(r"\2", word)
        for position, word in enumerate(words)
        if _bare(word) not in _PARTICLES | _SECOND_PARTICLES | _JOINING
        and not (family and position and _suffix(word))
    ]
    letters = "".join(own)
    return any(map(str.isupper, letters)) and any(map(str.islower, letters))


def _bare(word: str) -> str:
    return "".join(_RUN.findall(word)).lower()


def _word(words: list[str], position: int, family: bool) -> str:
    word, bare = words[position], _bare(words[position])
    if family and position and (suffix := _suffix(word)):
        return suffix
    if _is_small(words, position, family):
        return word.lower()
    if not family and _are_initials(bare):
        return word.upper()
    return _RUN.sub(lambda run: _run(word, run, family), word)


def _is_small(words: list[str], position: int, family: bool) -> bool:
    """Whether a word is a particle: it needs a name behind it, and a first name does not begin with one."""
    if position + 1 == len(words) or (family and _suffix(words[position + 1])):
        return False
    bare = _bare(words[position])
    before = _bare(words[position - 1]) if position else ""
    if bare in _SECOND_PARTICLES and before in _PARTICLES:
        return True
    if bare in _JOINING:
        return position > 0
    return bare in _PARTICLES and (family or position > 0)


def _are_initials(bare: str) -> bool:
    if len(bare) == 2 and bare[1] == "j":
        return True
    return 1 < len(bare) <= 3 and bare.isascii() and bare not in _TITLES and not set(bare) & _VOWELS


def _run(word: str, run: re.Match[str], family: bool) -> str:
    letters, before = run.group().lower(), word[: run.start()]
    if half := _HALF_CASED.fullmatch(run.group()):
        return half[1] + half[2].capitalize()
    if before and before[-1].isdigit():
        return letters
    if before and before[-1] in "'’":
        found = _RUN.findall(before)
        start = found[-1].lower() if found else ""
        is_name = not start or len(start) == 1 or not family or start in _BEFORE_APOSTROPHE
        return _capital(letters, family) if is_name and len(letters) > 1 else letters
    return _capital(letters, family)


def _capital(letters: str, family: bool) -> str:
    if letters.startswith("mc") and len(letters) > 3:
        return f"Mc{letters[2:].capitalize()}"
    if family and letters.startswith("mac") and letters[3:] in _MAC:
        return f"Mac{letters[3:].capitalize()}"
    return letters[0].upper() + letters[1:]


def _suffix(word: str) -> str | None:
    """A generation or degree behind a last name as it is written; None for any other word."""
    form = _SUFFIXES.get(_bare(word))
    if form is None or word[:1].isdigit():
        return None
    letters = iter(form)
    return _RUN.sub(lambda run: "".join(next(letters) for _ in run.group()), word)
