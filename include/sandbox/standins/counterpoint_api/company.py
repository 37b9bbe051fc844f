"""The company: the cheapest request that proves a login."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from include.sandbox.standins.counterpoint_api.errors import SUCCESS

router = APIRouter()


@router.get("/Company")
def read_company() -> dict[str, Any]:
    """Name and address of the company, and what its database is."""
    return {
        "SY_COMP": {
            "KEY_ID": 1,
            "NAM": "Garden Centre",
            "ADRS_1": "1 Nursery Road",
            "CITY": "Wilmington",
            "STATE": "DE",
            "ZIP_COD": "19801",
            "CNTRY": "USA",
            "PHONE_1": "555-555-0100",
            "EMAIL_ADRS_1": "owner@example.com",
            "USE_PWDS": "Y",
            "MAX_LKUP_ROWS": 200,
            "RS_STAT": 1,
            "DB_CTL": {"KEY_ID": 1, "DB_TYP": "MSSQL2019", "FULLTXT_SRCH": "N", "DB_KIND": "C"},
        },
        "ErrorCode": SUCCESS,
    }
