"""What goes wrong on the user's side: one line that names the place and the remedy, exit code 2."""


class BackproveError(Exception):
    """Trouble that the user can mend. Its text is the one line that is shown."""


class CaseError(BackproveError):
    """A case that is not a problem: `where: reason`, with the path of the faulty value."""

    def __init__(self, where: str, reason: str) -> None:
        self.where, self.reason = where, reason
        super().__init__(f"{where}: {reason}" if where else reason)


class NotInDomain(BackproveError):
    """A domain was asked for something that its numbers do not have. This is "not covered", never a verdict."""

    def __init__(self, domain: str, what: str) -> None:
        self.domain, self.what = domain, what
        super().__init__(f"the domain {domain} has no {what}")
