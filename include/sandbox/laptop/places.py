"""Where everything of the laptop house is kept: below var/, or the folder that RETAIL_OPS_VAR names."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Places:
    """Folders and files; nothing is created here."""

    var: Path

    @classmethod
    def here(cls) -> Places:
        """The places of this checkout."""
        return cls(Path(os.environ.get("RETAIL_OPS_VAR") or ROOT / "var").resolve())

    @property
    def airflow_home(self) -> Path:
        """AIRFLOW_HOME."""
        return self.var / "airflow"

    @property
    def sandbox(self) -> Path:
        """The sandbox store's databases and the stand-ins' state."""
        return self.var / "sandbox"

    @property
    def counterpoint(self) -> Path:
        """The point of sale's database."""
        return self.sandbox / "counterpoint.db"

    @property
    def store_db(self) -> Path:
        """Our own tables."""
        return self.sandbox / "store.db"

    @property
    def warehouse(self) -> Path:
        """The London Gift Shop warehouse."""
        return self.sandbox / "lgs_warehouse.db"

    @property
    def photos(self) -> Path:
        """The folder in which staff leave product photos."""
        return self.sandbox / "photos"

    @property
    def store_files(self) -> Path:
        """What the automations write."""
        return self.var / "store_files"

    @property
    def logs(self) -> Path:
        """Output of the background processes."""
        return self.var / "logs"

    @property
    def state(self) -> Path:
        """What is running: processes, ports, URLs."""
        return self.var / "running.json"

    @property
    def connections(self) -> Path:
        """The stand-ins' connections, written by them when they are ready."""
        return self.sandbox / "connections.json"

    @property
    def summary(self) -> Path:
        """The result of the last demo."""
        return self.var / "demo" / "summary.json"
