"""The senders whose settings are filled in; a channel without a secret is closed."""

from core.settings import Settings
from core.vocabulary import Channel
from senders.contract import Sender
from senders.email.message import Identity, read_key
from senders.email.send import EmailSender
from senders.email.wire import ON_A_CONNECTION
from senders.limits import read_limits
from senders.line.send import LineSender
from senders.whatsapp.send import WhatsAppSender


def open_senders(settings: Settings) -> dict[Channel, Sender]:
    """Return a sender for every open channel."""
    senders: dict[Channel, Sender] = {}
    if settings.whatsapp_token.get_secret_value() and settings.whatsapp_phone_number_id:
        senders[Channel.WHATSAPP] = WhatsAppSender(
            url=settings.whatsapp_url,
            phone_number_id=settings.whatsapp_phone_number_id,
            token=settings.whatsapp_token.get_secret_value(),
        )
    if settings.line_token.get_secret_value():
        senders[Channel.LINE] = LineSender(url=settings.line_url, token=settings.line_token.get_secret_value())
    if settings.smtp_host and settings.smtp_from and settings.link_secret.get_secret_value():
        identity = Identity(
            sender=settings.smtp_from,
            bounce_domain=settings.smtp_bounce_domain,
            link_secret=settings.link_secret.get_secret_value(),
            dkim_key=read_key(settings.dkim_key_file),
            dkim_selector=settings.dkim_selector,
        )
        senders[Channel.EMAIL] = EmailSender(
            host=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_username,
            password=settings.smtp_password.get_secret_value(),
            identity=identity,
            connections=max(1, read_limits(Channel.EMAIL, settings.limits_file).in_flight // ON_A_CONNECTION),
        )
    return senders
