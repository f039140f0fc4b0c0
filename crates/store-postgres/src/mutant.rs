//! Mistakes made on purpose: the fault proof (`cargo xtask e2e faults --mutants`) must find each. `PREGON_MUTANT` names
//! the one to make. Development builds alone know them.

use std::borrow::Cow;

/// A statement as it is, in every build that is released.
#[cfg(not(debug_assertions))]
pub(crate) fn statement(_file: &str, text: &'static str) -> Cow<'static, str> {
    Cow::Borrowed(text)
}

#[cfg(debug_assertions)]
pub(crate) use armed::{commit_later, is_armed, statement};

#[cfg(debug_assertions)]
mod armed {
    use std::sync::LazyLock;
    use std::time::Duration;

    use deadpool_postgres::Object;

    use super::Cow;

    /// Which statement a mutant changes: its file, what stands there, what shall.
    const CHANGES: [(&str, &str, &str, &str); 8] = [
        ("no-attempt", "message_apply", "message.attempt = evidence.attempt AND ", ""),
        ("no-attempt", "event_insert", "message.attempt = entry.attempt AND ", ""),
        ("any-phone", "message_apply", " AND message.phone = coalesce(evidence.phone, message.phone)", ""),
        (
            "no-rank",
            "message_apply",
            "FROM unnest($9::text[], $10::text[], $11::text[]) AS entry (before, kind, after)",
            "FROM unnest($9::text[], $10::text[], $11::text[]) AS entry (before, kind, after)
             UNION ALL VALUES ('delivered'::message_state, 'reported_sent', 'sent'::message_state)",
        ),
        ("no-rank", "event_insert", " AS is_news", " OR true AS is_news"),
        ("no-sweep", "claim_take_expired", "lease_until < now()", "false"),
        (
            "pause-no-lane",
            "campaign_change",
            "lanes.campaign_id = changed.id",
            "lanes.campaign_id = changed.id AND $2 = 'running'",
        ),
        (
            "no-suppression",
            "dispatch_claim",
            "suppression.phone_national IS NOT NULL AS is_barred",
            "false AS is_barred",
        ),
    ];

    #[expect(clippy::disallowed_methods, reason = "no setting: no released build reads it")]
    static NAME: LazyLock<String> = LazyLock::new(|| std::env::var("PREGON_MUTANT").unwrap_or_default());

    pub(crate) fn is_armed(name: &str) -> bool {
        *NAME == name
    }

    /// The statement of this file, with the mistake in it if it is the one that is asked for.
    pub(crate) fn statement(file: &str, text: &'static str) -> Cow<'static, str> {
        let change = CHANGES.into_iter().find(|change| is_armed(change.0) && change.1 == file);
        let Some((name, _, stands, shall)) = change else { return Cow::Borrowed(text) };
        assert!(text.contains(stands), "the mutant {name} does not find its place in {file}.sql");
        Cow::Owned(text.replacen(stands, shall, 1))
    }

    /// Commits what the connection has begun when it is too late.
    pub(crate) fn commit_later(client: Object) {
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(400)).await;
            client.batch_execute("COMMIT").await
        });
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn every_mutant_finds_its_place() {
            for (name, file, stands, _) in CHANGES {
                let path = format!("{}/sql/{file}.sql", env!("CARGO_MANIFEST_DIR"));
                let text = std::fs::read_to_string(path).unwrap();
                assert_eq!(text.matches(stands).count(), 1, "{name}");
            }
        }
    }
}
