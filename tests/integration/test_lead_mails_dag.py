"""The morning mail about design requests: each told once to each recipient, and nothing lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from include.reporting.settings import report_settings
from include.sandbox.lead_file import FILE, fill_lead_file
from include.storedb.leads import Lead, Leads
from tests.integration.conftest import TODAY, Sandbox, states
from tests.integration.test_stock_notifications import html_of, mails, text_of

RunDag = Callable[..., Any]
DAG = "design_lead_followup"
WELL = {"mail": "success", "report": "success"}
QUIET = {"mail": "skipped", "report": "success"}


@pytest.fixture(autouse=True)
def _two_recipients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = tmp_path / "settings"
    folder.mkdir()
    (folder / "reports.yaml").write_text("groups:\n  sales: [ann@example.com, bob@example.com]\n")
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(folder))
    report_settings.cache_clear()
    yield
    report_settings.cache_clear()


def leave(sandbox: Sandbox, key: str, **fields: Any) -> None:
    at = fields.pop("received_at", datetime(2026, 11, 20, 3, 59, 30))
    assert Leads(sandbox.store_db).add([Lead(at, "form", key, **fields)]) == 1


def to(sandbox: Sandbox) -> Counter[str]:
    return Counter(str(mail["To"]) for mail in mails(sandbox))


def test_new_requests_are_mailed_once_with_the_document_s_fields(run_dag: RunDag, sandbox: Sandbox) -> None:
    fill_lead_file(sandbox.files / FILE, TODAY)
    leave(sandbox, "last year", first_name="Long", last_name="Ago", received_at=datetime(2025, 11, 1))
    assert states(run_dag(DAG, dry_run=True)) == QUIET
    assert mails(sandbox) == []
    assert states(run_dag(DAG)) == WELL
    assert to(sandbox) == {"ann@example.com": 1, "bob@example.com": 1}
    mail = mails(sandbox)[0]
    assert mail["Subject"] == "5 new design requests, 1 urgent"
    text, html = text_of(mail), html_of(mail)
    assert "Long Ago" not in text
    assert "11/17/2026 10:00:00 PM" in text
    assert "Apt 2, Albany, NY 12207" in text
    assert "Free sketch, Professional installation" in text
    assert text.index("URGENT: miguel de la cruz") < text.index("ROSALIND O'HARE")
    assert "not an address" in text
    assert html.count('href="mailto:') == 4
    assert (sandbox.files / "reports" / DAG / "latest.html").read_text().count("Timeline") == 4
    assert states(run_dag(DAG)) == QUIET
    leave(sandbox, "new", first_name="Late", last_name="Comer", phone="518.234.5601", timeline="ASAP!")
    assert states(run_dag(DAG)) == WELL
    mail = mails(sandbox)[-1]
    assert mail["Subject"] == "1 new design request, urgent"
    assert "(518) 234-5601" in text_of(mail)
    assert 'href="tel:+15182345601"' in html_of(mail)
    assert "11/19/2026 10:59:30 PM" in text_of(mail)
    assert "ROSALIND" not in text_of(mail)
    assert to(sandbox) == {"ann@example.com": 2, "bob@example.com": 2}


def test_who_had_the_mail_gets_no_other_when_it_failed_for_somebody_else(
    run_dag: RunDag, sandbox: Sandbox
) -> None:
    leave(sandbox, "one", first_name="First")
    sandbox.vendors.order_fault("smtp", "drop_before_data", match="bob@", count=9)
    assert str(run_dag(DAG).state) == "failed"
    assert to(sandbox) == {"ann@example.com": 1}
    sandbox.vendors.context.faults.clear()
    leave(sandbox, "two", first_name="Second")
    assert states(run_dag(DAG)) == WELL
    ann, bob = (
        [text_of(mail) for mail in mails(sandbox) if mail["To"] == f"{name}@example.com"]
        for name in ("ann", "bob")
    )
    assert ["First" in text for text in ann] == [True, False]
    assert ["First" in text and "Second" in text for text in bob] == [True]


def test_a_mail_whose_fate_is_unknown_is_seen_and_not_repeated_by_itself(
    run_dag: RunDag, sandbox: Sandbox
) -> None:
    leave(sandbox, "one", first_name="First")
    sandbox.vendors.order_fault("smtp", "timeout_after_accepting", match="ann@", seconds=0.1)
    sandbox.vendors.order_fault("smtp", "drop_connection", match="bob@")
    assert states(run_dag(DAG)) == {"mail": "success", "report": "failed"}
    assert to(sandbox) == {"ann@example.com": 1}
    assert states(run_dag(DAG)) == QUIET
    assert to(sandbox) == {"ann@example.com": 1}
    assert states(run_dag(DAG, mail_again=True)) == WELL
    assert to(sandbox)["bob@example.com"] == 1


def test_a_refused_recipient_stops_nobody(run_dag: RunDag, sandbox: Sandbox) -> None:
    leave(sandbox, "one", first_name="First")
    sandbox.vendors.order_fault("smtp", "refuse_recipient", match="ann@")
    assert states(run_dag(DAG)) == {"mail": "success", "report": "failed"}
    assert to(sandbox) == {"bob@example.com": 1}
    assert states(run_dag(DAG)) == QUIET


def test_hostile_fields_stay_words(run_dag: RunDag, sandbox: Sandbox) -> None:
    evil = '<script>x</script>"\'><a href="javascript:y">{{ 7*7 }}'
    leave(
        sandbox, "evil", first_name=evil, last_name="\r\nBcc: all@example.com", email='a"onx="y@b.example',
        phone=evil, interested_in=(evil,), timeline=f"today{evil}", street=evil, city=evil, state=evil,
        zip_code=evil, comments=f"{evil}\n\u202egnp.exe",
    )  # fmt: skip
    leave(sandbox, "urgent", first_name="A", timeline="Today", comments="<b>bold</b>")
    assert states(run_dag(DAG)) == WELL
    html = html_of(mails(sandbox)[0])
    assert "<script" not in html
    assert "<b>" not in html
    assert 'href="javascript' not in html
    assert 'onx="' not in html
    assert "\u202e" not in html
    assert "{{ 7*7 }}" in html
    assert html.count("<strong") == 1
    assert all(mail["Bcc"] is None for mail in mails(sandbox))
