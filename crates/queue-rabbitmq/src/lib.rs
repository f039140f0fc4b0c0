//! The permits of the domain over RabbitMQ.
