//! The permits against a real broker: how they travel, and what an outage does to them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what fails in here fails a test, and says where"
)]

mod dead_letters;
mod lost_queues;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::campaign::{CampaignId, Priority};
use domain::port::{Permit, PermitConsumer, PermitHandler, PermitPublisher, PermitQueues, Requeued};
use lapin::options::{
    BasicGetOptions, BasicPublishOptions, BasicRejectOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Connection, ConnectionProperties};
use queue_rabbitmq::{RabbitOptions, RabbitPermits};
use testkit::Proxy;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use uuid::Uuid;

/// Longer than anything here takes; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(30);

#[expect(clippy::disallowed_methods, reason = "the command that starts the servers sets this")]
fn url() -> String {
    std::env::var("AMQP_URL").expect("run the tests with `cargo xtask test`, which sets AMQP_URL")
}

/// A prefix of one test's own, and its queues taken away at its end.
struct Bench {
    options: RabbitOptions,
}

impl Bench {
    fn new(name: &str) -> Self {
        Self::at(&url(), name)
    }

    fn at(url: &str, name: &str) -> Self {
        let options = RabbitOptions {
            url: url.to_owned(),
            connection_name: format!("test {name}"),
            prefix: format!("test.{name}.{}", std::process::id()),
            connect_timeout: Duration::from_secs(5),
            call_timeout: Duration::from_secs(2),
            reconnect_max: Duration::from_secs(1),
            queue_length_max: 1_000,
        };
        Self { options }
    }

    fn permits(&self) -> Arc<RabbitPermits> {
        Arc::new(RabbitPermits::new(self.options.clone()))
    }

    fn queue(&self, name: &str) -> String {
        format!("{}.{name}", self.options.prefix)
    }

    async fn channel() -> lapin::Channel {
        let connection = Connection::connect(&url(), ConnectionProperties::default()).await.unwrap();
        connection.create_channel().await.unwrap()
    }

    async fn clear(self) {
        let channel = Self::channel().await;
        for name in ["high", "normal", "bulk", "dead"] {
            channel.queue_delete(self.queue(name).into(), QueueDeleteOptions::default()).await.unwrap();
        }
    }
}

fn permit(n: u128) -> Permit {
    Permit { campaign: CampaignId(Uuid::from_u128(n)), priority: Priority::Normal }
}

/// Tells of each permit, then waits until it is let go.
struct Teller {
    told: mpsc::UnboundedSender<Permit>,
    gate: Arc<Semaphore>,
    at_once: AtomicUsize,
    at_once_max: AtomicUsize,
}

