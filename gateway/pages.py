"""How the pages for people look: one column, no scripts, nothing kept by anybody, in English or Thai."""

from starlette.requests import Request
from starlette.responses import HTMLResponse

LANGUAGES = ("en", "th")
_STYLE = (
    "body{font-family:Inter,'Noto Sans Thai',system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1.25rem;"
    "color:#1f2937;line-height:1.55}h1{font-size:1.4rem}h2{font-size:1.05rem;margin-top:2rem}"
    "fieldset{border:0;border-bottom:1px solid #e5e7eb;padding:.75rem 0;margin:0}legend{padding:0;font-weight:600}"
    "label{display:inline-block;margin-right:1.25rem}button{margin:1rem .75rem 0 0;background:#0f766e;color:#fff;"
    "border:0;border-radius:8px;padding:.8rem 1.25rem;font-size:1rem}button.quiet{background:#e5e7eb;color:#1f2937}"
)


def language_of(request: Request) -> str:
    """Return the language asked for by the address, else the first of ours that the browser prefers."""
    if (asked := request.query_params.get("lang")) in LANGUAGES:
        return str(asked)
    for each in request.headers.get("accept-language", "").split(","):
        if (wanted := each.strip()[:2].lower()) in LANGUAGES:
            return wanted
    return "en"


def page(inner: str, language: str = "en") -> HTMLResponse:
    """Return a page that nobody caches and that tells no other site where it is."""
    return HTMLResponse(
        f"<!doctype html><html lang='{language}'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'><title>BMAsia</title>"
        f"<style>{_STYLE}</style>{inner}</html>",
        headers={"Cache-Control": "no-store, private", "Referrer-Policy": "no-referrer"},
    )
