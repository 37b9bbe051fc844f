"""Which fields of a product BigCommerce can be asked for."""

from __future__ import annotations

from collections.abc import Collection

# The documented values of include_fields. Others, `sort_order` among them, cannot be asked for by name.
_BY_NAME = frozenset(
    """
    name type sku description weight width depth height price cost_price retail_price sale_price
    map_price tax_class_id product_tax_code calculated_price categories brand_id option_set_id
    option_set_display inventory_level inventory_warning_level inventory_tracking reviews_rating_sum
    reviews_count total_sold fixed_cost_shipping_price is_free_shipping is_visible is_featured
    related_products warranty bin_picking_number layout_file upc mpn gtin date_last_imported
    search_keywords availability availability_description condition is_condition_shown
    order_quantity_minimum order_quantity_maximum page_title meta_keywords meta_description date_created
    date_modified view_count preorder_release_date preorder_message is_preorder_only is_price_hidden
    price_hidden_label custom_url base_variant_id open_graph_type open_graph_title
    open_graph_description open_graph_use_meta_description open_graph_use_product_name
    open_graph_use_image
    """.split()  # noqa: SIM905
)

# What makes a product large.
_LONG_TEXTS = frozenset(
    """
    availability_description description meta_description meta_keywords open_graph_description page_title
    preorder_message search_keywords warranty
    """.split()  # noqa: SIM905
)


def field_params(fields: Collection[str]) -> dict[str, str]:
    """The parameters that bring these fields; where not all can be asked for by name, others come as well."""
    wanted = set(fields) - {"id"}
    if wanted <= _BY_NAME:
        # An empty list would mean all fields.
        return {"include_fields": ",".join(sorted(wanted)) or "sku"}
    return {"exclude_fields": ",".join(sorted(_LONG_TEXTS - wanted))}
