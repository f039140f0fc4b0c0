use std::collections::HashMap;
use std::time::Duration;

use domain::port::{
    ProviderEvent, ProviderRecords as _, RecordQuestion, Report, SendOutcome, SmsGateway, WebhookRefused,
};
use domain::sender::SenderKind;
use gateway_telnyx::{TelnyxGateway, TelnyxRecords, TelnyxWebhooks};
use telnyx_sandbox::{Outcome, OutcomeOf, Sandbox, SandboxOptions};

use super::listener::Listener;
use super::*;

struct Line {
    sandbox: Sandbox,
    gateway: TelnyxGateway,
    reader: TelnyxWebhooks,
    listener: Listener,
}

async fn line() -> Line {
    let sandbox = Sandbox::start(SandboxOptions {
        api_key: Some(KEY.to_owned()),
        slow: Duration::from_secs(1),
        silence: Duration::from_secs(30),
        webhook_delay: Duration::from_millis(5),
        ..SandboxOptions::default()
    })
    .await
    .unwrap();
    let listener = Listener::start().await;
    Line {
        gateway: gateway(&sandbox.url(), &listener.url),
        reader: TelnyxWebhooks::new(&[sandbox.public_key()]).unwrap(),
        sandbox,
        listener,
    }
}

/// A number of which the last two digits lead to `outcome`.
fn number_for(outcome: Outcome) -> String {
    let place = Outcome::BY_DIGITS.iter().position(|of_digits| *of_digits == outcome);
    format!("55123456{:02}", place.map_or(78, |place| place * 2))
}

impl Line {
    async fn send(&self, attempt_number: u16, number: &str) -> SendOutcome {
        self.gateway.send(message(attempt(1, attempt_number), number)).await
    }

    async fn events(&mut self, count: usize) -> Vec<ProviderEvent> {
        let mut events = Vec::new();
        for _ in 0..count {
            events.push(self.listener.next(&self.reader).await.unwrap());
        }
        events
    }

    /// What the sandbox accepted, by attempt.
    fn accepted(&self) -> Vec<String> {
        self.sandbox.ledger().into_iter().filter_map(|line| line.reference).collect()
    }

    /// The reports of `count` webhooks, each of the first attempt and of the number it went to.
    async fn reports(&mut self, count: usize, number: &str) -> Vec<Report> {
        let id = self.sandbox.ledger()[0].id.to_string();
        let check = |event: ProviderEvent| {
            assert_eq!(event.phone.unwrap().e164().as_str(), format!("+52{number}"));
            if !matches!(event.report, Report::Inbound { .. }) {
                assert_eq!(event.reference, Some(attempt(1, 1)));
                assert_eq!(event.provider_id.as_deref(), Some(id.as_str()));
            }
            event.report
        };
        self.events(count).await.into_iter().map(check).collect()
    }
}

#[tokio::test]
async fn what_is_taken_is_answered_with_its_id_and_followed_by_its_receipts() {
    for (outcome, reports) in [
        (Outcome::Delivered, vec![Report::Sent, Report::Delivered]),
        (
            Outcome::Undelivered,
            vec![
                Report::Sent,
                Report::Undelivered { reason: "carrier_rejected".to_owned(), opted_out: false },
            ],
        ),
        (Outcome::Slow, vec![Report::Sent, Report::Delivered]),
        (Outcome::ReceiptTwice, vec![Report::Sent, Report::Sent, Report::Delivered, Report::Delivered]),
        (Outcome::ReceiptsReversed, vec![Report::Delivered, Report::Sent]),
        (Outcome::NoReceipt, vec![]),
        (
            Outcome::InboundAlto,
            vec![Report::Sent, Report::Delivered, Report::Inbound { text: "ALTO".to_owned() }],
        ),
    ] {
        let mut line = line().await;
        let number = number_for(outcome);
        let sent = line.send(1, &number).await;
        let ledger = line.sandbox.ledger();
        assert_eq!(ledger.len(), 1, "{outcome}");
        assert_eq!(ledger[0].outcome, outcome);
        assert_eq!(ledger[0].to, format!("+52{number}"));
        assert_eq!(ledger[0].reference, Some(attempt(1, 1).to_string()));
        assert_eq!(sent, SendOutcome::Accepted { provider_id: ledger[0].id.to_string() }, "{outcome}");
        assert_eq!(line.reports(reports.len(), &number).await, reports, "{outcome}");
        assert!(line.listener.is_empty(), "{outcome}");
    }
}

