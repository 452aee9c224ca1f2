"""Errors that hold a code and parameters; ``text`` puts them into words."""


class UmkmError(ValueError):
    """Base of all errors of this package.

    Parameters
    ----------
    code : str
        Key of the wording in ``labels.toml`` (section ``error``).
    **params
        What the wording needs: file, row, column, argument, choices.

    Notes
    -----
    ``str(error)`` is the English wording, ``error.words("id")`` the Indonesian.

    Examples
    --------
    >>> DataError("not_positive", argument="a", value=0).words("id")
    'a = 0: harus lebih besar dari nol. Periksa angkanya.'
    """

    def __init__(self, code: str, **params):
        super().__init__(code)
        self.code = code
        self.params = params

    def words(self, lang: str = "id") -> str:
        from umkm_analysis import text

        return text.error(self, lang)

    def __str__(self) -> str:
        return self.words("en")

    def __reduce__(self):
        return _rebuild, (type(self), self.code, self.params)


def _rebuild(kind, code, params):
    return kind(code, **params)


class DataError(UmkmError):
    """A table, row, column or argument is not as it must be."""


class ConceptMismatch(UmkmError):
    """Two figures do not count the same thing, so they are not compared."""


class NoOverlap(UmkmError):
    """Two series share no period, so nothing links them."""


class TooShort(UmkmError):
    """Too few points of the series itself."""


class TooFewRegions(UmkmError):
    """Too few other regions for the level that was asked for."""


class Leak(UmkmError):
    """A score uses a year that was not known at the origin."""
