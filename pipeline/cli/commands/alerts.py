"""The command `news alerts`. Imported only when it is run."""

from __future__ import annotations

from pipeline.cli.context import CommandContext
from pipeline.cli.screens import alerts as alert_screens
from pipeline.fetching.fetcher import SystemClock
from pipeline.operations.alerting.assessments import assess_lake, send_to_webhook, write_state


def alerts(context: CommandContext) -> int:
    """`news alerts`: show what would be sent; with --send, send it to the webhook. Without --send nothing is written."""
    clock = SystemClock()
    assessments = assess_lake(context.settings, context.catalogue, now=clock.now())
    unsent = [alert for assessment in assessments for alert in assessment.alerts]
    if context.options.send and unsent:
        send_to_webhook(context.settings, unsent, clock=clock)
    if context.options.send:
        for assessment in assessments:
            write_state(context.settings, assessment, is_told=True)
    standing = [finding for assessment in assessments for finding in assessment.state.standing]
    shown = {"isSent": context.options.send, "alerts": unsent, "standing": standing}
    context.show(shown, lambda: alert_screens.alerts(unsent, standing, is_sent=context.options.send))
    return 0
