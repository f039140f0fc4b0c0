//! The fakes keep the contracts that the adapters keep.

use async_trait::async_trait;
use domain::identity::UserId;
use domain::import::ImportId;
use domain::phone::PhoneNumber;
use domain::port::{
    ContactStore, IdentityStore, ImportStore, SecondFactorStore, SessionStore, SourceAccount, SourceReader,
};
use jiff::Timestamp;
use testkit::contract::ImportHarness;
use testkit::contract::identity_store::IdentityHarness;
use testkit::contract::second_factor_store::SecondFactorHarness;
use testkit::contract::session_store::SessionHarness;
use testkit::contract::source_reader::SourceHarness;
use testkit::fakes::{
    AuditLine, CountingIds, CountingSecrets, FakeIdentityStore, FakeImportStore, FakePasswords,
    FakeSessionStore, FakeSource, FakeTokens, FixedClock, SourceContents, SteppingClock,
};
use testkit::fixtures::rows_numbered;

struct Imports(FakeImportStore);

#[async_trait]
impl ImportHarness for Imports {
    fn imports(&self) -> Box<dyn ImportStore> {
        Box::new(self.0.clone())
    }

    fn contacts(&self) -> Box<dyn ContactStore> {
        Box::new(self.0.clone())
    }

    async fn add_contact(&self, phone: PhoneNumber) -> Result<(), String> {
        self.0.add_contact(phone).map_err(|error| error.to_string())
    }

    async fn set_broken(&self, is_broken: bool) {
        self.0.set_broken(is_broken);
    }

    async fn until_none_is_open(&self) {}

    async fn account(&self, id: ImportId) -> SourceAccount {
        self.0.account(id)
    }
}

struct Identities(FakeIdentityStore);

#[async_trait]
impl IdentityHarness for Identities {
    fn identities(&self) -> Box<dyn IdentityStore> {
        Box::new(self.0.clone())
    }

    async fn audit_lines(&self) -> Vec<AuditLine> {
        self.0.audit_lines()
    }
}

#[async_trait]
impl SecondFactorHarness for Identities {
    fn factors(&self) -> Box<dyn SecondFactorStore> {
        Box::new(self.0.clone())
    }

    fn users(&self) -> Box<dyn IdentityStore> {
        Box::new(self.0.clone())
    }

    async fn user_lines(&self) -> Vec<AuditLine> {
        self.0.audit_lines()
    }
}

struct Sessions {
    users: FakeIdentityStore,
    sessions: FakeSessionStore,
}

impl Sessions {
    fn fresh() -> Self {
        let users = FakeIdentityStore::default();
        Self { sessions: FakeSessionStore::of(users.clone()), users }
    }
}

#[async_trait]
impl SessionHarness for Sessions {
    fn sessions(&self) -> Box<dyn SessionStore> {
        Box::new(self.sessions.clone())
    }

    fn users(&self) -> Box<dyn IdentityStore> {
        Box::new(self.users.clone())
    }

    async fn disable(&self, user: UserId) {
        self.users.disable(user);
    }

    async fn session_lines(&self) -> Vec<AuditLine> {
        let lines = self.users.audit_lines().into_iter();
        lines.filter(|line| line.action.starts_with("session.")).collect()
    }
}

struct Sources;

#[async_trait]
impl SourceHarness for Sources {
    async fn reader(&self, contents: SourceContents) -> Box<dyn SourceReader> {
        Box::new(FakeSource::new(contents))
    }

    async fn damaged_reader(&self) -> Box<dyn SourceReader> {
        Box::new(FakeSource::new(SourceContents::of(rows_numbered(1..=9))).damaged_after(5))
    }
}

mod import_store {
    use super::*;
    testkit::import_store_contract!(Imports(FakeImportStore::default()));
}

mod import_session {
    use super::*;
    testkit::import_session_contract!(Imports(FakeImportStore::default()));
    testkit::import_copies_contract!(Imports(FakeImportStore::default()));
}

mod contact_store {
    use super::*;
    testkit::contact_store_contract!(Imports(FakeImportStore::default()));
}

mod identity_store {
    use super::*;
    testkit::identity_store_contract!(Identities(FakeIdentityStore::default()));
}

mod session_store {
    use super::*;
    testkit::session_store_contract!(Sessions::fresh());
}

mod second_factor_store {
    use super::*;
    testkit::second_factor_store_contract!(Identities(FakeIdentityStore::default()));
}

mod token_issuer {
    use super::*;
    testkit::token_issuer_contract!(FakeTokens::default());
}

mod secret_source {
    use super::*;
    testkit::secret_source_contract!(CountingSecrets::default());
}

mod source_reader {
    use super::*;
    testkit::source_reader_contract!(Sources);
}

mod password_hasher {
    use super::*;
    testkit::password_hasher_contract!(FakePasswords::default());
}

mod fixed_clock {
    use super::*;
    testkit::clock_contract!(FixedClock(Timestamp::UNIX_EPOCH));
}

mod stepping_clock {
    use super::*;
    testkit::clock_contract!(SteppingClock::default());
}

mod counting_ids {
    use super::*;
    testkit::ids_contract!(CountingIds::default());
}
