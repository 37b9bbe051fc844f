"""The words of a text: one recipient's facts in the campaign's template."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from include.campaigns.audience import Recipient, anchor_day
from include.campaigns.coupons import expires, in_words
from include.campaigns.settings import SmsCampaigns
from include.campaigns.templates import template
from include.errors import InvalidSettings

ProperName = Callable[[str], str]
"""Writes a name as people do: O'Hare for O'HARE."""

LONGEST_NAME = 40
_IN_NAMES = frozenset("'\".,&/()-")
# Typographic quotes would make the whole text cost twice as much; the last asks for emoji in colour.
_PLAIN = {ord(letter): "'" for letter in "‘’`´"} | {ord(letter): '"' for letter in "“”"} | {0xFE0F: None}
_DECORATION = ("So", "Sk")
# Whoever gives another's number and a web address for a name would have it sent by the store.
_ADDRESS = re.compile(r"\w\.\w{2}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Sender:
    """What all texts of the store have in common: its name, how to get no more, and how it writes names."""

    company: str
    opt_out_hint: str
    proper_name: ProperName


class Wording:
    """Writes the texts of one run of a campaign, on the store day `day`."""

    def __init__(self, settings: SmsCampaigns, campaign: str, day: date, sender: Sender) -> None:
        self._settings, self._name, self._day, self._sender = settings, campaign, day, sender
        self._campaign = settings.campaigns[campaign]
        self._anchor = anchor_day(self._campaign.audience, day)

    def message(self, recipient: Recipient) -> str:
        """The text for a recipient, the same whenever it is asked for.

        Raises `InvalidSettings` when the template cannot be used.
        """
        campaign = self._campaign
        choice = _Choice(f"{self._name}|{recipient.key}|{self._anchor}")
        words = {
            "prefix": self._filled(campaign.prefix or ""),
            "greeting": self._filled(choice.of("greeting", self._settings.greetings)),
            "farewell": self._filled(choice.of("farewell", self._settings.farewells)),
            "first_name": first_name(recipient.first_name, self._sender.proper_name),
            "company": self._sender.company,
            "review_link": self._settings.review_link,
            "reward_balance": f"{recipient.points:,}" if campaign.reward_balance and recipient.points else "",
            "opt_out_hint": self._sender.opt_out_hint if campaign.opt_out_hint else "",
            "pick": choice.pick,
        }
        if campaign.coupon:
            last = expires(campaign.coupon, self._day, self._anchor, recipient.last_sale)
            words["expires"] = in_words(last)
        try:
            return _tidied(template(campaign.template).render(words))
        except Exception as error:
            raise InvalidSettings(f"the template {campaign.template} cannot be used: {error}") from None

    def _filled(self, words: str) -> str:
        return words.replace("{company}", self._sender.company)


class _Choice:
    """Chooses by what is always the same about a text, and evenly over many texts."""

    def __init__(self, occasion: str) -> None:
        self._occasion, self._picks = occasion, 0

    def of(self, kind: str, variants: Sequence[str]) -> str:
        digest = hashlib.sha256(f"{self._occasion}|{kind}".encode()).digest()
        return variants[int.from_bytes(digest[:8]) % len(variants)]

    def pick(self, first: str, *others: str) -> str:
        """One of the variants that a template offers."""
        self._picks += 1
        return self.of(f"pick {self._picks}", (first, *others))


def first_name(stored: str, proper_name: ProperName) -> str:
    """What to call a customer; empty where what stands in the field is no name.

    Emoji and invisible characters are left out; formulas, digits, braces and web addresses are no names.
    """
    name = ""
    for letter in unicodedata.normalize("NFC", stored).translate(_PLAIN):
        kind = unicodedata.category(letter)
        if letter.isspace():
            name += " "
        elif kind[0] in "LM" or letter in _IN_NAMES:
            name += letter
        elif kind[0] != "C" and kind not in _DECORATION:
            return ""
    name = " ".join(name.split())
    is_name = any(map(str.isalpha, name)) and len(name) <= LONGEST_NAME and not _ADDRESS.search(name)
    return proper_name(name) if is_name else ""


def _tidied(text: str) -> str:
    """Without control characters, needless blanks and empty lines at its ends."""
    lines = (" ".join(line.split()) for line in _CONTROL.sub("", text).split("\n"))
    return "\n".join(lines).strip()
