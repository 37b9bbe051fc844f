"""Texts are found by when they were sent, and by when their status changed

Revision: 0007
After: 0006
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Build the two indexes of `text_message`."""
    op.create_index("text_message_by_sending", "text_message", ["sent_at"])
    op.create_index("text_message_by_status", "text_message", ["status", "status_at"])


def downgrade() -> None:
    """Drop them again."""
    op.drop_index("text_message_by_status", table_name="text_message")
    op.drop_index("text_message_by_sending", table_name="text_message")
