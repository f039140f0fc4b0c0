//! What [`ContactStore`](domain::port::ContactStore) owes.

use domain::contact::{ContactFields, ContactStatus, LineType, NewContact};
use domain::lada::Lada;
use domain::numbering::Line;
use domain::port::{AddedContact, WriteError};
use domain::request::{Envelope, IdempotencyKey};
use domain::source::SourceColumn;
use domain::state::StateCode;
use jiff::Timestamp;

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
                a_contact_is_added_once_with_what_is_known_of_it,
                a_number_that_is_there_changes_nothing_and_is_named,
                a_change_with_a_key_is_made_once_and_answers_the_same_again,
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

fn fields(name: &str) -> ContactFields {
    ContactFields {
        phone: "(55) 1000-0001".to_owned(),
        full_name: Some(format!("  {name}\u{0} ")),
        state: Some("D.F.".to_owned()),
        city: Some("MEX DF".to_owned()),
        ..ContactFields::default()
    }
}

async fn add(
    harness: &impl ImportHarness,
    fields: &ContactFields,
    envelope: Envelope,
) -> Result<AddedContact, WriteError> {
    let line = Line { line_type: LineType::Mobile, carrier: Some("UNA") };
    harness.contacts().add(NewContact::written(fields, phone(0), line).unwrap(), envelope).await
}

fn asked(key: Option<&str>, body: u8) -> Envelope {
    Envelope {
        idempotency: key.map(|key| IdempotencyKey::parse(key, [body; 32]).unwrap()),
        ..Envelope::of_program("prueba", Timestamp::UNIX_EPOCH)
    }
}

/// As the sentence says.
pub async fn a_contact_is_added_once_with_what_is_known_of_it(harness: &impl ImportHarness) {
    let AddedContact::New(added) = add(harness, &fields("ANA RUIZ"), asked(None, 0)).await.unwrap() else {
        panic!("its number is taken");
    };
    assert_eq!(added.phone_original.as_deref(), Some("(55) 1000-0001"));
    assert_eq!(added.full_name.as_deref(), Some("ANA RUIZ"));
    assert_eq!((added.state, added.state_text.clone()), (StateCode::parse("CMX").ok(), None));
    assert_eq!(added.city.as_deref(), Some("Ciudad de México"));
    assert_eq!(added.lada.map(Lada::number), Some(55));
    assert_eq!((added.line_type, added.carrier.as_deref()), (LineType::Mobile, Some("UNA")));
    assert_eq!((added.is_valid, added.status), (true, ContactStatus::Active));
    assert_eq!((added.source_row_id, added.migrated_at), (None, None));
    assert_eq!(harness.contacts().find_by_phone(phone(0)).await.unwrap(), Some(*added));
}

/// As the sentence says.
pub async fn a_number_that_is_there_changes_nothing_and_is_named(harness: &impl ImportHarness) {
    harness.add_contact(phone(0)).await.unwrap();
    let before = harness.contacts().find_by_phone(phone(0)).await.unwrap().unwrap();
    let answer = add(harness, &fields("OTRA"), asked(Some("uno"), 0)).await.unwrap();
    assert_eq!(answer, AddedContact::Taken(before.id));
    assert_eq!(harness.contacts().find_by_phone(phone(0)).await.unwrap(), Some(before));
}

/// As the sentence says.
pub async fn a_change_with_a_key_is_made_once_and_answers_the_same_again(harness: &impl ImportHarness) {
    let first = add(harness, &fields("ANA RUIZ"), asked(Some("uno"), 1)).await.unwrap();
    assert!(matches!(first, AddedContact::New(_)));
    assert_eq!(add(harness, &fields("ANA RUIZ"), asked(Some("uno"), 1)).await.unwrap(), first);
    let reused = add(harness, &fields("LUZ"), asked(Some("uno"), 2)).await;
    assert!(matches!(reused, Err(WriteError::KeyReused)), "{reused:?}");
}
