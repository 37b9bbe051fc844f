"""What a customer's reply means: an opt-out, an opt-in, a call for help, or something for a person to read.

Twilio obeys its own words only where they are the whole message. US law (47 CFR 64.1200(a)(10)) takes every
clear wish as an opt-out, so those in other words are found here. What is not clear is `other`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal

Meaning = Literal["stop", "start", "help", "other"]

_BY_TWILIO: dict[str, Meaning] = {"STOP": "stop", "START": "start", "HELP": "help"}

# Whole messages, courtesy aside. `yes` is not among them: with anything beside it, it may answer a question.
_STOP = {
    *("stop", "stopall", "stop all", "unsubscribe", "unsubscribe all", "unsub", "cancel", "end", "quit"),
    *("revoke", "optout", "opt out", "no more", "no texts", "stop text", "stop txt"),
    *("alto", "basta", "parar", "detener", "arret", "no mas", "no mas mensajes"),
}
_START = {
    *("start", "unstop", "subscribe", "subscribe me", "resubscribe", "optin", "opt in", "opt me in"),
    *("opt me back in", "sign me up", "sign me up again", "sign me back up", "add me", "add me back"),
    *("add me back to the list", "add me back to your list", "resume", "resume texts", "text me again"),
    *("start texting me", "start texting me again", "put me back on", "put me back on the list"),
    *("put me back on your list", "i want to get texts again", "i want your texts again"),
}
_HELP = {"help", "info"}
# Clear as one clause among others, too: "STOP. I mean it."
_STOP_CLAUSES = {"stop", "stopall", "stop all", "unsubscribe", "opt out", "optout"}

_COURTESY = (
    "please|pls|plz|kindly|thanks|thank you|thx|ty|hi|hello|hey|ok|okay|now|right now|immediately|asap"
    "|at once|anymore|any more|again|ever again|ever|forever|already|today|sorry|sir|maam"
)
_BEFORE, _AFTER = re.compile(f"^(?:(?:{_COURTESY}) )+"), re.compile(f"(?: (?:{_COURTESY}))+$")
_END = f"(?: (?:{_COURTESY}))*$"

_TEXTS = (
    "(?:(?:text|sms|marketing|promo|promotional|automated) )?(?:texts|txts|sms|mms|messages|msgs|texting"
    "|messaging|notifications|alerts|spam|ads|promos|promotions|marketing|solicitations)"
)
_ANY = "(?:(?:all|any|these|those|this|the|your|ur|my|of|more|further|future|such|so many|stupid|damn) )*"
_ME = "(?:me|us|my name|my (?:cell |mobile |work )?(?:phone|number|cell)|this (?:phone|number|cell))"
_TEXT = "(?:text|txt|message|msg|sms|contact|spam|bother|bug|harass|solicit)"
_TEXTING = "(?:texting|txting|messaging|msging|contacting|spamming|bothering|bugging|harassing|soliciting)"
_LIST = (
    "(?:(?:all|any|the|this|that|these|those|your|ur|my|of|text|texting|sms|message|messaging|mailing"
    "|marketing|contact|phone|call|calling|distribution|promo|promotional|customer|subscriber|spam"
    "|stupid|damn|group) )*"
    r"(?:lists?|texts?|sms|messages|database|system|contacts|records|everything|marketing|promotions|thread"
    r"|notifications|alerts|this$)\b"
)
_NOT = "(?:dont|do not|never)"
# "You never text me" is a complaint.
_SUBJECT = "(?<!you )(?<!they )(?<!he )"

_CLEAR = re.compile(
    r"\b(?:"
    + "|".join(
        (
            rf"(?:stop|quit|cease|end) (?:\w+ing )?{_TEXTING}(?: {_ME}\b|{_END})",
            r"(?:stop|quit|cease) (?:sending|receiving|getting)(?: (?:me|us|out))?"
            rf" {_ANY}(?:{_TEXTS}|stuff|crap|junk|coupons)\b",
            rf"(?:stop|quit|cease) sending(?: (?:me|us))?(?: (?:this|these|those|it|them))?{_END}",
            rf"(?:stop|cease) (?:with )?{_ANY}{_TEXTS}\b",
            rf"(?:end|quit) {_ANY}{_TEXTS}{_END}",
            rf"cancel {_ANY}(?:texts|(?:text )?messages|sms|alerts|(?:text |sms )?subscription){_END}",
            rf"(?:please|pls|plz) stop{_END}",
            rf"{_SUBJECT}(?<!\bi )(?<!\bwe ){_NOT} (?:ever )?{_TEXT}(?: {_ME}\b|{_END})",
            rf"not to {_TEXT} {_ME}\b",
            rf"{_SUBJECT}(?:{_NOT}|no longer|not) (?:want|wish|need|care|wanting)(?: to)?(?: be)?"
            rf"(?: (?:receive|receiving|get|getting|have|see))? {_ANY}{_TEXTS}\b",
            rf"(?:want|send me|send) no more {_TEXTS}\b",
            rf"(?:remove|delete|unsubscribe|opt) {_ME}(?: (?:out|off))?(?:(?: from| of)+ {_LIST}|{_END})",
            rf"(?:take|get|scratch|drop) {_ME} (?:off|from|out)(?:(?: from| of)* {_LIST}|{_END})",
            rf"(?:want|like|need)(?: to (?:be|get))? (?:off|out)(?: of)* {_LIST}",
            r"(?:revoke|withdraw) (?:my |all )*consent",
            r"cease and desist",
        )
    )
    + ")"
)
"""What is clear wherever it stands in a clause."""

_REQUEST = (
    "(?:(?:i|we|you|u|id|ive|im|would|can|could|will|may|should|must|how|do|does|one|want|wanna|wish|need|like|to"
    "|just|said|say|told|asked|asking|have|let me|and|again|really|please|pls|plz|kindly|am|are|be|guys) )*"
)
_REQUESTED = re.compile(
    f"{_REQUEST}(?:"
    f"unsub(?:scribe|scribed)?(?: from {_LIST})?"
    f"|opt(?:ing|ed)? out(?: (?:of|from) {_LIST})?"
    f"|off(?: of)? {_LIST}|get off(?: of)? {_LIST}"
    "|leave me alone|lose (?:my|this) number"
    f"){_END}"
)
"""What is clear as a whole clause, behind words of asking."""
# "I will stop" is a visit.
_VISIT = r"(?!.*\b(?:i|we) (?:will|can|could|may|should|must|would (?!like)))"
_REQUESTED_STOP = re.compile(f"{_VISIT}{_REQUEST}stop(?: (?:it|this|these|that|them))?{_END}")
"""What is clear as a whole message only: people also say it to a joke."""
_NO_MORE = re.compile(f"no(?: more)? {_TEXTS}{_END}")

_TURNED = re.compile(
    r"(?:\b(?:dont|do not|never|not|didnt|doesnt|wouldnt)"
    r" (?:(?:ever|you|me|us|want|need|like|wish|mean|ask|asked|tell|told|say|said|to|guys|please|really) )*"
    r"|\bwont |\b(?:i|we|he|she|they) (?:cant|cannot|couldnt) "
    r"|\b(?:did|have|has|had|when do|when will|why do) (?:you|u|they|we|i|yall)(?: \w+)? )$"
)
"""What turns a clear phrase around when it stands right before it."""
_THREAT = re.compile(r"\bif (?:you|u|this|it) (?:dont|do not|doesnt|does not) $")

# Telephones report a thumb on our own text, which says how to stop, as a message that quotes it.
_REACTION = re.compile(
    r"\s*(?:liked|loved|disliked|laughed at|emphasized|questioned|reacted .{1,40} to"
    r"|removed an? .{1,40} from)\s*[\"“«]",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"((?:[^.!?;:,\n\r()\"“”«»…–—])+)([.!?;:,\n\r()\"“”«»…–—]*)")


def meaning_of(body: str | None, by_twilio: str | None = None) -> Meaning:
    """The meaning of a reply; a picture without words has no `body`.

    `by_twilio` is Twilio's own finding (`OptOutType`), which a messaging service with Advanced Opt-Out sends
    along. It goes first, because the store's words there may be others.
    """
    if known := _BY_TWILIO.get((by_twilio or "").strip().upper()):
        return known
    if not body or _REACTION.match(body):
        return "other"
    clauses = list(_clauses(body))
    said = " ".join(words for words, _ in clauses)
    bare = _bare(said)
    if bare in _STOP or (said and set(said.split()) == {"stop"}) or _REQUESTED_STOP.fullmatch(said):
        return "stop"
    if any(_asks_to_stop(words, question) for words, question in clauses):
        return "stop"
    if not _START.isdisjoint({bare, _BEFORE.sub("", said)}) or said == "yes":
        return "start"
    return "help" if bare in _HELP else "other"


def _clauses(body: str) -> Iterator[tuple[str, bool]]:
    """The clauses in plain small letters, each with whether it is a question; blank ones are left out."""
    letters = unicodedata.normalize("NFKD", body).casefold()
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    for found in _CLAUSE.finditer(re.sub(r"['’‘`´]", "", plain)):
        if words := " ".join(re.findall(r"[a-z0-9]+", found[1])):
            yield words, "?" in found[2]


def _bare(words: str) -> str:
    """The words without please, thanks and the like around them."""
    return _AFTER.sub("", _BEFORE.sub("", words))


def _asks_to_stop(words: str, question: bool) -> bool:
    bare = _bare(words)
    if bare in _STOP_CLAUSES or _NO_MORE.fullmatch(bare):
        return not question
    if _REQUESTED.fullmatch(words):
        return True
    return any(_is_meant(words[: found.start()]) for found in _CLEAR.finditer(words))


def _is_meant(before: str) -> bool:
    return not _TURNED.search(before) or _THREAT.search(before) is not None
