"""What the library costs the calling thread, against the floor that the OpenTelemetry SDK sets."""
