//! Use cases, one a file, over the domain's ports.
