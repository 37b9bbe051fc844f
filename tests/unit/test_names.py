"""Names with capitals where people write them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.customers.names import cased, full_name, proper_names


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        ("MARY ANN", "SMITH-JONES", "Mary Ann Smith-Jones"),
        ("mary ann", "st. john", "Mary Ann St. John"),
        ("PATRICK", "O'HARE", "Patrick O'Hare"),
        ("anne", "o’neil", "Anne O’Neil"),
        ("JEAN-LUC", "D'ANGELO", "Jean-Luc D'Angelo"),
        ("GIA", "DELL'ACQUA", "Gia Dell'Acqua"),
        ("DA'QUAN", "JONES", "Da'Quan Jones"),
        ("ANN", "THOR'S", "Ann Thor's"),
        ("RONALD", "McDONALD", "Ronald McDonald"),
        ("RONALD", "MCDONALD", "Ronald McDonald"),
        ("FIONA", "MACLEOD", "Fiona MacLeod"),
        ("FIONA", "MacLEOD", "Fiona MacLeod"),
        ("MACKENZIE", "MACKENZIE", "Mackenzie MacKenzie"),
        ("JOSÉ", "MACHADO", "José Machado"),
        ("SAM", "MACK", "Sam Mack"),
        ("LUIS", "MACIAS", "Luis Macias"),
        ("AL", "DeMARCO-LOPEZ", "Al DeMarco-Lopez"),
        ("MARIA", "DE LA CRUZ", "Maria de la Cruz"),
        ("MARIA DE LOS ANGELES", "DOS SANTOS", "Maria de los Angeles dos Santos"),
        ("LUDWIG", "VAN DER BERG", "Ludwig van der Berg"),
        ("LUDWIG", "van der BERG", "Ludwig van der Berg"),
        ("VAN", "MORRISON", "Van Morrison"),
        ("LI", "VAN", "Li Van"),
        ("HO", "VAN JR.", "Ho Van Jr."),
        ("ROSA", "LA ROSA", "Rosa La Rosa"),
        ("JUAN", "GARCIA Y VEGA", "Juan Garcia y Vega"),
        ("BOB AND SUE", "MILLER", "Bob and Sue Miller"),
        ("bob & sue", "miller", "Bob & Sue Miller"),
        ("WILLIAM", "SMITH III", "William Smith III"),
        ("william", "smith iii", "William Smith III"),
        ("HENRY", "ADAMS JR.", "Henry Adams Jr."),
        ("HENRY", "ADAMS Jr.", "Henry Adams Jr."),
        ("TIM", "COOK 3RD", "Tim Cook 3rd"),
        ("PAT", "YOUNG, MD", "Pat Young, MD"),
        ("PAT", "LEE PH.D.", "Pat Lee Ph.D."),
        ("PAU", "GARCIA PLA", "Pau Garcia Pla"),
        ("JP", "NG", "JP Ng"),
        ("tj", "o'brien", "TJ O'Brien"),
        ("AJ", "LEE", "AJ Lee"),
        ("DR. PAT", "WU", "Dr. Pat Wu"),
        ("MR", "T", "Mr T"),
        ("J.R.", "EWING", "J.R. Ewing"),
        ("BJØRN", "ÅKESSON", "Bjørn Åkesson"),
        ("伟", "王", "伟 王"),
        ("  Ann ", "LEE  ", "Ann Lee"),
        ("ann\tmarie", "x\u00a0y", "Ann Marie X Y"),
    ],
)
def test_names_typed_in_one_case_become_proper(first: str, last: str, name: str) -> None:
    assert full_name(first, last) == name


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("JoAnn", "DiMarco"),
        ("Sean", "O'Brien"),
        ("Fiona", "MacLeod"),
        ("Ludwig", "van der Berg"),
        ("Dick", "Van Dyke"),
        ("Mary ann", "Mcdonald"),
        ("LeBron", "deGrom"),
        ("Mr. T", "Jones"),
        ("Robert'); --", "Tables"),
        ("Dr. Pat", "Young, MD"),
    ],
)
def test_a_name_that_has_both_cases_stays_as_it_was_typed(first: str, last: str) -> None:
    assert full_name(first, last) == f"{first} {last}"


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        (None, "WALKER", "Walker"),
        ("CHER", None, "Cher"),
        ("", "blank", "Blank"),
        ("  ", None, ""),
        (None, None, ""),
        ("NONE", "NULL", "None Null"),
    ],
)
def test_what_is_missing_is_left_out(first: str | None, last: str | None, name: str) -> None:
    assert full_name(first, last) == name


def test_the_longest_names_of_both_columns_are_cut_to_the_contacts_length() -> None:
    name = full_name("X" * 15, "Y" * 25)
    assert (len(name), name[:16]) == (40, f"X{'x' * 14} ")
    assert full_name("A" * 14, "B" * 25 + " C") == f"A{'a' * 13} B{'b' * 24}"


def test_first_and_last_names_are_cased_each_for_itself() -> None:
    assert proper_names("ANN", "de la cruz") == ("Ann", "de la Cruz")
    assert proper_names("ANN", "Lee") == ("Ann", "Lee")


TYPED = st.text("aAbBcCdDeEiIjJlLmMnNoOrRvVéÉ'’.- &,3", max_size=24)


@given(TYPED, st.booleans())
def test_casing_changes_letter_case_and_blanks_only_and_settles_at_once(text: str, family: bool) -> None:
    once = cased(text, family=family)
    assert once.lower() == " ".join(text.split()).lower()
    assert cased(once, family=family) == once


@given(st.text(max_size=20), st.booleans())
def test_casing_takes_any_text(text: str, family: bool) -> None:
    assert len(cased(text, family=family).split()) == len(unicodedata.normalize("NFC", text).split())
