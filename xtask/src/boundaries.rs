//! Holds what cargo knows of the workspace against the table of allowed dependencies.

mod rules;
#[cfg(test)]
mod tests;

use crate::cargo::cargo;
use crate::failure::{Doing, Failure};
use crate::json::Json;
use crate::workspace::Workspace;
use rules::{BARE, ROOMS, Room, Rule, TESTKIT, WATCHED};

const TABLE: &str = "xtask/src/boundaries/rules.rs";

/// One line of a manifest's dependencies.
struct Edge<'a> {
    from: &'a str,
    to: &'a str,
    is_for_tests: bool,
    /// In the workspace, not from a registry.
    is_ours: bool,
}

/// Fails with a sentence for every dependency that the architecture does not allow.
pub(crate) fn check(workspace: &Workspace) -> Result<(), Failure> {
    let output = cargo(workspace)
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .output()
        .doing(|| "run cargo metadata".into())?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::other(format!("cargo metadata failed: {}", reason.trim())));
    }
    let metadata =
        Json::parse(&String::from_utf8_lossy(&output.stdout)).doing(|| "read cargo metadata".into())?;
    let violations = violations(&metadata);
    if violations.is_empty() {
        let count = metadata.get("packages").elements().len();
        eprintln!("boundaries: {count} crates keep to the table");
        return Ok(());
    }
    Err(Failure::check(format!(
        "the architecture does not allow this:\n  {}\nThe table is {TABLE}.",
        violations.join("\n  ")
    )))
}

fn violations(metadata: &Json) -> Vec<String> {
    let mut violations = Vec::new();
    for package in metadata.get("packages").elements() {
        let name = package.get("name").text().unwrap_or_default();
        let room = ROOMS.iter().find(|room| room.name == name);
        if room.is_none() {
            violations.push(format!("crate `{name}` is not in the table: add its row to ROOMS in {TABLE}"));
        }
        for dependency in package.get("dependencies").elements() {
            let edge = Edge {
                from: name,
                to: dependency.get("name").text().unwrap_or_default(),
                is_for_tests: dependency.get("kind").text() == Some("dev"),
                is_ours: dependency.get("path").text().is_some(),
            };
            violations.extend(room.and_then(|room| refuse(&edge, room)));
        }
    }
    violations
}

/// Why the table does not allow an edge.
fn refuse(edge: &Edge<'_>, room: &Room) -> Option<String> {
    let Edge { from, to, .. } = edge;
    let kind = if edge.is_for_tests { "in its tests" } else { "in its code" };
    if BARE.contains(from) {
        return Some(format!("`{from}` uses `{to}` {kind}: it depends on nothing at all"));
    }
    if edge.is_ours {
        let may = contains(room.may_use, to)
            || edge.is_for_tests && (*to == TESTKIT || contains(room.tests_may_use, to));
        let allowed = room.may_use.concat().join(", ");
        let allowed = if allowed.is_empty() { "none of ours" } else { &allowed };
        return (!may).then(|| format!("`{from}` uses `{to}` {kind}: it may use {allowed}"));
    }
    match WATCHED.iter().find(|watched| watched.name == *to)?.rule {
        Rule::Only(rooms) => (!rooms.contains(from))
            .then(|| format!("`{from}` uses `{to}` {kind}: only {} may", rooms.join(", "))),
        Rule::NeverIn(rooms) => (rooms.contains(from) && !edge.is_for_tests)
            .then(|| format!("`{from}` uses `{to}` {kind}: it must not know such a crate")),
    }
}

fn contains(groups: &[&[&str]], name: &str) -> bool {
    groups.iter().any(|group| group.contains(&name))
}
