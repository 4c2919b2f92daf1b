"""``agentotel run app.py ...`` and ``agentotel run -m package ...``: a program as Python would run it.

It runs in this process as ``__main__``, after a set-up that gives way to the program's own ``agentotel.init()``, with
the ``sys.argv`` and ``sys.path`` it would have without us. Its exit code, its exceptions and their tracebacks are its
own.
"""

from __future__ import annotations

import argparse
import io
import os
import runpy
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import SourceFileLoader
from types import ModuleType, TracebackType
from zipfile import is_zipfile

from agentotel.errors import CommandError, ConfigurationError

# What the interpreter itself calls for -m and for directories. Unlike run_module() and run_path(), it leaves
# __main__ in place until the process ends, where threads and pickles that outlive the main code look for it.
_run_as_main: Callable[[str, bool], object] = runpy._run_module_as_main  # type: ignore[attr-defined]  # noqa: SLF001


def command(arguments: Sequence[str]) -> int:
    """Run a program and return 0; what it raises, ``SystemExit`` included, is raised on.

    Raises:
        CommandError: There is no such program, or an option is wrong.
    """
    options = _parse(arguments)
    program = _module(options.module) if options.module else _script(options.script)
    _init(options)
    try:
        program()
    except BaseException as error:
        _show_without_us(error)
        raise
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="agentotel run",
        usage="agentotel run [options] (app.py | -m MODULE) [arguments of the program ...]",
        description="Run a Python program with agentotel switched on, without changing it.",
    )
    parser.add_argument("--service-name", help="the name under which backends list the program")
    parser.add_argument("--endpoint", help="where to send over OTLP, such as http://localhost:4318")
    parser.add_argument("--console", action="store_true", default=None, help="print each session to stderr")
    parser.add_argument("-m", dest="module", nargs=argparse.REMAINDER, help="run a module, as python -m does")
    parser.add_argument("script", nargs=argparse.REMAINDER, help="the program and its own arguments")
    options = parser.parse_args(arguments)
    if not options.module and not options.script:
        parser.error("name a program: app.py or -m MODULE")
    return options


def _init(options: argparse.Namespace) -> None:
    given = {name: getattr(options, name) for name in ("service_name", "endpoint", "console")}
    from agentotel import runtime  # noqa: PLC0415 - slow, and not for --help

    try:
        runtime.start(given, provisional=True)
    except ConfigurationError as error:
        raise CommandError(str(error)) from None


def _script(words: Sequence[str]) -> Callable[[], object]:
    """Prepare a script, a directory or a zip file that holds ``__main__.py``."""
    path = words[0]
    if not os.path.exists(path):  # noqa: PTH110 - paths stay text here, as Python leaves them
        message = f"can't open file {path!r}: no such file"
        raise CommandError(message)
    sys.argv[:] = words
    if os.path.isdir(path) or is_zipfile(path):  # noqa: PTH112
        _put_first(os.path.abspath(path))  # noqa: PTH100
        _new_main()
        return lambda: _run_as_main("__main__", False)  # noqa: FBT003 - keep sys.argv as it is
    _put_first(os.path.dirname(os.path.realpath(path)))  # noqa: PTH120
    return lambda: _execute(os.path.abspath(path))  # noqa: PTH100


def _module(words: Sequence[str]) -> Callable[[], object]:
    name, *rest = words
    sys.argv[:] = ["-m", *rest]
    _new_main()
    _put_first(os.getcwd())  # noqa: PTH109
    return lambda: _run_as_main(name, True)  # noqa: FBT003 - set sys.argv[0] to the module's file


def _execute(path: str) -> None:
    """Run a file as ``__main__``, with the globals that Python gives to a script."""
    with io.open_code(path) as file:
        code = compile(file.read(), path, "exec", dont_inherit=True)
    main = _new_main()
    main.__file__ = path
    main.__loader__ = SourceFileLoader("__main__", path)
    main.__dict__["__cached__"] = None
    exec(code, main.__dict__)  # noqa: S102 - running the user's program is the purpose


def _new_main() -> ModuleType:
    main = sys.modules["__main__"] = ModuleType("__main__")
    main.__dict__["__builtins__"] = sys.modules["builtins"]
    if sys.version_info < (3, 14):
        vars(main)["__annotations__"] = {}
    return main


def _put_first(directory: str) -> None:
    """Put a directory where Python had put that of the ``agentotel`` command itself; neither with ``-P``."""
    if not sys.flags.safe_path:
        sys.path[:1] = [directory]


def _show_without_us(error: BaseException) -> None:
    """Have the traceback shown from the program's own first frame, by whatever hook is in place."""
    hook, own = sys.excepthook, _without_us(error.__traceback__)

    def show(kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
        if value is error:
            value.__traceback__ = trace = own  # the default hook reads the exception, not its argument
        hook(kind, value, trace)

    sys.excepthook = show


def _without_us(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return trace
