//! `migrator user`.

use std::io::{BufRead, Read};
use std::sync::Arc;

use application::{CreateUser, NewUser};
use domain::identity::{AccountChange, ChangedAccount, Email, Password, PasswordRule, Role};
use domain::port::{AccountDesk as _, Clock as _, IdentityStore as _};
use domain::request::Envelope;
use serde_json::json;
use settings::Sources;
use store_postgres::{PostgresAccountDesk, PostgresIdentityStore};

use crate::cli::UserCommand;
use crate::failure::Failure;
use crate::wiring;

/// The most that is read of standard input for a password.
const PASSWORD_LINE_BYTES_MAX: u64 = 8192;

pub(crate) async fn run(command: &UserCommand, sources: &Sources) -> Result<(), Failure> {
    match command {
        UserCommand::Create { email, role, password_stdin, json } => {
            create(email, *role, *password_stdin, *json, sources).await
        }
        UserCommand::RemoveSecondFactor { email, json } => remove_second_factor(email, *json, sources).await,
    }
}

async fn create(
    email: &Email,
    role: Role,
    is_typed: bool,
    as_json: bool,
    sources: &Sources,
) -> Result<(), Failure> {
    let settings = wiring::load(sources)?;
    let password = if is_typed {
        read_password()?
    } else {
        credentials::generate_password().map_err(|error| Failure::Other(error.to_string()))?
    };
    let database = wiring::current_database(&settings).await?;
    let use_case = CreateUser {
        identities: Arc::new(PostgresIdentityStore::new(database)),
        passwords: wiring::passwords(&settings)?,
        password_rule: PasswordRule {
            length_min: settings.passwords.length_min,
            length_max: settings.passwords.length_max,
        },
        ids: wiring::ids(),
    };
    let new =
        NewUser { email: email.clone(), role, password: password.clone(), must_change_password: !is_typed };
    let by = Envelope::of_program("migrator", wiring::clock().now());
    let user = use_case.execute(new, by).await?;
    if as_json {
        let mut answer =
            json!({"id": user.id.0.to_string(), "email": user.email.as_str(), "role": role.as_str()});
        if !is_typed {
            answer["password"] = json!(password.expose());
        }
        telemetry::put_line(&answer);
    } else {
        eprintln!("made {} with the role {role}", user.email);
        if !is_typed {
            eprintln!(
                "password, shown this once and to be changed at the first sign-in: {}",
                password.expose()
            );
        }
    }
    Ok(())
}

async fn remove_second_factor(email: &Email, as_json: bool, sources: &Sources) -> Result<(), Failure> {
    let settings = wiring::load(sources)?;
    let database = wiring::current_database(&settings).await?;
    let identities = PostgresIdentityStore::new(database.clone());
    let user = identities.find_user(email.clone()).await?;
    let user =
        user.ok_or_else(|| Failure::Input(format!("no user who is not disabled has the address {email}")))?;
    let by = Envelope::of_program("migrator", wiring::clock().now());
    let desk = PostgresAccountDesk::new(database);
    let sessions = match desk.change(user.id, AccountChange::RemoveSecondFactor, by).await? {
        ChangedAccount::Done { sessions, .. } => sessions.len(),
        ChangedAccount::Unknown | ChangedAccount::LastAdmin => {
            return Err(Failure::Other(format!("{email} was taken away meanwhile")));
        }
    };
    if as_json {
        telemetry::put_line(
            &json!({"id": user.id.0.to_string(), "email": email.as_str(), "sessions_ended": sessions}),
        );
    } else {
        eprintln!("{email} has no second factor now; sessions ended: {sessions}");
    }
    Ok(())
}

/// The first line of standard input.
pub(super) fn read_password() -> Result<Password, Failure> {
    let mut line = String::new();
    std::io::stdin().lock().take(PASSWORD_LINE_BYTES_MAX).read_line(&mut line).map_err(|error| {
        Failure::Input(format!("the password cannot be read from standard input: {error}"))
    })?;
    Ok(Password::new(line.trim_end_matches(['\r', '\n'])))
}
