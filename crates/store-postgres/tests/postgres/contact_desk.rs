//! What people do to single contacts, and segments that are kept by name.

use domain::contact::{
    Consent, ConsentChannel, ConsentKind, ContactChange, ContactEdit, ContactId, ContactStatus, Edit, Tag,
};
use domain::port::{
    ContactDesk as _, ContactStore as _, Edited, Removed, SegmentStore as _, StoreError, TagChange,
    WriteError,
};
use domain::request::{Envelope, IdempotencyKey};
use domain::segment::{SavedSegment, SegmentDefinition, SegmentId, SegmentVersion};
use jiff::Timestamp;
use store_postgres::{PostgresContactDesk, PostgresContactStore, PostgresSegmentStore};
use uuid::Uuid;

use crate::harness::Postgres;

async fn desk() -> (Postgres, PostgresContactDesk, PostgresContactStore) {
    let postgres = Postgres::fresh().await;
    postgres
        .client
        .batch_execute(
            "INSERT INTO contacts (id, phone_national, is_valid, full_name, city, state_text)
             VALUES (1, 5510000001, true, 'ANA', 'X', 'RARO'), (2, 5510000002, true, NULL, NULL, NULL)",
        )
        .await
        .unwrap();
    let database = postgres.test.database();
    (postgres, PostgresContactDesk::new(database.clone()), PostgresContactStore::new(database))
}

fn by_ana() -> Envelope {
    Envelope::of_program("ana", Timestamp::UNIX_EPOCH)
}

fn change(edit: ContactEdit) -> ContactChange {
    edit.check().unwrap()
}

fn said(kind: ConsentKind) -> Consent {
    let (reason, evidence) = (Some("llamó".to_owned()), Some("llamada 77".to_owned()));
    Consent { kind, channel: ConsentChannel::Phone, reason, evidence }
}

#[tokio::test]
async fn a_change_is_made_of_the_version_that_it_was_meant_for_and_of_no_other() {
    let (postgres, desk, contacts) = desk().await;
    let before = contacts.find(ContactId(1)).await.unwrap().unwrap();
    let edit = || {
        change(ContactEdit {
            city: Edit::Clear,
            state: Edit::Set("SIN".to_owned()),
            status: Some(ContactStatus::Inactive),
            ..ContactEdit::default()
        })
    };
    let version = Some(before.updated_at);
    let Edited::Changed(changed) = desk.edit(before.id, edit(), version, by_ana()).await.unwrap() else {
        panic!()
    };
    assert!(changed.updated_at > before.updated_at);
    assert_eq!((changed.full_name.as_deref(), changed.city.as_deref()), (Some("ANA"), None));
    assert_eq!(
        (changed.state.as_ref().map(domain::state::StateCode::as_str), &changed.state_text),
        (Some("SIN"), &None)
    );
    assert_eq!(changed.status, ContactStatus::Inactive);
    let late = desk.edit(before.id, edit(), version, by_ana()).await.unwrap();
    assert_eq!(late, Edited::IsOfAnotherVersion);
    assert_eq!(desk.remove(before.id, version, by_ana()).await.unwrap(), Removed::IsOfAnotherVersion);
    assert_eq!(desk.edit(ContactId(9), edit(), None, by_ana()).await.unwrap(), Edited::Missing);
    assert_eq!(postgres.rows("SELECT FROM audit_log WHERE action = 'contact.update'").await, 1);
}

#[tokio::test]
async fn of_many_changes_at_once_of_one_version_one_is_made() {
    let (postgres, _, contacts) = desk().await;
    let version = Some(contacts.find(ContactId(1)).await.unwrap().unwrap().updated_at);
    let mut changes = tokio::task::JoinSet::new();
    for n in 0..8 {
        let desk = PostgresContactDesk::new(postgres.test.database());
        let edit = ContactEdit { full_name: Edit::Set(format!("ANA {n}")), ..ContactEdit::default() };
        changes.spawn(async move { desk.edit(ContactId(1), change(edit), version, by_ana()).await.unwrap() });
    }
    let made = changes.join_all().await;
    assert_eq!(made.iter().filter(|one| matches!(one, Edited::Changed(_))).count(), 1);
}

