//! Serves the REST API.

fn main() {}
