"""The mails to people whose item is back in stock: what they say, and the way to the mail server."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import TYPE_CHECKING

from include.errors import InvalidSettings

if TYPE_CHECKING:
    from pathlib import Path

    from include.reporting.delivery import Delivering, Delivery
    from include.stock_notices.coupons import Coupon
    from include.stock_notices.goods import Goods
    from include.stock_notices.photo import Photos
    from include.storedb.mail_links import MailLinks
    from include.storedb.stock_requests import StockRequest

log = logging.getLogger(__name__)

FORMS = "web_forms"


class StockMails:
    """Writes and sends the mails of one task; looks up what they say of customers and products."""

    def __init__(self, delivering: Delivering, requests: list[StockRequest]) -> None:
        self._delivering, self._emails = delivering, {request.email for request in requests}
        self._keys = {request.item_key for request in requests}

    def send(self, request: StockRequest, goods: Goods, coupon: Coupon | None) -> Delivery:
        """Send the mail of a request; raises what `Delivering.deliver` raises."""
        from include.reporting.delivery import Mail
        from include.stock_notices.letter import Notice, notice_letter
        from include.stock_notices.settings import stock_notice_settings
        from include.stock_notices.standing import mail_entry

        photo = self._photos.photo(goods.photo_names, goods.title)
        links = self._links
        notice = Notice(
            goods,
            coupon,
            self._first_names.get(request.email, ""),
            self.link(goods),
            photo,
            "" if photo else self._photo_url(goods),
            links.unsubscribe(request.email, "stock") if links else "",
        )
        letter = notice_letter(notice, stock_notice_settings())
        headers = links.headers(request.email, "stock") if links else None
        return next(self._delivering.deliver([Mail(mail_entry(request), letter, headers)]))

    def link(self, goods: Goods) -> str:
        """Where the web shop shows an item; empty where it does not."""
        from include.stock_notices.settings import stock_notice_settings

        base, path = stock_notice_settings().shop_url, self._paths.get(goods.key, "")
        return f"{base}/{path.lstrip('/')}" if base and path else ""

    @cached_property
    def _first_names(self) -> dict[str, str]:
        from include.customers.names import cased
        from include.stock_notices.goods import first_names
        from retail_ops.hooks.databases import CounterpointHook

        found = first_names(CounterpointHook().read, self._emails)
        names = {email: cased(name, family=False) for email, name in found.items()}
        return {email: name for email, name in names.items() if name.replace(" ", "").isalpha()}

    @cached_property
    def _products(self) -> dict[str, int]:
        from include.storedb.web_products import WebProducts
        from retail_ops.hooks.databases import StoreDbHook

        found = WebProducts(StoreDbHook().engine).all()
        return {key: found[key].product_id for key in self._keys if key in found}

    @cached_property
    def _paths(self) -> dict[str, str]:
        """The web shop's path of each item, as the shop has it now; hidden products have none."""
        from urllib.parse import quote

        from retail_ops.hooks.bigcommerce import BigCommerceHook

        ids = set(self._products.values())
        if not ids:
            return {}
        rows = BigCommerceHook().products(["custom_url", "is_visible"], ids=ids)
        urls = {row["id"]: (row.get("custom_url") or {}).get("url") for row in rows if row.get("is_visible")}
        return {
            key: quote(str(urls[one]), safe="/%-._~") for key, one in self._products.items() if urls.get(one)
        }

    @cached_property
    def _photos(self) -> Photos:
        from include.stock_notices.photo import Photos
        from retail_ops.photo_folder import photo_folder

        folder: Path | None
        try:
            folder = photo_folder()
        except InvalidSettings as error:
            log.warning("Mails go without photos of the folder: %s", error)
            folder = None
        return Photos(folder)

    def _photo_url(self, goods: Goods) -> str:
        """The web shop's picture of an item; empty where it has none, or does not answer."""
        from include.errors import RetailOpsError
        from retail_ops.hooks.bigcommerce import BigCommerceHook

        product = self._products.get(goods.key)
        if product is None:
            return ""
        try:
            answer = BigCommerceHook().request("GET", f"/v3/catalog/products/{product}/images")
            rows = answer.json().get("data") or [] if answer.status_code != 204 else []
        except (RetailOpsError, ValueError, AttributeError) as error:
            log.warning("The web shop's picture of %s cannot be had: %s", goods.key, error)
            return ""
        first = sorted(rows, key=lambda row: (not row.get("is_thumbnail"), row.get("sort_order") or 0))
        url = str(first[0].get("url_standard") or "") if first else ""
        return url if url.startswith("https://") else ""

    @cached_property
    def _links(self) -> MailLinks | None:
        """What makes unsubscribe links; None, with a line in the log, where the web forms are not set up."""
        from airflow.sdk.bases.hook import BaseHook
        from airflow.sdk.exceptions import AirflowNotFoundException

        from include.storedb.mail_links import MailLinks

        try:
            found = BaseHook.get_connection(FORMS)
        except AirflowNotFoundException:
            log.warning("There is no connection %s: the mails go without links to unsubscribe", FORMS)
            return None
        return MailLinks(found.password or "", found.host or "")
