"""Fictitious telephone numbers, and what a text to each of them does.

All numbers are 555-01xx, which no subscriber has. The last two digits say what kind of line it is, so that
the stand-in for the texting service and the customers of the simulated store agree without a list.
"""

from __future__ import annotations

from typing import Literal

LineKind = Literal["mobile", "landline", "unreachable", "unknown", "opted_out"]

_SPECIAL_ENDINGS: dict[LineKind, range] = {
    "landline": range(90, 96),
    "unknown": range(96, 97),
    "unreachable": range(97, 98),
    "opted_out": range(98, 99),
}

TEXTING_ERRORS: dict[LineKind, int] = {
    "landline": 21614,
    "unknown": 30005,
    "unreachable": 30003,
    "opted_out": 21610,
}
"""Error codes of Twilio per kind of line; 21614 and 21610 refuse the request, the others come at delivery."""

_AREA_CODES = """
    518 413 802 845 607 315 914 860 203 475 201 202 205 206 207 208 209 210 212 213 214 215 216 217 218
    219 224 225 228 229 231 234 239 240 248 251 252 253 254 256 260 262 267 269 270 276 281 301 302 303
    304 305 307 308 309 310 312 313 314 316 317 318 319 320 321 323 325 330 331 334 336 337 339 347 351
    352 360 361 386 401 402 404 405 406 407 408 409 410 412 414 415 417 419 423 425 430 432 434 435 440
    443 458 469 470 478 479 480 484 501 502 503 504 505 507 508 509 510 512 513 515 516 517 520 530 540
    541 551 559 561 562 563 567 570 571 573 574 575 580 585 586 601 602 603 605 606 608 609 610 612 614
    615 616 617 618 619 620 623 626 630 631 636 641 646 650 651 657 660 661 662 678 682 701 702 703 704
    706 707 708 712 713 714 715 716 717 718 719 720 724 727 731 732 734 737 740 747 754 757 760 762 763
    765 769 770 772 773 774 775 779 781 785 786 801 803 804 805 806 808 810 812 813 814 815 816 817 818
    828 830 831 832 843 847 848 850 856 857 858 859 862 863 864 865 870 872 878 901 903 904 906 907 908
    909 910 912 913 915 916 917 918 919 920 925 928 929 931 936 937 938 940 941 947 949 951 952 954 956
    959 970 971 972 973 978 979 980 984 985 989
"""
AREA_CODES = tuple(_AREA_CODES.split())
NUMBERS = 100 * len(AREA_CODES)


def line_kind(phone: str) -> LineKind:
    """What kind of line the number is, in any notation that ends with the subscriber's digits."""
    digits = "".join(character for character in phone if character.isdigit())
    for kind, endings in _SPECIAL_ENDINGS.items():
        if len(digits) >= 2 and int(digits[-2:]) in endings:
            return kind
    return "mobile"


def number(index: int) -> str:
    """The `index`-th number as `###-###-####`; there are `NUMBERS`, then they repeat."""
    index %= NUMBERS
    return f"{AREA_CODES[index // 100]}-555-01{index % 100:02d}"
