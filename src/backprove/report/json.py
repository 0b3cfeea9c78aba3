"""Machine output."""

import json
import re

import msgspec

# Control and formatting characters, which msgspec leaves as they are beyond ASCII: a terminal would obey them. And lone
# surrogates (of file names that are no UTF-8), which UTF-8 cannot hold.
UNSEEN = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]")


def write(report: msgspec.Struct) -> str:
    """The report as JSON text. The same report gives the same text, byte for byte, outside `timing`."""
    try:
        text = msgspec.json.format(msgspec.json.encode(report), indent=2).decode()
    except UnicodeEncodeError:  # msgspec refuses lone surrogates
        text = json.dumps(msgspec.to_builtins(report, str_keys=True), indent=2, ensure_ascii=False)
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"
