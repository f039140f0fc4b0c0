use super::*;

fn database_with(variables: &[(&str, &str)]) -> Result<DatabaseSettings, SettingsError> {
    load_variables(variables)?.database().cloned()
}

#[test]
fn in_production_a_weak_or_missing_password_is_refused_in_a_sentence() {
    for (url, wrong) in [
        ("postgres://pregon@db/pregon", "has no password"),
        ("postgres://pregon:@db/pregon", "has no password"),
        ("postgres://pregon:postgres@db/pregon", "too short"),
        ("postgres://pregon:k7Qz-p2vX9m@db/pregon", "too short"),
        ("postgres://pregon:123456789012@db/pregon", "easily guessed"),
        ("postgres://pregon:Password-2026@db/pregon", "easily guessed"),
        ("postgres://pregon:changeme%2Dchangeme@db/pregon", "easily guessed"),
        ("postgres://una_campana_larga:una_campana_larga@db/pregon", "easily guessed"),
    ] {
        let error = database_with(&[("DATABASE_URL", url)]).unwrap_err();
        let shown = error.to_string();
        assert_eq!(keys(&error), [Some("database.url")], "{url}");
        assert!(shown.contains(wrong) && shown.contains("from the variable DATABASE_URL"), "{url}: {shown}");
        assert!(shown.contains("random password of at least 12 characters"), "{shown}");

        let lenient = [("DATABASE_URL", url), ("PREGON__ENVIRONMENT", "development")];
        assert_eq!(database_with(&lenient).unwrap().url.expose_secret(), url);
    }
}

#[test]
fn an_unreadable_environment_is_judged_as_production() {
    let error = load_variables(&[
        ("PREGON__ENVIRONMENT", "Development"),
        ("DATABASE_URL", "postgres://pregon:postgres@db/pregon"),
    ])
    .unwrap_err();
    assert_eq!(keys(&error), [Some("environment"), Some("database.url")]);
}

#[test]
fn a_url_that_is_none_is_refused_in_development_too() {
    for url in ["localhost", "postgres://pregon:p@ss@db/pregon", "postgres://db/pregon", " "] {
        let error =
            database_with(&[("PREGON__ENVIRONMENT", "development"), ("DATABASE_URL", url)]).unwrap_err();
        assert_eq!(keys(&error), [Some("database.url")], "{url}");
    }
}

#[test]
fn the_other_keys_are_judged_even_without_a_url() {
    let error = load_variables(&[("PREGON__DATABASE__POOL_SIZE_MAX", "501")]).unwrap_err();
    assert_eq!(keys(&error), [Some("database.pool_size_max")]);
}

#[test]
fn an_application_name_that_postgresql_would_cut_or_change_is_refused() {
    let name = |name: &str| {
        database_with(&[("DATABASE_URL", SOUND_URL), ("PREGON__DATABASE__APPLICATION_NAME", name)])
            .map(|database| database.application_name)
    };
    assert_eq!(name("pregon importer").unwrap(), "pregon importer");
    assert!(name(&"x".repeat(63)).is_ok());
    assert!(name(&"x".repeat(64)).is_err());
    assert!(name("pregón").is_err());
}
