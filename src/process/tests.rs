//! Real children that hang, flood, fork and refuse to go.

use std::collections::HashSet;
use std::fs;
use std::sync::{Arc, Mutex};

use super::*;

/// Far longer than anything here takes, so that only a hang fails.
const PATIENCE: Duration = Duration::from_secs(30);

fn limits() -> Limits {
    Limits { time: PATIENCE, stdout: 1 << 20, stderr: 1 << 10 }
}

/// A child of `sh`, with the usual folders in its PATH and nothing else.
fn shell(script: &str) -> Command {
    let mut command = Command::new("/bin/sh".into(), limits());
    command.arguments = vec!["-c".into(), script.into()];
    command.environment = vec![("PATH".into(), "/usr/bin:/bin".into())];
    command
}

/// The processes of this group that live, by what the system says of them.
fn living(group: i32) -> Vec<i32> {
    let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    let is_in = |pid: &i32| {
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        fields[0] != "Z" && fields[2] == group.to_string()
    };
    pids.filter(is_in).collect()
}

/// Waits until a condition holds that no event announces.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("waited too long until {what}"));
}

/// Hears until a line has come; gives it on.
fn first_line() -> (Heard, tokio::sync::oneshot::Receiver<String>) {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let (mut heard, mut sender) = (String::new(), Some(sender));
    let hear = move |piece: &[u8]| {
        heard.push_str(std::str::from_utf8(piece).unwrap());
        if heard.contains('\n')
            && let Some(sender) = sender.take()
        {
            let _ = sender.send(heard.lines().next().unwrap().to_owned());
        }
    };
    (Some(Box::new(hear)), receiver)
}

#[tokio::test]
async fn a_child_gets_its_input_its_environment_and_nothing_else() {
    let mut command = shell("cat; env; echo oops >&2; exit 3");
    command.input = Some(b"asked\n".to_vec());
    command.environment.push(("ONE".into(), "1".into()));
    let output = Children::default().run(command, None).await.unwrap();
    assert_eq!((output.ended, &*output.stderr), (Ended::Code(3), &b"oops\n"[..]));
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: HashSet<&str> = said.lines().filter(|line| !line.starts_with("_=")).collect();
    assert_eq!(lines, HashSet::from(["asked", "ONE=1", "PATH=/usr/bin:/bin", "PWD=/"]));
}

#[tokio::test]
async fn a_child_runs_in_the_folder_that_was_opened_also_when_its_name_means_another_one() {
    let place = tempfile::tempdir().unwrap();
    let (folder, moved) = (place.path().join("folder"), place.path().join("moved"));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("mine"), "").unwrap();
    let directory = Directory::new(fs::File::open(&folder).unwrap().into(), folder.clone());
    if cfg!(target_os = "linux") {
        fs::rename(&folder, &moved).unwrap();
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("theirs"), "").unwrap();
    }
    let mut command = shell("ls");
    command.directory = Some(directory);
    let output = Children::default().run(command, None).await.unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "mine\n");
}

#[tokio::test]
async fn a_child_that_takes_too_long_is_ended_with_all_that_it_forked() {
    let mut command = shell("echo $$; sleep 1000 & sleep 1000 & wait");
    command.limits.time = Duration::from_millis(200);
    let Err(Error::TimedOut { output, .. }) = Children::default().run(command, None).await else { panic!("no hang") };
    let group: i32 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    until("the group is gone", || living(group).is_empty()).await;
}

#[tokio::test]
async fn a_child_that_writes_without_end_is_ended_and_what_it_wrote_first_is_kept() {
    let mut command = shell("while :; do echo 0123456789; done");
    command.limits.stdout = 100_000;
    let Err(Error::TooMuchOutput { output, limit, .. }) = Children::default().run(command, None).await else {
        panic!("no flood")
    };
    assert_eq!((output.stdout.len(), limit), (100_000, 100_000));
    assert!(output.stdout.starts_with(b"0123456789\n"));
}

#[tokio::test]
async fn of_a_long_complaint_the_end_is_kept() {
    let command = shell("for i in $(seq 1 2000); do echo complaint $i >&2; done");
    let output = Children::default().run(command, None).await.unwrap();
    assert_eq!(output.stderr.len(), 1 << 10);
    assert!(output.stderr.ends_with(b"complaint 2000\n"));
}

#[tokio::test]
async fn what_a_child_leaves_running_ends_with_it() {
    let output = Children::default().run(shell("sleep 1000 & echo $$"), None).await.unwrap();
    assert!(output.is_success());
    let group: i32 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    until("the group is gone", || living(group).is_empty()).await;
}

#[tokio::test]
async fn a_dropped_call_ends_a_group_that_does_not_want_to_go() {
    let (hear, started) = first_line();
    let children = Children::default();
    let run = children.run(shell("trap '' TERM; sh -c 'trap \"\" TERM; sleep 1000' & echo $$; wait; wait"), hear);
    let group: i32 = tokio::select! {
        result = run => panic!("{result:?}"),
        started = started => started.unwrap().parse().unwrap(),
    };
    until("the group is gone", || living(group).is_empty()).await;
}

#[tokio::test]
async fn the_end_of_the_process_ends_every_child_and_starts_none() {
    let children = Children::default();
    let (hear, started) = first_line();
    let run = tokio::spawn({
        let children = children.clone();
        async move { children.run(shell("echo $$; sleep 1000 & wait"), hear).await }
    });
    let group: i32 = started.await.unwrap().parse().unwrap();
    children.end().await;
    assert_eq!(living(group), Vec::<i32>::new());
    assert!(matches!(run.await.unwrap(), Err(Error::Cancelled)));
    assert!(matches!(children.run(shell("true"), None).await, Err(Error::Cancelled)));
}

#[tokio::test]
async fn a_process_that_left_the_group_cannot_keep_the_call() {
    let output = Children::default().run(shell("setsid sleep 1 & echo done"), None).await.unwrap();
    assert_eq!(output.stdout, b"done\n");
}

#[tokio::test]
async fn output_is_heard_as_it_comes() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&heard);
    let hear: Heard = Some(Box::new(move |piece| into.lock().unwrap().extend_from_slice(piece)));
    let output = Children::default().run(shell("echo one; echo two"), hear).await.unwrap();
    assert_eq!(*heard.lock().unwrap(), output.stdout);
}

#[tokio::test]
async fn what_cannot_be_started_is_told_apart() {
    let place = tempfile::tempdir().unwrap();
    let plain = place.path().join("plain");
    fs::write(&plain, "text").unwrap();
    let path = OsString::from(place.path());
    assert!(matches!(find("no-such-program", &path), Err(Error::NotFound(_))));
    assert!(matches!(find("plain", &path), Err(Error::NotFound(_))));
    assert!(matches!(find(plain.to_str().unwrap(), &path), Err(Error::NotExecutable(_))));
    assert!(matches!(find("bin/sh", OsStr::new("/")), Err(Error::NotFound(_))));
    assert!(matches!(find("sh", OsStr::new("bin:.:")), Err(Error::NotFound(_))));
    assert_eq!(find("sh", OsStr::new("relative:/bin")).unwrap(), Path::new("/bin/sh"));
    let children = Children::default();
    let start = |program: &Path| children.run(Command::new(program.to_owned(), limits()), None);
    let (missing, plain) = (start(&place.path().join("missing")).await, start(&plain).await);
    assert!(matches!(missing, Err(Error::NotFound(_))), "{missing:?}");
    assert!(matches!(plain, Err(Error::NotExecutable(_))), "{plain:?}");
}
