//! What fields and parameters hold, put into the description from the constants by which the code checks them: words,
//! lengths, counts and forms. A form that no schema can say has a `format` of ours, which the description's own words explain.

use domain::api_key::{AllowedFrom, KeyName};
use domain::campaign::{CampaignKind, CampaignPlan, Priority, Window};
use domain::census::CountedBy;
use domain::contact::{
    Consent, ConsentChannel, ContactStatus, LONG_TEXT_CHARS_MAX, LineType, SHORT_TEXT_CHARS_MAX, Tag,
};
use domain::extract::{ExtractFormat, Pick, SeedNumber};
use domain::identity::Role;
use domain::inbound::InboundDecision;
use domain::keyword::Meaning;
use domain::lada::Lada;
use domain::message::MessageState;
use domain::request::IdempotencyKey;
use domain::search::QUERY_CHARS_MAX;
use domain::segment::SavedSegment;
use domain::sender::SenderKind;
use domain::state::StateCode;
use domain::suppression::{Suppression, SuppressionList, SuppressionSource};
use domain::template::TEMPLATE_BYTES_MAX;
use serde_json::{Value, json};

/// A schema of its own, by name.
pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// One of some words.
pub(super) fn words<'a>(all: impl IntoIterator<Item = &'a str>) -> Value {
    json!({"type": "string", "enum": all.into_iter().collect::<Vec<_>>()})
}

/// An area code that is assigned.
pub(super) fn lada() -> Value {
    let of_two = (0..100).map(|code| format!("{code:02}")).filter(|code| Lada::parse(code).is_ok());
    // Three digits are an area code by the first two of them alone.
    let of_three = (0..100)
        .map(|lead| format!("{lead:02}"))
        .filter(|lead| Lada::parse(&format!("{lead}0")).is_ok())
        .map(|lead| format!("{lead}[0-9]"));
    let all: Vec<String> = of_two.chain(of_three).collect();
    json!({"type": "string", "pattern": format!("^({})$", all.join("|")), "example": "55"})
}

/// A text of at most so many characters, without NUL.
fn text(chars_max: usize) -> Value {
    json!({"maxLength": chars_max, "pattern": "^[^\\x00]*$"})
}

/// A line that says something: no control characters, and not spaces alone.
fn line(chars_max: usize) -> Value {
    const NO_CONTROL: &str = "[^\\x00-\\x1f\\x7f-\\x9f]*";
    let seen = "[^\\x00-\\x20\\x7f-\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
    json!({"minLength": 1, "maxLength": chars_max, "pattern": format!("^{NO_CONTROL}{seen}{NO_CONTROL}$")})
}

/// A list of so many.
fn list(fewest: usize, most: usize, of: &Value) -> Value {
    json!({"minItems": fewest, "maxItems": most, "items": of})
}

/// A telephone number as people write it.
fn phone() -> Value {
    json!({"minLength": 1, "format": "phone", "example": "+525512345678"})
}

/// A tag; spaces around it are not kept, and not counted.
fn tag() -> Value {
    let inner = Tag::CHARS_MAX - 2;
    let form = format!("^ *[\\w.:/-]([\\w .:/-]{{0,{inner}}}[\\w.:/-])? *$");
    json!({"minLength": 1, "pattern": form, "example": "vip"})
}

