//! The shape of the settings before anything is judged: every key there is, each with whatever was given for it.

use std::fmt;

use secrecy::SecretString;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What a layer gives for a key.
#[derive(Clone)]
pub(crate) enum Given {
    Text(SecretString),
    Whole(i64),
    /// Something no key takes, by the name of its kind.
    Other(&'static str),
}

/// Shows the kind alone: a number, too, may be a secret in the wrong form.
impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "text",
            Self::Whole(_) => "a whole number",
            Self::Other(kind) => kind,
        })
    }
}

/// A key and what was given for it, if anything was.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'raw> {
    pub(crate) key: &'static str,
    pub(crate) given: Option<&'raw Given>,
}

/// The [`Entry`] of a field of [`RawSettings`], so that a key's name cannot differ from its field's.
macro_rules! entry {
    ($raw:expr, $key:ident) => {
        $crate::raw::Entry { key: stringify!($key), given: $raw.$key.as_ref() }
    };
    ($raw:expr, $section:ident . $key:ident) => {
        $crate::raw::Entry {
            key: concat!(stringify!($section), ".", stringify!($key)),
            given: $raw.$section.$key.as_ref(),
        }
    };
}
pub(crate) use entry;

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawSettings {
    pub(crate) environment: Option<Given>,
    pub(crate) database: RawDatabase,
    pub(crate) import: RawImport,
    pub(crate) passwords: RawPasswords,
    pub(crate) log: RawLog,
    pub(crate) time: RawTime,
    pub(crate) telnyx: RawTelnyx,
    pub(crate) sending: RawSending,
    pub(crate) records: RawRecords,
    pub(crate) replies: RawReplies,
    pub(crate) worker: RawWorker,
    pub(crate) extract: RawExtract,
    pub(crate) jobs: RawJobs,
    pub(crate) lookup: RawLookup,
    pub(crate) http: RawHttp,
    pub(crate) limits: RawLimits,
    pub(crate) auth: RawAuth,
    pub(crate) rabbitmq: RawRabbitmq,
    pub(crate) redis: RawRedis,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawDatabase {
    pub(crate) url: Option<Given>,
    pub(crate) url_file: Option<Given>,
    pub(crate) password: Option<Given>,
    pub(crate) password_file: Option<Given>,
    pub(crate) pool_size_max: Option<Given>,
    pub(crate) connect_timeout_ms: Option<Given>,
    pub(crate) statement_timeout_ms: Option<Given>,
    pub(crate) wait_timeout_ms: Option<Given>,
    pub(crate) application_name: Option<Given>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawImport {
    pub(crate) batch_rows: Option<Given>,
    pub(crate) maintenance_work_mem_mb: Option<Given>,
    pub(crate) connections: Option<Given>,
    pub(crate) poison_rows_max: Option<Given>,
    pub(crate) backup_part_rows: Option<Given>,
    pub(crate) min_valid_percent: Option<Given>,
    pub(crate) retries_max: Option<Given>,
    pub(crate) retry_base_ms: Option<Given>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawPasswords {
    pub(crate) memory_kib: Option<Given>,
    pub(crate) iterations: Option<Given>,
    pub(crate) lanes: Option<Given>,
    pub(crate) hashes_at_once_max: Option<Given>,
    pub(crate) hashes_waiting_max: Option<Given>,
    pub(crate) length_min: Option<Given>,
    pub(crate) length_max: Option<Given>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawLog {
    pub(crate) level: Option<Given>,
    pub(crate) format: Option<Given>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawTime {
    pub(crate) zone: Option<Given>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawTelnyx {
    pub(crate) api_base_url: Option<Given>,
    pub(crate) api_key: Option<Given>,
    pub(crate) api_key_file: Option<Given>,
    pub(crate) sender_keys_dir: Option<Given>,
    pub(crate) keys_interval_s: Option<Given>,
    pub(crate) public_key: Option<Given>,
    pub(crate) webhook_base_url: Option<Given>,
    pub(crate) connect_timeout_ms: Option<Given>,
    pub(crate) request_timeout_ms: Option<Given>,
    pub(crate) connections_max: Option<Given>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawSending {
    pub(crate) claim_messages_max: Option<Given>,
    pub(crate) lease_s: Option<Given>,
    pub(crate) slots_high: Option<Given>,
    pub(crate) slots_normal: Option<Given>,
    pub(crate) slots_bulk: Option<Given>,
    pub(crate) permits_per_campaign: Option<Given>,
    pub(crate) in_flight_per_claim_max: Option<Given>,
    pub(crate) permit_time_s: Option<Given>,
    pub(crate) pace_ahead_ms: Option<Given>,
    pub(crate) pace_wait_ms: Option<Given>,
    pub(crate) flush_outcomes_max: Option<Given>,
    pub(crate) flush_interval_ms: Option<Given>,
    pub(crate) attempts_max: Option<Given>,
    pub(crate) retry_base_ms: Option<Given>,
    pub(crate) retry_max_s: Option<Given>,
    pub(crate) breaker_failures: Option<Given>,
    pub(crate) breaker_pause_s: Option<Given>,
    pub(crate) receipt_deadline_s: Option<Given>,
    pub(crate) outcome_deadline_s: Option<Given>,
    pub(crate) slice_contacts: Option<Given>,
    pub(crate) window: Option<Given>,
    pub(crate) cap_messages: Option<Given>,
    pub(crate) cap_days: Option<Given>,
    pub(crate) fuse_messages_min: Option<Given>,
    pub(crate) fuse_failed_percent: Option<Given>,
    pub(crate) fuse_unknown_percent: Option<Given>,
    pub(crate) canary_wait_s: Option<Given>,
    pub(crate) preview_contacts_max: Option<Given>,
    pub(crate) preview_timeout_s: Option<Given>,
    pub(crate) account_per_second: Option<Given>,
    pub(crate) suppression_list_days_max: Option<Given>,
    pub(crate) rematch_after_s: Option<Given>,
    pub(crate) rematch_for_s: Option<Given>,
    pub(crate) keep_months: Option<Given>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawRecords {
    pub(crate) interval_s: Option<Given>,
    pub(crate) questions_max: Option<Given>,
    pub(crate) ask_after_s: Option<Given>,
    pub(crate) bill_after_s: Option<Given>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawReplies {
    pub(crate) opt_out: Option<Given>,
    pub(crate) opt_in: Option<Given>,
    pub(crate) help: Option<Given>,
    pub(crate) interval_ms: Option<Given>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawWorker {
    pub(crate) listen: Option<Given>,
    pub(crate) relay_interval_ms: Option<Given>,
    pub(crate) settle_interval_ms: Option<Given>,
    pub(crate) prepare_interval_ms: Option<Given>,
    pub(crate) sweep_interval_ms: Option<Given>,
    pub(crate) revive_after_s: Option<Given>,
    pub(crate) by_state_interval_s: Option<Given>,
    pub(crate) store_retry_ms: Option<Given>,
    pub(crate) heartbeat_s: Option<Given>,
    pub(crate) forget_after_s: Option<Given>,
    pub(crate) recount_interval_s: Option<Given>,
    pub(crate) drain_s: Option<Given>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawRabbitmq {
    pub(crate) url: Option<Given>,
    pub(crate) url_file: Option<Given>,
    pub(crate) prefix: Option<Given>,
    pub(crate) connect_timeout_ms: Option<Given>,
    pub(crate) call_timeout_ms: Option<Given>,
    pub(crate) reconnect_max_ms: Option<Given>,
    pub(crate) queue_length_max: Option<Given>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawRedis {
    pub(crate) url: Option<Given>,
    pub(crate) url_file: Option<Given>,
    pub(crate) prefix: Option<Given>,
    pub(crate) connect_timeout_ms: Option<Given>,
    pub(crate) command_timeout_ms: Option<Given>,
    pub(crate) value_bytes_max: Option<Given>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawJobs {
    pub(crate) open_max: Option<Given>,
    pub(crate) uploads_of_one_max: Option<Given>,
    pub(crate) upload_bytes_max: Option<Given>,
    pub(crate) upload_timeout_s: Option<Given>,
    pub(crate) import_lines: Option<Given>,
    pub(crate) tag_contacts: Option<Given>,
    pub(crate) lease_s: Option<Given>,
    pub(crate) attempts_max: Option<Given>,
    pub(crate) keep_days: Option<Given>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawLookup {
    pub(crate) price_micros: Option<Given>,
    pub(crate) keep_days: Option<Given>,
    pub(crate) calls_per_day_max: Option<Given>,
    pub(crate) per_second: Option<Given>,
    pub(crate) pace_ahead_ms: Option<Given>,
    pub(crate) in_flight_max: Option<Given>,
    pub(crate) numbers_max: Option<Given>,
    pub(crate) answer_within_ms: Option<Given>,
    pub(crate) request_timeout_ms: Option<Given>,
    pub(crate) window_contacts: Option<Given>,
    pub(crate) step_numbers: Option<Given>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawExtract {
    pub(crate) numbers_max: Option<Given>,
    pub(crate) numbers_per_day_max: Option<Given>,
    pub(crate) unused_within_days: Option<Given>,
    pub(crate) keep_days: Option<Given>,
    pub(crate) take_timeout_ms: Option<Given>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawHttp {
    pub(crate) listen: Option<Given>,
    pub(crate) workers: Option<Given>,
    pub(crate) body_bytes_max: Option<Given>,
    pub(crate) request_timeout_ms: Option<Given>,
    pub(crate) keep_alive_seconds: Option<Given>,
    pub(crate) shutdown_timeout_seconds: Option<Given>,
    pub(crate) health_timeout_ms: Option<Given>,
    pub(crate) plan_refresh_seconds: Option<Given>,
    pub(crate) segment_count_seconds: Option<Given>,
    pub(crate) segment_count_timeout_ms: Option<Given>,
    pub(crate) search_timeout_ms: Option<Given>,
    pub(crate) streams_max: Option<Given>,
    pub(crate) forwarded_hops: Option<Given>,
    pub(crate) cors_origins: Option<Given>,
    pub(crate) compress_bytes_min: Option<Given>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawLimits {
    pub(crate) user_per_second: Option<Given>,
    pub(crate) user_burst: Option<Given>,
    pub(crate) address_per_second: Option<Given>,
    pub(crate) address_burst: Option<Given>,
    pub(crate) local_percent: Option<Given>,
    pub(crate) local_keys_max: Option<Given>,
    pub(crate) heavy_max: Option<Given>,
    pub(crate) heavy_wait_ms: Option<Given>,
    pub(crate) target_bytes_max: Option<Given>,
    pub(crate) headers_bytes_max: Option<Given>,
    pub(crate) header_timeout_ms: Option<Given>,
    pub(crate) body_timeout_ms: Option<Given>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawAuth {
    pub(crate) jwt_secret: Option<Given>,
    pub(crate) jwt_secret_file: Option<Given>,
    pub(crate) jwt_other_secrets: Option<Given>,
    pub(crate) jwt_other_secrets_file: Option<Given>,
    pub(crate) access_token_minutes: Option<Given>,
    pub(crate) refresh_token_days: Option<Given>,
    pub(crate) login_failures_max: Option<Given>,
    pub(crate) login_failures_of_place_max: Option<Given>,
    pub(crate) login_failures_of_account_max: Option<Given>,
    pub(crate) login_window_minutes: Option<Given>,
    pub(crate) second_factor_from: Option<Given>,
    pub(crate) session_cache_seconds: Option<Given>,
    pub(crate) api_keys_max: Option<Given>,
    pub(crate) api_key_days_max: Option<Given>,
}

/// Takes anything, so that one wrong kind does not hide the problems after it.
impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(GivenVisitor)
    }
}

struct GivenVisitor;

impl<'de> Visitor<'de> for GivenVisitor {
    type Value = Given;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Given, E> {
        Ok(Given::Text(text.into()))
    }

    fn visit_string<E>(self, text: String) -> Result<Given, E> {
        Ok(Given::Text(text.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Given, E> {
        Ok(Given::Whole(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Given, E> {
        Ok(i64::try_from(number).map_or(Given::Other("a number beyond measure"), Given::Whole))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Given, E> {
        Ok(Given::Other("a number with a fraction"))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Given, E> {
        Ok(Given::Other("true or false"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Given, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Given::Other("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Given, A::Error> {
        while items.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Given::Other("a table"))
    }
}
