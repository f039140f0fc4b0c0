//! Receipts: twice, late, in any order, of others, and forged.

use domain::inbound::InboundDecision;
use domain::keyword::{Meaning, read};
use domain::message::{Evidence, MessageState};
use domain::port::{InboundDesk as _, InboundFilter, ReceiptStore, ReplyOutcome, Report};
use domain::request::Envelope;
use jiff::Timestamp;
use store_postgres::PostgresInboundDesk;

use super::stage::{Stage, accepted, outcome, phone};

fn undelivered() -> Report {
    Report::Undelivered { reason: "unreachable".to_owned(), opted_out: false }
}

#[tokio::test]
async fn receipts_in_any_order_end_in_the_strongest() {
    let orders: [&[Report]; 5] = [
        &[Report::Sent, Report::Delivered],
        &[Report::Delivered, Report::Sent],
        &[undelivered(), Report::Delivered, undelivered()],
        &[Report::Delivered, Report::Delivered],
        &[Report::Sent, undelivered(), Report::Sent],
    ];
    let stage = Stage::running(5).await;
    stage.send_all(accepted).await;
    for (seq, order) in (1..).zip(orders) {
        for (n, report) in order.iter().enumerate() {
            stage.report(stage.event(&format!("{seq}-{n}"), seq, 1, report.clone())).await;
        }
    }
    for seq in 1..=4 {
        assert_eq!(stage.state_of(seq).await, MessageState::Delivered, "message {seq}");
    }
    assert_eq!(stage.state_of(5).await, MessageState::Undelivered);
    assert_eq!(stage.count("SELECT count(*) FROM message_receipts").await, 12);
    assert_eq!(stage.count("SELECT count(*) FROM provider_events").await, 0);
    stage.states().await;
}

#[tokio::test]
async fn receipts_of_one_message_in_one_batch_end_in_the_strongest() {
    let stage = Stage::running(1).await;
    stage.send_all(accepted).await;
    let engine = stage.engine();
    for (id, report) in [("a", Report::Delivered), ("b", undelivered()), ("c", Report::Sent)] {
        engine.keep("telnyx", stage.event(id, 1, 1, report), None).await.unwrap();
    }
    assert_eq!(engine.settle().await.unwrap(), 2, "that it was sent is no news");
    assert_eq!(stage.state_of(1).await, MessageState::Delivered);
    assert_eq!(stage.count("SELECT count(*) FROM message_receipts").await, 3, "but it is kept");
    assert_eq!(engine.settle().await.unwrap(), 0);
}

#[tokio::test]
async fn an_event_that_comes_twice_is_kept_once_before_and_after_it_is_settled() {
    let stage = Stage::running(1).await;
    stage.send_all(accepted).await;
    let engine = stage.engine();
    for _ in 0..2 {
        engine.keep("telnyx", stage.event("same", 1, 1, Report::Delivered), None).await.unwrap();
    }
    assert_eq!(engine.settle().await.unwrap(), 1);
    stage.report(stage.event("same", 1, 1, Report::Delivered)).await;
    assert_eq!(stage.count("SELECT count(*) FROM message_receipts").await, 1);
}

#[tokio::test]
async fn a_receipt_before_the_answer_and_one_of_an_uncertain_message_are_believed() {
    let stage = Stage::running(2).await;
    stage
        .send_all(|message| match message.seq {
            1 => accepted(message),
            _ => outcome(message, Evidence::NoAnswer),
        })
        .await;
    stage.run("UPDATE messages SET state = 'sending' WHERE seq = 1").await;
    stage.run("UPDATE campaign_counts SET n = ARRAY[0,1,0,0,0,0,1,0,0,0]").await;
    stage.run("DELETE FROM campaign_counts WHERE shard = -1").await;
    stage.report(stage.event("a", 1, 1, Report::Delivered)).await;
    stage.report(stage.event("b", 2, 1, undelivered())).await;
    assert_eq!(stage.states().await, [(MessageState::Delivered, 1), (MessageState::Undelivered, 1)].into());
}

