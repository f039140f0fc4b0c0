use super::*;

#[test]
fn a_variable_beats_the_file_and_the_file_beats_the_defaults() {
    let (_folder, path) =
        file("[database]\npool_size_max = 20\nwait_timeout_ms = 700\n[import]\nbatch_rows = 500");
    let mut sources =
        of_environment(&[("DATABASE_URL", SOUND_URL), ("PREGON__DATABASE__POOL_SIZE_MAX", " 30 ")]);
    sources.file = Some(path);
    let settings = Settings::load(&sources).unwrap();
    let database = settings.database().unwrap();
    assert_eq!((database.pool_size_max, database.wait_timeout), (30, Duration::from_millis(700)));
    assert_eq!(settings.import.batch_rows.get(), 500);
}

#[test]
fn database_url_beats_the_file_and_a_pregon_variable_beats_database_url() {
    let (_folder, path) = file(&format!("[database]\nurl = \"{}\"", SOUND_URL.replace("@db", "@in-file")));
    let address = |variables: &[(&str, &str)]| {
        let mut sources = of_environment(variables);
        sources.file = Some(path.clone());
        Settings::load(&sources).unwrap().database().unwrap().address.clone()
    };
    let (alias, own) = (SOUND_URL.replace("@db", "@alias"), SOUND_URL.replace("@db", "@own"));
    assert_eq!(address(&[]), "pregon@in-file:5432/pregon");
    assert_eq!(address(&[("DATABASE_URL", &alias)]), "pregon@alias:5432/pregon");
    let both = [("PREGON__DATABASE__URL", own.as_str()), ("DATABASE_URL", alias.as_str())];
    assert_eq!(address(&both), "pregon@own:5432/pregon");
    assert_eq!(address(&[both[1], both[0]]), "pregon@own:5432/pregon");
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let settings = load_variables(&[("DATABASE_URL", ""), ("PREGON__IMPORT__BATCH_ROWS", "")]).unwrap();
    assert!(settings.database().is_err());
    assert_eq!(settings.import.batch_rows.get(), 10_000);
}

#[test]
fn variables_of_other_programs_are_passed_over() {
    let foreign = [("PATH", "/bin"), ("PREGON_IMAGE", "x"), ("POSTGRES_URL", "postgres://h")];
    assert!(load_variables(&foreign).is_ok());
}

#[test]
fn an_unknown_key_is_refused_by_name_with_the_nearest_one() {
    let error = load_variables(&[
        ("PREGON__DATABASE__POOL_SIZE", "8"),
        ("PREGON__DATABASE", "8"),
        ("PREGON__", "8"),
        ("PREGON__KITCHEN__SINK", "8"),
    ])
    .unwrap_err();
    let shown = error.to_string();
    assert_eq!(error.problems().len(), 4, "{shown}");
    for part in [
        "database.pool_size, from the variable PREGON__DATABASE__POOL_SIZE, is not a setting: did you mean \
         PREGON__DATABASE__POOL_SIZE_MAX?",
        "database, from the variable PREGON__DATABASE, is a section and takes no value",
        "kitchen.sink, from the variable PREGON__KITCHEN__SINK, is not a setting: remove it",
        "from the variable PREGON__, is not a setting",
    ] {
        assert!(shown.contains(part), "{part}\nin {shown}");
    }

    let text = "enviroment = \"production\"\n[Database]\nurl = \"x\"\n[import.batch_rows]\nsmall = 1\n[databse]\n[log]";
    let error = load_file(text).unwrap_err();
    let named = ["Database.url", "databse", "enviroment", "import.batch_rows.small"];
    let mut refused = keys(&error);
    refused.sort_unstable();
    assert_eq!(refused, named.map(Some), "{error}");
    let shown = error.to_string();
    assert!(
        shown.contains("did you mean environment?") && shown.contains("did you mean database.url?"),
        "{shown}"
    );
}

#[test]
fn an_unreadable_layer_is_reported_beside_the_problems_of_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let mut sources = of_environment(&[("PREGON__LOG__LEVEL", "loud")]);
    for (path, reason) in
        [(folder.path().join("absent.toml"), "No such file"), (folder.path().to_owned(), "directory")]
    {
        sources.file = Some(path.clone());
        let error = Settings::load(&sources).unwrap_err();
        assert_eq!(keys(&error), [None, Some("log.level")], "{error}");
        assert_eq!(error.problems()[0].origin(), &Origin::File(path));
        assert!(error.to_string().contains(reason), "{error}");
    }

    let path = folder.path().join("binary.toml");
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    sources.file = Some(path.clone());
    assert!(Settings::load(&sources).unwrap_err().to_string().contains("is not UTF-8"));
    std::fs::write(&path, "#".repeat(2 * 1024 * 1024)).unwrap();
    assert!(Settings::load(&sources).unwrap_err().to_string().contains("larger than"));
}

#[test]
fn a_file_that_is_no_toml_is_refused_with_the_place() {
    let error = load_file("[database]\npool_size_max = = 3\n").unwrap_err();
    assert_eq!(keys(&error), [None]);
    assert!(error.to_string().contains("is not valid TOML at line 2, column 17"), "{error}");
    assert!(load_file("[log]\nlevel = 'info'\nlevel = 'warn'").is_err());
    assert!(load_file("[import]\nbatch_rows = 99999999999999999999").is_err());
}

#[test]
fn a_key_written_in_either_form_of_toml_is_the_same_key() {
    for text in ["import.batch_rows = 200", "import = { batch_rows = 200 }", "[import]\nbatch_rows = \"200\""]
    {
        assert_eq!(load_file(text).unwrap().import.batch_rows.get(), 200, "{text}");
    }
}

#[test]
fn the_process_gives_only_variables_that_are_settings_of_ours() {
    let sources = Sources::from_process(Some("x.toml".into()));
    assert_eq!(sources.file, Some("x.toml".into()));
    for (name, _) in &sources.environment {
        assert!(
            name.starts_with("PREGON__")
                || ["DATABASE_URL", "REDIS_URL", "AMQP_URL"].contains(&name.as_str()),
            "{name}"
        );
    }
}
