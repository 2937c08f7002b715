"""The entry point of `news`: parse the arguments, run the command, turn errors into exit codes. Other modules are imported on demand.

Exit codes: 0 done; 1 a permanent failure (the message says what to mend); 2 the command line is wrong; 3 too many sources failed;
75 a transient failure: try again later (EX_TEMPFAIL of sysexits.h); 130 interrupted from the keyboard (128 + SIGINT); 141 the reader of the
pipe is gone (128 + SIGPIPE).
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipeline.cli.arguments import make_parser
from pipeline.cli.context import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_PIPE, EXIT_TRANSIENT, CommandContext
from pipeline.core.errors import PipelineError, TransientError

if TYPE_CHECKING:
    from rich.console import Console

PIPED_WIDTH = 140
"""Width in columns when the output is a file or a pipe. A plain choice: wide enough that few cells wrap."""

CHATTY_LIBRARIES = ("urllib3", "trafilatura", "htmldate", "charset_normalizer", "readability")
"""Loggers of libraries that would drown ours: only their errors are shown."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line `arguments` (sys.argv's by default) and return the exit code."""
    options = make_parser().parse_args(arguments)
    from pipeline.cli.terminal import SafeConsole  # after the arguments: --help and --version show nothing through it
    from pipeline.core.settings import Settings

    console, errors = SafeConsole(width=None if sys.stdout.isatty() else PIPED_WIDTH), SafeConsole(stderr=True)
    _log_to_stderr(options.verbose, errors)
    try:
        settings = Settings.from_environment(lake=options.lake, config=options.config)
        module, _, name = options.command.partition(":")
        command = getattr(importlib.import_module(f"{__package__}.commands.{module}"), name)
        with _bars_on(errors):
            return int(command(CommandContext(settings, console, options)))
    except TransientError as error:
        _complain(error)
        return EXIT_TRANSIENT
    except PipelineError as error:
        _complain(error)
        return EXIT_FAILED
    except BrokenPipeError:  # the reader of the pipe, such as `head`, closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_PIPE
    except OSError as error:
        _complain(f"{error.filename}: {error.strerror}" if error.filename and error.strerror else error)
        return EXIT_FAILED
    except KeyboardInterrupt:
        print("news: interrupted; finished work is kept, and the same command continues it", file=sys.stderr)
        return EXIT_INTERRUPTED


@contextmanager
def _bars_on(console: Console) -> Iterator[None]:
    """Show the steps of long work on `console` where someone looks on."""
    if not console.is_terminal:
        yield
        return
    from pipeline.cli.progress_bars import ProgressBars
    from pipeline.core import progress

    bars = ProgressBars(console)
    try:
        with progress.shown_by(bars):
            yield
    finally:
        bars.close()


def _log_to_stderr(verbose: int, console: Console) -> None:
    from rich.logging import RichHandler

    level = logging.DEBUG if verbose > 1 else logging.INFO
    handler = RichHandler(console=console, show_path=False, log_time_format="%H:%M:%S")
    logging.basicConfig(level=level, handlers=[handler], format="%(message)s", force=True)
    logging.getLogger("pipeline").setLevel(logging.DEBUG if verbose else logging.INFO)
    for name in CHATTY_LIBRARIES:
        logging.getLogger(name).setLevel(logging.ERROR if verbose < 2 else logging.INFO)


def _complain(error: BaseException | str) -> None:
    from pipeline.text.control_characters import show_controls

    print(f"news: {show_controls(str(error))}", file=sys.stderr)
