//! Campaigns: drafted once, changed by one at a time, frozen whole, whoever is killed in between.

mod rules;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use application::{CampaignError, ChangeCampaign, PrepareCampaign, Prepared};
use domain::campaign::{
    Campaign, CampaignAction, CampaignId, CampaignKind, CampaignLimits, CampaignPlan, CampaignState, Canary,
    Previewed, Priority, UnknownLineTypes,
};
use domain::contact::ContactId;
use domain::message::{MessageId, MessageState};
use domain::money::{Currency, Money};
use domain::phone::PhoneNumber;
use domain::port::{
    AudienceCount, AudienceStore, CampaignStore, Claimed, Dispatch, NewMessage, SegmentCount, SenderStore,
    Slice, StoreError, Upkeep, WriteError,
};
use domain::request::{Envelope, IdempotencyKey};
use domain::segment::{Segment, SegmentDefinition};
use domain::sender::{Sender, SenderAddress, SenderId, SenderIdentity, SenderKind};
use domain::sms::Transliteration;
use domain::template::Template;
use jiff::Timestamp;
use store_postgres::{
    DispatchOptions, PostgresAudienceStore, PostgresCampaignStore, PostgresDispatch, PostgresSenderStore,
    PostgresSuppressionStore, SendingRules,
};
use testkit::TestDatabase;
use testkit::fakes::FixedClock;
use tokio_postgres::Client;
use uuid::Uuid;

const SENDER: SenderId = SenderId(Uuid::from_u128(8));

struct Desk {
    test: TestDatabase,
    client: Client,
    campaigns: Arc<PostgresCampaignStore>,
    audiences: Arc<PostgresAudienceStore>,
}

pub(crate) fn options() -> DispatchOptions {
    DispatchOptions {
        worker: "test".to_owned(),
        shard: 0,
        claim_messages_max: 200,
        lease: Duration::from_mins(1),
        pace_ahead: Duration::from_millis(500),
        receipt_deadline: Duration::from_hours(1),
        outcome_deadline: Duration::from_hours(1),
        revive_after: Duration::from_secs(30),
        permits_per_campaign: 4,
        rematch_after: Duration::from_secs(10),
        rematch_for: Duration::from_hours(24),
        rules: SendingRules::default(),
    }
}

fn envelope(key: Option<(&str, u8)>) -> Envelope {
    let idempotency = key.map(|(key, body)| IdempotencyKey::parse(key, [body; 32]).unwrap());
    Envelope { idempotency, ..Envelope::of_program("ana@empresa.mx", Timestamp::UNIX_EPOCH) }
}

fn json(definition: &str) -> SegmentDefinition {
    serde_json::from_str(definition).unwrap()
}

impl Desk {
    /// A hundred contacts, of which the first are left out for one reason each, and a sender.
    async fn set() -> Self {
        let test = TestDatabase::fresh().await;
        let client = test.client().await;
        client
            .batch_execute(
                "INSERT INTO contacts (id, phone_national, is_valid, full_name, state_code, line_type, status, opt_out_at)
                 SELECT n, 5512340000 + n, n <> 1, 'ANA ' || n, CASE WHEN n % 2 = 0 THEN 'JAL' ELSE 'CMX' END,
                        CASE n WHEN 2 THEN 'fixed' ELSE 'unknown' END, 'ACTIVE', CASE n WHEN 3 THEN now() END
                 FROM generate_series(1, 100) AS n;
                 INSERT INTO suppressions (phone_national, source, created_by) VALUES (5512340004, 'manual', 'test')",
            )
            .await
            .unwrap();
        let senders = PostgresSenderStore::new(test.database());
        senders.add(sender("MARCA", SENDER), envelope(None)).await.unwrap();
        let campaigns = Arc::new(PostgresCampaignStore::new(test.database(), 4));
        let audiences = Arc::new(PostgresAudienceStore::new(test.database(), options()));
        Self { test, client, campaigns, audiences }
    }

    /// A new id of this month.
    async fn id(&self) -> CampaignId {
        let floor = "SELECT uuid_v7_floor(clock_timestamp())";
        CampaignId(self.client.query_one(floor, &[]).await.unwrap().get(0))
    }

    async fn draft(&self, segment: &str, messages_max: Option<u32>) -> Campaign {
        let draft = campaign(self.id().await, segment, messages_max);
        self.campaigns.add(draft, envelope(None)).await.unwrap()
    }

