//! The settings that are shipped for a server.

use crate::harness::Postgres;

const SHIPPED: &str = include_str!("../../../../deploy/postgres/postgresql.conf");

#[tokio::test]
async fn every_setting_that_is_shipped_is_one_of_the_server_and_within_its_bounds() {
    let postgres = Postgres::fresh().await;
    let mut known = 0;
    for line in SHIPPED.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        let (name, value) = line.split_once(" = ").expect("name = value");
        let value = value.trim_matches('\'');
        if name.starts_with("pg_stat_statements.") {
            continue;
        }
        let look = "SELECT vartype, min_val::float8, max_val::float8, enumvals, coalesce(unit, '') AS unit
                    FROM pg_settings WHERE lower(name) = lower($1)";
        let setting =
            postgres.client.query_opt(look, &[&name]).await.unwrap().unwrap_or_else(|| panic!("{name}"));
        let digits: String = value.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        match setting.get("vartype") {
            "integer" | "real" => {
                let number: f64 = digits.parse().unwrap_or_else(|_| panic!("{line}"));
                let ours = match &value[digits.len()..] {
                    "MB" => 1024.0 * 1024.0,
                    "GB" => 1024.0 * 1024.0 * 1024.0,
                    "ms" => 0.001,
                    "" | "s" => 1.0,
                    "min" => 60.0,
                    unit => panic!("{line}: {unit}"),
                };
                let theirs = match setting.get("unit") {
                    "8kB" => 8.0 * 1024.0,
                    "kB" => 1024.0,
                    "MB" => 1024.0 * 1024.0,
                    "B" | "" | "s" => 1.0,
                    "ms" => 0.001,
                    "min" => 60.0,
                    unit => panic!("{name}: {unit}"),
                };
                let number = if value.len() == digits.len() { number } else { number * ours / theirs };
                let within = setting.get::<_, f64>("min_val")..=setting.get::<_, f64>("max_val");
                assert!(within.contains(&number), "{line}: {number} is not in {within:?}");
            }
            "enum" => {
                let may_be: Vec<String> = setting.get("enumvals");
                assert!(may_be.iter().any(|one| one == value), "{line}: {may_be:?}");
            }
            "bool" => assert!(["on", "off"].contains(&value), "{line}"),
            _ => assert!(!value.is_empty(), "{line}"),
        }
        known += 1;
    }
    assert!(known > 30, "{known}");
}
