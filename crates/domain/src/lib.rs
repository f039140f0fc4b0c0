//! The language of the product: contacts, numbers, places, imports and users, their rules, and the ports around them.
//!
//! Pure: no runtime, no SQL, no HTTP, no clock, no environment, no input or output. Time, ids and randomness come in
//! as arguments or through [`port`].

pub mod port;
pub mod source;