    fn change(&self) -> ChangeCampaign {
        self.change_with_register_of(0)
    }

    /// As an installation whose register may be so many days old.
    fn change_with_register_of(&self, days_max: u16) -> ChangeCampaign {
        ChangeCampaign {
            campaigns: Arc::clone(&self.campaigns) as Arc<dyn CampaignStore>,
            suppressions: Arc::new(PostgresSuppressionStore::new(self.test.database())),
            suppression_list_days_max: days_max,
        }
    }

    fn prepare(&self) -> PrepareCampaign {
        let audiences = Arc::clone(&self.audiences) as Arc<dyn AudienceStore>;
        PrepareCampaign::new(
            audiences,
            Arc::new(FixedClock(Timestamp::UNIX_EPOCH)),
            "America/Mexico_City".to_owned(),
            10,
        )
    }

    async fn launch(&self, id: CampaignId) -> Campaign {
        self.change().execute(id, CampaignAction::Launch, None, envelope(None)).await.unwrap()
    }

    async fn freeze(&self) {
        while self.prepare().execute().await.unwrap() == Prepared::Something {}
    }

    async fn count(&self, query: &str) -> i64 {
        self.client.query_one(query, &[]).await.unwrap().get(0)
    }
}

fn sender(name: &str, id: SenderId) -> Sender {
    Sender {
        id,
        name: name.to_owned(),
        provider: "telnyx".to_owned(),
        address: SenderAddress { kind: SenderKind::Alphanumeric, value: "MARCA".to_owned() },
        rate_per_s: 100_000.0,
        price_per_segment: Money { micros: 285_000, currency: Currency::MXN },
        identity: SenderIdentity { brand: "Marca".to_owned(), ..SenderIdentity::default() },
        created_at: Timestamp::UNIX_EPOCH,
    }
}

fn campaign(id: CampaignId, segment: &str, messages_max: Option<u32>) -> Campaign {
    Campaign {
        id,
        kind: CampaignKind::Campaign,
        plan: CampaignPlan {
            name: "Buen Fin".to_owned(),
            template: Template::parse("Hola {{ first_name | title }}, promoción").unwrap(),
            transliteration: Transliteration::Replace,
            segment: json(segment),
            sender: SENDER,
            priority: Priority::Bulk,
            limits: CampaignLimits { messages_max, ..CampaignLimits::default() },
            window: None,
            canary: None,
            schedule_at: None,
            saved_segment: None,
            unknown_line_types: UnknownLineTypes::Allow,
        },
        state: CampaignState::Draft,
        version: 1,
        price_per_segment: Money { micros: 285_000, currency: Currency::MXN },
        previewed: None,
        created_by: "ana@empresa.mx".to_owned(),
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    }
}

const EVERYBODY: &str = r#"{"all":[]}"#;
const JALISCO: &str = r#"{"field":"state","op":"eq","value":"JAL"}"#;

#[tokio::test]
async fn a_draft_reads_back_as_it_was_and_its_sender_must_be_there() {
    let desk = Desk::set().await;
    let draft = desk.draft(JALISCO, Some(7)).await;
    assert_eq!(draft, campaign(draft.id, JALISCO, Some(7)));
    assert_eq!(desk.campaigns.find(draft.id).await.unwrap(), Some(draft.clone()));
    assert_eq!(desk.campaigns.page(None, 10).await.unwrap(), std::slice::from_ref(&draft));
    assert_eq!(desk.campaigns.page(Some(draft.id), 10).await.unwrap(), []);
    let mut orphan = campaign(CampaignId(Uuid::from_u128(1)), EVERYBODY, None);
    orphan.plan.sender = SenderId(Uuid::from_u128(9));
    let refused = desk.campaigns.add(orphan, envelope(None)).await.unwrap_err();
    assert!(matches!(refused, WriteError::Store(StoreError::Conflict { .. })), "{refused}");
}