/// The schemas of words that many fields hold.
pub(super) fn vocabularies() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("Role", "What somebody may do: each may what those before may.", words(Role::ALL.map(Role::as_str))),
        ("LineType", "What line a number has.", words(LineType::ALL.iter().map(|one| one.as_str()))),
        (
            "ContactStatus",
            "The status of a contact.",
            words(ContactStatus::ALL.iter().map(|one| one.as_str())),
        ),
        ("StateCode", "A state, by ISO 3166-2:MX.", words(StateCode::ALL.iter().map(StateCode::as_str))),
        ("Priority", "Which messages go first.", words(Priority::ALL.map(Priority::as_str))),
        (
            "CampaignState",
            "Where a campaign stands; the last three are final.",
            words([
                "draft",
                "scheduled",
                "preparing",
                "running",
                "paused",
                "completed",
                "canceled",
                "failed",
            ]),
        ),
        (
            "MessageState",
            "Where a message stands; final are all but the first three and uncertain.",
            words(MessageState::ALL.map(MessageState::as_str)),
        ),
        ("SenderKind", "What messages come from.", words(SenderKind::ALL.map(SenderKind::as_str))),
        (
            "SuppressionSource",
            "Why a number is barred.",
            words(SuppressionSource::ALL.map(SuppressionSource::as_str)),
        ),
        (
            "SuppressionList",
            "A list that people bring.",
            words(SuppressionList::ALL.map(SuppressionList::as_str)),
        ),
        ("ConsentChannel", "How something was said.", words(ConsentChannel::ALL.map(ConsentChannel::as_str))),
        ("ExtractFormat", "The form of a file.", words(ExtractFormat::ALL.map(ExtractFormat::as_str))),
        ("ExtractOrder", "How numbers are drawn.", words(Pick::ALL.map(Pick::as_str))),
        ("InboundMeaning", "How a text that came in is read.", words(Meaning::ALL.map(Meaning::as_str))),
        (
            "InboundDecision",
            "What is decided of a text that came in.",
            words(InboundDecision::ALL.map(InboundDecision::as_str)),
        ),
    ]
}

/// A field: its schema, its name, and what is added to what its handler says of it.
type Field = (&'static str, &'static str, Value);

/// What fields hold.
pub(super) fn fields() -> Vec<Field> {
    [
        of_users(),
        of_contacts(),
        of_segments(),
        of_campaigns(),
        of_messages(),
        of_extracts(),
        of_numbers(),
        of_senders(),
    ]
    .concat()
}

fn role() -> Value {
    reference("Role")
}

fn priority() -> Value {
    reference("Priority")
}

fn definition() -> Value {
    reference("SegmentDefinition")
}

fn outcome() -> Value {
    words(["accepted", "accepted_invalid", "rejected"])
}

/// Six digits, or twenty hexadecimal ones, with blanks and hyphens wherever people put them.
fn code() -> Value {
    json!({"pattern": "^[ -]*([0-9][ -]*){6}$|^[ -]*([0-9a-fA-F][ -]*){20}$"})
}

/// An hour of a day, as `09:00`.
fn hour() -> Value {
    json!({"pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"})
}

#[rustfmt::skip]
fn of_users() -> Vec<Field> {
    vec![
        ("LoginRequest", "email", json!({"format": "email"})),
        ("PasswordRequest", "old_password", json!({"maxLength": 4_096, "format": "password"})),
        ("PasswordRequest", "new_password", json!({"maxLength": 4_096, "format": "password"})),
        ("LoginRequest", "password", json!({"format": "password"})),
        ("LoginRequest", "code", code()),
        ("OfferRequest", "password", json!({"maxLength": 4_096, "format": "password"})),
        ("ConfirmRequest", "code", code()),
        ("RemoveRequest", "password", json!({"maxLength": 4_096, "format": "password"})),
        ("RemoveRequest", "code", code()),
        ("RefreshRequest", "refresh_token", json!({"format": "password"})),
        ("TokenView", "token_type", words(["Bearer"])),
        ("UserView", "role", role()),
        ("MeView", "role", role()),
        ("AccountView", "role", role()),
        ("UserRequest", "role", role()),
        ("UserRequest", "email", json!({"format": "email", "maxLength": 254})),
        ("RoleRequest", "role", role()),
        ("ApiKeyView", "role", role()),
        ("ApiKeyRequest", "role", role()),
        ("ApiKeyRequest", "name", line(KeyName::LENGTH_MAX)),
        ("ApiKeyRequest", "allowed_from", list(0, AllowedFrom::NETWORKS_MAX, &json!({"format": "network", "example": "203.0.113.0/24"}))),
    ]
}

