"""One word, one meaning: channels, statuses, event types, purposes and decision outcomes."""

from enum import StrEnum


class Channel(StrEnum):
    """How a person is reached."""

    EMAIL = "email"
    WHATSAPP = "whatsapp"
    LINE = "line"
    SMS = "sms"
    MESSENGER = "messenger"
    INSTAGRAM = "instagram"
    X = "x"


class Status(StrEnum):
    """Where a message stands. The order of ``LADDER`` is the only way up; ``EXITS`` end it."""

    PLANNED = "planned"
    CLAIMED = "claimed"
    IN_DOUBT = "in_doubt"
    ACCEPTED = "accepted"
    HELD = "held"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SUPPRESSED = "suppressed"


LADDER = (
    Status.PLANNED,
    Status.CLAIMED,
    Status.IN_DOUBT,
    Status.ACCEPTED,
    Status.HELD,
    Status.SENT,
    Status.DELIVERED,
    Status.READ,
)
EXITS = (Status.FAILED, Status.EXPIRED, Status.CANCELLED, Status.SUPPRESSED)


class EventType(StrEnum):
    """What happened to a message or to the person it was for."""

    ACCEPTED = "accepted"
    HELD = "held"
    SENT = "sent"
    DELIVERED = "delivered"
    OPENED = "opened"
    READ = "read"
    CLICKED = "clicked"
    REPLIED = "replied"
    BOUNCED = "bounced"
    FAILED = "failed"
    EXPIRED = "expired"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    RESUBSCRIBED = "resubscribed"
    FOLLOWED = "followed"
    BLOCKED = "blocked"
    CONVERTED = "converted"


class Actor(StrEnum):
    """Who caused an engagement event, as far as the classifier can tell."""

    HUMAN = "human"
    MACHINE = "machine"
    UNKNOWN = "unknown"


class Purpose(StrEnum):
    """What a campaign is for, and so which consent it needs."""

    RENEWAL = "renewal"
    PAYMENT = "payment"
    SEASONAL = "seasonal"
    QUARTERLY = "quarterly"
    SERVICE_ALERT = "service_alert"
    QUOTE = "quote"
    CONTRACT = "contract"
    INVOICE = "invoice"
    MARKETING = "marketing"


class CampaignStatus(StrEnum):
    """Where a campaign stands; ``sending`` and ``done`` are not stored: the ledger tells them."""

    DRAFT = "draft"
    CHECKED = "checked"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    DONE = "done"
    PAUSED = "paused"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """What the policy decided for one considered contact, in the order in which it asks."""

    INELIGIBLE = "ineligible"
    STALE_DATA = "stale_data"
    NO_CONSENT = "no_consent"
    SUPPRESSED = "suppressed"
    NO_ADDRESS = "no_address"
    INVALID_ADDRESS = "invalid_address"
    DUPLICATE_ADDRESS = "duplicate_address"
    CRM_HOLD = "crm_hold"
    ACCOUNT_LIMIT = "account_limit"
    HOLDOUT = "holdout"
    ALREADY_SENT = "already_sent"
    CONFLICT = "conflict"
    CAPPED = "capped"
    WINDOW_CLOSED = "window_closed"
    TEMPLATE_UNAVAILABLE = "template_unavailable"
    QUOTA = "quota"
    DEFERRED = "deferred"
    SEND = "send"


class Conversion(StrEnum):
    """What a campaign counts as its success; ``marts.conversion_goals`` says from which rows and within which days."""

    RENEWED = "renewed"
    PAID = "paid"
    BACK_ONLINE = "back_online"
    QUOTE_ACCEPTED = "quote_accepted"
    CONTRACT_SIGNED = "contract_signed"
    DEAL_WON = "deal_won"
    CAME_BACK = "came_back"
    REPLIED = "replied"
    NONE = "none"


class ErrorClass(StrEnum):
    """Our reading of a provider's error code: what the engine does about it."""

    PERMANENT_RECIPIENT = "permanent_recipient"
    SUPPRESS_MARKETING = "suppress_marketing"
    RECIPIENT_THROTTLED = "recipient_throttled"
    WINDOW_CLOSED = "window_closed"
    THROTTLED = "throttled"
    TRANSIENT = "transient"
    PERMANENT_REQUEST = "permanent_request"
    HALT_TEMPLATE = "halt_template"
    HALT_SENDER = "halt_sender"


class Role(StrEnum):
    """What somebody may do here; each role may do what those before it may."""

    VIEWER = "viewer"  # looks
    ANALYST = "analyst"  # asks and exports, without contact details
    MARKETER = "marketer"  # sees contact details, changes campaigns, segments and suppressions
    ADMIN = "admin"  # everything, people's roles too

    def may(self, needed: "Role") -> bool:
        """Say whether this role is enough for what ``needed`` may do."""
        ladder = list(Role)
        return ladder.index(self) >= ladder.index(needed)