#[tokio::test]
async fn an_event_that_is_not_ours_changes_nothing_and_stays_with_its_verdict() {
    let stage = Stage::running(2).await;
    stage.send_all(accepted).await;
    let mut without = stage.event("a", 1, 1, Report::Delivered);
    without.reference = None;
    let mut of_another_phone = stage.event("b", 1, 1, Report::Delivered);
    of_another_phone.phone = Some(phone(2));
    let mut without_phone = stage.event("c", 1, 1, Report::Delivered);
    without_phone.phone = None;
    let of_no_message = stage.event("d", 77, 1, Report::Delivered);
    let of_no_attempt = stage.event("e", 1, 9, Report::Delivered);
    let of_no_kind = stage.event("f", 1, 1, Report::Other { status: "dreamt_of".to_owned() });
    for event in [without, of_another_phone, without_phone, of_no_message, of_no_attempt, of_no_kind] {
        stage.report(event).await;
    }
    assert_eq!(stage.states().await, [(MessageState::Sent, 2)].into());
    let rows = stage
        .client
        .query("SELECT event_id || ' ' || outcome FROM provider_events ORDER BY event_id", &[])
        .await
        .unwrap();
    let verdicts: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(
        verdicts,
        ["a no_reference", "b phone_mismatch", "c phone_mismatch", "d unknown_message", "e unknown_attempt"]
    );
    assert_eq!(stage.count("SELECT count(*) FROM message_receipts WHERE status = 'dreamt_of'").await, 1);
}

#[tokio::test]
async fn who_writes_alto_is_suppressed_at_once_and_alta_takes_back_only_that() {
    let stage = Stage::running(1).await;
    stage
        .run(
            "INSERT INTO contacts (phone_national, is_valid) VALUES (5512340000, true);
             INSERT INTO suppressions (phone_national, source, created_by) VALUES (5512340000, 'manual', 'test')",
        )
        .await;
    let engine = stage.engine();
    let inbound = |id: &str| {
        let mut event = stage.event(id, 1, 1, Report::Inbound { text: "ALTO".to_owned() });
        event.reference = None;
        event
    };
    engine.keep("telnyx", inbound("in"), Some(read("ALTO"))).await.unwrap();
    assert_eq!(stage.count("SELECT count(*) FROM suppressions WHERE source = 'opt_out'").await, 1);
    assert_eq!(stage.count("SELECT count(*) FROM contacts WHERE status = 'OPTED_OUT'").await, 1);
    engine.keep("telnyx", inbound("back"), Some(read("ALTA"))).await.unwrap();
    assert_eq!(stage.count("SELECT count(*) FROM suppressions").await, 1);
    // A repeat of the first event must not undo what was decided since.
    engine.keep("telnyx", inbound("in"), Some(read("ALTO"))).await.unwrap();
    assert_eq!(stage.count("SELECT count(*) FROM suppressions WHERE source = 'opt_out'").await, 0);
}