#[tokio::test]
async fn a_request_that_comes_twice_is_done_once_and_answered_the_same() {
    let desk = Desk::set().await;
    let first = campaign(desk.id().await, EVERYBODY, None);
    let second = Campaign { id: CampaignId(Uuid::from_u128(2)), ..first.clone() };
    let added = desk.campaigns.add(first, envelope(Some(("key", 1)))).await.unwrap();
    assert_eq!(desk.campaigns.add(second.clone(), envelope(Some(("key", 1)))).await.unwrap(), added);
    let reused = desk.campaigns.add(second, envelope(Some(("key", 2)))).await.unwrap_err();
    assert!(matches!(reused, WriteError::KeyReused), "{reused}");
    assert_eq!(desk.count("SELECT count(*) FROM campaigns").await, 1);
    assert_eq!(desk.count("SELECT count(*) FROM audit_log WHERE action = 'campaign.create'").await, 1);

    let change = desk.change();
    let launch = || change.execute(added.id, CampaignAction::Launch, None, envelope(Some(("go", 3))));
    let launched = launch().await.unwrap();
    desk.freeze().await;
    assert_eq!(
        launch().await.unwrap(),
        launched,
        "the answer is that of the first time, though it runs by now"
    );
}

#[tokio::test]
async fn of_many_launches_at_once_one_is_done_and_the_others_are_told_where_it_stands() {
    let desk = Desk::set().await;
    let draft = desk.draft(EVERYBODY, None).await;
    let change = desk.change();
    let launches = (0..6).map(|_| change.execute(draft.id, CampaignAction::Launch, None, envelope(None)));
    let outcomes = futures::future::join_all(launches).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for refused in outcomes.into_iter().filter_map(Result::err) {
        assert!(matches!(refused, CampaignError::Transition(_)), "{refused}");
        assert!(refused.to_string().contains("preparing"), "{refused}");
    }
    assert_eq!(desk.count("SELECT count(*) FROM audit_log WHERE action = 'campaign.launch'").await, 1);
}

#[tokio::test]
async fn an_audience_leaves_out_whom_it_must_and_every_one_of_them_is_counted_once() {
    let desk = Desk::set().await;
    let count = |unknown| desk.audiences.count(Segment::everybody(), unknown);
    let expected = AudienceCount {
        matched: 100,
        not_valid: 1,
        not_mobile: 1,
        opted_out: 1,
        suppressed: 1,
        capped: 0,
        remaining: 96,
    };
    assert_eq!(count(UnknownLineTypes::Allow).await.unwrap(), expected);
    let without = count(UnknownLineTypes::LeaveOut).await.unwrap();
    assert_eq!((without.not_mobile, without.remaining), (99, 0));
    let jalisco = json(JALISCO).check().unwrap();
    let by_state = desk.audiences.count_by_state(jalisco, Duration::from_mins(1)).await.unwrap();
    assert_eq!(by_state, SegmentCount::Exact(BTreeMap::from([(Some("JAL".to_owned()), 50)])));

    let draft = desk.draft(EVERYBODY, None).await;
    desk.launch(draft.id).await;
    desk.freeze().await;
    let running = desk.campaigns.find(draft.id).await.unwrap().unwrap();
    let frozen = running.state.frozen().unwrap();
    assert_eq!((running.state.as_str(), frozen.audience, frozen.cost.micros), ("running", 96, 96 * 285_000));
    assert_eq!(desk.count("SELECT count(*) FROM messages WHERE phone <= 5512340004").await, 0);
    let dense = "SELECT count(*) FROM messages WHERE seq BETWEEN 1 AND 96 AND contact_id = seq + 4";
    assert_eq!(desk.count(dense).await, 96);
    assert_eq!(desk.count("SELECT count(*) FROM outbox WHERE priority = 'bulk'").await, 4);
    let history = desk.campaigns.message(MessageId { campaign: draft.id, seq: 1 }).await.unwrap().unwrap();
    assert_eq!((history.text.as_str(), history.message.segments), ("Hola Ana, promocion", 1));
    let progress = desk.campaigns.progress(draft.id).await.unwrap();
    assert_eq!(progress.counts.values().sum::<u64>(), 96);
    assert_eq!(progress.counts[&MessageState::Queued], 96);
}

#[tokio::test]
async fn a_part_of_an_audience_is_drawn_at_random_and_is_as_many_as_asked() {
    let desk = Desk::set().await;
    let mut phones = Vec::new();
    for _ in 0..2 {
        let draft = desk.draft(EVERYBODY, Some(20)).await;
        desk.launch(draft.id).await;
        desk.freeze().await;
        let messages = desk.campaigns.messages(draft.id, None, 0, 200).await.unwrap();
        assert_eq!(messages.len(), 20);
        phones.push(messages.iter().map(|message| message.to).collect::<Vec<_>>());
    }
    assert_ne!(phones[0], phones[1], "two campaigns draw differently");
    let whole = desk.draft(EVERYBODY, Some(5_000)).await;
    desk.launch(whole.id).await;
    desk.freeze().await;
    assert_eq!(desk.campaigns.messages(whole.id, None, 0, 200).await.unwrap().len(), 96);
}

