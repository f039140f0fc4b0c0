//! What a campaign's plan decides: lanes, seed numbers, cost, and what was told before a launch.

use super::*;

#[tokio::test]
async fn messages_stand_in_the_lanes_of_their_zones_and_whom_a_freezing_leaves_out_is_kept() {
    let desk = Desk::set().await;
    // Numbers of Tijuana, and one that was written to often enough.
    let moved = "UPDATE contacts SET phone_national = 6641234000 + id WHERE id > 90";
    desk.client.batch_execute(moved).await.unwrap();
    let capped =
        "INSERT INTO contact_activity (phone_national, recent_claims) VALUES (5512340005, ARRAY[now()])";
    desk.client.batch_execute(capped).await.unwrap();
    let rules =
        SendingRules { cap_messages: 1, cap_within: Duration::from_hours(1), ..SendingRules::default() };
    let options = DispatchOptions { rules, ..options() };
    let audiences = Arc::new(PostgresAudienceStore::new(desk.test.database(), options));
    let count = audiences.count(Segment::everybody(), UnknownLineTypes::Allow).await.unwrap();
    assert_eq!((count.capped, count.remaining), (1, 95));
    let mut hourly = campaign(desk.id().await, EVERYBODY, None);
    hourly.plan.window = Some("09:00-20:00".parse().unwrap());
    let draft = desk.campaigns.add(hourly, envelope(None)).await.unwrap();
    desk.launch(draft.id).await;
    let clock = Arc::new(FixedClock("2026-11-26T16:30:00Z".parse().unwrap()));
    let prepare = PrepareCampaign::new(audiences, clock, "America/Mexico_City".to_owned(), 10);
    assert_eq!(prepare.execute().await.unwrap(), Prepared::Something);
    let lanes = desk
        .client
        .query(
            "SELECT zone, block::int4, end_seq - next_seq, next_seq, opens_at::text FROM lanes ORDER BY zone",
            &[],
        )
        .await
        .unwrap();
    let lanes: Vec<(String, i32, i32, i32, String)> =
        lanes.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4))).collect();
    let lane = |zone: &str, block: i32, messages, opens: &str| {
        (zone.to_owned(), block, messages, (block << 26) + 1, opens.to_owned())
    };
    assert_eq!(
        lanes,
        [
            lane("America/Mexico_City", 0, 85, "2026-11-26 15:00:00+00"),
            lane("America/Tijuana", 1, 10, "2026-11-26 17:00:00+00"),
        ]
    );
    let left_out =
        "SELECT count(*) FROM message_exclusions WHERE contacts = '{1,2,3,4,5}' AND reasons = 'vmosc'";
    assert_eq!(desk.count(left_out).await, 1);
    let counted = "SELECT count(*) FROM campaigns WHERE left_out = '{1,1,1,1,1}' AND frozen_messages = 95";
    assert_eq!(desk.count(counted).await, 1);
}

#[tokio::test]
async fn seed_numbers_go_with_every_full_thousand_the_least_used_first() {
    let desk = Desk::set().await;
    desk.client
        .batch_execute(
            "INSERT INTO contacts (id, phone_national, is_valid, full_name, line_type)
             SELECT 1000 + n, 5520000000 + n, true, 'ANA ' || n, 'mobile' FROM generate_series(1, 2000) AS n;
             INSERT INTO seed_numbers (phone_national, label, times_used, created_by) VALUES
                 (3312345671, 'a', 5, 'test'), (3312345672, 'b', 1, 'test'), (3312345673, 'c', 2, 'test'),
                 (5520000001, 'a contact', 0, 'test')",
        )
        .await
        .unwrap();
    let draft = desk.draft(EVERYBODY, None).await;
    desk.launch(draft.id).await;
    desk.freeze().await;
    let seeds =
        "SELECT count(*) FROM messages WHERE phone IN (3312345672, 3312345673) AND contact_id IS NULL";
    assert_eq!(desk.count(seeds).await, 2);
    assert_eq!(desk.count("SELECT count(*) FROM messages").await, 2_098);
    let used = "SELECT count(*) FROM seed_numbers WHERE times_used IN (2, 3) AND last_used_at IS NOT NULL";
    assert_eq!(desk.count(used).await, 2);
    let running = desk.campaigns.find(draft.id).await.unwrap().unwrap();
    assert_eq!(running.state.frozen().unwrap().audience, 2_098);
}

#[tokio::test]
async fn a_campaign_that_would_cost_more_than_it_may_is_not_begun() {
    let desk = Desk::set().await;
    let mut dear = campaign(desk.id().await, EVERYBODY, None);
    let most = Money { micros: 96 * 285_000 - 1, currency: Currency::MXN };
    dear.plan.limits.cost_max = Some(most);
    let draft = desk.campaigns.add(dear, envelope(None)).await.unwrap();
    desk.launch(draft.id).await;
    desk.freeze().await;
    let paused = desk.campaigns.find(draft.id).await.unwrap().unwrap();
    assert!(paused.state.reason().is_some_and(|reason| reason.starts_with("spend:")), "{:?}", paused.state);
    assert_eq!(desk.count("SELECT count(*) FROM outbox").await, 0);
    assert_eq!(desk.count("SELECT count(*) FROM lanes WHERE running").await, 0);
}

