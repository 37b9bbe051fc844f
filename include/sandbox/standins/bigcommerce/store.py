"""Store information: the clock and the store's own data (version 2)."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request

from include.sandbox.standins import credentials
from include.sandbox.standins.context import context_of

router = APIRouter()


@router.get("/v2/time")
def read_time() -> dict[str, int]:
    """The time in seconds since the epoch; the documented way to check a token."""
    return {"time": int(time.time())}


@router.get("/v2/store")
def read_store(request: Request) -> dict[str, Any]:
    """The store: name, address, time zone, currency and plan."""
    zone = context_of(request).time_zone
    now = datetime.now(zone)
    saving = now.dst() or timedelta()
    offset = now.utcoffset() or timedelta()
    standard = offset - saving
    domain = "www.example.com"
    return {
        "id": credentials.BIGCOMMERCE_STORE_HASH,
        "account_uuid": "5a9d0b0c-0000-4000-8000-5a9d0b0c5a9d",
        "domain": domain,
        "secure_url": f"https://{domain}",
        "control_panel_base_url": f"https://store-{credentials.BIGCOMMERCE_STORE_HASH}.example.com",
        "status": "live",
        "name": "Garden Centre",
        "first_name": "Store",
        "last_name": "Owner",
        "address": "1 Nursery Road",
        "country": "United States",
        "country_code": "US",
        "phone": "+15555550100",
        "admin_email": credentials.WEBDAV_USER,
        "order_email": "orders@example.com",
        "favicon_url": "",
        "timezone": {
            "name": str(zone),
            "raw_offset": int(standard.total_seconds()),
            "dst_offset": int((standard + timedelta(hours=1)).total_seconds()),
            "dst_correction": bool(saving),
            "date_format": {
                "display": "M jS Y",
                "export": "M jS Y",
                "extended_display": "M jS Y @ g:i A",
            },
        },
        "language": "en",
        "currency": "USD",
        "currency_symbol": "$",
        "decimal_separator": ".",
        "thousands_separator": ",",
        "decimal_places": 2,
        "currency_symbol_location": "left",
        "weight_units": "LBS",
        "dimension_units": "Inches",
        "dimension_decimal_places": 2,
        "dimension_decimal_token": ".",
        "dimension_thousands_token": ",",
        "plan_name": "Plus",
        "plan_level": "Plus",
        "plan_is_trial": False,
        "industry": "Garden",
        # The real answer holds an empty array, not an object, where there is no logo.
        "logo": [],
        "is_price_entered_with_tax": False,
        "store_id": 1000,
        "default_channel_id": 1,
        "default_site_id": 1000,
        "active_comparison_modules": [],
        "features": {"stencil_enabled": True, "checkout_type": "optimized", "wishlists_enabled": False},
    }