#[rustfmt::skip]
fn of_contacts() -> Vec<Field> {
    vec![
        ("ContactRequest", "phone", phone()),
        ("ContactRequest", "full_name", text(LONG_TEXT_CHARS_MAX)),
        ("ContactRequest", "address", text(LONG_TEXT_CHARS_MAX)),
        ("ContactRequest", "neighborhood", text(SHORT_TEXT_CHARS_MAX)),
        ("ContactRequest", "municipality", text(SHORT_TEXT_CHARS_MAX)),
        ("ContactRequest", "state_code", json!({"maxLength": SHORT_TEXT_CHARS_MAX, "format": "state", "example": "JAL"})),
        ("ContactRequest", "city", text(SHORT_TEXT_CHARS_MAX)),
        ("ContactPatch", "full_name", text(LONG_TEXT_CHARS_MAX)),
        ("ContactPatch", "address", text(LONG_TEXT_CHARS_MAX)),
        ("ContactPatch", "neighborhood", text(SHORT_TEXT_CHARS_MAX)),
        ("ContactPatch", "municipality", text(SHORT_TEXT_CHARS_MAX)),
        ("ContactPatch", "state_code", json!({"maxLength": SHORT_TEXT_CHARS_MAX, "format": "state", "example": "JAL"})),
        ("ContactPatch", "city", text(SHORT_TEXT_CHARS_MAX)),
        ("ContactPatch", "status", words(ContactStatus::ALL.iter().filter(|one| **one != ContactStatus::OptedOut).map(|one| one.as_str()))),
        ("ContactView", "id", json!({"pattern": "^-?[0-9]{1,19}$", "example": "7"})),
        ("ContactView", "line_type", reference("LineType")),
        ("ContactView", "line_source", words(["lookup", "numbering_plan"])),
        ("ContactView", "status", reference("ContactStatus")),
        ("ContactView", "state_code", reference("StateCode")),
        ("ConsentRequest", "channel", reference("ConsentChannel")),
        ("ConsentRequest", "reason", text(Consent::TEXT_CHARS_MAX)),
        ("ConsentRequest", "evidence", text(Consent::TEXT_CHARS_MAX)),
        ("TagsRequest", "tags", list(0, Tag::COUNT_MAX, &tag())),
        ("TagSegmentRequest", "add", list(0, Tag::COUNT_MAX, &tag())),
        ("TagSegmentRequest", "remove", list(0, Tag::COUNT_MAX, &tag())),
        ("TagSegmentRequest", "segment", definition()),
        ("TaggingView", "segment", definition()),
        ("LookupJobView", "segment", definition()),
        ("FoundTotalView", "relation", words(["exact", "at_least"])),
        ("JobView", "state", words(["queued", "running", "completed", "failed", "canceled"])),
        ("JobView", "kind", words(["contact_import", "contact_tagging", "number_lookup", "extract", "audience"])),
        ("ExtractJobView", "format", reference("ExtractFormat")),
        ("JobView", "percent", json!({"minimum": 0, "maximum": 100})),
    ]
}

#[rustfmt::skip]
fn of_segments() -> Vec<Field> {
    vec![
        ("NewSegmentRequest", "name", line(SavedSegment::NAME_CHARS_MAX)),
        ("NewSegmentRequest", "definition", definition()),
        ("SegmentPatch", "name", line(SavedSegment::NAME_CHARS_MAX)),
        ("SegmentPatch", "definition", definition()),
        ("SegmentRequest", "definition", definition()),
        ("SavedSegmentView", "definition", definition()),
        ("TotalView", "relation", words(["exact", "estimated"])),
        ("StateView", "state_code", reference("StateCode")),
    ]
}