#[tokio::test]
async fn many_who_freeze_at_once_write_every_message_once() {
    let desk = Desk::set().await;
    let draft = desk.draft(EVERYBODY, None).await;
    desk.launch(draft.id).await;
    futures::future::join_all((0..5).map(|_| desk.freeze())).await;
    assert_eq!(desk.count("SELECT count(*) FROM messages").await, 96);
    assert_eq!(desk.count("SELECT count(*) FROM lanes").await, 1);
    assert_eq!(desk.count("SELECT count(*) FROM audit_log WHERE action = 'campaign.start'").await, 1);
}

#[tokio::test]
async fn the_server_has_looked_at_the_messages_of_a_campaign_before_it_runs() {
    let desk = Desk::set().await;
    let more = "INSERT INTO contacts (id, phone_national, is_valid, full_name, line_type)
                SELECT 1000 + n, 5512350000 + n, true, 'ANA ' || n, 'mobile' FROM generate_series(1, 1200) AS n";
    desk.client.batch_execute(more).await.unwrap();
    let draft = desk.draft(EVERYBODY, None).await;
    desk.launch(draft.id).await;
    desk.freeze().await;
    let known = "SELECT count(*) FROM pg_stats
                 WHERE tablename LIKE 'messages_20%' AND attname = 'campaign_id' AND most_common_vals::text LIKE '%' || $1 || '%'";
    let known: i64 = desk.client.query_one(known, &[&draft.id.0.to_string()]).await.unwrap().get(0);
    assert_eq!(known, 1);
    let order =
        "SELECT coalesce(min(stat.last_analyze) < (SELECT updated_at FROM campaigns), false) FROM pg_stat_user_tables AS stat
                 WHERE stat.relname LIKE 'messages_20%'";
    assert!(
        desk.client.query_one(order, &[]).await.unwrap().get::<_, bool>(0),
        "it was looked at after the campaign had begun"
    );
}

#[tokio::test]
async fn no_audience_is_frozen_while_contacts_are_loaded_for_the_first_time() {
    let desk = Desk::set().await;
    let draft = desk.draft(EVERYBODY, None).await;
    desk.launch(draft.id).await;
    let under_way = "INSERT INTO deferred_indexes (name, definition) VALUES ('x', 'y')";
    desk.client.batch_execute(under_way).await.unwrap();
    desk.freeze().await;
    assert_eq!(desk.count("SELECT count(*) FROM messages").await, 0);
    desk.client.batch_execute("DELETE FROM deferred_indexes").await.unwrap();
    desk.freeze().await;
    assert_eq!(desk.count("SELECT count(*) FROM messages").await, 96);
}

#[tokio::test]
async fn a_pause_while_freezing_stops_it_and_it_goes_on_there() {
    let desk = Desk::set().await;
    let draft = desk.draft(EVERYBODY, None).await;
    desk.launch(draft.id).await;
    let freezing = desk.audiences.next_to_freeze().await.unwrap().unwrap();
    let other = DispatchOptions { worker: "other".to_owned(), ..options() };
    let other = PostgresAudienceStore::new(desk.test.database(), other);
    assert_eq!(other.next_to_freeze().await.unwrap(), None, "one freezes at a time");
    desk.audiences.release(freezing.clone()).await.unwrap();
    assert!(other.next_to_freeze().await.unwrap().is_some());
    other.release(freezing).await.unwrap();
    let freezing = desk.audiences.next_to_freeze().await.unwrap().unwrap();
    assert_eq!(
        desk.audiences.next_to_freeze().await.unwrap(),
        Some(freezing.clone()),
        "its own it is given again"
    );
    let slice = |contact: i64| Slice {
        messages: vec![NewMessage {
            contact: Some(ContactId(contact)),
            to: PhoneNumber::from_national(5_512_340_000 + u64::try_from(contact).unwrap()).unwrap(),
            zone: "America/Mexico_City".to_owned(),
            text: "Hola".to_owned(),
            segments: 1,
        }],
        left_out: Vec::new(),
        seeds: 0,
        up_to: ContactId(contact),
    };
    let further = desk.audiences.append_slice(freezing.clone(), slice(5)).await.unwrap();
    let late = desk.audiences.append_slice(freezing, slice(5)).await;
    assert!(matches!(late, Err(StoreError::Conflict { .. })), "{late:?}");
    let act = async |action| desk.change().execute(draft.id, action, None, envelope(None)).await.unwrap();
    act(CampaignAction::Pause).await;
    let paused = desk.audiences.append_slice(further, slice(6)).await;
    assert!(matches!(paused, Err(StoreError::Conflict { .. })), "{paused:?}");
    desk.freeze().await;
    assert_eq!(desk.count("SELECT count(*) FROM messages").await, 1);
    act(CampaignAction::Resume).await;
    desk.freeze().await;
    assert_eq!(desk.count("SELECT count(*) FROM messages").await, 96);
}