#[async_trait]
impl PermitHandler for Teller {
    async fn handle(&self, permit: Permit) {
        let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.at_once_max.fetch_max(now, Ordering::SeqCst);
        self.told.send(permit).unwrap();
        self.gate.acquire().await.unwrap().forget();
        self.at_once.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A consumer at work.
struct Working {
    teller: Arc<Teller>,
    told: mpsc::UnboundedReceiver<Permit>,
    gate: Arc<Semaphore>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    task: tokio::task::JoinHandle<()>,
}

impl Working {
    fn start(permits: Arc<RabbitPermits>, slots: u16) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        let gate = Arc::new(Semaphore::new(0));
        let teller = Arc::new(Teller {
            told: tell,
            gate: Arc::clone(&gate),
            at_once: AtomicUsize::new(0),
            at_once_max: AtomicUsize::new(0),
        });
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let handler = Arc::clone(&teller) as Arc<dyn PermitHandler>;
        let task = tokio::spawn(async move {
            let stop = Box::pin(async move {
                let _ = stopped.await;
            });
            permits.run(vec![(Priority::Normal, slots), (Priority::High, 1)], handler, stop).await;
        });
        Self { teller, told, gate, stop: Some(stop), task }
    }

    async fn next(&mut self) -> Permit {
        timeout(PATIENCE, self.told.recv()).await.expect("a permit comes").unwrap()
    }

    /// Lets all that are handled go, and stops.
    async fn end(mut self) {
        self.gate.add_permits(10_000);
        self.stop.take().unwrap().send(()).unwrap();
        timeout(PATIENCE, self.task).await.expect("the consumer stops").unwrap();
    }
}

/// Waits until as many wait in the normal queue.
async fn until_depth(permits: &RabbitPermits, wanted: u32) {
    timeout(PATIENCE, async {
        loop {
            let depths = permits.queue_depths().await.unwrap();
            if depths.contains(&(Priority::Normal, wanted)) {
                return;
            }
        }
    })
    .await
    .unwrap_or_else(|_| panic!("never {wanted} in the queue"));
}

#[tokio::test]
async fn permits_reach_their_handler_within_its_slots_and_are_gone_when_it_has_returned() {
    let bench = Bench::new("slots");
    let permits = bench.permits();
    permits.publish((1..=10).map(permit).collect()).await.unwrap();
    until_depth(&permits, 10).await;
    let mut working = Working::start(Arc::clone(&permits), 3);
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(working.next().await);
    }
    until_depth(&permits, 7).await;
    assert!(working.told.try_recv().is_err(), "a fourth would need a fourth slot");
    for _ in 3..10 {
        working.gate.add_permits(1);
        seen.push(working.next().await);
    }
    seen.sort_by_key(|permit| permit.campaign);
    assert_eq!(seen, (1..=10).map(permit).collect::<Vec<_>>());
    assert_eq!(working.teller.at_once_max.load(Ordering::SeqCst), 3);
    working.end().await;
    until_depth(&permits, 0).await;
    bench.clear().await;
}

#[tokio::test]
async fn a_permit_whose_consumer_is_lost_comes_again() {
    let bench = Bench::new("lost");
    let permits = bench.permits();
    permits.publish(vec![permit(1)]).await.unwrap();
    let mut lost = Working::start(bench.permits(), 1);
    lost.next().await;
    lost.task.abort();
    let mut working = Working::start(Arc::clone(&permits), 1);
    assert_eq!(working.next().await, permit(1));
    working.end().await;
    until_depth(&permits, 0).await;
    bench.clear().await;
}

/// Panics at the first permit.
struct Clumsy(AtomicUsize, mpsc::UnboundedSender<()>);

#[async_trait]
impl PermitHandler for Clumsy {
    async fn handle(&self, _: Permit) {
        assert!(self.0.fetch_add(1, Ordering::SeqCst) > 0, "a planted panic");
        self.1.send(()).unwrap();
    }
}

#[tokio::test]
async fn a_permit_whose_handler_breaks_off_comes_again() {
    let bench = Bench::new("clumsy");
    let permits = bench.permits();
    permits.publish(vec![permit(1)]).await.unwrap();
    let (tell, mut told) = mpsc::unbounded_channel();
    let handler = Arc::new(Clumsy(AtomicUsize::new(0), tell));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = Arc::clone(&permits);
    let task = tokio::spawn(async move {
        let stop = Box::pin(async move {
            let _ = stopped.await;
        });
        running.run(vec![(Priority::Normal, 1)], handler, stop).await;
    });
    timeout(PATIENCE, told.recv()).await.expect("it comes again").unwrap();
    stop.send(()).unwrap();
    task.await.unwrap();
    until_depth(&permits, 0).await;
    bench.clear().await;
}

#[tokio::test]
async fn what_is_no_permit_goes_to_the_dead_letters_once() {
    let bench = Bench::new("garbage");
    let permits = bench.permits();
    permits.ping().await.unwrap();
    let channel = Bench::channel().await;
    channel
        .basic_publish(
            "".into(),
            bench.queue("normal").into(),
            BasicPublishOptions::default(),
            b"\xff no campaign",
            BasicProperties::default(),
        )
        .await
        .unwrap()
        .await
        .unwrap();
    let mut working = Working::start(Arc::clone(&permits), 1);
    permits.publish(vec![permit(1)]).await.unwrap();
    assert_eq!(working.next().await, permit(1), "garbage holds nothing up");
    working.end().await;
    timeout(PATIENCE, async { while permits.dead_letters().await.unwrap() != 1 {} }).await.unwrap();
    until_depth(&permits, 0).await;
    bench.clear().await;
}

