//! A user's place on the machine: a home, a runtime folder and a project, and the commands that are run there with a
//! closed environment.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;
use zen::control::client::Client;
use zen::control::discovery;
use zen::rehearsal::Rehearsal;

use super::process::Zen;
use super::{canary, soon};

pub struct Place {
    dir: TempDir,
    environment: HashMap<String, String>,
    arguments: Vec<String>,
}

impl Place {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let place = Self { dir, environment: HashMap::new(), arguments: Vec::new() };
        for name in ["home", "run", "project"] {
            std::fs::create_dir(place.path(name)).unwrap();
        }
        let (home, run) = (place.path("home"), place.path("run"));
        let place = place.env("HOME", home.display()).env("XDG_RUNTIME_DIR", run.display());
        let place = place.env("ZEN_LOG_LEVEL", "trace");
        canary::around().fold(place, |place, (variable, secret)| place.env(variable, secret))
    }

    /// A place whose custom endpoint is the scripted provider.
    pub fn with(rehearsal: &Rehearsal) -> Self {
        Self::new().provider(rehearsal)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The folder in which processes are started: the default root of files.
    pub fn project(&self) -> PathBuf {
        self.path("project")
    }

    /// The folder of the control sockets.
    pub fn sockets(&self) -> PathBuf {
        self.path("run/zen")
    }

    /// Writes a file into the project; returns its absolute path.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.project().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub fn env(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.environment.insert(name.to_owned(), value.to_string());
        self
    }

    /// Sets a configuration key by a flag.
    pub fn set(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        self.arguments.push("--set".to_owned());
        self.arguments.push(format!("{key}={value}"));
        self
    }

    /// Makes the scripted provider the custom endpoint, with one model called `scripted` and a canary for its key.
    pub fn provider(self, rehearsal: &Rehearsal) -> Self {
        let place = self.env("CUSTOM_API_URL", rehearsal.base_url()).env("CUSTOM_MODEL_NAME", "scripted");
        let (key, in_file) = canary::next();
        if in_file && !place.key_file().exists() {
            canary::write_key_file(&place.key_file(), "custom", &key);
            return place;
        }
        place.env("CUSTOM_API_KEY", key)
    }

    fn key_file(&self) -> PathBuf {
        self.path("home/.config/zen/keys.toml")
    }

    /// Has everything logged to a file, `log` in the place.
    pub fn logged(self) -> Self {
        let file = self.path("log");
        self.set("log.file", file.display()).set("log.level", "trace")
    }

    /// A command of the `zen` binary in this place, not yet started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.program(env!("CARGO_BIN_EXE_zen"), &self.arguments, arguments)
    }

    /// Another program in this place, not yet started.
    pub fn other(&self, program: &str, arguments: &[&str]) -> Command {
        self.program(program, &[], arguments)
    }

    fn program(&self, program: &str, first: &[String], then: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(first)
            .args(then)
            .env_clear()
            .envs(&self.environment)
            .current_dir(self.project())
            .kill_on_drop(true);
        command
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        self.output(&mut self.command(arguments)).await
    }

    /// Runs this command to its end.
    pub async fn output(&self, command: &mut Command) -> Output {
        let output = soon("a command", command.stdin(Stdio::null()).output()).await.unwrap();
        canary::sweep("stdout", &output.stdout);
        canary::sweep("stderr", &output.stderr);
        output
    }

    /// Runs a command that must succeed with JSON.
    pub async fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Starts `zen stdio`; the client has said nothing yet.
    pub fn stdio(&self) -> Zen {
        Zen::start(&mut self.command(&["stdio"]))
    }

    /// Starts `zen stdio` and shakes hands.
    pub async fn connected(&self) -> Zen {
        let mut zen = self.stdio();
        zen.initialize("2025-11-25").await;
        zen
    }

    /// The control API of the one process that runs here.
    pub async fn control(&self) -> Client {
        let mut found = soon("the processes", discovery::find(&self.sockets())).await;
        assert_eq!(found.len(), 1, "one process with a socket");
        found.remove(0).client
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        canary::sweep_files(self.dir.path(), &self.key_file());
    }
}
