//! Campaigns over HTTP: what people do to them at the wrong moment, and what nobody should ask for.

use std::time::{Duration, Instant};

use e2e::Client;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::house::{House, PATIENCE};

fn draft(change: &Value) -> Value {
    let mut draft = json!({"name": "Una", "message": {"template": "Hola", "transliterate": true}, "segment": {"all": []}});
    draft.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    draft
}

/// Asks with the version that the change is meant for.
async fn if_match(
    client: &Client,
    method: Method,
    path: &str,
    version: &str,
    body: Option<&Value>,
) -> (u16, Value) {
    let mut request = client.request(method, path).header("if-match", format!("\"{version}\""));
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

impl House {
    async fn add(&self, change: &Value) -> String {
        let added = self.admin.must(201, Method::POST, "/campaigns", Some(&draft(change))).await.unwrap();
        added["id"].as_str().unwrap().to_owned()
    }

    async fn act(&self, campaign: &str, action: &str) -> (u16, Value) {
        self.admin.ask(Method::POST, &format!("/campaigns/{campaign}/{action}"), None).await.unwrap()
    }

    async fn state(&self, campaign: &str) -> Value {
        let found = self.admin.must(200, Method::GET, &format!("/campaigns/{campaign}"), None).await.unwrap();
        found["state"].clone()
    }

    async fn number(&self, query: &str, campaign: &str) -> i64 {
        self.database.query_one(query, &[&campaign]).await.unwrap().get(0)
    }
}

#[tokio::test]
async fn a_campaign_that_many_launch_at_once_is_launched_once() {
    let house = House::with_contacts(60).await;
    house.deliver_everything().await;
    let campaign = house.draft(500.0).await;
    let at_once = futures::future::join_all((0..8).map(|_| house.act(&campaign, "launch"))).await;
    let mut statuses: Vec<u16> = at_once.iter().map(|(status, _)| *status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 409, 409, 409, 409, 409, 409, 409], "{at_once:?}");
    for (status, body) in &at_once {
        assert!(*status == 202 || body["errors"][0]["pointer"] == "/state", "{body}");
    }
    house.until_delivered(&campaign, 60).await;
    let ledgers = house.ends_well(&campaign, 60).await;
    assert_eq!(ledgers.accepted_numbers, 60);
    for action in ["launch", "pause", "resume", "cancel"] {
        let (status, problem) = house.act(&campaign, action).await;
        assert_eq!(
            (status, &problem["errors"][0]["detail"]),
            (409, &json!("completed")),
            "{action}: {problem}"
        );
    }
    let late = json!({"schedule_at": "2100-01-01T00:00:00Z"});
    let path = format!("/campaigns/{campaign}/schedule");
    assert_eq!(house.admin.ask(Method::POST, &path, Some(&late)).await.unwrap().0, 409);
}

#[tokio::test]
async fn an_audience_of_nobody_completes_at_once_and_one_of_one_is_one() {
    let house = House::with_contacts(5).await;
    house.deliver_everything().await;
    house.admin.add_sender("Tienda", 100.0).await.unwrap();
    let nobody = house.add(&json!({"segment": {"field": "state", "op": "eq", "value": "SON"}})).await;
    let preview =
        house.admin.must(200, Method::POST, &format!("/campaigns/{nobody}/preview"), None).await.unwrap();
    assert_eq!((&preview["audience"]["final"], &preview["samples"]), (&json!(0), &json!([])));
    house.admin.launch(&nobody).await.unwrap();
    let progress = house.completed(&nobody).await;
    assert_eq!((&progress["audience"], &progress["cost"]["amount_micros"]), (&json!(0), &json!("0")));
    assert!(progress["waiting"].is_null() && progress["eta_s"].is_null(), "{progress}");

    let one = house.add(&json!({"limits": {"max_messages": 1}})).await;
    house.admin.launch(&one).await.unwrap();
    house.until_delivered(&one, 1).await;
    house.ends_well(&one, 1).await;
}

