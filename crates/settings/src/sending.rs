//! The sections `[sending]` and `[worker]`: what bounds the sending engine, and how often it looks.

use std::time::Duration;

use crate::raw::{RawSettings, entry};
use crate::reader::{Reader, Refused};

/// What bounds the sending engine.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SendingSettings {
    /// The most messages that are claimed at once.
    pub claim_messages_max: u16,
    /// How long a claim may take. What is still unsent when three quarters of it are over is given back; what a worker that died had claimed is uncertain after it.
    pub lease: Duration,
    /// How many claims of campaigns of high priority one worker works on at once.
    pub slots_high: u16,
    /// How many of normal priority.
    pub slots_normal: u16,
    /// How many of bulk priority.
    pub slots_bulk: u16,
    /// How many claims of one campaign are worked on at once, over all workers.
    pub permits_per_campaign: u16,
    /// The most calls to the provider that are under way for one claim. All claims of a worker share `telnyx.connections_max`.
    pub in_flight_per_claim_max: usize,
    /// How long a permit is worked on before it is handed on.
    pub permit_time: Duration,
    /// How much of a sender's pace is sold ahead, and the most that one claim takes of it.
    pub pace_ahead: Duration,
    /// The longest wait for a sender's pace that is waited out with the permit in hand.
    pub pace_wait: Duration,
    /// Outcomes are recorded when so many have come together,
    pub flush_outcomes_max: usize,
    /// or after so long.
    pub flush_interval: Duration,
    /// Attempts of one message before a provider's "not now" is taken for "no".
    pub attempts_max: u16,
    /// The wait before the second attempt; it doubles with each further one,
    pub retry_base: Duration,
    /// up to this.
    pub retry_max: Duration,
    /// Calls in a row that bring no answer before a provider is held to be away,
    pub breaker_failures: u32,
    /// and how long it is not called then.
    pub breaker_pause: Duration,
    /// How long a receipt is waited for before the message is expired. Three days: networks try that long.
    pub receipt_deadline: Duration,
    /// How long a message stays uncertain before it is expired.
    pub outcome_deadline: Duration,
    /// Contacts that are rendered and written at once when an audience is frozen.
    pub slice_contacts: u16,
    /// The hours of campaigns that name none, as `09:00-20:00 mon,tue`; `None` is any hour.
    pub window: Option<String>,
    /// The messages of campaigns that a number gets at most; 0 is any number.
    pub cap_messages: u16,
    /// Within which time.
    pub cap_within: Duration,
    /// The fewest messages of a campaign that its fuses judge by.
    pub fuse_messages_min: u32,
    /// The share of them, in percent, that may fail before the campaign is paused; 0 is any share.
    pub fuse_failed_percent: u8,
    /// The share of them, in percent, whose outcome nobody may know; 0 is any share.
    pub fuse_unknown_percent: u8,
    /// How long the receipts of a canary are waited for.
    pub canary_wait: Duration,
    /// The most texts that a preview renders.
    pub preview_contacts_max: u32,
    /// How long it renders.
    pub preview_timeout: Duration,
    /// The most messages a second of the account with the provider, over all senders; `None` is as many as they may.
    pub account_per_second: Option<u32>,
    /// How many days old the register of PROFECO may be when a campaign is launched or scheduled; 0 asks for none.
    pub suppression_list_days_max: u16,
    /// How long an event of the provider whose message or attempt is not known waits to be looked at again; it doubles each
    /// time,
    pub rematch_after: Duration,
    /// until so long after it came.
    pub rematch_for: Duration,
    /// How many months messages, attempts, receipts and what else came from the provider are kept; 0 is for ever.
    pub keep_months: u16,
}

/// How the worker runs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WorkerSettings {
    /// Where health and metrics are served: an address and a port.
    pub listen: String,
    /// How often permits that are due are looked for.
    pub relay_interval: Duration,
    /// How often receipts that came in are looked for.
    pub settle_interval: Duration,
    /// How often launched campaigns whose audience is to be frozen are looked for.
    pub prepare_interval: Duration,
    /// How often lost claims, passed deadlines, idle and finished campaigns are looked for.
    pub sweep_interval: Duration,
    /// How long permits of a running campaign may show no effect before new ones are published.
    pub revive_after: Duration,
    /// The wait before something is asked of a server again that it could not do.
    pub store_retry: Duration,
    /// How old `contacts_by_state` may become before it is refreshed.
    pub by_state_interval: Duration,
    /// How often a worker tells of itself.
    pub heartbeat: Duration,
    /// How long after its last word a worker is forgotten.
    pub forget_after: Duration,
    /// How often the counts of campaigns are compared with their messages.
    pub recount_interval: Duration,
    /// How long a worker that was asked to end waits for answers that are under way.
    pub drain: Duration,
}

