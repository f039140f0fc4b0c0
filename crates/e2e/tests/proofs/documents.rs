//! What documents promise of the code.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// The text of every source file under `folder`.
fn sources(folder: &Path, into: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            into.push(fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn each_risk_that_security_md_names_has_tests_of_these_names() {
    let text = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let risks: Vec<&str> = text.lines().filter(|line| line.starts_with("| API")).collect();
    assert_eq!(risks.len(), 10);
    let mut code = Vec::new();
    sources(&root().join("crates"), &mut code);
    for risk in risks {
        let tests = risk.trim_end_matches(" |").rsplit('|').next().unwrap();
        let names: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "{risk}");
        for name in names {
            let (function, module) = (format!("fn {name}"), format!("mod {name}"));
            let is_there = code.iter().any(|file| file.contains(&function) || file.contains(&module));
            assert!(is_there, "no test is called {name}");
        }
    }
}