#[tokio::test]
async fn a_freezing_that_is_paused_goes_on_where_it_stopped_and_a_cancel_ends_all() {
    const CONTACTS: u32 = 120_000;
    let house = House::with_contacts(CONTACTS).await;
    house.admin.add_sender("Tienda", 5.0).await.unwrap();
    let campaign = house.add(&json!({"name": "Grande"})).await;
    house.admin.launch(&campaign).await.unwrap();
    let frozen = "SELECT frozen_messages::bigint FROM campaigns WHERE id = $1::text::uuid";
    for _ in 0..4_000 {
        if house.number(frozen, &campaign).await > 0 {
            break;
        }
        sleep(Duration::from_millis(5)).await;
    }
    let (status, paused) = house.act(&campaign, "pause").await;
    assert_eq!(
        (status, &paused["state"], &paused["audience"]),
        (202, &json!("paused"), &Value::Null),
        "{paused}"
    );
    sleep(Duration::from_secs(1)).await;
    let so_far = house.number(frozen, &campaign).await;
    assert!(so_far > 0 && so_far < CONTACTS.into(), "{so_far}");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(house.number(frozen, &campaign).await, so_far, "a paused freezing goes on");
    assert_eq!(house.act(&campaign, "pause").await.0, 409);

    assert_eq!(house.act(&campaign, "resume").await.0, 202);
    let progress =
        house.admin.until(&campaign, PATIENCE, |progress| progress["state"] == "running").await.unwrap();
    assert_eq!(progress["audience"], CONTACTS);
    let numbers = "SELECT count(DISTINCT phone) FROM messages WHERE campaign_id = $1::text::uuid";
    assert_eq!(house.number(numbers, &campaign).await, i64::from(CONTACTS));

    house.until_queued(&campaign, i64::from(CONTACTS) - 5).await;
    let (status, canceled) = house.act(&campaign, "cancel").await;
    assert_eq!((status, &canceled["state"]), (202, &json!("canceled")), "{canceled}");
    let ended = |progress: &Value| {
        ["queued", "sending", "sent", "uncertain"].iter().all(|state| progress["counts"][state] == 0)
    };
    let progress = house.admin.until(&campaign, PATIENCE, ended).await.unwrap();
    assert_eq!((&progress["state"], &progress["audience"]), (&json!("canceled"), &json!(CONTACTS)));
    assert!(progress["counts"]["canceled"].as_u64() > Some(u64::from(CONTACTS) - 1_000), "{progress}");
    let ledgers = house.ledgers(&campaign).await;
    assert!(ledgers.agree() && ledgers.accepted_numbers > 0, "{ledgers:?}");
    for action in ["launch", "pause", "resume", "cancel"] {
        assert_eq!(house.act(&campaign, action).await.0, 409, "{action}");
    }
}

