//! Set-up of logs.
