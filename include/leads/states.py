"""States as the post office abbreviates them."""

from __future__ import annotations

import re

_STATES = """
    AL Alabama, AK Alaska, AZ Arizona, AR Arkansas, CA California, CO Colorado, CT Connecticut, DE Delaware,
    DC District of Columbia, FL Florida, GA Georgia, HI Hawaii, ID Idaho, IL Illinois, IN Indiana, IA Iowa,
    KS Kansas, KY Kentucky, LA Louisiana, ME Maine, MD Maryland, MA Massachusetts, MI Michigan, MN Minnesota,
    MS Mississippi, MO Missouri, MT Montana, NE Nebraska, NV Nevada, NH New Hampshire, NJ New Jersey,
    NM New Mexico, NY New York, NC North Carolina, ND North Dakota, OH Ohio, OK Oklahoma, OR Oregon,
    PA Pennsylvania, RI Rhode Island, SC South Carolina, SD South Dakota, TN Tennessee, TX Texas, UT Utah,
    VT Vermont, VA Virginia, WA Washington, WV West Virginia, WI Wisconsin, WY Wyoming, AS American Samoa,
    GU Guam, MP Northern Mariana Islands, PR Puerto Rico, VI Virgin Islands, VI US Virgin Islands,
    DC Washington DC
"""
_LETTERS = re.compile(r"[^a-z]")


def _folded(text: str) -> str:
    return _LETTERS.sub("", text.casefold())


_PAIRS = [entry.strip().split(" ", 1) for entry in _STATES.split(",")]
_CODES = {_folded(word): code for code, name in _PAIRS for word in (code, name)}


def state_code(text: str, longest: int = 10) -> str:
    """The code of a state given by name or code, in any letter case and with or without dots ("N.Y.").

    What is no state of the USA stays as it is, cut to `longest` characters.
    """
    return _CODES.get(_folded(text)) or text.strip()[:longest].rstrip()
