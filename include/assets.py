"""Names of the data that automations hand on; the DAGs make Airflow assets of them."""

AVAILABILITY_FEEDS = "availability_feeds"
PRODUCT_PHOTOS = "product_photos"
GIFT_SHOP_SALES = "gift_shop_sales"
