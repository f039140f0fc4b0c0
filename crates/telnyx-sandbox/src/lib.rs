//! A local provider that speaks Telnyx's wire format, with scripted outcomes.
