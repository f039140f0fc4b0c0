//! Layers of settings, read and validated once.
