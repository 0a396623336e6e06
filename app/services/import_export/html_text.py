"""Conversion of HTML in cells, as in Letterboxd's exports and crawled pages, to plain text."""

import re
from html.parser import HTMLParser

_BLOCKS = {"blockquote", "br", "div", "dd", "dt", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "ul"}
_INLINE = {
    "a", "abbr", "b", "big", "cite", "code", "del", "em", "font", "i", "img", "ins", "mark", "q", "s", "small", "span",
    "strike", "strong", "sub", "sup", "u",
}  # fmt: skip
_TAGS = _BLOCKS | _INLINE
_HTML = re.compile(rf"</?(?:{'|'.join(sorted(_TAGS))})(?:\s[^<>]*)?/?>|&(?:#\d+|#x[0-9a-f]+|[a-z]+\d*);", re.IGNORECASE)


def to_text(cell: str) -> str:
    """Remove the tags of a cell, with line breaks around blocks, and resolve its character references.

    Text in angle brackets that is no HTML tag (`<최고>`, `<3`, `<spoiler>`) is kept.
    """
    if not _HTML.search(cell):
        return cell
    parser = _Parser(cell)
    return re.sub(r"\n{3,}", "\n\n", "".join(parser.parts)).strip()


class _Parser(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.feed(html)
        self.close()

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "br":
            self.parts.append("\n")
        elif tag in _BLOCKS:
            self._break_line()
        elif tag not in _TAGS:
            self.parts.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS and tag != "br":
            self._break_line()
        elif tag not in _TAGS:
            self.parts.append(f"</{tag}>")

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.handle_starttag(tag, attrs)

    def handle_comment(self, data: str) -> None:
        self.parts.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.parts.append(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self.parts.append(f"<?{data}>")

    def unknown_decl(self, data: str) -> None:
        self.parts.append(f"<![{data}]>")

    def _break_line(self) -> None:
        """Add a line break, unless there is one."""
        if self.parts and not self.parts[-1].endswith("\n"):
            self.parts.append("\n")