#[tokio::test]
async fn a_pause_gives_nothing_more_out_and_a_cancel_ends_what_was_not_sent() {
    let desk = Desk::set().await;
    let draft = desk.draft(EVERYBODY, None).await;
    desk.launch(draft.id).await;
    desk.freeze().await;
    let engine =
        PostgresDispatch::new(desk.test.database(), DispatchOptions { claim_messages_max: 10, ..options() });
    let act = async |action| desk.change().execute(draft.id, action, None, envelope(None)).await.unwrap();
    act(CampaignAction::Pause).await;
    assert_eq!(engine.claim(draft.id).await.unwrap(), Claimed::Nothing { again_in: None });
    act(CampaignAction::Resume).await;
    assert!(matches!(engine.claim(draft.id).await.unwrap(), Claimed::Work(_)));
    act(CampaignAction::Cancel).await;
    assert_eq!(engine.claim(draft.id).await.unwrap(), Claimed::Nothing { again_in: None });
    while desk.audiences.cancel_some().await.unwrap() > 0 {}
    let progress = desk.campaigns.progress(draft.id).await.unwrap();
    assert_eq!((progress.counts[&MessageState::Canceled], progress.counts[&MessageState::Sending]), (86, 10));
    assert_eq!(engine.complete_finished().await.unwrap(), 0);
}

#[tokio::test]
async fn a_text_that_cannot_be_sent_fails_the_campaign_with_its_reason() {
    let desk = Desk::set().await;
    let mut hopeless = campaign(desk.id().await, EVERYBODY, None);
    hopeless.plan.template = Template::parse("{{ city }}").unwrap();
    let draft = desk.campaigns.add(hopeless, envelope(None)).await.unwrap();
    desk.launch(draft.id).await;
    desk.freeze().await;
    let failed = desk.campaigns.find(draft.id).await.unwrap().unwrap();
    assert_eq!(failed.state.reason(), Some("the text for contact 5 cannot be sent: the text is empty"));
}

