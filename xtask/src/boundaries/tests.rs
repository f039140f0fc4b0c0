//! Made-up workspaces, each with one edge.

use super::violations;
use crate::json::Json;

/// What the table says of a package with one dependency.
fn verdict(from: &str, kind: &str, to: &str, is_ours: bool) -> Vec<String> {
    let path = if is_ours { format!(r#""/w/crates/{to}""#) } else { "null".to_owned() };
    let kind = if kind == "normal" { "null".to_owned() } else { format!("\"{kind}\"") };
    let text = format!(
        r#"{{"packages":[{{"name":"{from}","dependencies":[{{"name":"{to}","kind":{kind},"path":{path}}}]}}]}}"#
    );
    violations(&Json::parse(&text).unwrap())
}

#[track_caller]
fn allowed(from: &str, kind: &str, to: &str, is_ours: bool) {
    assert_eq!(verdict(from, kind, to, is_ours), [""; 0], "{from} → {to} ({kind})");
}

#[track_caller]
fn refused(from: &str, kind: &str, to: &str, is_ours: bool) {
    let verdict = verdict(from, kind, to, is_ours);
    assert!(
        matches!(&verdict[..], [one] if one.contains(from) && one.contains(to)),
        "{from} → {to} ({kind})"
    );
}

#[test]
fn the_domain_uses_none_of_ours_and_no_runtime_driver_or_framework() {
    for to in ["application", "store-postgres", "settings", "system", "telemetry"] {
        refused("domain", "normal", to, true);
    }
    for to in [
        "tokio",
        "tokio-postgres",
        "deadpool-postgres",
        "redis",
        "lapin",
        "rusqlite",
        "actix-web",
        "reqwest",
        "serde_json",
        "rand",
        "config",
    ] {
        refused("domain", "normal", to, false);
        refused("domain", "build", to, false);
    }
    allowed("domain", "normal", "phonenumber", false);
    allowed("domain", "dev", "serde_json", false);
}

#[test]
fn the_application_uses_the_domain_alone() {
    allowed("application", "normal", "domain", true);
    for to in ["store-postgres", "http-actix", "settings"] {
        refused("application", "normal", to, true);
    }
    for to in ["tokio-postgres", "redis", "lapin", "rusqlite", "actix-web", "reqwest"] {
        refused("application", "normal", to, false);
    }
}

#[test]
fn an_adapter_uses_the_domain_and_never_another_adapter() {
    for adapter in ["store-postgres", "cache-redis", "queue-rabbitmq", "source-sqlite", "gateway-telnyx"] {
        allowed(adapter, "normal", "domain", true);
        refused(adapter, "normal", "system", true);
        refused(adapter, "dev", "credentials", true);
        refused(adapter, "normal", "application", true);
    }
    allowed("http-actix", "normal", "application", true);
    refused("http-actix", "normal", "store-postgres", true);
    refused("console-actix", "normal", "http-actix", true);
}

#[test]
fn a_driver_or_framework_stays_in_its_room() {
    for (to, room, stranger) in [
        ("rusqlite", "source-sqlite", "migrator"),
        ("tokio-postgres", "store-postgres", "api"),
        ("deadpool-postgres", "store-postgres", "worker"),
        ("redis", "cache-redis", "http-actix"),
        ("lapin", "queue-rabbitmq", "worker"),
        ("actix-web", "http-actix", "api"),
        ("config", "settings", "api"),
    ] {
        allowed(room, "normal", to, false);
        refused(stranger, "normal", to, false);
        refused(stranger, "dev", to, false);
    }
    allowed("testkit", "normal", "tokio-postgres", false);
    allowed("testkit", "normal", "deadpool-postgres", false);
    allowed("console-actix", "normal", "actix-web", false);
    allowed("telnyx-sandbox", "normal", "actix-web", false);
}

#[test]
fn settings_and_telemetry_use_none_of_ours_but_the_domain_for_settings() {
    allowed("settings", "normal", "domain", true);
    refused("settings", "normal", "telemetry", true);
    refused("telemetry", "normal", "domain", true);
}

#[test]
fn a_binary_uses_anything_but_what_is_for_tests() {
    for binary in ["api", "worker", "migrator"] {
        for to in ["domain", "application", "store-postgres", "settings", "telemetry"] {
            allowed(binary, "normal", to, true);
        }
        allowed(binary, "dev", "testkit", true);
        allowed(binary, "dev", "source-sqlite", true);
        refused(binary, "normal", "testkit", true);
        refused(binary, "normal", "e2e", true);
        refused(binary, "dev", "e2e", true);
    }
}

#[test]
fn the_testkit_is_for_tests_alone() {
    allowed("testkit", "normal", "domain", true);
    allowed("testkit", "normal", "store-postgres", true);
    refused("testkit", "normal", "application", true);
    allowed("e2e", "normal", "testkit", true);
    for room in ["domain", "application", "store-postgres", "settings", "benches"] {
        allowed(room, "dev", "testkit", true);
        refused(room, "normal", "testkit", true);
        refused(room, "build", "testkit", true);
    }
}

#[test]
fn the_repository_s_commands_depend_on_nothing() {
    refused("xtask", "normal", "serde", false);
    refused("xtask", "dev", "tempfile", false);
    refused("xtask", "dev", "testkit", true);
}

#[test]
fn errors_without_a_type_are_for_binaries() {
    for binary in ["api", "worker", "migrator", "e2e", "benches", "telnyx-sandbox"] {
        allowed(binary, "normal", "anyhow", false);
    }
    for library in ["domain", "application", "store-postgres", "settings", "testkit"] {
        refused(library, "normal", "anyhow", false);
    }
}

#[test]
fn a_crate_without_a_row_is_told_where_to_add_it() {
    let verdict = verdict("newcomer", "normal", "serde", false);
    assert!(
        matches!(&verdict[..], [one] if one.contains("`newcomer`") && one.contains("boundaries/rules.rs"))
    );
}
