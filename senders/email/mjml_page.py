"""Pages in MJML become HTML that mail readers show alike, styles inlined, once, when a template is saved."""

import re
from functools import lru_cache

import css_inline
from mjml import mjml2html

from core.errors import PermanentError

_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_MARK = "bma0jinja{}0amb"
_MARKED = re.compile(r"bma0jinja(\d+)0amb")
_UNKNOWN = re.compile(r"<(mj-[\w-]+)")  # what MJML does not know it leaves as it is
# Nothing is fetched: a stylesheet or an image of a stranger would be a request from inside our house.
_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=True)


@lru_cache(maxsize=200)
def compile_page(source: str) -> str:
    """Return the HTML of an MJML page; what Jinja fills stays as it was written.

    Raises PermanentError when it is no MJML, or when an expression of Jinja got lost on the way.
    """
    expressions: list[str] = []

    def mark(found: re.Match[str]) -> str:
        expressions.append(found.group(0))
        return _MARK.format(len(expressions) - 1)

    marked = _JINJA.sub(mark, source)
    try:
        # Media queries stay in their style tags: they make a page narrow on a telephone.
        page = _INLINER.inline(mjml2html(marked, disable_comments=False))
    except (ValueError, OSError, css_inline.InlineError) as error:
        raise PermanentError(f"the MJML is broken: {error}") from error
    if unknown := _UNKNOWN.search(page):
        raise PermanentError(f"the MJML is broken: there is no {unknown.group(1)} at that place")
    kept = {int(number) for number in _MARKED.findall(page)}
    if lost := [text for number, text in enumerate(expressions) if number not in kept]:
        raise PermanentError(f"{lost[0]} would get lost: put it inside mj-text, mj-button or mj-raw")
    return _MARKED.sub(lambda found: expressions[int(found.group(1))], page)