impl WorkerSettings {
    /// How long a worker may tell nothing before it is held to be lost.
    #[must_use]
    pub fn lost_after(&self) -> Duration {
        (self.heartbeat * 3).max(Duration::from_secs(30))
    }
}

pub(crate) fn read_sending(reader: &mut Reader<'_>, raw: &RawSettings) -> Result<SendingSettings, Refused> {
    let claim_messages_max = reader.whole(entry!(raw, sending.claim_messages_max), 1_u16..=1000, "messages");
    let lease = reader.whole(entry!(raw, sending.lease_s), 5_u32..=600, "seconds");
    let slots_high = reader.whole(entry!(raw, sending.slots_high), 1_u16..=64, "slots");
    let slots_normal = reader.whole(entry!(raw, sending.slots_normal), 1_u16..=64, "slots");
    let slots_bulk = reader.whole(entry!(raw, sending.slots_bulk), 1_u16..=64, "slots");
    let permits_per_campaign = reader.whole(entry!(raw, sending.permits_per_campaign), 1_u16..=64, "permits");
    let in_flight_per_claim_max =
        reader.whole(entry!(raw, sending.in_flight_per_claim_max), 1_u16..=1000, "calls");
    let permit_time = reader.whole(entry!(raw, sending.permit_time_s), 1_u32..=30, "seconds");
    let pace_ahead = reader.whole(entry!(raw, sending.pace_ahead_ms), 10_u32..=5000, "milliseconds");
    let pace_wait = reader.whole(entry!(raw, sending.pace_wait_ms), 0_u32..=10000, "milliseconds");
    let flush_outcomes_max = reader.whole(entry!(raw, sending.flush_outcomes_max), 1_u16..=1000, "outcomes");
    let flush_interval = reader.whole(entry!(raw, sending.flush_interval_ms), 10_u32..=5000, "milliseconds");
    let attempts_max = reader.whole(entry!(raw, sending.attempts_max), 1_u16..=50, "attempts");
    let retry_base = reader.whole(entry!(raw, sending.retry_base_ms), 10_u32..=600_000, "milliseconds");
    let retry_max = reader.whole(entry!(raw, sending.retry_max_s), 1_u32..=86_400, "seconds");
    let breaker_failures = reader.whole(entry!(raw, sending.breaker_failures), 1_u32..=10_000, "calls");
    let breaker_pause = reader.whole(entry!(raw, sending.breaker_pause_s), 1_u32..=3600, "seconds");
    let receipt_deadline =
        reader.whole(entry!(raw, sending.receipt_deadline_s), 1_u32..=2_592_000, "seconds");
    let outcome_deadline =
        reader.whole(entry!(raw, sending.outcome_deadline_s), 1_u32..=2_592_000, "seconds");
    let slice_contacts = reader.whole(entry!(raw, sending.slice_contacts), 100_u16..=20000, "contacts");
    let window = reader.required_text(
        entry!(raw, sending.window),
        "give hours and days, as 09:00-20:00 mon,tue,wed,thu,fri,sat,sun, or any",
    );
    let cap_messages = reader.whole(entry!(raw, sending.cap_messages), 0_u16..=100, "messages");
    let cap_days = reader.whole(entry!(raw, sending.cap_days), 1_u32..=365, "days");
    let fuse_messages_min =
        reader.whole(entry!(raw, sending.fuse_messages_min), 1_u32..=10_000_000, "messages");
    let fuse_failed = reader.whole(entry!(raw, sending.fuse_failed_percent), 0_u8..=100, "percent");
    let fuse_unknown = reader.whole(entry!(raw, sending.fuse_unknown_percent), 0_u8..=100, "percent");
    let canary_wait = reader.whole(entry!(raw, sending.canary_wait_s), 1_u32..=259_200, "seconds");
    let preview_contacts =
        reader.whole(entry!(raw, sending.preview_contacts_max), 100_u32..=10_000_000, "contacts");
    let preview_timeout = reader.whole(entry!(raw, sending.preview_timeout_s), 1_u32..=300, "seconds");
    let account = reader.whole(entry!(raw, sending.account_per_second), 0_u32..=1_000_000, "messages");
    let list_days = reader.whole(entry!(raw, sending.suppression_list_days_max), 0_u16..=3650, "days");
    let rematch_after = reader.whole(entry!(raw, sending.rematch_after_s), 1_u32..=3600, "seconds");
    let rematch_for = reader.whole(entry!(raw, sending.rematch_for_s), 0_u32..=2_592_000, "seconds");
    let keep_months = reader.whole(entry!(raw, sending.keep_months), 0_u16..=1200, "months");
    Ok(SendingSettings {
        claim_messages_max: claim_messages_max?,
        lease: Duration::from_secs(lease?.into()),
        slots_high: slots_high?,
        slots_normal: slots_normal?,
        slots_bulk: slots_bulk?,
        permits_per_campaign: permits_per_campaign?,
        in_flight_per_claim_max: in_flight_per_claim_max?.into(),
        permit_time: Duration::from_secs(permit_time?.into()),
        pace_ahead: Duration::from_millis(pace_ahead?.into()),
        pace_wait: Duration::from_millis(pace_wait?.into()),
        flush_outcomes_max: flush_outcomes_max?.into(),
        flush_interval: Duration::from_millis(flush_interval?.into()),
        attempts_max: attempts_max?,
        retry_base: Duration::from_millis(retry_base?.into()),
        retry_max: Duration::from_secs(retry_max?.into()),
        breaker_failures: breaker_failures?,
        breaker_pause: Duration::from_secs(breaker_pause?.into()),
        receipt_deadline: Duration::from_secs(receipt_deadline?.into()),
        outcome_deadline: Duration::from_secs(outcome_deadline?.into()),
        slice_contacts: slice_contacts?,
        window: Some(window?).filter(|window| window != "any"),
        cap_messages: cap_messages?,
        cap_within: Duration::from_hours(24 * u64::from(cap_days?)),
        fuse_messages_min: fuse_messages_min?,
        fuse_failed_percent: fuse_failed?,
        fuse_unknown_percent: fuse_unknown?,
        canary_wait: Duration::from_secs(canary_wait?.into()),
        preview_contacts_max: preview_contacts?,
        preview_timeout: Duration::from_secs(preview_timeout?.into()),
        account_per_second: Some(account?).filter(|rate| *rate > 0),
        suppression_list_days_max: list_days?,
        rematch_after: Duration::from_secs(rematch_after?.into()),
        rematch_for: Duration::from_secs(rematch_for?.into()),
        keep_months: keep_months?,
    })
}

