"""What goes wrong on the user's side: one line that names the place and the remedy, exit code 2."""


class BackproveError(Exception):
    """Trouble that the user can mend. Its text is the one line that is shown."""


class CaseError(BackproveError):
    """A case that is not a problem: `where: reason`, with the path of the faulty value."""

    def __init__(self, where: str, reason: str) -> None:
        self.where, self.reason = where, reason
        super().__init__(f"{where}: {reason}" if where else reason)


class NotInDomain(BackproveError):
    """A domain was asked for something that its numbers do not have. This is "not covered", never a verdict.

    >>> from backprove import DOMAINS
    >>> DOMAINS["rational"].exp(1)
    Traceback (most recent call last):
        ...
    backprove.errors.NotInDomain: the domain rational has no exp
    """

    def __init__(self, domain: str, what: str) -> None:
        self.domain, self.what = domain, what
        super().__init__(f"the domain {domain} has no {what}")


class NotPosed(NotInDomain):
    """A formulation was asked about a network that its source is not about. This is "not covered", never a verdict."""

    def __init__(self, what: str) -> None:
        BackproveError.__init__(self, what)


class Undecidable(BackproveError):
    """A domain cannot tell on which side of a kink its number lies. This leaves the case UNDECIDED."""

    def __init__(self, domain: str, what: str) -> None:
        self.domain, self.what = domain, what
        super().__init__(f"{domain}: {what}")


class MissingExtra(BackproveError):
    """An optional extra is not installed; the text holds the pip line that installs it."""

    def __init__(self, what: str, extra: str) -> None:
        self.extra = extra
        super().__init__(f"{what} is not installed: pip install 'backprove[{extra}]'")
