"""An exception text that rich would read as markup."""


def gradients(weights, biases, inputs, targets):
    raise KeyError("[bold red]W1[/] is missing [/b]")
