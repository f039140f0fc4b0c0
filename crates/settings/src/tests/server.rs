use super::*;

const AMQP: &str = "amqp://pregon:k7Qz-p2vX9m-w3Rt@mq:5672/%2f";
const REDIS: &str = "redis://default:k7Qz-p2vX9m-w3Rt@cache:6379/0";

#[test]
fn broker_and_cache_are_asked_for_only_by_programs_that_use_them_and_found_by_their_usual_names() {
    let none = Settings::load(&Sources::default()).unwrap();
    let error = none.rabbitmq().unwrap_err();
    assert_eq!(keys(&error), [Some("rabbitmq.url")]);
    assert!(error.to_string().contains("AMQP_URL"), "{error}");
    assert_eq!(keys(&none.redis().unwrap_err()), [Some("redis.url")]);

    let both = load_variables(&[("AMQP_URL", AMQP), ("REDIS_URL", REDIS)]).unwrap();
    let (rabbitmq, redis) = (both.rabbitmq().unwrap(), both.redis().unwrap());
    assert_eq!((rabbitmq.url.expose_secret(), rabbitmq.prefix.as_str()), (AMQP, "sms"));
    assert_eq!((redis.url.expose_secret(), redis.prefix.as_str()), (REDIS, "pregon"));
    assert_eq!(redis.command_timeout, Duration::from_millis(500));
    assert!(!format!("{rabbitmq:?} {redis:?}").contains("k7Qz"));

    let beaten = load_variables(&[("AMQP_URL", "amqp://x"), ("PREGON__RABBITMQ__URL", AMQP)]).unwrap();
    assert_eq!(beaten.rabbitmq().unwrap().url.expose_secret(), AMQP);
}

#[test]
fn a_server_without_a_password_or_with_a_weak_one_is_for_development() {
    for url in ["amqp://mq:5672", "amqp://guest:guest@mq", "amqp://pregon@mq", "amqp://u:changeme12345@mq"] {
        let load = |environment| load_variables(&[("PREGON__ENVIRONMENT", environment), ("AMQP_URL", url)]);
        assert_eq!(keys(&load("production").unwrap_err()), [Some("rabbitmq.url")], "{url}");
        assert!(load("development").is_ok(), "{url}");
    }
}

#[test]
fn a_url_of_another_kind_or_an_odd_prefix_is_refused_without_showing_it() {
    let error = load_variables(&[("REDIS_URL", "http://planted@cache"), ("PREGON__REDIS__PREFIX", "a b")])
        .unwrap_err();
    assert_eq!(keys(&error), [Some("redis.url"), Some("redis.prefix")]);
    assert!(!error.to_string().contains("planted"), "{error}");
}
