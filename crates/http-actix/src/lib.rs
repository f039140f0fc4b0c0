//! Routes, problems and OpenAPI over the use cases.
