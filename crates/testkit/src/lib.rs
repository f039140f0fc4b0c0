//! Fakes, port contract suites and fixtures for tests.
