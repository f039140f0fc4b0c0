//! The SMS gateway over Telnyx Messaging v2, and the reader of its webhooks.