#[tokio::test]
async fn a_repeated_receipt_has_the_id_of_the_first() {
    let mut line = line().await;
    line.send(1, &number_for(Outcome::ReceiptTwice)).await;
    let ids: Vec<_> = line.events(4).await.into_iter().map(|event| event.id).collect();
    assert_eq!((&ids[0], &ids[2]), (&ids[1], &ids[3]));
    assert_ne!(ids[0], ids[2]);
}

#[tokio::test]
async fn receipts_may_be_there_before_the_answer() {
    let mut line = line().await;
    let number = number_for(Outcome::ReceiptFirst);
    assert!(matches!(line.send(1, &number).await, SendOutcome::Accepted { .. }));
    assert!(!line.listener.is_empty());
    assert_eq!(line.reports(2, &number).await, [Report::Sent, Report::Delivered]);
}

#[tokio::test]
async fn what_may_have_been_taken_is_unknown_and_its_receipts_tell() {
    for (outcome, reason) in [
        (Outcome::NoAnswer, "timeout"),
        (Outcome::Cut, "connection_lost"),
        (Outcome::BadGateway, "provider_fault"),
    ] {
        let mut line = line().await;
        let number = number_for(outcome);
        assert_eq!(line.send(1, &number).await, unknown(reason), "{outcome}");
        assert_eq!(line.accepted(), [attempt(1, 1).to_string()], "{outcome}");
        assert_eq!(line.reports(2, &number).await, [Report::Sent, Report::Delivered], "{outcome}");
    }
}

#[tokio::test]
async fn the_same_attempt_again_is_not_taken_again() {
    for outcome in [Outcome::NoAnswer, Outcome::Cut, Outcome::BadGateway, Outcome::Delivered] {
        let line = line().await;
        line.send(1, &number_for(outcome)).await;
        let again = line.send(1, &number_for(outcome)).await;
        let ledger = line.sandbox.ledger();
        assert_eq!(ledger.len(), 1, "{outcome}");
        assert_eq!(again, SendOutcome::Accepted { provider_id: ledger[0].id.to_string() }, "{outcome}");
    }

    let line = line().await;
    let slow = number_for(Outcome::Slow);
    let (first, second) = tokio::join!(line.send(1, &slow), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        line.send(1, &slow).await
    });
    assert!(matches!(first, SendOutcome::Accepted { .. }));
    assert_eq!(second, unknown("still_processing"));
    let other_body = line.send(1, &number_for(Outcome::Delivered)).await;
    assert_eq!(other_body, unknown("unprocessable"));
    assert_eq!(line.accepted().len(), 1);
}