#[tokio::test]
async fn an_event_that_was_there_before_its_message_is_settled_after_it() {
    let stage = Stage::running(1).await;
    stage.send_all(accepted).await;
    stage.run("CREATE TABLE aside AS SELECT * FROM messages; DELETE FROM messages").await;
    stage.report(stage.event("early", 1, 1, Report::Delivered)).await;
    stage.report(stage.event("early-attempt", 1, 2, Report::Delivered)).await;
    let waiting = "SELECT count(*) FROM provider_events WHERE outcome LIKE 'unknown_%' AND again_at > now()";
    assert_eq!(stage.count(waiting).await, 2);
    let engine = stage.engine();
    assert_eq!(engine.settle_again().await.unwrap(), 0, "not yet");
    assert_eq!(engine.settle().await.unwrap(), 0, "it was looked at");

    // Looked at in vain it waits twice as long.
    stage.run("UPDATE provider_events SET again_at = now()").await;
    assert_eq!(engine.settle_again().await.unwrap(), 2);
    let wait =
        "SELECT min(extract(epoch FROM again_at - examined_at))::bigint FROM provider_events WHERE looks = 2";
    assert_eq!(stage.count(wait).await, 20);

    stage.run("INSERT INTO messages SELECT * FROM aside; UPDATE provider_events SET again_at = now()").await;
    assert_eq!(engine.settle_again().await.unwrap(), 2);
    assert_eq!(stage.states().await, [(MessageState::Delivered, 1)].into());
    assert_eq!(stage.count("SELECT count(*) FROM message_receipts").await, 1);
    assert_eq!(
        stage.count("SELECT count(*) FROM provider_events WHERE outcome = 'unknown_attempt'").await,
        1
    );
}

#[tokio::test]
async fn an_event_of_nobody_is_not_looked_at_for_ever_and_another_fault_not_again() {
    let stage = Stage::running(1).await;
    stage.send_all(accepted).await;
    stage.report(stage.event("nobody", 77, 1, Report::Delivered)).await;
    let mut without = stage.event("without", 1, 1, Report::Delivered);
    without.reference = None;
    stage.report(without).await;
    assert_eq!(stage.count("SELECT count(*) FROM provider_events WHERE again_at IS NOT NULL").await, 1);
    stage.run("UPDATE provider_events SET again_at = now(), received_at = now() - interval '25 hours' WHERE event_id = 'nobody'").await;
    assert_eq!(stage.engine().settle_again().await.unwrap(), 1);
    assert_eq!(stage.count("SELECT count(*) FROM provider_events WHERE again_at IS NOT NULL").await, 0);
    assert_eq!(stage.count("SELECT count(*) FROM provider_events").await, 2, "kept all the same");
}

#[tokio::test]
async fn what_people_wrote_is_kept_with_what_it_answers_and_what_is_decided_of_it_holds() {
    let stage = Stage::running(2).await;
    stage.send_all(accepted).await;
    let engine = stage.engine();
    let desk = PostgresInboundDesk::new(stage.test.database());
    let inbound = |id: &str, seq: u32, text: &str| {
        let mut event = stage.event(id, seq, 1, Report::Inbound { text: text.to_owned() });
        event.reference = None;
        event
    };
    let doubtful = "Ya no quiero que me manden mensajes";
    for (id, seq, text) in [("a", 1, doubtful), ("b", 2, "hola"), ("a", 1, doubtful), ("c", 99, "no gracias")]
    {
        engine.keep("telnyx", inbound(id, seq, text), Some(read(text))).await.unwrap();
    }
    let barred = "SELECT count(*) FROM suppressions WHERE source = 'opt_out'";
    assert_eq!(stage.count(barred).await, 1, "a no in other words holds at once");

    let all = desk.page(InboundFilter::default(), None, 10).await.unwrap();
    let told: Vec<_> =
        all.iter().map(|one| (one.text.as_str(), one.answers.map(|message| message.seq))).collect();
    assert_eq!(
        told,
        [("no gracias", None), ("hola", Some(2)), (doubtful, Some(1))],
        "each once, the latest first"
    );
    let waits = InboundFilter { waits: true, ..InboundFilter::default() };
    let waiting = desk.page(waits, None, 10).await.unwrap();
    assert_eq!(waiting.iter().map(|one| one.id).collect::<Vec<_>>(), [all[0].id, all[2].id]);
    let of_number = InboundFilter { phone: Some(phone(2)), waits: false };
    assert_eq!(desk.page(of_number, None, 10).await.unwrap().len(), 1);
    assert_eq!(desk.page(InboundFilter::default(), Some(all[0].id), 1).await.unwrap()[0].id, all[1].id);

    let by_ana = || Envelope::of_program("ana", Timestamp::UNIX_EPOCH);
    let back = desk.review(all[2].id, InboundDecision::OptIn, by_ana()).await.unwrap().unwrap();
    assert_eq!(
        back.review.map(|review| (review.decision, review.by)),
        Some((InboundDecision::OptIn, "ana".to_owned()))
    );
    assert_eq!(stage.count(barred).await, 0, "people said that it was none");
    desk.review(all[0].id, InboundDecision::OptOut, by_ana()).await.unwrap().unwrap();
    assert_eq!(stage.count(barred).await, 1);
    assert!(desk.page(waits, None, 10).await.unwrap().is_empty());
    assert!(desk.review(12_345, InboundDecision::Nothing, by_ana()).await.unwrap().is_none());
    assert_eq!(stage.count("SELECT count(*) FROM audit_log WHERE action = 'inbound.review'").await, 2);
}

