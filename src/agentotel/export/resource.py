"""The resource: which program the telemetry is of."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from opentelemetry.sdk.resources import Resource

from agentotel.config.settings import Settings


def make_resource(settings: Settings) -> Resource:
    """Build the resource from the settings, OTEL_RESOURCE_ATTRIBUTES and the SDK's detectors.

    It carries no schema URL of ours, so merging it with a detector's never fails.
    """
    attributes = {
        "telemetry.distro.name": "agentotel",
        "telemetry.distro.version": _version(),
        **settings.resource,
    }
    if settings.service_name is not None:
        attributes["service.name"] = settings.service_name
    return Resource.create(attributes)


def _version() -> str:
    try:
        return version("agentotel")
    except PackageNotFoundError:
        return "unknown"
