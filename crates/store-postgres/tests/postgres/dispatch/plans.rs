//! The plans of the statements that every message goes through, as the server makes them without knowing the values: each
//! finds messages by the whole of their key, in a table that was never analyzed and in one that was.

use serde_json::Value;

use super::stage::Stage;

/// Each statement, and how many parameters it has.
const HOT: [(&str, &str, usize); 6] = [
    ("claim", include_str!("../../../sql/dispatch_claim.sql"), 9),
    ("apply", include_str!("../../../sql/message_apply.sql"), 14),
    ("keep", include_str!("../../../sql/event_insert.sql"), 15),
    ("settle", include_str!("../../../sql/event_settle.sql"), 3),
    ("lost", include_str!("../../../sql/claim_take_expired.sql"), 1),
    ("overdue", include_str!("../../../sql/due_take.sql"), 1),
];

#[tokio::test]
async fn hot_statements_find_messages_by_their_whole_key_whatever_the_server_knows_of_the_table() {
    let stage = Stage::running(20_000).await;
    stage.run("SET plan_cache_mode = force_generic_plan").await;
    for (name, statement, _) in HOT {
        stage.run(&format!("PREPARE {name} AS {statement}")).await;
    }
    let partition = "SELECT tableoid::regclass::text FROM messages LIMIT 1";
    let partition: String = stage.client.query_one(partition, &[]).await.unwrap().get(0);
    for analyze in ["SELECT 1", "ANALYZE messages", "ANALYZE"] {
        stage.run(analyze).await;
        for (name, _, parameters) in HOT {
            let mut values = vec!["NULL".to_owned(); parameters];
            if name == "claim" {
                // Partitions that it is certain not to be in are left out before the plan is shown.
                values[0] = format!("'{}'", stage.campaign.0);
            }
            let found_by = conditions(&stage, &partition, name, &values).await;
            assert!(!found_by.is_empty(), "{name} reads no messages");
            for condition in found_by {
                assert!(is_whole_key(&condition), "{name} after {analyze}: by {condition:?}");
            }
        }
    }
}

/// By what a prepared statement finds messages in this partition.
async fn conditions(stage: &Stage, partition: &str, name: &str, values: &[String]) -> Vec<String> {
    let explain = format!("EXPLAIN (FORMAT JSON) EXECUTE {name}({})", values.join(", "));
    let plan: Value = stage.client.query_one(&explain, &[]).await.unwrap().get(0);
    let mut nodes = Vec::new();
    messages_of(&plan[0]["Plan"], partition, &mut nodes);
    nodes.into_iter().map(|node| node["Index Cond"].as_str().unwrap_or_default().to_owned()).collect()
}

fn is_whole_key(condition: &str) -> bool {
    condition.contains("campaign_id") && condition.contains("seq")
}

#[tokio::test]
async fn a_claim_of_a_campaign_that_follows_another_finds_messages_by_their_whole_key_once_they_are_analyzed()
{
    let stage = Stage::running(20_000).await;
    stage.run("ANALYZE messages").await;
    let partition = "SELECT tableoid::regclass::text FROM messages LIMIT 1";
    let partition: String = stage.client.query_one(partition, &[]).await.unwrap().get(0);
    let next = "INSERT INTO messages (campaign_id, seq, phone, segments, body)
                SELECT uuid_v7_floor(now() + interval '1 ms'), seq, phone, segments, body FROM messages
                RETURNING campaign_id::text";
    let next: String = stage.client.query(next, &[]).await.unwrap()[0].get(0);
    stage.run(&format!("SELECT analyze_messages('{next}')")).await;
    // As the first claims of a campaign are planned: with its id in hand.
    stage.run("SET plan_cache_mode = force_custom_plan").await;
    stage.run(&format!("PREPARE claim AS {}", HOT[0].1)).await;
    let values =
        [&format!("'{next}'"), "'worker'", "0", "200", "60", "0.5", "0", "0", "NULL"].map(str::to_owned);
    let found_by = conditions(&stage, &partition, "claim", &values).await;
    assert!(!found_by.is_empty() && found_by.iter().all(|by| is_whole_key(by)), "{found_by:?}");
}

/// The nodes of a plan that read messages of this partition; the others are empty.
fn messages_of<'a>(node: &'a Value, partition: &str, found: &mut Vec<&'a Value>) {
    let is_scan = node["Node Type"].as_str().is_some_and(|kind| kind.ends_with("Scan"));
    if is_scan && node["Relation Name"] == partition {
        found.push(node);
    }
    for part in node["Plans"].as_array().into_iter().flatten() {
        messages_of(part, partition, found);
    }
}