pub(crate) fn read_worker(reader: &mut Reader<'_>, raw: &RawSettings) -> Result<WorkerSettings, Refused> {
    let listen =
        reader.required_text(entry!(raw, worker.listen), "give an address and a port, as 127.0.0.1:9090");
    let relay_interval = reader.whole(entry!(raw, worker.relay_interval_ms), 10_u32..=10000, "milliseconds");
    let settle_interval =
        reader.whole(entry!(raw, worker.settle_interval_ms), 10_u32..=10000, "milliseconds");
    let prepare_interval =
        reader.whole(entry!(raw, worker.prepare_interval_ms), 10_u32..=10000, "milliseconds");
    let sweep_interval = reader.whole(entry!(raw, worker.sweep_interval_ms), 10_u32..=60000, "milliseconds");
    let revive_after = reader.whole(entry!(raw, worker.revive_after_s), 1_u32..=3600, "seconds");
    let by_state = reader.whole(entry!(raw, worker.by_state_interval_s), 10_u32..=86_400, "seconds");
    let store_retry = reader.whole(entry!(raw, worker.store_retry_ms), 10_u32..=60000, "milliseconds");
    let drain = reader.whole(entry!(raw, worker.drain_s), 1_u32..=600, "seconds");
    let heartbeat = reader.whole(entry!(raw, worker.heartbeat_s), 1_u32..=300, "seconds");
    let forget_after = reader.whole(entry!(raw, worker.forget_after_s), 60_u32..=2_592_000, "seconds");
    let recount = reader.whole(entry!(raw, worker.recount_interval_s), 1_u32..=86_400, "seconds");
    Ok(WorkerSettings {
        listen: listen?,
        relay_interval: Duration::from_millis(relay_interval?.into()),
        settle_interval: Duration::from_millis(settle_interval?.into()),
        prepare_interval: Duration::from_millis(prepare_interval?.into()),
        sweep_interval: Duration::from_millis(sweep_interval?.into()),
        revive_after: Duration::from_secs(revive_after?.into()),
        by_state_interval: Duration::from_secs(by_state?.into()),
        store_retry: Duration::from_millis(store_retry?.into()),
        heartbeat: Duration::from_secs(heartbeat?.into()),
        forget_after: Duration::from_secs(forget_after?.into()),
        recount_interval: Duration::from_secs(recount?.into()),
        drain: Duration::from_secs(drain?.into()),
    })
}
