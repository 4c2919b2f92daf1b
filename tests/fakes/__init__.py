"""Fakes that tests share: small, real servers and sinks instead of mocks."""
