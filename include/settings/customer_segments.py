"""The names of customer segments: campaigns aim at what the segmentation found."""

from __future__ import annotations

from typing import Literal

SegmentName = Literal[
    "Champions",
    "Regulars",
    "Occasional",
    "Lost big spenders",
    "Lost regulars",
    "Lost occasional",
    "Not divided",
]
SEGMENT_NAMES: tuple[SegmentName, ...] = (
    "Champions",
    "Regulars",
    "Occasional",
    "Lost big spenders",
    "Lost regulars",
    "Lost occasional",
    "Not divided",
)
"""All segments, the most valuable first; which rule gives which name stands in `segmentation.yaml`."""
BIG_SPENDERS: SegmentName = "Lost big spenders"
NOT_DIVIDED: SegmentName = "Not divided"
