"""Reads a page of records from the wire one at a time.

A page of 50 incidents with 400 alerts each is over 100 MB of JSON; parsed whole it takes many
times that. Here at most about two records' text is held at once, and a record is parsed by the
standard library's own decoder, so speed stays that of `json.loads`.
"""

import codecs
import json
from collections.abc import Iterable, Iterator
from typing import Any

from defender365.core.errors import NotJson

_WINDOW = 256 * 1024
_BLANKS = " \t\r\n"


class Collection:
    """One OData collection, read as it arrives: iterate the records, then look at the rest.

    `next_link` and `fields` are complete when the iteration has ended. Raises `NotJson` where
    the text is not JSON or breaks off; the records before that point were whole.
    """

    def __init__(self, chunks: Iterable[bytes], key: str = "value", *, small: bool = False) -> None:
        """`key` is the member that holds the records, in whatever case.

        `small` records are parsed a window at a time, which is faster.
        """
        self._key = key
        self._small = small
        self.fields: dict[str, Any] = {}
        self._chunks = iter(chunks)
        self._decode = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
        self._json = json.JSONDecoder()
        self._text = ""
        self._at = 0
        self.met = False
        """The list of records was met."""
        self._ended = False

    @property
    def next_link(self) -> str:
        """The address of the next page; empty when this was the last."""
        link = self.fields.get("@odata.nextLink")
        return link if isinstance(link, str) else ""

    def close(self) -> None:
        """Stop reading; the connection is let go."""
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()

    def __iter__(self) -> Iterator[Any]:
        self._expect("{")
        if self._peek() == "}":
            return
        while True:
            key = self._value()
            self._expect(":")
            if str(key).lower() == self._key and self._peek() == "[":
                self.met = True
                yield from self._items()
            else:
                self.fields[str(key)] = self._value()
            if self._expect(",}") == "}":
                return

    def _items(self) -> Iterator[Any]:
        self._expect("[")
        if self._peek() == "]":
            self._at += 1
            return
        while True:
            if self._small:
                yield from self._window()
            yield self._value()
            if self._expect(",]") == "]":
                return

    def _window(self) -> list[Any]:
        """All records that are whole in the window but for the last, which ends it; at once.

        Between two records stands `},{`. Where that is inside a text or a nested list, what is
        before it is no JSON: then there are no small records here, and each is read by itself.
        """
        if self._peek() != "{":
            return []
        end = self._text.rfind("},{", self._at)
        if end < 0:
            self._small = len(self._text) < 2 * _WINDOW
            return []
        try:
            found: list[Any] = json.loads(f"[{self._text[self._at : end + 1]}]")
        except (ValueError, RecursionError):
            self._small = False
            return []
        self._at = end + 2
        return found

    def _value(self) -> Any:
        self._peek()
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except json.JSONDecodeError:
                self._more()
                continue
            except (RecursionError, ValueError):
                raise NotJson("The answer holds JSON that cannot be read.") from None
            if end < len(self._text) or self._ended:  # a number may go on in the next chunk
                self._at = end
                return value
            self._more(allow_end=True)

    def _peek(self) -> str:
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _BLANKS:
                    return self._text[self._at]
                self._at += 1
            self._more()

    def _expect(self, wanted: str) -> str:
        found = self._peek()
        if found not in wanted:
            raise NotJson("The answer is not the JSON of a list.")
        self._at += 1
        return found

    def _more(self, *, allow_end: bool = False) -> None:
        """Read on until the window has doubled; drop what was consumed."""
        pieces = [self._text[self._at :]]
        size, wanted = len(pieces[0]), max(_WINDOW, 2 * len(pieces[0]))
        if self._ended:
            raise NotJson("The answer breaks off in the middle of the JSON.")
        while size < wanted and not self._ended:
            chunk = next(self._chunks, None)
            self._ended = chunk is None
            piece = self._decode.decode(chunk or b"", final=self._ended)
            pieces.append(piece)
            size += len(piece)
        self._text, self._at = "".join(pieces), 0
        if self._ended and not self._text and not allow_end:
            raise NotJson("The answer breaks off in the middle of the JSON.")
