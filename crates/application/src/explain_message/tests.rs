use domain::contact::ContactId;
use domain::port::Judged;

use super::*;

fn lane() -> LaneProgress {
    LaneProgress {
        zone: "America/Mexico_City".to_owned(),
        unclaimed: 5,
        claimable: 5,
        is_gated: false,
        opens_at: None,
        retry_at: None,
    }
}

fn said(found: &Found) -> (&'static str, Option<&str>) {
    (found.verdict.as_str(), found.reason.as_deref())
}

#[test]
fn what_a_message_waits_for_is_what_its_lane_waits_for() {
    let opens_at = Some(Timestamp::UNIX_EPOCH);
    let closed = running(Some(&LaneProgress { opens_at, ..lane() }), false, false);
    assert_eq!((said(&closed), closed.next_at), (("waiting", Some("window")), opens_at));
    let gated = LaneProgress { is_gated: true, claimable: 0, ..lane() };
    assert_eq!(said(&running(Some(&gated), false, false)), ("waiting", Some("canary")));
    assert_eq!(said(&running(Some(&lane()), true, false)), ("waiting", Some("retry")));
    assert_eq!(said(&running(Some(&lane()), false, true)), ("will_be_sent", Some("pace")));
    assert_eq!(said(&running(Some(&lane()), false, false)), ("will_be_sent", Some("queue")));
    assert_eq!(said(&running(None, false, false)), ("will_be_sent", Some("queue")));
}

#[test]
fn every_verdict_is_said_in_both_languages_and_tells_what_was_from_what_would_be() {
    let mut verdicts: Vec<Verdict> = MessageState::ALL.map(Verdict::Message).to_vec();
    verdicts.extend([
        Verdict::WillBeSent,
        Verdict::Waiting,
        Verdict::MayBeSent,
        Verdict::LeftOut,
        Verdict::NotDrawn,
        Verdict::NotInSegment,
        Verdict::UnknownNumber,
        Verdict::CameLater,
        Verdict::NotSent,
    ]);
    for verdict in verdicts {
        let found = Found {
            since: Some(Timestamp::UNIX_EPOCH),
            next_at: Some(Timestamp::UNIX_EPOCH),
            ..Found::new(verdict, "40008")
        };
        let words = sentences::of(&found, true, &TimeZone::UTC);
        assert_ne!(words.en, words.es);
        for words in [words.en, words.es] {
            assert!(words.contains("40008") && words.contains("1970-01-01 00:00:00"), "{words}");
        }
    }
    let left_out = Found::new(Verdict::LeftOut, "opted_out");
    assert_eq!(
        sentences::of(&left_out, true, &TimeZone::UTC).en,
        "The number was left out. The person said no."
    );
    assert_eq!(
        sentences::of(&left_out, false, &TimeZone::UTC).es,
        "El número quedaría fuera. La persona se dio de baja."
    );
    for left_out in LeftOut::ALL {
        let found = Found::new(Verdict::LeftOut, left_out.as_str());
        assert!(!sentences::of(&found, true, &TimeZone::UTC).en.contains("Reason"), "{left_out:?}");
    }
}

#[test]
fn who_has_no_message_is_told_the_first_reason_that_holds() {
    let campaign = campaign();
    let judged = Judged { left_out: None, is_drawn: Some(true) };
    let contact = Some(ContactId(7));
    let past = |trace: Trace| not_frozen(&campaign, &Trace { is_passed: true, ..trace }).verdict.as_str();
    let nobody = Trace::default();
    assert_eq!(past(nobody), "unknown_number");
    assert_eq!(past(Trace { contact, ..nobody }), "not_in_segment");
    assert_eq!(past(Trace { contact, judged: Some(judged), ..nobody }), "came_later");
    let others = Some(Judged { is_drawn: Some(false), ..judged });
    assert_eq!(past(Trace { contact, judged: others, ..nobody }), "not_drawn");
    let left_out = Some(LeftOut::Capped);
    assert_eq!(past(Trace { contact, judged: others, left_out, ..nobody }), "left_out");

    let now = |trace: Trace| {
        let found = to_be_frozen(&campaign, &trace);
        (found.verdict.as_str(), found.reason)
    };
    assert_eq!(now(nobody), ("unknown_number", None));
    assert_eq!(now(Trace { contact, ..nobody }), ("not_in_segment", None));
    let would_be = Some(Judged { left_out, ..judged });
    assert_eq!(now(Trace { contact, judged: would_be, ..nobody }), ("left_out", Some("capped".to_owned())));
    let undrawn = Some(Judged { is_drawn: None, ..judged });
    assert_eq!(now(Trace { contact, judged: undrawn, ..nobody }).0, "may_be_sent");
    let will = now(Trace { contact, judged: Some(judged), ..nobody });
    assert_eq!(will, ("will_be_sent", Some("not_launched".to_owned())));
}

fn campaign() -> Campaign {
    use domain::campaign::{CampaignKind, CampaignLimits, CampaignPlan, Priority, UnknownLineTypes};
    use domain::money::{Currency, Money};
    use domain::sender::SenderId;
    use domain::sms::Transliteration;
    use domain::template::Template;
    Campaign {
        id: CampaignId(uuid::Uuid::from_u128(7)),
        kind: CampaignKind::Campaign,
        plan: CampaignPlan {
            name: "Buen Fin".to_owned(),
            template: Template::parse("Hola").unwrap(),
            transliteration: Transliteration::Keep,
            segment: domain::segment::SegmentDefinition::default(),
            saved_segment: None,
            sender: SenderId(uuid::Uuid::from_u128(8)),
            priority: Priority::Normal,
            limits: CampaignLimits::default(),
            window: None,
            canary: None,
            schedule_at: None,
            unknown_line_types: UnknownLineTypes::Allow,
        },
        state: CampaignState::Draft,
        version: 1,
        price_per_segment: Money { micros: 285_000, currency: Currency::MXN },
        previewed: None,
        created_by: "ana@empresa.mx".to_owned(),
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    }
}