#[rustfmt::skip]
fn of_campaigns() -> Vec<Field> {
    vec![
        ("CampaignRequest", "name", line(CampaignPlan::NAME_CHARS_MAX)),
        ("CampaignRequest", "segment", definition()),
        ("CampaignRequest", "priority", priority()),
        ("MessageRequest", "template", json!({"minLength": 1, "maxLength": TEMPLATE_BYTES_MAX, "format": "template"})),
        ("LimitsRequest", "max_messages", json!({"minimum": 1, "maximum": i32::MAX})),
        ("LimitsRequest", "per_second", json!({"exclusiveMinimum": 0, "maximum": 1_000_000})),
        ("MoneyRequest", "amount_micros", json!({"pattern": "^[0-9]{1,18}$"})),
        ("MoneyRequest", "currency", words(["MXN"])),
        ("MoneyView", "amount_micros", json!({"pattern": "^-?[0-9]{1,19}$"})),
        ("MoneyView", "currency", json!({"pattern": "^[A-Z]{3}$"})),
        ("CanaryBody", "messages", json!({"minimum": 1, "maximum": i32::MAX})),
        ("CanaryBody", "max_failure_percent", json!({"minimum": 0, "maximum": 100, "default": 10})),
        ("WindowBody", "start", hour()),
        ("WindowBody", "end", hour()),
        ("WindowBody", "days", list(1, 50, &words(Window::DAYS))),
        ("TestSendRequest", "to", list(1, 10, &phone())),
        ("TestSendRequest", "contact_id", json!({"pattern": "^-?[0-9]{1,18}$", "example": "7"})),
        ("CampaignView", "kind", words(CampaignKind::ALL.map(CampaignKind::as_str))),
        ("CampaignView", "state", reference("CampaignState")),
        ("CampaignView", "priority", priority()),
        ("CampaignView", "segment", definition()),
        ("TextView", "relation", words(["exact", "estimated"])),
        ("ProgressView", "state", reference("CampaignState")),
        ("WatchEvent", "event", words(["progress", "job", "end"])),
        ("WatchEvent", "data", json!({"contentMediaType": "application/json"})),
        ("BillView", "state", words(["waiting", "under_way", "complete"])),
    ]
}

#[rustfmt::skip]
fn of_messages() -> Vec<Field> {
    vec![
        ("SendMessageRequest", "to", phone()),
        ("SendMessageRequest", "text", json!({"minLength": 1, "maxLength": 1_530, "pattern": "^[^\\x00-\\x09\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]*$"})),
        ("SendMessageRequest", "priority", priority()),
        ("TextRequest", "text", text(10_000)),
        ("MeasureView", "encoding", words(["gsm7", "ucs2"])),
        ("MessageView", "status", reference("MessageState")),
        ("MessageHistoryView", "status", reference("MessageState")),
        ("InboundView", "meaning", reference("InboundMeaning")),
        ("ReviewView", "decision", reference("InboundDecision")),
        ("ReviewRequest", "decision", reference("InboundDecision")),
    ]
}

#[rustfmt::skip]
fn of_extracts() -> Vec<Field> {
    vec![
        ("ExtractRequest", "segment", definition()),
        ("ExtractRequest", "count", json!({"minimum": 1})),
        ("ExtractRequest", "order", reference("ExtractOrder")),
        ("ExtractRequest", "unused_within_days", json!({"minimum": 0, "maximum": 3_650})),
        ("ExtractRequest", "format", reference("ExtractFormat")),
        ("ExtractView", "segment", definition()),
        ("ExtractView", "state", words(["ready", "expired"])),
        ("ExtractView", "order", reference("ExtractOrder")),
        ("ExtractView", "format", reference("ExtractFormat")),
        ("SeedRequest", "phone", phone()),
        ("SeedRequest", "label", line(SeedNumber::LABEL_CHARS_MAX)),
    ]
}

#[rustfmt::skip]
fn of_numbers() -> Vec<Field> {
    vec![
        ("SuppressionRequest", "phone", phone()),
        ("SuppressionRequest", "reason", text(Suppression::REASON_CHARS_MAX)),
        ("SuppressionView", "source", reference("SuppressionSource")),
        ("SuppressionsRequest", "source", reference("SuppressionList")),
        ("SuppressionsRequest", "numbers", list(1, 10_000, &json!({"format": "phone"}))),
        ("LoadedListView", "source", reference("SuppressionList")),
        ("NumbersRequest", "numbers", list(0, 1_000, &json!({"pattern": "^[^\\x00]*$"}))),
        ("NumberView", "outcome", outcome()),
        ("NumberView", "line_type", reference("LineType")),
        ("NumberView", "state_code", reference("StateCode")),
        ("LookupRequest", "numbers", list(0, 1_000, &json!({"pattern": "^[^\\x00]*$"}))),
        ("LookupView", "outcome", outcome()),
        ("LookupView", "line_type", reference("LineType")),
        ("LookupView", "source", words(["lookup", "numbering_plan"])),
    ]
}

