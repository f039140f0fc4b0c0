//! Commands that start servers stop them again, also after Ctrl-C.
//!
//! The standard library has no signal handlers, so a shell stands in front of such a command: it outlives the
//! signal, hands it on, waits for the command's own end and then releases the servers. The command runs in a
//! process group of its own, with signals at their defaults: it gets each signal once, whether it came from the
//! terminal or was sent to the shell's pid.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use crate::failure::{Doing, Failure};
use crate::workspace::Workspace;

const SUPERVISOR: &str = r#"
program=$1 root=$2
shift 2
child='' pending=''
forward() {
    pending=$1
    [ -n "$child" ] || return 0
    kill -s "$1" -- "-$child" 2>/dev/null || kill -s "$1" "$child" 2>/dev/null
}
trap 'forward INT' INT
trap 'forward TERM' TERM HUP QUIT
exec 3<&0
set -- "$program" --root "$root" --holder "$$" --lead "$@"
# A shell starts its background commands deaf to the terminal's signals.
if env --default-signal=INT true 2>/dev/null; then set -- env --default-signal=INT,QUIT "$@"; fi
"$@" <&3 3<&- &
child=$!
[ -z "$pending" ] || forward "$pending"
status=0
while :; do
    pending=''
    wait "$child"
    ended=$?
    # 127: it ended just as a signal came, and its status was told the time before.
    [ "$ended" -eq 127 ] || status=$ended
    [ -n "$pending" ] || break
done
trap '' INT TERM HUP QUIT
"$program" --root "$root" --holder "$$" services release
exit "$status"
"#;

/// Becomes the shell that runs this same command and cleans up behind it; returns only if that fails.
pub(crate) fn become_supervisor(workspace: &Workspace, command: &str, arguments: &[String]) -> Failure {
    let program = match env::current_exe().doing(|| "find this program".into()) {
        Ok(program) => program,
        Err(failure) => return failure,
    };
    // A caller that put this command in the background may have made it deaf to Ctrl-C.
    let has_defaults = Command::new("env")
        .args(["--default-signal=INT", "true"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    let mut shell = if has_defaults {
        let mut env = Command::new("env");
        env.args(["--default-signal=INT,TERM,QUIT", "sh"]);
        env
    } else {
        Command::new("sh")
    };
    let error = shell
        .args(["-c", SUPERVISOR, "xtask"])
        .arg(program)
        .arg(&workspace.root)
        .arg(command)
        .args(arguments)
        .exec();
    Failure::other(format!("cannot run sh: {error}"))
}

/// Becomes the same command in a process group of its own; returns only if that fails.
pub(crate) fn become_leader(arguments: &[String]) -> Failure {
    match env::current_exe().doing(|| "find this program".into()) {
        Ok(program) => {
            let error = Command::new(program).args(arguments).process_group(0).exec();
            Failure::other(format!("cannot run this program again: {error}"))
        }
        Err(failure) => failure,
    }
}
