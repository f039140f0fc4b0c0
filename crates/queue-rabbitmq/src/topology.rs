//! The queues.

use domain::campaign::Priority;
use domain::port::QueueUnavailable;
use lapin::options::{QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection};

use crate::RabbitOptions;
use crate::link::{unavailable, within};

/// How often a permit is given out before it is held to be poison.
const DELIVERIES_MAX: i32 = 20;

/// What queues of permits had in earlier versions (docs/decisions/014).
const FORMER_ARGUMENT: &str = "x-dead-letter-strategy";

/// The most dead letters that are kept; the oldest go first.
const DEAD_LETTERS_MAX: i32 = 100_000;

pub(crate) fn queue_name(options: &RabbitOptions, priority: Priority) -> String {
    format!("{}.{priority}", options.prefix)
}

pub(crate) fn dead_letters_name(options: &RabbitOptions) -> String {
    format!("{}.dead", options.prefix)
}

/// Makes the queues where they are missing. The channel is closed by the broker when one is there with other arguments.
///
/// A dead letter may be lost with a broker that dies: that each is kept at least once is what the broker can do, but then the death of
/// what does it is the end of all such queues (docs/decisions/014), and a permit is worth nothing.
pub(crate) async fn declare(
    connection: &Connection,
    channel: &Channel,
    options: &RabbitOptions,
) -> Result<(), QueueUnavailable> {
    let dead = dead_letters_name(options);
    let mut of_dead = quorum();
    insert(&mut of_dead, "x-max-length", AMQPValue::LongInt(DEAD_LETTERS_MAX));
    insert(&mut of_dead, "x-overflow", text("drop-head"));
    declare_one(channel, options, &dead, of_dead).await?;
    for priority in Priority::ALL {
        let mut of_permits = quorum();
        let length_max = i32::try_from(options.queue_length_max).unwrap_or(i32::MAX);
        insert(&mut of_permits, "x-max-length", AMQPValue::LongInt(length_max));
        // What the queue cannot keep is refused to its publisher, who keeps it.
        insert(&mut of_permits, "x-overflow", text("reject-publish"));
        insert(&mut of_permits, "x-delivery-limit", AMQPValue::LongInt(DELIVERIES_MAX));
        insert(&mut of_permits, "x-dead-letter-exchange", text(""));
        insert(&mut of_permits, "x-dead-letter-routing-key", text(&dead));
        let name = queue_name(options, priority);
        if let Err(error) = declare_one(channel, options, &name, of_permits).await {
            if error.reason.contains(FORMER_ARGUMENT) {
                delete(connection, options, &name).await?;
            }
            return Err(error);
        }
    }
    Ok(())
}

async fn declare_one(
    channel: &Channel,
    options: &RabbitOptions,
    name: &str,
    arguments: FieldTable,
) -> Result<(), QueueUnavailable> {
    let doing = format!("declare the queue {name}");
    let declared = channel.queue_declare(name.into(), QueueDeclareOptions::durable(), arguments);
    within(options.call_timeout, &doing, declared).await.map(drop).map_err(|error| {
        if error.reason.contains(FORMER_ARGUMENT) {
            unavailable(
                &doing,
                format!("an earlier version made it, with {FORMER_ARGUMENT}; it is made anew"),
            )
        } else if error.reason.contains("PRECONDITION_FAILED") {
            let remedy = "it is there with other arguments; delete it, or set another rabbitmq.prefix";
            unavailable(&doing, remedy)
        } else {
            error
        }
    })
}

/// Takes a queue away that nobody can work with: the next who declares it makes it anew, and nothing is lost with its permits.
pub(crate) async fn delete(
    connection: &Connection,
    options: &RabbitOptions,
    name: &str,
) -> Result<(), QueueUnavailable> {
    let doing = format!("delete the queue {name}, to make it anew");
    let channel = within(options.call_timeout, &doing, connection.create_channel()).await?;
    let deleted = channel.queue_delete(name.into(), QueueDeleteOptions::default());
    within(options.call_timeout, &doing, deleted).await.map(drop)
}

fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    insert(&mut arguments, "x-queue-type", text("quorum"));
    arguments
}

fn insert(arguments: &mut FieldTable, name: &str, value: AMQPValue) {
    arguments.insert(name.into(), value);
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}
