"""The screen of alerts. Pure: builds rich renderables, prints nothing."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from pipeline.cli.screens.tables import make_table
from pipeline.operations.alerting.alerts import Alert, Finding
from pipeline.text.counts import counted


def alerts(unsent: Sequence[Alert], standing: Sequence[Finding], *, is_sent: bool) -> RenderableType:
    """The alerts, then the findings that stand, with the number of hours for those that were found too seldom for an alert."""
    if not unsent and not standing:
        return Text("no finding stands, and no alert is left to send")
    changes, findings = make_table("alert", "about", "sentence"), make_table("about", "subject", "told", "sentence")
    for alert in unsent:
        changes.add_row(alert.change, alert.kind, Text(alert.sentence))
    for one in standing:
        state = "yes" if one.is_ripe else f"not yet, found in {counted(len(one.times), 'hour')}"
        findings.add_row(one.kind, Text(one.subject), state, Text(one.sentence))
    heading = f"{counted(len(unsent), 'alert')} {'sent' if is_sent else 'to be sent (--send sends them to NEWS_ALERT_URL)'}"
    parts: list[RenderableType] = [Text(heading)]
    if unsent:
        parts.append(changes)
    if standing:
        parts += [Text(counted(len(standing), "standing finding")), findings]
    return Group(*parts)
