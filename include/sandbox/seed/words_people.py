"""Words that customers are made of. All names, streets and companies are invented or as common as can be."""

from __future__ import annotations

_FIRST_NAMES = """
    James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard Susan
    Joseph Jessica Thomas Sarah Charles Karen Christopher Lisa Daniel Nancy Matthew Betty Anthony Sandra
    Mark Margaret Donald Ashley Steven Kimberly Andrew Emily Paul Donna Joshua Michelle Kenneth Carol
    Kevin Amanda Brian Melissa George Deborah Timothy Stephanie Ronald Rebecca Jason Sharon Edward Laura
    Jeffrey Cynthia Ryan Dorothy Jacob Amy Gary Kathleen Nicholas Angela Eric Shirley Jonathan Emma
    Stephen Brenda Larry Pamela Justin Nicole Scott Anna Brandon Samantha Benjamin Katherine Samuel
    Christine Gregory Helen Alexander Debra Patrick Rachel Frank Carolyn Raymond Janet Jack Maria Dennis
    Olivia Jerry Heather José Zoë Renée André Siobhan Marisol Priya Wei
"""
FIRST_NAMES = tuple(_FIRST_NAMES.split())
_LAST_NAMES = """
    Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez
    Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark
    Ramirez Lewis Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams
    Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts Gomez Phillips Evans Turner Diaz Parker Cruz
    Edwards Collins Reyes Stewart Morris Morales Murphy Cook Rogers Gutierrez Ortiz Morgan Cooper Peterson
    Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson Brooks Chavez Wood Bennett Gray Mendoza
    Ruiz Hughes Price Alvarez Castillo Sanders Patel Myers Long Ross Foster Jimenez Powell Jenkins Perry
    Russell Sullivan Bell Coleman Butler Henderson Barnes Fisher Vasquez Simmons Romero Jordan Patterson
    Alexander Hamilton Graham Reynolds Griffin Wallace Moreno West Cole Hayes Bryant Muñoz Peña Lefèvre
    Müller
"""
LAST_NAMES = tuple(_LAST_NAMES.split())

HARD_NAMES: tuple[tuple[str | None, str | None], ...] = (
    ("PATRICK", "O'HARE"), ("Sean", "O'Brien"), ("RONALD", "McDONALD"), ("Fiona", "MacLeod"),
    ("MARIA", "DE LA CRUZ"), ("Ludwig", "van der Berg"), ("WILLIAM", "SMITH III"), ("Henry", "Adams Jr."),
    ("JEAN-LUC", "D'ANGELO"), ("mary ann", "st. john"), ("Bjørn", "Åkesson"), ("AL", "DiMarco"),
    ("Chloë", "Nuñez-O'Neil"), ("  Ann", "Lee  "), ("Bob & Sue", "Miller"), ("Mr. T", "Jones"),
    ("J.", "R. R. Walker"), (None, "Walker"), ("Cher", None), (None, None), ("=SUM(A1)", "Hacker"),
    ("Ægir", "Thor's"), ("Dr. Pat", "Young, MD"), ("", "Blank"), ("Robert'); --", "Tables"),
)  # fmt: skip
"""Names as staff and customers really type them: capitals, apostrophes, particles, suffixes, blanks, NULL."""

STREETS = (
    "Maple", "Oak", "Main", "Church", "Elm", "Mill", "River", "Prospect", "Spring", "Lake", "Depot",
    "Cottage", "Orchard", "Meadow", "Ridge", "Quarry",
)  # fmt: skip
STREET_KINDS = ("St", "Ave", "Rd", "Ln", "Dr", "Ct")
TOWNS = (
    "Ashford", "Milford", "Chester", "Kent", "Salem", "Westbrook", "Fairview", "Hillsdale", "Clinton",
    "Georgetown", "Riverside", "Franklin", "Greenville", "Oakdale", "Lebanon", "Marion",
)  # fmt: skip

HOME_STATE = "NY"
HOME_ZIP = "12"
OTHER_STATES: tuple[tuple[str, str], ...] = (
    ("MA", "01"), ("CT", "06"), ("VT", "05"), ("NJ", "07"), ("PA", "19"), ("FL", "33"), ("TX", "77"),
    ("CA", "94"), ("OH", "44"), ("NC", "27"), ("ME", "04"), ("RI", "02"),
)  # fmt: skip
"""States beyond the store's own, with the first two digits of a ZIP code there."""

STATE_SPELLINGS = ("ny", "New York", "N.Y.", " NY", "NY ")
"""What stands in the state field where nobody looked; none is longer than the ten characters it holds."""

COMPANY_WORDS = (
    "Green Thumb",
    "Four Seasons",
    "Hudson",
    "Evergreen",
    "Stone Wall",
    "Valley",
    "Sunrise",
    "Blue Ridge",
)
COMPANY_KINDS = (
    "Landscaping",
    "Lawn Care LLC",
    "Property Services",
    "Nursery",
    "Design & Build",
    "Gardens, Inc.",
)
PUBLIC_BODIES = (
    "Town of Ashford",
    "City of Milford",
    "Chester Central Schools",
    "Westbrook University",
    "Village of Kent",
    "Hillsdale Community College",
)
"""Buyers that are no landscapers: government and schools keep a fixed wholesale tier."""

SALES_REPS: tuple[tuple[str, str], ...] = (
    ("ALEXP", "Alex Porter"), ("BRIANNA", "Brianna Cole"), ("CJ", "C. J. Marsh"), ("DMITRI", "Dmitri Vale"),
    ("ELENA", "Elena Frost"), ("FRAN", "Fran O'Dell"), ("GUS", "Gus Hart"), ("HANNAH", "Hannah Reed"),
    ("IVAN", "Ivan Stone"), ("JUNE", "June Alder"), ("KOFI", "Kofi Brook"), ("LENA", "Lena Birch"),
)  # fmt: skip
OTHER_USERS: tuple[tuple[str, str], ...] = (("MGR", "Store Manager"), ("WEB", "Web Orders"), ("POS", "Till"))
