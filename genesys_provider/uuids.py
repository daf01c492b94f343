"""UUIDs, by which Genesys Cloud knows organisations and what is in them."""

import re

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def folded(id_: str) -> str:
    """The id as it is compared: a UUID means the same in any case. Any other text stays as it is."""
    return id_.lower() if UUID.fullmatch(id_) else id_