#[rustfmt::skip]
fn of_senders() -> Vec<Field> {
    vec![
        ("SenderRequest", "name", line(100)),
        ("SenderRequest", "provider", words(["telnyx"])),
        ("SenderRequest", "kind", reference("SenderKind")),
        ("SenderRequest", "value", json!({"minLength": 1, "maxLength": 64})),
        ("SenderRequest", "rate_per_s", json!({"exclusiveMinimum": 0, "maximum": 100_000})),
        ("SenderRequest", "price_micros_per_segment", json!({"minimum": 0})),
        ("SenderView", "kind", reference("SenderKind")),
        ("RoutesBody", "routes", json!({"maxItems": 64})),
        ("RouteBody", "via", json!({"minItems": 1, "maxItems": 8})),
        ("QueueView", "priority", priority()),
        ("Health", "status", words(["ok", "degraded", "unavailable"])),
    ]
}

/// What parameters hold: the call, `*` for every one that has it, the parameter, and what is added to its schema.
#[rustfmt::skip]
pub(super) fn parameters() -> Vec<(&'static str, &'static str, Value)> {
    let contact_id = || json!({"pattern": "^-?[0-9]{1,18}$", "example": "7"});
    let etag = |digits: usize| json!({"minLength": 1, "pattern": format!("^(\\*|\"[0-9]{{1,{digits}}}\")$"), "example": "*"});
    vec![
        ("*", "limit", json!({"minimum": 1, "maximum": 200, "default": 50})),
        ("*", "cursor", json!({"format": "cursor", "pattern": "^[A-Za-z0-9_-]+$"})),
        ("*", "Idempotency-Key", json!({"minLength": 1, "maxLength": IdempotencyKey::LENGTH_MAX, "pattern": "^[!-~]+$"})),
        ("campaigns_revise", "If-Match", etag(9)),
        ("campaigns_remove", "If-Match", etag(9)),
        ("segments_change", "If-Match", etag(9)),
        ("contacts_change", "If-Match", etag(16)),
        ("contacts_remove", "If-Match", etag(16)),
        ("*", "state", reference("StateCode")),
        ("*", "lada", lada()),
        ("*", "city", json!({"maxLength": SHORT_TEXT_CHARS_MAX, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f]*$"})),
        ("*", "line_type", reference("LineType")),
        ("contacts_list", "status", reference("ContactStatus")),
        ("contacts_search", "status", reference("ContactStatus")),
        ("contacts_search", "q", json!({"minLength": 2, "maxLength": QUERY_CHARS_MAX, "format": "search", "example": "ana ruiz"})),
        ("contacts_stats", "by", words(CountedBy::ALL.map(CountedBy::as_str))),
        ("campaigns_messages", "status", reference("MessageState")),
        ("campaigns_explain", "phone", phone()),
        ("inbound_list", "phone", phone()),
        ("suppressions_list", "phone", phone()),
        ("suppressions_list", "source", reference("SuppressionSource")),
        ("suppressions_remove", "phone", phone()),
        ("suppressions_remove", "source", reference("SuppressionSource")),
        ("extracts_remove_seed", "phone", phone()),
        ("audit_list", "actor", text(320)),
        ("audit_list", "action", text(320)),
        ("audit_list", "object_kind", text(320)),
        ("audit_list", "object_id", text(320)),
        ("audit_list", "order", words(["newest", "oldest"])),
        ("contacts_get_one", "id", contact_id()),
        ("contacts_change", "id", contact_id()),
        ("contacts_remove", "id", contact_id()),
        ("contacts_opt_out", "id", contact_id()),
        ("contacts_opt_in", "id", contact_id()),
        ("contacts_list_tags", "id", contact_id()),
        ("contacts_add_tags", "id", contact_id()),
        ("contacts_set_tags", "id", contact_id()),
        ("contacts_remove_tag", "id", contact_id()),
        ("contacts_remove_tag", "tag", tag()),
        ("contacts_messages", "id", contact_id()),
        ("messages_get_one", "id", json!({"pattern": "^[0-9a-f]{32}-[0-9]{1,9}$"})),
    ]
}