#[tokio::test]
async fn a_plan_reads_back_as_it_was_written_and_a_draft_is_revised_once() {
    let desk = Desk::set().await;
    let mut whole = campaign(desk.id().await, EVERYBODY, Some(50));
    whole.plan.limits.cost_max = Some(Money { micros: 7, currency: Currency::MXN });
    whole.plan.limits.per_second = Some(2.5);
    whole.plan.window = Some("09:30-18:00 mon,sat".parse().unwrap());
    whole.plan.canary = Some(Canary { messages: 10, failure_percent_max: 2.5 });
    whole.plan.schedule_at = Some("2026-12-01T15:00:00Z".parse().unwrap());
    let draft = desk.campaigns.add(whole.clone(), envelope(None)).await.unwrap();
    assert_eq!(draft.plan, whole.plan);
    let mut plan = whole.plan;
    plan.name = "Otra".to_owned();
    plan.window = None;
    let revised = draft.clone().revised(plan.clone(), Timestamp::UNIX_EPOCH);
    let written = desk.campaigns.revise(revised.clone(), envelope(None)).await.unwrap();
    assert_eq!((written.plan, written.version), (plan, 2));
    let late = desk.campaigns.revise(revised, envelope(None)).await;
    assert!(matches!(late, Err(WriteError::Store(StoreError::Conflict { .. }))), "{late:?}");
    desk.campaigns.remove(draft.id, envelope(None)).await.unwrap();
    assert_eq!(desk.campaigns.find(draft.id).await.unwrap(), None);
}

#[tokio::test]
async fn what_a_preview_said_must_still_hold_at_the_launch() {
    let desk = Desk::set().await;
    let draft = desk.draft(EVERYBODY, None).await;
    let cost = Money { micros: 1_000, currency: Currency::MXN };
    let previewed = Previewed { version: 1, at: Timestamp::UNIX_EPOCH, messages: 96, cost };
    desk.campaigns.keep_preview(draft.id, previewed).await.unwrap();
    let seen = desk.campaigns.find(draft.id).await.unwrap().unwrap();
    assert_eq!(seen.previewed, Some(previewed));
    let mut plan = seen.plan.clone();
    plan.template = Template::parse("Otra cosa").unwrap();
    let revised = seen.revised(plan, Timestamp::UNIX_EPOCH);
    desk.campaigns.revise(revised, envelope(None)).await.unwrap();
    let launch = async || desk.change().execute(draft.id, CampaignAction::Launch, None, envelope(None)).await;
    let refused = launch().await;
    assert!(matches!(refused, Err(CampaignError::Refused(_))), "{refused:?}");
    desk.campaigns.keep_preview(draft.id, Previewed { version: 2, ..previewed }).await.unwrap();
    assert_eq!(launch().await.unwrap().state.as_str(), "preparing");
}

#[tokio::test]
async fn a_campaign_waits_for_a_recent_register_where_the_settings_ask_for_one() {
    let desk = Desk::set().await;
    let id = desk.draft(r#"{"all": []}"#, None).await.id;
    let change = desk.change_with_register_of(30);
    let at = desk.test.database().now().await.unwrap();
    let now = || Envelope { at, ..envelope(None) };
    let refused = async |action, at| match change.execute(id, action, at, now()).await {
        Err(CampaignError::Refused(sentence)) => sentence,
        other => panic!("{other:?}"),
    };
    let tomorrow = Some(at + jiff::SignedDuration::from_hours(24));
    for loads in ["", "INSERT INTO suppression_loads (source, loaded_by) VALUES ('reus', 'test')"] {
        desk.client.batch_execute(loads).await.unwrap();
        let sentence = refused(CampaignAction::Launch, None).await;
        assert!(
            sentence.contains("was never loaded") && sentence.contains("suppressions load"),
            "{sentence}"
        );
    }
    let old = "INSERT INTO suppression_loads (source, loaded_by, loaded_at) VALUES ('repep', 'test', now() - interval '31 days')";
    desk.client.batch_execute(old).await.unwrap();
    assert!(refused(CampaignAction::Schedule, tomorrow).await.contains("last loaded"));
    let recent = "INSERT INTO suppression_loads (source, loaded_by, loaded_at) VALUES ('repep', 'test', now() - interval '29 days')";
    desk.client.batch_execute(recent).await.unwrap();
    change.execute(id, CampaignAction::Launch, None, now()).await.unwrap();
}
