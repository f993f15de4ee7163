"""Answers the stand-ins share, in the providers' own shape."""

from starlette.responses import JSONResponse


def graph_error(status: int, code: int, text: str) -> JSONResponse:
    """Refuse as the Graph API does: the code says why, the HTTP status little."""
    return JSONResponse(
        {
            "error": {
                "message": f"(#{code}) {text}",
                "type": "OAuthException",
                "code": code,
                "error_data": {"messaging_product": "whatsapp", "details": text},
                "fbtrace_id": "sandbox",
            }
        },
        status,
    )


def whatsapp_took(number: str, wamid: str) -> JSONResponse:
    """Say, as the Graph API does, that a message was taken."""
    return JSONResponse(
        {
            "messaging_product": "whatsapp",
            "contacts": [{"input": number, "wa_id": number.lstrip("+")}],
            "messages": [{"id": wamid, "message_status": "accepted"}],
        }
    )