#[tokio::test]
async fn what_no_campaign_may_be_is_refused_when_it_is_saved() {
    let house = House::with_contacts(3).await;
    house.admin.add_sender("Tienda", 10.0).await.unwrap();
    let text = |template: &str| json!({"message": {"template": template}});
    let window =
        |start: &str, end: &str, days: Value| json!({"window": {"start": start, "end": end, "days": days}});
    let nobody = "01900000-0000-7000-8000-000000000000";
    let long_default = format!("{{{{ city | default(\"{}\") }}}}", "a".repeat(1_600));
    for (change, pointer, detail) in [
        (text("{% for x in city %}{{ x }}{% endfor %}"), "/message/template", "{% … %}"),
        (text("{% while true %}"), "/message/template", "{% … %}"),
        (text("{{ city * 100000000 }}"), "/message/template", "no placeholder"),
        (text("{{ range(100000000) }}"), "/message/template", "range"),
        (
            text(&format!("Hola {}", "{{ full_name }}".repeat(100))),
            "/message/template",
            "segments; 10 are the most",
        ),
        (text(&"a".repeat(1_600)), "/message/template", "segments; 10 are the most"),
        (text(&"a".repeat(8_001)), "/message/template", "8001 bytes"),
        (text(&long_default), "/message/template", "segments; 10 are the most"),
        (text("{{ first_name }}"), "/message/template", "the text is empty"),
        (text(" "), "/message/template", "empty"),
        (text("a\u{7}"), "/message/template", "U+0007"),
        (window("09:00", "20:00", json!([])), "/window", "never opens"),
        (window("20:00", "09:00", json!(["mon"])), "/window", "end later"),
        (window("09:00", "09:00", json!(["mon"])), "/window", "end later"),
        (window("09:00", "25:00", json!(["mon"])), "/window", "00:00 to 23:59"),
        (window("09:00", "20:00", json!(["lunes"])), "/window", "mon"),
        (json!({"sender_id": nobody}), "/sender_id", "sender"),
        (json!({"segment_id": nobody, "segment": null}), "/segment_id", "segment"),
        (json!({"limits": {"per_second": 0}}), "/limits/per_second", "more than 0"),
    ] {
        let body = draft(&change);
        let (status, problem) = house.admin.ask(Method::POST, "/campaigns", Some(&body)).await.unwrap();
        let error = &problem["errors"][0];
        assert_eq!((status, &error["pointer"]), (422, &json!(pointer)), "{change}: {problem}");
        assert!(error["detail"].as_str().unwrap().contains(detail), "{change}: {problem}");
        if change.get("segment_id").is_none() {
            // A draft cannot become it, either.
            let campaign = house.add(&json!({})).await;
            let path = format!("/campaigns/{campaign}");
            let (status, problem) = house.admin.ask(Method::PATCH, &path, Some(&change)).await.unwrap();
            assert_eq!(status, 422, "{change}: {problem}");
        }
    }
    let campaign = house.add(&json!({})).await;
    let path = format!("/campaigns/{campaign}/schedule");
    for at in ["2020-01-01T00:00:00Z", "yesterday"] {
        let body = json!({"schedule_at": at});
        let (status, problem) = house.admin.ask(Method::POST, &path, Some(&body)).await.unwrap();
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/schedule_at")), "{problem}");
    }
    assert_eq!(house.admin.ask(Method::POST, &path, Some(&json!({}))).await.unwrap().0, 422);
    assert_eq!(house.state(&campaign).await, "draft");
}

#[tokio::test]
async fn a_draft_is_changed_and_removed_in_the_version_that_people_saw() {
    let house = House::with_contacts(3).await;
    house.admin.add_sender("Tienda", 10.0).await.unwrap();
    let campaign = house.add(&json!({})).await;
    let path = format!("/campaigns/{campaign}");
    let renamed = json!({"name": "Otra"});
    let (status, changed) = if_match(&house.admin, Method::PATCH, &path, "1", Some(&renamed)).await;
    assert_eq!((status, &changed["version"], &changed["name"]), (200, &json!(2), &json!("Otra")));
    assert_eq!(if_match(&house.admin, Method::PATCH, &path, "1", Some(&renamed)).await.0, 412);
    assert_eq!(if_match(&house.admin, Method::DELETE, &path, "1", None).await.0, 412);
    let at_once = (0..6).map(|_| if_match(&house.admin, Method::PATCH, &path, "2", Some(&renamed)));
    let at_once = futures::future::join_all(at_once).await;
    assert_eq!(at_once.iter().filter(|(status, _)| *status == 200).count(), 1, "{at_once:?}");
    assert!(at_once.iter().all(|(status, _)| [200, 412].contains(status)), "{at_once:?}");
    assert_eq!(if_match(&house.admin, Method::DELETE, &path, "3", None).await.0, 204);
    assert_eq!(house.admin.ask(Method::GET, &path, None).await.unwrap().0, 404);
    assert_eq!(if_match(&house.admin, Method::DELETE, &path, "3", None).await.0, 404);
}

