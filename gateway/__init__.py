"""The gateway hears back: webhooks, tracking, unsubscribe, and the API. The one door to the internet."""
