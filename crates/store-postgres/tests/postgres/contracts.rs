//! The same clauses that the fakes keep.

use crate::harness::Postgres;

mod import_store {
    use super::Postgres;
    testkit::import_store_contract!(Postgres::fresh().await);
}

mod import_session {
    use super::Postgres;
    testkit::import_session_contract!(Postgres::fresh().await);
    testkit::import_copies_contract!(Postgres::fresh().await);
}

mod contact_store {
    use super::Postgres;
    testkit::contact_store_contract!(Postgres::fresh().await);
}

mod session_store {
    use super::Postgres;
    testkit::session_store_contract!(Postgres::fresh().await);
}

mod second_factor_store {
    use super::Postgres;
    testkit::second_factor_store_contract!(Postgres::fresh().await);
}

mod identity_store {
    use super::Postgres;
    testkit::identity_store_contract!(Postgres::fresh().await);
}
