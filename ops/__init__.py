"""Commands for a stack that is deployed: `python -m ops <command> --stack STACK`.

They read what the stack exports and its config, and ask both clouds. What listens on the bus is theirs alone, and is
removed when they end. Only `__main__` is imported for `--help`: everything else waits until it is needed.
"""
