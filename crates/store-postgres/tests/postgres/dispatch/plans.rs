//! The plans of the statements that every message goes through, as the server makes them without knowing the values: each
//! finds messages by the whole of their key, in a table that was never analyzed and in one that was.

use serde_json::Value;

use super::stage::Stage;

/// Each statement, and how many parameters it has.
const HOT: [(&str, &str, usize); 6] = [
    ("claim", include_str!("../../../sql/dispatch_claim.sql"), 8),
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
            let explain = format!("EXPLAIN (FORMAT JSON) EXECUTE {name}({})", values.join(", "));
            let plan: Value = stage.client.query_one(&explain, &[]).await.unwrap().get(0);
            let mut nodes = Vec::new();
            messages_of(&plan[0]["Plan"], &partition, &mut nodes);
            assert!(!nodes.is_empty(), "{name} reads no messages");
            for node in nodes {
                let condition = node["Index Cond"].as_str().unwrap_or_default();
                assert!(
                    condition.contains("campaign_id") && condition.contains("seq"),
                    "{name} after {analyze}: {} on {} by {condition:?}",
                    node["Node Type"],
                    node["Relation Name"]
                );
            }
        }
    }
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
