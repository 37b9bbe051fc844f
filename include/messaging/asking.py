"""When a run waits for a person before it texts anybody."""

from __future__ import annotations

from include.messaging.settings import MessagingSettings


def reason_to_ask(texts: int, audience: int, usual: float | None, settings: MessagingSettings) -> str:
    """Why a person has to look first, in words; empty when nobody has to.

    `texts` are to be sent, `audience` is the number of phones looked at, `usual` what that number mostly was;
    None when there is nothing to compare with. Without a text to send nobody is asked.
    """
    if not texts:
        return ""
    budget = settings.audience_budget
    if usual is not None and audience > max(budget.always, budget.times * usual):
        return (
            f"the audience is {audience} telephones, {audience / max(usual, 1):.1f} times the usual {usual:g}"
        )
    if texts > settings.approval_above:
        return f"it would send {texts} texts, and above {settings.approval_above} somebody has to agree"
    return ""
