"""Traces by OpenTelemetry: a message's way through gateway, store, worker and Dagster run. Off without an endpoint.

What crosses a process goes as W3C ``traceparent`` in the store's row. Spans hold ids, channels and outcomes, never
contact details: an error is named by its type only.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:  # slow to import, and most commands do not trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

_PROPAGATOR = TraceContextTextMapPropagator()
_HEADER = "traceparent"


class _Tracing:
    """This process's provider; none while traces are off."""

    provider: "TracerProvider | None" = None


def start(service: str, exporter: "SpanExporter") -> None:
    """Trace this process from now on. Call once, at the entry point."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import SpanLimits, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(
        resource=Resource.create({"service.name": service, "service.namespace": "bma-social"}),
        span_limits=SpanLimits(max_attributes=32, max_attribute_length=200),
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _Tracing.provider = provider


def start_from_setting(service: str, endpoint: str) -> None:
    """Trace to an OTLP endpoint over HTTP (``BMA_OTEL_ENDPOINT``, its base address); an empty one leaves traces off."""
    if not endpoint:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    start(service, OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces"))


def stop() -> None:
    """Hand over what is not exported yet, and trace no more."""
    if _Tracing.provider is not None:
        _Tracing.provider.shutdown()
        _Tracing.provider = None


def is_on() -> bool:
    """Say whether this process traces."""
    return _Tracing.provider is not None


def current_id() -> str | None:
    """Return the id of the trace this code runs in, as 32 hexadecimal digits; None outside of one."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None


def current_parent() -> str | None:
    """Return the running span as ``traceparent``, to be kept in a row; None outside of one."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get(_HEADER)


def id_of(parent: str) -> str:
    """Return the id of the trace that a ``traceparent`` belongs to."""
    return parent.split("-")[1]


@contextmanager
def span(name: str, *, parents: Sequence[str | None] = (), **attributes: Any) -> Iterator[dict[str, Any]]:
    """Open a span, below the first of ``parents`` (``traceparent``) or the one that runs, linked to the others.

    What is put into the mapping it yields becomes attributes at the end.
    """
    found: dict[str, Any] = {}
    if _Tracing.provider is None:
        yield found
        return
    contexts = [_PROPAGATOR.extract({_HEADER: parent}) for parent in parents if parent]
    links = [trace.Link(trace.get_current_span(each).get_span_context()) for each in contexts[1:]]
    with _Tracing.provider.get_tracer("bma").start_as_current_span(
        name,
        context=contexts[0] if contexts else None,
        links=links,
        attributes={key: value for key, value in attributes.items() if value is not None},
        record_exception=False,  # its text may be a contact detail
        set_status_on_exception=False,
    ) as running:
        try:
            yield found
        except BaseException as error:
            running.set_status(StatusCode.ERROR, type(error).__name__)
            raise
        finally:
            running.set_attributes({key: value for key, value in found.items() if value is not None})


def of_run(run_id: str) -> str:
    """Return the ``traceparent`` of a Dagster run: its id, a UUID, is the trace's, so all its steps are one trace."""
    digits = run_id.replace("-", "")
    context = SpanContext(int(digits, 16), int(digits[-16:], 16), is_remote=True, trace_flags=TraceFlags(1))
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier, trace.set_span_in_context(NonRecordingSpan(context)))
    return carrier[_HEADER]
