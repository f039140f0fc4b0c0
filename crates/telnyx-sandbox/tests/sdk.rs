//! The provider's own library for Python, as it is published, sends through the sandbox, reads, and verifies its webhooks;
//! every answer and every webhook is held against the provider's OpenAPI document.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use telnyx_sandbox::{Sandbox, SandboxOptions};

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sdk");

fn run(program: &Path, arguments: &[&str]) -> Output {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{} cannot be run: {error}", program.display()));
    assert!(
        output.status.success(),
        "{} {arguments:?}:\n{}\n{}",
        program.display(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// A Python with the library, made once.
fn python() -> PathBuf {
    let requirements = format!("{HERE}/requirements.txt");
    let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("telnyx-sdk");
    let (python, made_for) = (home.join("bin/python"), home.join("requirements.txt"));
    let wanted = std::fs::read_to_string(&requirements).unwrap();
    if std::fs::read_to_string(&made_for).ok().as_ref() != Some(&wanted) {
        run(Path::new("python3"), &["-m", "venv", "--clear", home.to_str().unwrap()]);
        run(
            &python,
            &["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", &requirements],
        );
        std::fs::write(&made_for, wanted).unwrap();
    }
    python
}

#[tokio::test(flavor = "multi_thread")]
async fn the_providers_own_library_works_against_the_sandbox_unchanged() {
    let python = tokio::task::spawn_blocking(python).await.unwrap();
    let options = SandboxOptions { slow: Duration::from_secs(1), ..SandboxOptions::default() };
    let sandbox = Sandbox::start(options).await.unwrap();
    let (url, key) = (sandbox.url(), sandbox.public_key().to_owned());
    let output = tokio::task::spawn_blocking(move || {
        let (peer, document) = (format!("{HERE}/peer.py"), format!("{HERE}/telnyx-openapi-messaging.json"));
        run(&python, &[&peer, &url, &key, &document])
    })
    .await
    .unwrap();
    let done: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for (what, least) in [
        ("verified message.sent", 4),
        ("verified message.finalized", 4),
        ("verified message.received", 1),
        ("conforms to OutboundMessageResponse", 6),
        ("conforms to OutboundMessageEvent", 8),
        ("conforms to InboundMessageEvent", 1),
        ("conforms to messaging_Errors", 6),
        ("changed webhook refused", 9),
        ("conforms to NumberLookupRecord", 2),
        ("conforms to MessageDetailRecord", 1),
        ("ConflictError 10036", 1),
        ("UnprocessableEntityError 10027", 1),
    ] {
        assert!(done[what].as_u64().unwrap_or_default() >= least, "{what}: {done}");
    }
}
