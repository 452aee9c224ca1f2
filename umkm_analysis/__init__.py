"""Micro, small and medium enterprises (UMKM) of a city: what its numbers say.

Nothing is computed or imported before it is asked for.
"""

from importlib import import_module

__version__ = "0.1.0"

_NAMES = {
    "data": (
        "load", "figures", "series", "trace", "claims", "panel", "project",
        "open_folder", "Folder",
    ),
    "figure": ("Figure",),
    "errors": (
        "UmkmError", "DataError", "ConceptMismatch", "NoOverlap", "TooShort",
        "TooFewRegions", "Leak",
    ),
    "text": ("say",),
    "blocks": ("tell",),
    "contract": ("check",),
    "explorer": ("explore",),
}  # fmt: skip
_HOME = {name: module for module, names in _NAMES.items() for name in names}
_MODULES = (
    "data", "contract", "growth", "structure", "breakdown", "projection", "estimator",
    "panels", "backtest",
    "outlook",
    "verdicts", "charts", "tables", "text", "report", "writers", "blocks", "folder",
    "importing", "exercises",
    "explorer",
)  # fmt: skip

__all__ = sorted([*_HOME, *_MODULES, "__version__"])


def __getattr__(name):
    if name in _HOME:
        value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    elif name in _MODULES:
        value = import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__():
    return __all__
