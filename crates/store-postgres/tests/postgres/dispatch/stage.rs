//! A campaign with its audience frozen, and an engine upon it.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::campaign::CampaignId;
use domain::message::{AttemptRef, Evidence, MessageId, MessageState};
use domain::phone::PhoneNumber;
use domain::port::{
    AttemptOutcome, Claim, Claimed, ClaimedMessage, Dispatch, ProviderEvent, ReceiptStore, Remaining, Report,
};
use domain::sender::SenderId;
use jiff::Timestamp;
use store_postgres::{DispatchOptions, PostgresDispatch, SendingRules};
use testkit::TestDatabase;
use tokio_postgres::Client;
use uuid::Uuid;

/// The phone of the first message; the others follow.
const FIRST_PHONE: i64 = 5_512_340_000;

pub(super) struct Stage {
    pub(super) test: TestDatabase,
    pub(super) client: Client,
    pub(super) campaign: CampaignId,
    pub(super) sender: SenderId,
}

impl Stage {
    /// A running campaign of `messages`, whose sender may send a million a second.
    pub(super) async fn running(messages: i32) -> Self {
        let test = TestDatabase::fresh().await;
        let client = test.client().await;
        let campaign = client.query_one("SELECT uuid_v7_floor(now())", &[]).await.unwrap().get(0);
        let stage =
            Self { test, client, campaign: CampaignId(campaign), sender: SenderId(Uuid::from_u128(7)) };
        stage.set(messages).await;
        stage
    }

    async fn set(&self, messages: i32) {
        let sender = self.sender.0;
        let campaign = self.campaign.0;
        self.client
            .execute(
                "INSERT INTO senders (id, name, provider, kind, value, price_micros_per_segment, identity)
                 VALUES ($1, 'marca', 'telnyx', 'alphanumeric', 'MARCA', 285000, '{}')",
                &[&sender],
            )
            .await
            .unwrap();
        self.client
            .execute("INSERT INTO paces (owner, per_second) VALUES ('sender:' || $1::uuid, 1e6)", &[&sender])
            .await
            .unwrap();
        self.client
            .execute(
                "INSERT INTO campaigns (id, state, name, sender_id, template, segment, audience, created_by)
                 VALUES ($1, 'running', 'prueba', $2, 'Hola', '{}', $3, 'test')",
                &[&campaign, &sender, &messages],
            )
            .await
            .unwrap();
        self.client
            .execute(
                "INSERT INTO messages (campaign_id, seq, phone, segments, body)
                 SELECT $1, seq, $3::bigint + seq - 1, 1, 'Hola ' || seq FROM generate_series(1, $2::integer) AS seq",
                &[&campaign, &messages, &FIRST_PHONE],
            )
            .await
            .unwrap();
        self.client
            .execute(
                "INSERT INTO lanes (campaign_id, zone, running, next_seq, end_seq)
                 VALUES ($1, 'America/Mexico_City', true, 1, $2::integer + 1)",
                &[&campaign, &messages],
            )
            .await
            .unwrap();
        self.client
            .execute(
                "INSERT INTO campaign_counts (campaign_id, shard, n)
                 VALUES ($1, -1, ARRAY[$2::bigint, 0, 0, 0, 0, 0, 0, 0, 0, 0])",
                &[&campaign, &i64::from(messages)],
            )
            .await
            .unwrap();
    }

    pub(super) fn engine(&self) -> PostgresDispatch {
        self.engine_with(|_| {})
    }

    /// An engine with other options than the usual.
    pub(super) fn engine_with(&self, change: impl FnOnce(&mut DispatchOptions)) -> PostgresDispatch {
        let mut options = DispatchOptions {
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
        };
        change(&mut options);
        PostgresDispatch::new(self.test.database(), options)
    }

    pub(super) async fn run(&self, statement: &str) {
        self.client.batch_execute(statement).await.unwrap();
    }

