//! Queues that are deleted under a consumer.

use super::*;

#[tokio::test]
async fn a_consumer_that_loses_one_of_its_queues_is_given_what_comes_into_the_next() {
    let bench = Bench::new("one_queue");
    let permits = bench.permits();
    let mut working = Working::start(Arc::clone(&permits), 2);
    permits.publish(vec![permit(1)]).await.unwrap();
    assert_eq!(working.next().await, permit(1));
    working.gate.add_permits(10);
    Bench::channel()
        .await
        .queue_delete(bench.queue("normal").into(), QueueDeleteOptions::default())
        .await
        .unwrap();
    // The consumer notices, although the queue of high permits was there all the time, and makes the queue anew.
    let is_there = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let remade = async {
        while Bench::channel()
            .await
            .queue_declare(bench.queue("normal").into(), is_there, FieldTable::default())
            .await
            .is_err()
        {}
    };
    timeout(PATIENCE, remade).await.expect("the queue is made anew");
    permits.publish(vec![permit(2)]).await.unwrap();
    assert_eq!(working.next().await, permit(2));
    working.end().await;
    bench.clear().await;
}

#[tokio::test]
async fn a_consumer_whose_queues_are_made_anew_in_the_moment_they_are_deleted_is_given_what_comes_into_them()
{
    let bench = Bench::new("anew");
    let permits = bench.permits();
    let mut working = Working::start(Arc::clone(&permits), 2);
    working.gate.add_permits(100);
    permits.publish(vec![permit(1)]).await.unwrap();
    assert_eq!(working.next().await, permit(1));
    let channel = Bench::channel().await;
    for n in 2..4 {
        // Whoever publishes, or only looks, has it made again at once: the broker tells nobody who listened to the old one.
        let name = bench.queue("normal");
        let deleted = channel.queue_delete(name.as_str().into(), QueueDeleteOptions::default());
        let declared =
            channel.queue_declare(name.as_str().into(), QueueDeclareOptions::durable(), as_declared(&bench));
        let (deleted, declared) = tokio::join!(deleted, declared);
        deleted.unwrap();
        declared.unwrap();
        // As many as there are slots go to nobody; the others wait until that is noticed.
        permits.publish(vec![permit(n); 5]).await.unwrap();
        for _ in 0..5 {
            assert_eq!(working.next().await, permit(n));
        }
    }
    working.end().await;
    bench.clear().await;
}

#[tokio::test]
async fn a_queue_that_an_earlier_version_made_is_made_anew() {
    let bench = Bench::new("former");
    let channel = Bench::channel().await;
    let mut former = as_declared(&bench);
    former.insert("x-dead-letter-strategy".into(), AMQPValue::LongString("at-least-once".into()));
    for name in ["high", "normal", "bulk"] {
        let name = bench.queue(name);
        channel
            .queue_declare(name.as_str().into(), QueueDeclareOptions::durable(), former.clone())
            .await
            .unwrap();
    }
    let permits = bench.permits();
    let mut working = Working::start(Arc::clone(&permits), 2);
    working.gate.add_permits(10);
    let published = async { while permits.publish(vec![permit(1)]).await.is_err() {} };
    timeout(PATIENCE, published).await.expect("the queues are made anew");
    assert_eq!(working.next().await, permit(1));
    working.end().await;
    bench.clear().await;
}

/// What a queue of permits is declared with.
fn as_declared(bench: &Bench) -> FieldTable {
    let text = |value: &str| AMQPValue::LongString(value.into());
    let mut arguments = FieldTable::default();
    for (name, value) in [
        ("x-queue-type", text("quorum")),
        ("x-max-length", AMQPValue::LongInt(1_000)),
        ("x-overflow", text("reject-publish")),
        ("x-delivery-limit", AMQPValue::LongInt(20)),
        ("x-dead-letter-exchange", text("")),
        ("x-dead-letter-routing-key", text(&bench.queue("dead"))),
    ] {
        arguments.insert(name.into(), value);
    }
    arguments
}