#[tokio::test]
async fn what_somebody_said_bars_their_number_also_when_the_contact_is_gone() {
    let (postgres, desk, contacts) = desk().await;
    let out = desk.consent(ContactId(1), said(ConsentKind::OptOut), by_ana()).await.unwrap().unwrap();
    assert_eq!((out.contact.status, out.barred_by), (ContactStatus::OptedOut, vec!["opt_out".to_owned()]));
    let status = ContactEdit { status: Some(ContactStatus::Active), ..ContactEdit::default() };
    let refused = desk.edit(ContactId(1), change(status), None, by_ana()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict { .. }), "{refused}");
    assert_eq!(desk.remove(ContactId(1), None, by_ana()).await.unwrap(), Removed::Gone);
    assert_eq!(desk.remove(ContactId(1), None, by_ana()).await.unwrap(), Removed::Missing);
    assert_eq!(contacts.find(ContactId(1)).await.unwrap(), None);
    let barred = "SELECT FROM suppressions WHERE phone_national = 5510000001 AND channel = 'phone'";
    assert_eq!(postgres.rows(barred).await, 1);
    let noted = "SELECT FROM consent_events WHERE phone_national = 5510000001 AND reason = 'llamó' AND
                 evidence = 'llamada 77' AND recorded_by = 'ana'";
    assert_eq!(postgres.rows(noted).await, 1);
    assert!(postgres.refusal("DELETE FROM consent_events").await.is_some());
}

#[tokio::test]
async fn an_opt_in_takes_back_what_the_number_asked_and_nothing_that_others_barred() {
    let (postgres, desk, _) = desk().await;
    let carrier =
        "INSERT INTO suppressions (phone_national, source, created_by) VALUES (5510000002, 'carrier', 'x')";
    postgres.client.batch_execute(carrier).await.unwrap();
    desk.consent(ContactId(2), said(ConsentKind::OptOut), by_ana()).await.unwrap().unwrap();
    let back = desk.consent(ContactId(2), said(ConsentKind::OptIn), by_ana()).await.unwrap().unwrap();
    assert_eq!((back.contact.status, back.contact.opt_out_at), (ContactStatus::Active, None));
    assert_eq!(back.barred_by, ["carrier"]);
    assert_eq!(postgres.rows("SELECT FROM consent_events").await, 2);
    assert_eq!(desk.consent(ContactId(9), said(ConsentKind::OptIn), by_ana()).await.unwrap(), None);
    let blocked = ContactEdit { status: Some(ContactStatus::Blocked), ..ContactEdit::default() };
    desk.edit(ContactId(2), change(blocked), None, by_ana()).await.unwrap();
    for kind in [ConsentKind::OptOut, ConsentKind::OptIn] {
        let still = desk.consent(ContactId(2), said(kind), by_ana()).await.unwrap().unwrap();
        assert_eq!(still.contact.status, ContactStatus::Blocked);
    }
}