#[tokio::test]
async fn a_campaign_that_runs_is_made_faster_and_nothing_else_of_it_is_changed() {
    let house = House::with_contacts(900).await;
    house.deliver_everything().await;
    house.admin.add_sender("Tienda", 2_000.0).await.unwrap();
    let campaign = house.add(&json!({"limits": {"per_second": 5}})).await;
    house.admin.launch(&campaign).await.unwrap();
    house.until_queued(&campaign, 890).await;
    sleep(Duration::from_secs(2)).await;
    let progress = house.admin.progress(&campaign).await.unwrap();
    assert!(progress["counts"]["queued"].as_u64() > Some(800), "{progress}");
    let path = format!("/campaigns/{campaign}");
    let found = house.admin.must(200, Method::GET, &path, None).await.unwrap();
    let version = found["version"].to_string();
    for (change, status) in [
        (json!({"name": "Otra"}), 409),
        (json!({"message": {"template": "Adiós"}}), 409),
        (json!({"limits": {"max_messages": 5}}), 409),
    ] {
        assert_eq!(house.admin.ask(Method::PATCH, &path, Some(&change)).await.unwrap().0, status, "{change}");
    }
    assert_eq!(house.admin.ask(Method::DELETE, &path, None).await.unwrap().0, 409);
    let faster = json!({"limits": {"per_second": 1_000}});
    let operator = house.somebody("operator").await;
    assert_eq!(operator.ask(Method::PATCH, &path, Some(&faster)).await.unwrap().0, 403);
    let changed = Instant::now();
    let (status, answer) = if_match(&house.admin, Method::PATCH, &path, &version, Some(&faster)).await;
    assert_eq!((status, &answer["limits"]["per_second"]), (200, &json!(1_000.0)), "{answer}");
    house.until_delivered(&campaign, 900).await;
    // At five a second it would take three minutes.
    assert!(changed.elapsed() < Duration::from_mins(1), "{:?}", changed.elapsed());
    house.ends_well(&campaign, 900).await;
}

#[tokio::test]
async fn a_campaign_that_is_scheduled_launches_at_its_time() {
    let house = House::with_contacts(40).await;
    house.deliver_everything().await;
    let campaign = house.draft(500.0).await;
    let soon = "SELECT to_char(now() AT TIME ZONE 'UTC' + interval '3 s', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')";
    let at: String = house.database.query_one(soon, &[]).await.unwrap().get(0);
    let body = json!({ "schedule_at": at });
    let path = format!("/campaigns/{campaign}/schedule");
    let scheduled = house.admin.must(202, Method::POST, &path, Some(&body)).await.unwrap();
    assert_eq!(scheduled["state"], "scheduled");
    let will =
        house.admin.must(200, Method::GET, &format!("/campaigns/{campaign}/progress"), None).await.unwrap();
    assert!(will["waiting"].as_str().is_some_and(|waits| waits.starts_with("scheduled for")), "{will}");
    house.until_delivered(&campaign, 40).await;
    house.ends_well(&campaign, 40).await;
    let late = "SELECT floor(extract(epoch FROM launched_at - schedule_at))::bigint FROM campaigns WHERE id = $1::text::uuid";
    let late = house.number(late, &campaign).await;
    assert!((0..20).contains(&late), "{late}");
}

#[tokio::test]
async fn how_to_say_no_is_in_every_text_and_in_what_it_costs() {
    let house = House::with_contacts(30).await;
    house.deliver_everything().await;
    house.admin.add_sender("Tienda", 500.0).await.unwrap();
    // 150 septets; with a line of how to say no they are two segments.
    let campaign = house.add(&json!({"message": {"template": "a".repeat(150), "transliterate": true}})).await;
    let preview =
        house.admin.must(200, Method::POST, &format!("/campaigns/{campaign}/preview"), None).await.unwrap();
    assert_eq!(preview["text"]["by_segments"], json!({"2": 30}), "{preview}");
    assert_eq!(preview["cost"]["amount_micros"], (285_000 * 2 * 30).to_string());
    let footer = "\nResponde ALTO para no recibir mas";
    for sample in preview["samples"].as_array().unwrap() {
        assert!(sample.as_str().unwrap().ends_with(footer), "{sample}");
    }
    house.admin.launch(&campaign).await.unwrap();
    house.until_delivered(&campaign, 30).await;
    let bodies = "SELECT count(*) FROM messages WHERE campaign_id = $1::text::uuid AND segments = 2
                  AND body LIKE '%Responde ALTO para no recibir mas'";
    assert_eq!(house.number(bodies, &campaign).await, 30);
    let said = house.add(&json!({"message": {"template": "Oferta. Envía BAJA para no recibir más"}})).await;
    let preview =
        house.admin.must(200, Method::POST, &format!("/campaigns/{said}/preview"), None).await.unwrap();
    assert_eq!(preview["samples"][0], "Oferta. Envía BAJA para no recibir más");
}
