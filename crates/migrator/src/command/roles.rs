//! `migrator roles`.

use domain::identity::Password;
use serde_json::json;
use settings::Sources;
use store_postgres::{Group, Login, LoginMade};

use crate::cli::{Program, RolesCommand};
use crate::command::user::read_password;
use crate::failure::Failure;
use crate::wiring;

/// The shortest password of a login, in characters: programs remember it, so it need not be short.
const PASSWORD_CHARS_MIN: usize = 12;

pub(crate) async fn run(command: &RolesCommand, sources: &Sources) -> Result<(), Failure> {
    match command {
        RolesCommand::Login { name, of, password_stdin, json } => {
            let group = match of {
                Program::Api => Group::Api,
                Program::Worker => Group::Worker,
            };
            login((name, group), *password_stdin, *json, sources).await
        }
    }
}

async fn login(
    (login, group): (&Login, Group),
    is_typed: bool,
    as_json: bool,
    sources: &Sources,
) -> Result<(), Failure> {
    let settings = wiring::load(sources)?;
    let password = if is_typed { typed()? } else { generated()? };
    let database = wiring::current_database(&settings).await?;
    let made = database.make_login(login, group, &password).await?;
    let is_new = made == LoginMade::Made;
    if as_json {
        let mut answer = json!({"login": login.to_string(), "group": group.as_str(), "made": is_new});
        if !is_typed {
            answer["password"] = json!(password.expose());
        }
        telemetry::put_line(&answer);
    } else {
        let done = if is_new { "made" } else { "gave another password to" };
        eprintln!("{done} the login {login} of the group {}", group.as_str());
        if !is_typed {
            eprintln!("password, shown this once: {}", password.expose());
        }
    }
    Ok(())
}

fn typed() -> Result<Password, Failure> {
    let password = read_password()?;
    if password.expose().chars().count() < PASSWORD_CHARS_MIN {
        let refused = format!("the password is too short; give at least {PASSWORD_CHARS_MIN} characters");
        return Err(Failure::Input(refused));
    }
    Ok(password)
}

fn generated() -> Result<Password, Failure> {
    credentials::generate_password().map_err(|error| Failure::Other(error.to_string()))
}
