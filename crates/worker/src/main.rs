//! Sends campaigns: claims, provider calls, outcomes, receipts, sweep.

fn main() {}
