//! Brings a schema up and a contact file in.

fn main() {}
