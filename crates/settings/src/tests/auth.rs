use super::*;

const SOUND: &str = "v7Qz-p2vX9m-w4Tn-c8Rb-y1Lf-h6Sd-";

fn secret_of(variables: &[(&str, &str)]) -> Result<Option<String>, SettingsError> {
    let settings = load_variables(variables)?;
    Ok(settings.auth()?.jwt_secret.as_ref().map(|secret| secret.expose_secret().to_owned()))
}

#[test]
fn without_any_source_the_times_are_these() {
    let settings = load_variables(&[("PREGON__AUTH__JWT_SECRET", SOUND)]).unwrap();
    let auth = settings.auth().unwrap();
    assert_eq!(auth.access_token.as_mins(), 15);
    assert_eq!(auth.refresh_token.as_hours(), 30 * 24);
    assert_eq!((auth.login_failures_max, auth.login_window.as_mins()), (10, 15));
    assert_eq!((auth.login_failures_of_place_max, auth.login_failures_of_account_max), (100, 50));
    assert_eq!(auth.second_factor_from, None);
    assert_eq!(auth.session_cache, Duration::from_secs(5));
    assert_eq!((auth.api_keys_max, auth.api_key_lifetime_max.as_hours()), (100, 24 * 365));
    assert!(auth.jwt_other_secrets.is_empty());
}

#[test]
fn a_second_factor_is_asked_of_whom_the_word_names() {
    let from = |word| {
        let word = ("PREGON__AUTH__SECOND_FACTOR_FROM", word);
        Ok::<_, SettingsError>(
            load_variables(&[("PREGON__AUTH__JWT_SECRET", SOUND), word])?.auth()?.second_factor_from,
        )
    };
    assert_eq!(from("manager").unwrap(), Some("manager"));
    assert_eq!(from("nobody").unwrap(), None);
    assert_eq!(keys(&from("boss").unwrap_err()), [Some("auth.second_factor_from")]);
}

#[test]
fn a_missing_secret_is_refused_when_a_program_asks_for_it_outside_development() {
    let error = secret_of(&[]).unwrap_err();
    assert_eq!(keys(&error), [Some("auth.jwt_secret")]);
    assert!(error.to_string().contains("PREGON__AUTH__JWT_SECRET"), "{error}");
    assert!(Settings::load(&Sources::default()).is_ok(), "the other programs need none");
    assert_eq!(secret_of(&[("PREGON__ENVIRONMENT", "development")]).unwrap(), None);
}

#[test]
fn a_short_default_or_guessed_secret_is_refused_outside_development_and_never_shown() {
    for weak in [
        "kurz",
        &SOUND[1..],
        "secretsecretsecretsecretsecretsecret",
        "abcabcabcabcabcabcabcabcabcabcabcabcabc",
        "changeme-v7Qz-p2vX9m-w4Tn-c8Rb-y1Lf",
        "12345678901234567890123456789012",
    ] {
        let error = secret_of(&[("PREGON__AUTH__JWT_SECRET", weak)]).unwrap_err();
        assert_eq!(keys(&error), [Some("auth.jwt_secret")], "{weak}");
        assert!(!error.to_string().contains(weak), "{error}");
        let development = [("PREGON__AUTH__JWT_SECRET", weak), ("PREGON__ENVIRONMENT", "development")];
        assert_eq!(secret_of(&development).unwrap().as_deref(), Some(weak));
    }
    let settings = load_variables(&[("PREGON__AUTH__JWT_SECRET", SOUND)]).unwrap();
    assert!(!format!("{settings:?}").contains(SOUND));
}

#[test]
fn the_secret_may_stand_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwt_secret");
    std::fs::write(&path, format!("{SOUND}\n")).unwrap();
    let of_file = ("PREGON__AUTH__JWT_SECRET_FILE", path.to_str().unwrap());
    assert_eq!(secret_of(&[of_file]).unwrap().as_deref(), Some(SOUND));
    assert!(secret_of(&[of_file, ("PREGON__AUTH__JWT_SECRET", SOUND)]).is_err());
}

#[test]
fn other_secrets_are_several_and_each_is_as_sound_as_the_one_that_signs() {
    let others = |text: &str| {
        let variables = [("PREGON__AUTH__JWT_SECRET", SOUND), ("PREGON__AUTH__JWT_OTHER_SECRETS", text)];
        let settings = load_variables(&variables)?;
        let others = &settings.auth()?.jwt_other_secrets;
        Ok(others.iter().map(|secret| secret.expose_secret().to_owned()).collect::<Vec<_>>())
    };
    let next = SOUND.replace('v', "w");
    assert_eq!(others(&format!("{SOUND}, {next},\n")).unwrap(), [SOUND, &next]);
    assert!(others(" , ").unwrap().is_empty());
    for refused in [format!("{SOUND},kurz"), [SOUND; 8].join(",")] {
        let error: SettingsError = others(&refused).unwrap_err();
        assert_eq!(keys(&error), [Some("auth.jwt_other_secrets")]);
        assert!(!error.to_string().contains(SOUND) && !error.to_string().contains("kurz"), "{error}");
    }
}