#[tokio::test]
async fn a_sender_reads_back_and_its_name_is_its_own() {
    let desk = Desk::set().await;
    let senders = PostgresSenderStore::new(desk.test.database());
    assert_eq!(senders.find(SENDER).await.unwrap(), Some(sender("MARCA", SENDER)));
    let twin = sender("MARCA", SenderId(Uuid::from_u128(9)));
    let refused = senders.add(twin, envelope(None)).await.unwrap_err();
    assert!(matches!(refused, WriteError::Store(StoreError::Conflict { .. })), "{refused}");
    assert_eq!(senders.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_adds_one_sender_and_is_nobody_s_while_it_is_in_use() {
    let desk = Desk::set().await;
    let senders = PostgresSenderStore::new(desk.test.database());
    let (first, again) = (SenderId(Uuid::from_u128(21)), SenderId(Uuid::from_u128(22)));
    let added = senders.add(sender("OTRA", first), envelope(Some(("s-1", 1)))).await.unwrap();
    assert_eq!(senders.add(sender("OTRA", again), envelope(Some(("s-1", 1)))).await.unwrap(), added);
    let reused = senders.add(sender("OTRA", again), envelope(Some(("s-1", 2)))).await.unwrap_err();
    assert!(matches!(reused, WriteError::KeyReused), "{reused}");
    // While somebody makes a change with a key, whoever else brings it is told so, and waits for nothing.
    let mut holder = desk.test.client().await;
    let held = holder.transaction().await.unwrap();
    let actor = envelope(None).actor.0;
    let claim = include_str!("../../sql/idempotency_claim.sql");
    held.query_one(claim, &[&actor, &"s-2", &[3_u8; 32].as_slice(), &1_i32]).await.unwrap();
    let busy = senders.add(sender("TERCERA", again), envelope(Some(("s-2", 3)))).await.unwrap_err();
    assert!(busy.to_string().contains("still under way"), "{busy}");
    held.rollback().await.unwrap();
    senders.add(sender("TERCERA", again), envelope(Some(("s-2", 3)))).await.unwrap();
}

/// Every kind of condition, against contacts of which each is known to meet it or not.
#[tokio::test]
async fn every_condition_means_in_the_store_what_it_says() {
    let desk = Desk::set().await;
    desk.client
        .batch_execute(
            "DELETE FROM contacts;
             INSERT INTO contacts (id, phone_national, is_valid, full_name, address, city, state_code, lada, created_at) VALUES
                 (1, 5512340001, true, 'MARÍA PEÑA', 'CALLE UNO', 'Guadalajara', 'JAL', '33', '2026-01-01T00:00:00Z'),
                 (2, 5512340002, true, 'JUAN', NULL, NULL, NULL, NULL, '2026-03-01T00:00:00Z'),
                 (3, 5512340003, false, NULL, NULL, 'Monterrey', 'NLE', '81', '2026-05-01T00:00:00Z');
             INSERT INTO contact_activity (phone_national, last_sent_at, send_count) VALUES
                 (5512340001, now() - interval '5 days', 3), (5512340002, now() - interval '50 days', 1);
             INSERT INTO contact_tags (contact_id, tag) VALUES (1, 'vip'), (1, 'web'), (3, 'web')",
        )
        .await
        .unwrap();
    for (condition, expected) in [
        (r#"{"field":"city","op":"eq","value":"Guadalajara"}"#, 1),
        (r#"{"field":"city","op":"ne","value":"Guadalajara"}"#, 2),
        (r#"{"not":{"field":"city","op":"eq","value":"Guadalajara"}}"#, 2),
        (r#"{"field":"state","op":"in","value":["JAL","NLE"]}"#, 2),
        (r#"{"field":"state","op":"not_in","value":["JAL"]}"#, 2),
        (r#"{"field":"lada","op":"is_null","value":true}"#, 1),
        (r#"{"field":"is_valid","op":"eq","value":false}"#, 1),
        (r#"{"field":"send_count","op":"eq","value":0}"#, 1),
        (r#"{"field":"send_count","op":"between","value":[1,3]}"#, 2),
        (r#"{"field":"send_count","op":"gt","value":1}"#, 1),
        (r#"{"field":"send_count","op":"not_in","value":[1]}"#, 2),
        (r#"{"field":"last_sent_at","op":"within_days","value":30}"#, 1),
        (r#"{"field":"last_sent_at","op":"not_within_days","value":30}"#, 2),
        (r#"{"field":"last_sent_at","op":"is_null","value":true}"#, 1),
        (r#"{"not":{"field":"last_sent_at","op":"within_days","value":30}}"#, 2),
        (r#"{"field":"created_at","op":"gte","value":"2026-03-01T00:00:00Z"}"#, 2),
        (
            r#"{"field":"created_at","op":"between","value":["2026-01-01T00:00:00Z","2026-03-01T00:00:00Z"]}"#,
            2,
        ),
        (r#"{"field":"tag","op":"eq","value":"vip"}"#, 1),
        (r#"{"field":"tag","op":"ne","value":"vip"}"#, 2),
        (r#"{"field":"tag","op":"is_null","value":true}"#, 1),
        (r#"{"field":"name","op":"matches","value":"maria pena"}"#, 1),
        (r#"{"field":"address","op":"is_null","value":false}"#, 1),
        (
            r#"{"any":[{"field":"name","op":"matches","value":"juan"},{"field":"city","op":"eq","value":"Monterrey"}]}"#,
            2,
        ),
        (r#"{"field":"city","op":"eq","value":"' OR true --"}"#, 0),
    ] {
        let segment = json(condition).check().unwrap();
        let count = desk.audiences.count(segment, UnknownLineTypes::Allow).await.unwrap();
        assert_eq!(count.matched, expected, "{condition}");
    }
}