    pub(super) async fn count(&self, query: &str) -> i64 {
        self.client.query_one(query, &[]).await.unwrap().get(0)
    }

    /// Messages by state, from their rows; the counts must say the same.
    pub(super) async fn states(&self) -> BTreeMap<MessageState, i64> {
        let rows = self
            .client
            .query("SELECT state::text, count(*) FROM messages GROUP BY state", &[])
            .await
            .unwrap();
        let states: BTreeMap<MessageState, i64> =
            rows.iter().map(|row| (row.get::<_, &str>(0).parse().unwrap(), row.get(1))).collect();
        let counts = self.client.query("SELECT n FROM campaign_counts", &[]).await.unwrap();
        let mut counted = BTreeMap::new();
        for row in counts {
            let n: Vec<i64> = row.get(0);
            for (state, n) in MessageState::ALL.into_iter().zip(n) {
                *counted.entry(state).or_insert(0) += n;
            }
        }
        counted.retain(|_, n| *n != 0);
        assert_eq!(counted, states, "the counts disagree with the rows");
        states
    }

    pub(super) async fn state_of(&self, seq: u32) -> MessageState {
        let row = self
            .client
            .query_one("SELECT state::text FROM messages WHERE seq = $1", &[&seq.cast_signed()])
            .await
            .unwrap();
        row.get::<_, &str>(0).parse().unwrap()
    }

    /// What an event says of a message's attempt, sent to the message's own phone.
    pub(super) fn event(&self, id: &str, seq: u32, attempt: u16, report: Report) -> ProviderEvent {
        ProviderEvent {
            id: id.to_owned(),
            kind: "message.finalized".to_owned(),
            reference: Some(AttemptRef { message: MessageId { campaign: self.campaign, seq }, attempt }),
            provider_id: Some(format!("provider-{seq}")),
            phone: Some(phone(seq)),
            report,
            occurred_at: Some(Timestamp::UNIX_EPOCH),
            payload: "{}".to_owned(),
        }
    }

    /// Keeps an event and settles it.
    pub(super) async fn report(&self, event: ProviderEvent) {
        let engine = self.engine();
        engine.keep("telnyx", event, None).await.unwrap();
        engine.settle().await.unwrap();
    }

    /// Claims everything there is, and records `outcome` of each.
    pub(super) async fn send_all(&self, outcome: impl Fn(&ClaimedMessage) -> AttemptOutcome) {
        let engine = self.engine();
        while let Claimed::Work(claim) = engine.claim(self.campaign).await.unwrap() {
            let outcomes = claim.messages.iter().map(&outcome).collect();
            engine.record(claim.id, outcomes, Remaining::Nothing).await.unwrap();
        }
    }
}

pub(super) fn phone(seq: u32) -> PhoneNumber {
    let first = u64::try_from(FIRST_PHONE).unwrap();
    PhoneNumber::from_national(first + u64::from(seq) - 1).unwrap()
}

pub(super) fn outcome(message: &ClaimedMessage, evidence: Evidence) -> AttemptOutcome {
    AttemptOutcome {
        seq: message.seq,
        sender: message.hop.sender,
        attempt: message.attempt,
        started_at: Timestamp::UNIX_EPOCH,
        evidence,
        reason: (evidence != Evidence::Accepted).then(|| "why".to_owned()),
        provider_id: (evidence == Evidence::Accepted).then(|| format!("provider-{}", message.seq)),
        opted_out: false,
        retry_in: Duration::ZERO,
    }
}

pub(super) fn accepted(message: &ClaimedMessage) -> AttemptOutcome {
    outcome(message, Evidence::Accepted)
}

/// The claim that a call for work got.
pub(super) fn work(claimed: Claimed) -> Claim {
    match claimed {
        Claimed::Work(claim) => claim,
        Claimed::Nothing { again_in } => panic!("nothing to claim, again in {again_in:?}"),
    }
}
