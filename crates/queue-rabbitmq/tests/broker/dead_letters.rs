//! Permits that nobody could make anything of.

use super::*;

/// Publishes something to the high queue and rejects it there, as one does who cannot make anything of it.
async fn let_die(bench: &Bench, body: &[u8]) {
    let channel = Bench::channel().await;
    channel
        .basic_publish(
            "".into(),
            bench.queue("high").into(),
            BasicPublishOptions::default(),
            body,
            BasicProperties::default(),
        )
        .await
        .unwrap()
        .await
        .unwrap();
    let letter = timeout(PATIENCE, async {
        loop {
            let got = channel.basic_get(bench.queue("high").into(), BasicGetOptions { no_ack: false });
            if let Some(letter) = got.await.unwrap() {
                return letter;
            }
        }
    });
    let letter = letter.await.unwrap();
    letter.delivery.acker.reject(BasicRejectOptions { requeue: false }).await.unwrap();
}

async fn until_dead(permits: &RabbitPermits, wanted: u32) {
    timeout(PATIENCE, async { while permits.dead_letters().await.unwrap() != wanted {} })
        .await
        .expect("as many dead letters");
}

#[tokio::test]
async fn dead_permits_are_given_out_again_where_they_were_and_what_is_none_stays() {
    let bench = Bench::new("requeue");
    let permits = bench.permits();
    permits.ping().await.unwrap();
    let campaign = permit(7).campaign;
    for body in
        [b"\xff no campaign".as_slice(), campaign.0.to_string().as_bytes(), campaign.0.to_string().as_bytes()]
    {
        let_die(&bench, body).await;
    }
    until_dead(&permits, 3).await;
    assert_eq!(
        permits.requeue_dead(2).await.unwrap(),
        Requeued { requeued: 1, kept: 1 },
        "no more than asked"
    );
    until_dead(&permits, 2).await;
    assert_eq!(permits.requeue_dead(100).await.unwrap(), Requeued { requeued: 1, kept: 1 });
    until_dead(&permits, 1).await;
    let depths = timeout(PATIENCE, async {
        loop {
            let depths = permits.depths().await.unwrap();
            if depths
                .waiting
                .iter()
                .any(|(_, priority, waiting)| (*priority, *waiting) == (Priority::High, 2))
            {
                return depths;
            }
        }
    });
    let depths = depths.await.expect("both are in the queue that they died in");
    assert_eq!((depths.waiting[0].0.as_str(), depths.dead_letters), (bench.queue("high").as_str(), 1));
    assert_eq!(permits.purge_dead(100).await.unwrap(), 1);
    until_dead(&permits, 0).await;
    assert_eq!(permits.purge_dead(100).await.unwrap(), 0);
    bench.clear().await;
}

#[tokio::test]
async fn a_dead_permit_that_its_queue_does_not_take_stays_dead() {
    let mut bench = Bench::new("requeue-refused");
    bench.options.queue_length_max = 1;
    let permits = bench.permits();
    permits.ping().await.unwrap();
    let_die(&bench, permit(7).campaign.0.to_string().as_bytes()).await;
    until_dead(&permits, 1).await;
    // A quorum queue counts behind time, so some may pass beyond the limit.
    let high = Permit { priority: Priority::High, ..permit(1) };
    let full = async { while permits.publish(vec![high; 50]).await.is_ok() {} };
    timeout(PATIENCE, full).await.expect("the queue is full");
    let refused = permits.requeue_dead(10).await.unwrap_err();
    assert!(refused.reason.contains("full"), "{refused}");
    until_dead(&permits, 1).await;
    bench.clear().await;
}
