//! What [`ContactStore`](domain::port::ContactStore) owes.

use domain::contact::{ContactStatus, LineType};
use domain::lada::Lada;
use domain::source::SourceColumn;
use domain::state::StateCode;

use super::imports::{ImportHarness, import_rows};
use crate::fixtures::{Row, phone};

/// One test for each clause of `ContactStore`.
#[macro_export]
macro_rules! contact_store_contract {
    ($harness:expr) => {
        $crate::clauses!(
            contact_store,
            $harness,
            [
                a_contact_is_found_by_its_phone_with_everything_that_is_known_of_it,
                a_contact_of_whom_nothing_is_known_is_found_all_the_same,
                a_phone_that_nobody_has_finds_nobody,
            ]
        );
    };
}

/// As the sentence says.
pub async fn a_contact_is_found_by_its_phone_with_everything_that_is_known_of_it(
    harness: &impl ImportHarness,
) {
    let row = Row::new(7, "5510000008")
        .with(SourceColumn::Campo1Original, "55 1000 0008")
        .with(SourceColumn::Nombre, "PERSONA SINTÉTICA")
        .with(SourceColumn::Direccion, "CALLE 8")
        .with(SourceColumn::Colonia, "CENTRO")
        .with(SourceColumn::MunicipioCof, "CUAUHTÉMOC")
        .with(SourceColumn::EstadoCof, "D.F.")
        .with(SourceColumn::CiudadPorLada, "CIUDAD DE MÉXICO")
        .with(SourceColumn::EsValido, 1)
        .with(SourceColumn::FechaMigracion, "2025-08-01 10:20:30");
    import_rows(harness, 1, &[row]).await;
    let contact = harness.contacts().find_by_phone(phone(7)).await.unwrap().unwrap();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(contact.phone, phone(7));
    assert_eq!(contact.phone_original, text("55 1000 0008"));
    assert_eq!(contact.full_name, text("PERSONA SINTÉTICA"));
    assert_eq!(contact.address, text("CALLE 8"));
    assert_eq!(contact.neighborhood, text("CENTRO"));
    assert_eq!(contact.municipality, text("CUAUHTÉMOC"));
    assert_eq!((contact.state, contact.state_text), (Some(StateCode::parse("CMX").unwrap()), None));
    assert_eq!(contact.lada.map(Lada::number), Some(55));
    assert_eq!(contact.city, text("Ciudad de México"));
    assert_eq!((contact.line_type, contact.carrier), (LineType::Unknown, None));
    assert!(contact.is_valid);
    assert_eq!((contact.status, contact.opt_out_at), (ContactStatus::Active, None));
    assert_eq!(contact.source_row_id, Some(7));
    assert_eq!(contact.migrated_at.map(|at| at.to_string()), text("2025-08-01T10:20:30Z"));
}

/// As the sentence says.
pub async fn a_contact_of_whom_nothing_is_known_is_found_all_the_same(harness: &impl ImportHarness) {
    harness.add_contact(phone(1)).await.unwrap();
    let contact = harness.contacts().find_by_phone(phone(1)).await.unwrap().unwrap();
    assert_eq!((contact.phone, contact.full_name, contact.state), (phone(1), None, None));
    assert_eq!((contact.source_row_id, contact.migrated_at), (None, None));
}

/// As the sentence says.
pub async fn a_phone_that_nobody_has_finds_nobody(harness: &impl ImportHarness) {
    harness.add_contact(phone(1)).await.unwrap();
    assert_eq!(harness.contacts().find_by_phone(phone(2)).await.unwrap(), None);
}