#[tokio::test]
async fn what_is_refused_was_not_taken() {
    let line = line().await;
    let refused = |reason: &str, opted_out| SendOutcome::Refused { reason: reason.to_owned(), opted_out };
    assert_eq!(line.send(1, &number_for(Outcome::Refused)).await, refused("landline", false));
    let number = |outcome| {
        let number = "5512345699";
        line.sandbox.script(OutcomeOf::Number(format!("+52{number}")), Some(outcome)).unwrap();
        number
    };
    assert_eq!(line.send(2, number(Outcome::OptedOut)).await, refused("opted_out", true));
    assert_eq!(
        line.send(3, number(Outcome::SpendLimit)).await,
        SendOutcome::AccountBlocked { reason: "spend_limit_reached".to_owned() }
    );
    assert_eq!(line.accepted(), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_refused_for_now_is_taken_the_next_time() {
    for (outcome, first) in [
        (Outcome::RefusedForNow, not_sent("carrier_rejected")),
        (Outcome::Throttled, SendOutcome::Throttled { retry_after: Some(Duration::from_secs(1)) }),
    ] {
        let line = line().await;
        let number = number_for(outcome);
        assert_eq!(line.send(1, &number).await, first);
        assert_eq!(line.accepted(), Vec::<String>::new());
        assert!(matches!(line.send(2, &number).await, SendOutcome::Accepted { .. }));
        assert_eq!(line.accepted(), [attempt(1, 2).to_string()]);
    }
}

#[tokio::test]
async fn a_wrong_key_stops_the_account_and_names_no_secret() {
    let line = line().await;
    let wrong = TelnyxOptions { keys: keys("KEY-planted"), ..options(&line.sandbox.url(), "http://h") };
    let outcome = TelnyxGateway::new(&wrong).unwrap().send(message(attempt(1, 1), "5512345678")).await;
    assert_eq!(outcome, SendOutcome::AccountBlocked { reason: "key_refused".to_owned() });
    assert!(line.accepted().is_empty());
}

#[tokio::test]
async fn every_kind_of_sender_is_one_that_telnyx_takes() {
    let line = line().await;
    for (attempt_number, kind) in (1..).zip(SenderKind::ALL) {
        let mut message = message(attempt(1, attempt_number), "5512345678");
        message.from.kind = kind;
        assert!(matches!(line.gateway.send(message).await, SendOutcome::Accepted { .. }), "{kind}");
    }
}

#[tokio::test]
async fn what_another_key_signed_is_refused() {
    let mut line = line().await;
    let other = Sandbox::start(SandboxOptions::default()).await.unwrap();
    line.reader = TelnyxWebhooks::new(&[other.public_key()]).unwrap();
    line.send(1, &number_for(Outcome::Delivered)).await;
    assert_eq!(line.listener.next(&line.reader).await, Err(WebhookRefused::Unsigned));
}

/// A question about the first attempt of the first message to this number, whenever that was.
fn question(number: &str) -> RecordQuestion {
    RecordQuestion {
        attempt: attempt(1, 1),
        phone: PhoneNumber::parse(number).unwrap(),
        sender: "+525500000001".to_owned(),
        from: "2026-01-01T00:00:00Z".parse().unwrap(),
        until: "2126-01-01T00:00:00Z".parse().unwrap(),
    }
}

#[tokio::test]
async fn what_was_taken_without_an_answer_is_on_record_with_its_attempt_and_its_bill() {
    let undelivered = Report::Undelivered { reason: "carrier_rejected".to_owned(), opted_out: false };
    for (outcome, receipts, report) in [
        (Outcome::BadGateway, 2, Report::Delivered),
        (Outcome::Undelivered, 2, undelivered),
        (Outcome::NoReceipt, 0, Report::Sent),
    ] {
        let mut line = line().await;
        let records = TelnyxRecords::new(&options(&line.sandbox.url(), "http://127.0.0.1:1")).unwrap();
        let number = number_for(outcome);
        assert_eq!(records.find(question(&number)).await.unwrap(), [], "{outcome}");
        line.send(1, &number).await;
        line.events(receipts).await;
        // A record says what was told of its message a moment ago.
        let mut found = records.find(question(&number)).await.unwrap();
        for _ in 0..100 {
            if found.iter().any(|record| record.report == report) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            found = records.find(question(&number)).await.unwrap();
        }
        assert_eq!(found.len(), 1, "{outcome}");
        assert_eq!(found[0].reference, Some(attempt(1, 1)), "{outcome}");
        assert_eq!(found[0].report, report, "{outcome}");
        let bill = records.bill(&found[0].payload).unwrap();
        assert_eq!(bill.provider_id, line.sandbox.ledger()[0].id.to_string());
        assert_eq!((bill.segments, bill.cost.unwrap().micros), (1, 5_100));
        assert_eq!(records.find(question("5512345699")).await.unwrap(), [], "nobody else's");
    }
}

#[tokio::test]
async fn records_are_asked_for_with_the_sender_s_own_key_and_a_refusal_says_why() {
    let line = line().await;
    let own = HashMap::from([("525500000001".to_owned(), KEY.into())]);
    let of = |account: &str, own: &HashMap<_, _>| TelnyxOptions {
        keys: Arc::new(TelnyxKeys::new(&account.into(), own).unwrap()),
        ..options(&line.sandbox.url(), "http://127.0.0.1:1")
    };
    let records = TelnyxRecords::new(&of("KEY-of-another", &own)).unwrap();
    assert_eq!(records.find(question("5512345678")).await.unwrap(), []);
    let gateway = TelnyxGateway::new(&of("KEY-of-another", &own)).unwrap();
    let sent = gateway.send(message(attempt(1, 1), "5512345678")).await;
    assert!(matches!(sent, SendOutcome::Accepted { .. }), "{sent:?}");
    let records = TelnyxRecords::new(&of("KEY-planted", &HashMap::new())).unwrap();
    let refused = records.find(question("5512345678")).await.unwrap_err();
    assert_eq!(refused.reason, "key_refused");
    let away = TelnyxRecords::new(&options("http://127.0.0.1:9", "http://127.0.0.1:1")).unwrap();
    assert_eq!(away.find(question("5512345678")).await.unwrap_err().reason, "connection_lost");
}
