use super::*;
use crate::raw::Given;

const PLANTED: &str = "planted-Xq7-secret";

fn secret_file(text: &[u8]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

fn url_of(variables: &[(&str, &str)]) -> Result<String, SettingsError> {
    Ok(load_variables(variables)?.database()?.url.expose_secret().to_owned())
}

#[test]
fn no_error_repeats_a_value_whatever_is_wrong_with_it() {
    let in_files = [
        format!("[database]\nurl = \"postgres://a:{PLANTED}@h/d\" x"),
        format!("[database]\nurl = \"postgres://a:{PLANTED}"),
        format!("[database]\nurl = {PLANTED}"),
        format!("[database]\nurl = \"a\"\nurl = \"{PLANTED}\""),
        format!("[database]\nurl = \"\\x{PLANTED}\""),
        format!("[database]\nurl = [\"{PLANTED}\"]"),
        format!("database = \"{PLANTED}\""),
        format!("database = [\"{PLANTED}\"]"),
        format!("[database.url]\nx = \"{PLANTED}\""),
        format!("[kitchen]\nsink = \"{PLANTED}\""),
    ];
    let names = keys::known();
    let variables = names.iter().map(|key| format!("PREGON__{}", key.to_uppercase().replace('.', "__")));
    let values = [
        PLANTED.to_owned(),
        format!("{PLANTED}\u{fffd}"),
        format!("mysql://a:{PLANTED}@h/d"),
        format!("postgres://a:{PLANTED}@x@h/d"),
        format!("postgres://a:{PLANTED}/x@h/d"),
        format!("postgres://a:{PLANTED}@h"),
        format!("postgres://h/d?password={PLANTED}"),
        format!("postgres://{PLANTED}:{PLANTED}@h/d"),
    ];
    let mut refused = 0;
    let of_files = in_files.iter().map(|text| load_file(text));
    let of_variables = variables.flat_map(|name| {
        values.clone().map(|value| {
            load_variables(&[
                (&name, &value),
                ("PREGON__DATABASE__POOL_SIZE_MAX", "0"),
                ("PREGON__X", PLANTED),
            ])
        })
    });
    for error in of_files.chain(of_variables).filter_map(Result::err) {
        refused += 1;
        let shown = format!("{error} {error:?} {error:#?}");
        assert!(!shown.contains("planted") && !shown.contains("Xq7"), "{shown}");
    }
    assert_eq!(refused, in_files.len() + names.len() * values.len());
}

#[test]
fn no_debug_of_sources_or_settings_shows_a_secret() {
    let url = format!("postgres://pregon:{PLANTED}@db/pregon");
    let sources = of_environment(&[("DATABASE_URL", &url), ("PREGON__LOG__LEVEL", "debug")]);
    let settings = Settings::load(&sources).unwrap();
    let shown = format!("{sources:?} {settings:#?} {:?}", settings.database().unwrap());
    assert!(!shown.contains("planted"), "{shown}");
    assert!(shown.contains("DATABASE_URL") && shown.contains("pregon@db/pregon"), "{shown}");

    let mut problems = Vec::new();
    let raw = Layers::gather(&sources, &mut problems).deserialize(&mut problems);
    let numeric = Given::Whole(918_273_645);
    assert!(!format!("{raw:?} {numeric:?}").contains("planted") && !format!("{numeric:?}").contains("918"));
}

#[test]
fn a_secret_may_stand_in_a_file() {
    let (_folder, path) = secret_file(format!("{SOUND_URL}\r\n").as_bytes());
    assert_eq!(url_of(&[("PREGON__DATABASE__URL_FILE", &path)]).unwrap(), SOUND_URL);
    assert_eq!(
        load_file(&format!("[database]\nurl_file = '{path}'"))
            .unwrap()
            .database()
            .unwrap()
            .url
            .expose_secret(),
        SOUND_URL
    );
}

#[test]
fn the_password_may_stand_in_a_file_of_its_own_and_goes_into_the_url() {
    let (_folder, path) = secret_file(b"k7/Qz@p2 vX9m#\n");
    let variables =
        [("DATABASE_URL", "postgres://pregon@db/pregon"), ("PREGON__DATABASE__PASSWORD_FILE", path.as_str())];
    assert_eq!(url_of(&variables).unwrap(), "postgres://pregon:k7%2FQz%40p2%20vX9m%23@db/pregon");
    let variables =
        [("DATABASE_URL", "postgres://pregon@db/pregon"), ("PREGON__DATABASE__PASSWORD", "000000123000")];
    assert_eq!(url_of(&variables).unwrap(), "postgres://pregon:000000123000@db/pregon");
}

#[test]
fn a_weak_password_in_a_file_is_refused_by_the_key_that_named_the_file() {
    let (_folder, path) = secret_file(b"postgres");
    let error = url_of(&[
        ("DATABASE_URL", "postgres://pregon@db/pregon"),
        ("PREGON__DATABASE__PASSWORD_FILE", &path),
    ])
    .unwrap_err();
    assert_eq!(keys(&error), [Some("database.password_file")]);
    assert_eq!(error.problems()[0].origin(), &Origin::Variable("PREGON__DATABASE__PASSWORD_FILE".to_owned()));
}

#[test]
fn of_a_secret_and_its_file_the_later_layer_wins_and_one_layer_may_not_give_both() {
    let (_folder, path) = secret_file(SOUND_URL.as_bytes());
    let other = SOUND_URL.replace("@db", "@other");
    let of_file = ("PREGON__DATABASE__URL_FILE", path.as_str());
    assert_eq!(url_of(&[("DATABASE_URL", &other), of_file]).unwrap(), SOUND_URL);

    let (_folder, config) = file("[database]\nurl_file = '/nowhere'");
    let mut sources = of_environment(&[("DATABASE_URL", &other)]);
    sources.file = Some(config);
    assert!(Settings::load(&sources).is_ok(), "a file that is beaten is not read");

    let error = url_of(&[("PREGON__DATABASE__URL", &other), of_file]).unwrap_err();
    assert!(error.to_string().contains("keep either database.url or database.url_file"), "{error}");
    let error =
        url_of(&[("DATABASE_URL", &other), ("PREGON__DATABASE__PASSWORD", "k7Qz-p2vX9m-w")]).unwrap_err();
    assert!(error.to_string().contains("keep one of the two"), "{error}");
}

#[test]
fn a_secret_file_that_cannot_be_used_is_refused_without_its_path() {
    let large = "x".repeat(20_000);
    for (text, reason) in [
        (&b""[..], "it is empty"),
        (b"\n", "it is empty"),
        (b"\xff\xfe", "not UTF-8"),
        (large.as_bytes(), "larger"),
    ] {
        let (_folder, path) = secret_file(text);
        let error = url_of(&[("PREGON__DATABASE__URL_FILE", &path)]).unwrap_err();
        assert_eq!(keys(&error), [Some("database.url_file")]);
        assert!(error.to_string().contains(reason) && !error.to_string().contains(&path), "{error}");
    }
    let error = url_of(&[("PREGON__DATABASE__URL_FILE", SOUND_URL)]).unwrap_err();
    assert!(error.to_string().contains("No such file") && !error.to_string().contains("k7Qz"), "{error}");
}
