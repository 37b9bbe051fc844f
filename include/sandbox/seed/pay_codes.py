"""The pay codes of the till and of the web shop."""

from __future__ import annotations

import numpy as np

PAY_CODES = (
    "CASH", "CHECK", "DEBIT", "VISA", "MC", "AMEX", "DISCOVER", "BIG", "GIFT", "LOYALTY", "STORE CRED",
)  # fmt: skip
KINDS = ("C", "K", "E", "E", "E", "E", "E", "E", "G", "L", "S")
"""Cash, check, electronic, gift card, loyalty, store credit."""

AT_THE_SHOP = np.array([0.18, 0.05, 0.17, 0.33, 0.17, 0.06, 0.04, 0, 0, 0, 0])
DEPOSIT_CODES = (0, 1, 3, 4)
BIG, GIFT, LOYALTY, STORE_CREDIT = (
    PAY_CODES.index(code) for code in ("BIG", "GIFT", "LOYALTY", "STORE CRED")
)