#[tokio::test]
async fn tags_are_added_and_taken_away_and_never_too_many() {
    let (_postgres, desk, _) = desk().await;
    let tag = |name: &str| Tag::parse(name).unwrap();
    let names = |tags: Option<Vec<domain::contact::Tagged>>| -> Vec<String> {
        tags.unwrap().into_iter().map(|one| one.tag).collect()
    };
    let changes = TagChange::Add(vec![tag("VIP"), tag("norte")]);
    assert_eq!(names(desk.tag(ContactId(1), changes, by_ana()).await.unwrap()), ["norte", "vip"]);
    let changes = TagChange::Remove(vec![tag("norte"), tag("nadie")]);
    assert_eq!(names(desk.tag(ContactId(1), changes, by_ana()).await.unwrap()), ["vip"]);
    let many = (0..Tag::COUNT_MAX).map(|n| tag(&format!("t{n}"))).collect();
    let too_many = desk.tag(ContactId(1), TagChange::Add(many), by_ana()).await;
    assert!(matches!(too_many, Err(StoreError::Conflict { .. })), "{too_many:?}");
    assert_eq!(names(desk.tags(ContactId(1)).await.unwrap()), ["vip"]);
    let changes = TagChange::Replace(vec![tag("sur"), tag("este")]);
    assert_eq!(names(desk.tag(ContactId(1), changes, by_ana()).await.unwrap()), ["este", "sur"]);
    assert_eq!(desk.tags(ContactId(9)).await.unwrap(), None);
    assert_eq!(desk.messages(ContactId(1), None, 10).await.unwrap(), Some(Vec::new()));
    assert_eq!(desk.messages(ContactId(9), None, 10).await.unwrap(), None);
}

fn segment(n: u128, version: u32, name: &str, state: &str) -> SavedSegment {
    let definition: SegmentDefinition =
        serde_json::from_str(&format!(r#"{{"field":"state","op":"eq","value":"{state}"}}"#)).unwrap();
    SavedSegment {
        at: SegmentVersion { id: SegmentId(Uuid::from_u128(n)), version },
        name: name.to_owned(),
        definition,
        created_by: "ana".to_owned(),
        created_at: Timestamp::UNIX_EPOCH,
    }
}

#[tokio::test]
async fn segments_have_versions_and_names_of_their_own() {
    let (postgres, ..) = desk().await;
    let store = PostgresSegmentStore::new(postgres.test.database());
    let keyed = Envelope { idempotency: Some(IdempotencyKey::parse("k", [1; 32]).unwrap()), ..by_ana() };
    let first = store.add(segment(1, 1, "Norte", "NLE"), keyed.clone()).await.unwrap();
    assert_eq!(first, segment(1, 1, "Norte", "NLE"));
    assert_eq!(store.add(segment(2, 1, "Norte", "NLE"), keyed).await.unwrap(), first);
    let taken = store.add(segment(3, 1, "NORTE", "NLE"), by_ana()).await.unwrap_err();
    assert!(matches!(taken, WriteError::Store(StoreError::Conflict { .. })), "{taken}");

    let second = store.change(segment(1, 2, "Norte", "COA"), by_ana()).await.unwrap();
    let late = store.change(segment(1, 2, "Norte", "SON"), by_ana()).await.unwrap_err();
    assert!(matches!(late, StoreError::Conflict { .. }), "{late}");
    assert_eq!(store.find(first.at.id).await.unwrap(), Some(second.clone()));
    let other = store.add(segment(4, 1, "Sur", "CHP"), by_ana()).await.unwrap();
    assert_eq!(store.page(None, 10).await.unwrap(), [other.clone(), second.clone()]);
    assert_eq!(store.page(Some(other.at.id), 10).await.unwrap(), std::slice::from_ref(&second));
    assert_eq!(store.versions(first.at.id, None, 10).await.unwrap(), [second.clone(), first.clone()]);
    assert_eq!(store.versions(first.at.id, Some(2), 10).await.unwrap(), std::slice::from_ref(&first));

    assert!(store.remove(first.at.id, by_ana()).await.unwrap());
    assert!(!store.remove(first.at.id, by_ana()).await.unwrap());
    assert_eq!(store.find(first.at.id).await.unwrap(), None);
    assert_eq!(store.versions(first.at.id, None, 10).await.unwrap(), []);
    let gone = store.change(segment(1, 3, "Norte", "SON"), by_ana()).await.unwrap_err();
    assert!(matches!(gone, StoreError::Conflict { .. }), "{gone}");
    store.add(segment(5, 1, "norte", "NLE"), by_ana()).await.unwrap();
    assert_eq!(postgres.rows("SELECT FROM segments").await, 4);
}
