//! The obligations of the ports, one module a port, one clause a sentence of its comment.
//!
//! A macro of each suite expands to one test a clause, so that each shows by its name for the fake and for the adapter.
//! It takes an expression that makes a fresh instance, and needs `tokio` where it is used.

pub mod clock_and_ids;
pub mod contact_store;
pub mod identity_store;
pub mod import_copies;
pub mod import_session;
pub mod import_store;
pub mod password_hasher;
pub mod second_factor_store;
pub mod session_store;
pub mod sms_gateway;
pub mod source_reader;
pub mod tokens;

mod imports;

pub use imports::{ImportHarness, store};

/// Expands to one test for each clause of a suite.
#[doc(hidden)]
#[macro_export]
macro_rules! clauses {
    ($suite:ident, $harness:expr, [$($clause:ident),+ $(,)?]) => {
        $(
            #[::tokio::test]
            async fn $clause() {
                let harness = $harness;
                $crate::contract::$suite::$clause(&harness).await;
            }
        )+
    };
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    /// A clause that no test runs would promise what nobody checks.
    #[test]
    fn every_clause_stands_in_the_macro_of_its_suite() {
        for suite in [
            include_str!("contract/clock_and_ids.rs"),
            include_str!("contract/contact_store.rs"),
            include_str!("contract/identity_store.rs"),
            include_str!("contract/import_copies.rs"),
            include_str!("contract/import_session.rs"),
            include_str!("contract/import_store.rs"),
            include_str!("contract/password_hasher.rs"),
            include_str!("contract/second_factor_store.rs"),
            include_str!("contract/session_store.rs"),
            include_str!("contract/sms_gateway.rs"),
            include_str!("contract/source_reader.rs"),
            include_str!("contract/tokens.rs"),
        ] {
            let clauses: HashSet<&str> = suite
                .split("pub async fn ")
                .skip(1)
                .filter_map(|rest| rest.split(['(', '<']).next())
                .collect();
            let run: HashSet<&str> = suite
                .split("clauses!(")
                .skip(1)
                .filter_map(|rest| rest.split(['[', ']']).nth(1))
                .flat_map(|list| list.split(',').map(str::trim))
                .filter(|clause| !clause.is_empty())
                .collect();
            assert!(!clauses.is_empty());
            assert_eq!(clauses, run);
        }
    }
}
