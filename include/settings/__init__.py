"""Settings that the store edits: YAML files beside this module, with schemas that name what is wrong."""

from include.settings.loader import load_settings
from include.settings.store import StoreSettings, store_settings

__all__ = ["StoreSettings", "load_settings", "store_settings"]
