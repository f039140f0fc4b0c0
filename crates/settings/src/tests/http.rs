use super::*;

#[test]
fn without_any_source_only_this_machine_is_listened_to_and_no_page_may_ask() {
    let http = Settings::load(&Sources::default()).unwrap().http;
    assert_eq!(http.listen.to_string(), "127.0.0.1:8080");
    assert_eq!((http.workers, http.body_bytes_max, http.forwarded_hops), (None, 1_048_576, 0));
    assert_eq!((http.request_timeout, http.keep_alive), (Duration::from_secs(30), Duration::from_secs(75)));
    assert_eq!(
        (http.shutdown_timeout, http.health_timeout),
        (Duration::from_secs(30), Duration::from_secs(2))
    );
    assert!(http.cors_origins.is_empty());
}

#[test]
fn a_listen_address_is_an_address_with_a_port() {
    let listen =
        |text| load_variables(&[("PREGON__HTTP__LISTEN", text)]).map(|settings| settings.http.listen);
    assert_eq!(listen("[::1]:9000").unwrap().port(), 9000);
    for bad in ["8080", "127.0.0.1", "localhost:8080", "127.0.0.1:70000", "http://127.0.0.1:1"] {
        assert_eq!(keys(&listen(bad).unwrap_err()), [Some("http.listen")], "{bad}");
    }
}

#[test]
fn origins_are_given_by_name_and_never_for_everybody() {
    let origins = |text| {
        load_variables(&[("PREGON__HTTP__CORS_ORIGINS", text)]).map(|settings| settings.http.cors_origins)
    };
    assert_eq!(
        origins("https://a.mx, http://localhost:5173").unwrap(),
        ["https://a.mx".to_owned(), "http://localhost:5173".to_owned()]
    );
    for bad in ["*", "https://*", "null", "a.mx", "https://a.mx/", "https://a.mx,", "ftp://a.mx"] {
        assert_eq!(keys(&origins(bad).unwrap_err()), [Some("http.cors_origins")], "{bad}");
    }
}

#[test]
fn the_number_of_threads_may_be_given() {
    let settings = load_variables(&[("PREGON__HTTP__WORKERS", "3")]).unwrap();
    assert_eq!(settings.http.workers, Some(3));
    let error = load_variables(&[("PREGON__HTTP__WORKERS", "0")]).unwrap_err();
    assert_eq!(keys(&error), [Some("http.workers")]);
}

#[test]
fn what_is_limited_has_bounds_and_0_requests_a_second_are_no_limit() {
    let limits = Settings::load(&Sources::default()).unwrap().limits;
    assert_eq!((limits.user.per_second, limits.user.burst), (1_000, 10_000));
    assert_eq!((limits.heavy_max, limits.heavy_wait), (12, Duration::from_millis(200)));
    let unlimited = load_variables(&[("PREGON__LIMITS__USER_PER_SECOND", "0")]).unwrap();
    assert_eq!(unlimited.limits.user.per_second, 0);
    for (variable, bad, key) in [
        ("PREGON__LIMITS__ADDRESS_BURST", "0", "limits.address_burst"),
        ("PREGON__LIMITS__LOCAL_PERCENT", "101", "limits.local_percent"),
        ("PREGON__LIMITS__HEAVY_MAX", "0", "limits.heavy_max"),
        ("PREGON__LIMITS__BODY_TIMEOUT_MS", "1s", "limits.body_timeout_ms"),
    ] {
        assert_eq!(keys(&load_variables(&[(variable, bad)]).unwrap_err()), [Some(key)], "{variable}");
    }
}