#[tokio::test]
async fn a_permit_whose_queue_is_gone_or_full_is_not_held_to_be_published() {
    let mut bench = Bench::new("unroutable");
    bench.options.queue_length_max = 2;
    let permits = bench.permits();
    permits.publish(vec![permit(1)]).await.unwrap();
    // A quorum queue counts behind time, so some may pass beyond the limit.
    let full = timeout(PATIENCE, async {
        loop {
            if let Err(full) = permits.publish((0..200).map(permit).collect()).await {
                break full;
            }
        }
    });
    let full = full.await.unwrap();
    assert!(full.reason.contains("full"), "{full}");
    let channel = Bench::channel().await;
    permits.ping().await.unwrap();
    channel.queue_delete(bench.queue("normal").into(), QueueDeleteOptions::default()).await.unwrap();
    let gone = permits.publish(vec![permit(1)]).await.unwrap_err();
    assert!(gone.reason.contains("not there"), "{gone}");
    permits.publish(vec![permit(1)]).await.unwrap();
    bench.clear().await;
}

#[tokio::test]
async fn a_queue_with_other_arguments_is_named_with_what_to_do() {
    let bench = Bench::new("other");
    let channel = Bench::channel().await;
    let name = bench.queue("dead");
    channel
        .queue_declare(name.as_str().into(), QueueDeclareOptions::durable(), FieldTable::default())
        .await
        .unwrap();
    let refused = bench.permits().ping().await.unwrap_err().to_string();
    assert!(refused.contains(&name) && refused.contains("delete it"), "{refused}");
    channel.queue_delete(name.into(), QueueDeleteOptions::default()).await.unwrap();
}

#[tokio::test]
async fn consumer_and_publisher_outlive_a_connection_that_is_cut() {
    let proxy = Proxy::before(&url()).await;
    let bench = Bench::at(&proxy.url(), "cut");
    let permits = bench.permits();
    let mut working = Working::start(Arc::clone(&permits), 1);
    permits.publish(vec![permit(1)]).await.unwrap();
    assert_eq!(working.next().await, permit(1));
    working.gate.add_permits(1);
    proxy.cut();
    timeout(PATIENCE, async { while permits.publish(vec![permit(2)]).await.is_err() {} }).await.unwrap();
    loop {
        working.gate.add_permits(1);
        // The first may come again: its acknowledgement may have been cut off.
        if working.next().await == permit(2) {
            break;
        }
    }
    working.end().await;
    bench.clear().await;
}

#[tokio::test]
async fn a_broker_that_says_nothing_ends_every_call_in_its_time() {
    let proxy = Proxy::before(&url()).await;
    let bench = Bench::at(&proxy.url(), "mute");
    let permits = bench.permits();
    permits.ping().await.unwrap();
    proxy.stall();
    let refused = timeout(PATIENCE, permits.publish(vec![permit(1)])).await.unwrap().unwrap_err();
    assert!(refused.reason.contains("no answer within 2000 ms"), "{refused}");
    let refused = timeout(PATIENCE, permits.ping()).await.unwrap().unwrap_err();
    assert!(refused.to_string().contains("cannot connect to the broker"), "{refused}");
    proxy.resume();
    permits.publish(vec![permit(1)]).await.unwrap();
    bench.clear().await;
}

#[tokio::test]
async fn no_error_shows_the_password() {
    let (scheme, rest) = url().split_once("://").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let host = rest.split_once('@').unwrap().1.to_owned();
    for bad in [format!("{scheme}://pregon:planted@{host}"), "amqp//planted".to_owned()] {
        let refused = Bench::at(&bad, "secret").permits().ping().await.unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains("planted"), "{refused}");
    }
}