#[tokio::test]
async fn who_writes_one_of_the_words_is_answered_once_a_day_by_who_can_be_answered() {
    let stage = Stage::running(3).await;
    stage.send_all(accepted).await;
    let engine = stage.engine();
    let desk = PostgresInboundDesk::new(stage.test.database());
    let writes = async |id: &str, seq: u32, text: &str| {
        let mut event = stage.event(id, seq, 1, Report::Inbound { text: text.to_owned() });
        event.reference = None;
        engine.keep("telnyx", event, Some(read(text))).await.unwrap();
    };
    writes("to a name", 1, "ALTO").await;
    assert_eq!(desk.due_replies(10).await.unwrap(), [], "nobody can write to a name");
    stage.run("UPDATE senders SET kind = 'long_code', value = '+525500000001'").await;
    writes("no", 1, "ALTO").await;
    writes("no again", 1, "baja").await;
    writes("perhaps", 2, "ya no quiero").await;
    writes("help", 3, "AYUDA").await;
    writes("other", 3, "gracias").await;
    let due = desk.due_replies(10).await.unwrap();
    let wrote: Vec<_> = due.iter().map(|reply| (reply.to, reply.meaning)).collect();
    assert_eq!(wrote, [(phone(1), Meaning::OptOut), (phone(3), Meaning::Help)]);
    desk.close_reply(due[0].id, ReplyOutcome::Barred).await.unwrap();
    desk.close_reply(due[0].id, ReplyOutcome::Sent(stage.campaign)).await.unwrap();
    assert_eq!(desk.due_replies(10).await.unwrap().len(), 1);
    assert_eq!(
        stage.count("SELECT count(*) FROM replies WHERE outcome = 'barred'").await,
        1,
        "the first word holds"
    );
    stage.run("UPDATE replies SET day = day - 1").await;
    writes("no tomorrow", 1, "ALTO").await;
    assert_eq!(desk.due_replies(10).await.unwrap().len(), 2);
    stage.run("UPDATE replies SET created_at = created_at - interval '13 hours'").await;
    assert_eq!(desk.due_replies(10).await.unwrap(), [], "nobody is answered half a day late");
}

#[tokio::test]
async fn only_a_reply_reaches_who_said_no_and_none_reaches_who_is_barred_otherwise() {
    for (kind, source, reached) in [
        ("reply", "opt_out", true),
        ("reply", "carrier", false),
        ("reply", "repep", false),
        ("single", "opt_out", false),
        ("campaign", "opt_out", false),
    ] {
        let stage = Stage::running(1).await;
        stage.run(&format!("UPDATE campaigns SET kind = '{kind}'")).await;
        stage
            .run(&format!(
                "INSERT INTO suppressions (phone_national, source, created_by)
                 SELECT phone, '{source}', 'test' FROM messages"
            ))
            .await;
        stage.send_all(accepted).await;
        let expected = if reached { MessageState::Sent } else { MessageState::Skipped };
        assert_eq!(stage.state_of(1).await, expected, "{kind}, {source}");
    }
}
