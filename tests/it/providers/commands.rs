//! `zen models`, `zen models refresh` and `zen providers check`, against the scripted provider.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use zen::cli;
use zen::cli::output::{Exit, Streams};
use zen::rehearsal::{Rehearsal, Scene, Script};

use super::KEY;

/// A home folder and a scripted provider that plays while it is held.
struct Desk {
    home: TempDir,
    rehearsal: Rehearsal,
    variables: Vec<(String, String)>,
    _runtime: Runtime,
}

struct Said {
    exit: Exit,
    out: String,
    err: String,
}

impl Desk {
    fn new(script: impl Into<Script>) -> Self {
        let (home, runtime) = (TempDir::new().expect("a folder"), Runtime::new().expect("a runtime"));
        let entered = runtime.enter();
        let rehearsal = Rehearsal::start(script).expect("a listener");
        drop(entered);
        let variables = vec![("HOME".to_owned(), home.path().display().to_string())];
        Self { home, rehearsal, variables, _runtime: runtime }
    }

    /// Sets a variable; `URL` in its value is the scripted provider's address.
    fn var(mut self, name: &str, value: &str) -> Self {
        let url = format!("http://{}", self.rehearsal.address());
        self.variables.push((name.to_owned(), value.replace("URL", &url)));
        self
    }

    fn zen(&self, args: &[&str]) -> Said {
        let (mut streams, captured) = Streams::captured();
        let args = std::iter::once("zen").chain(args.iter().copied()).map(OsString::from);
        let exit = cli::run(args, &self.variables.iter().cloned().collect(), &mut streams);
        let said = Said { exit, out: captured.out(), err: captured.err() };
        assert!(!said.out.contains(KEY) && !said.err.contains(KEY), "{} {}", said.out, said.err);
        said
    }

    fn models(&self) -> Vec<Value> {
        let said = self.zen(&["models", "--json"]);
        assert_eq!(said.exit, Exit::Ok, "{}", said.err);
        serde_json::from_str(&said.out).expect("JSON")
    }

    fn cache(&self) -> PathBuf {
        self.home.path().join(".cache/zen/models.toml")
    }
}

#[test]
fn models_are_listed_without_asking_anyone() {
    let desk = Desk::new(Script::new()).var("XAI_API_KEY", KEY).var("XAI_ALLOWED_MODELS", "grok,grok-5");
    let said = desk.zen(&["models"]);
    assert_eq!(said.exit, Exit::Ok);
    let lines: Vec<&str> = said.out.lines().collect();
    assert!(lines.len() == 2 && lines[1].contains("grok-4") && lines[1].contains(" 15 "), "{}", said.out);
    assert!(said.err.contains("XAI_ALLOWED_MODELS: 'grok-5' is no model"), "{}", said.err);
    let prices = &desk.models()[0]["prices"];
    assert!(prices["page"].is_string() && prices["date"].is_string(), "{prices}");
    // A model that no list has a price of is unknown, and not free.
    let unpriced = Desk::new(Script::new()).var("XAI_API_KEY", KEY).var("XAI_ALLOWED_MODELS", "grok-4.7");
    assert!(unpriced.zen(&["models"]).out.contains('?') && unpriced.models()[0]["prices"].is_null());
    assert_eq!(desk.rehearsal.connections(), 0);
    let none = Desk::new(Script::new()).zen(&["models"]);
    assert!(none.exit == Exit::Ok && none.err.contains("GEMINI_API_KEY"), "{}", none.err);
}

#[test]
fn what_an_endpoint_serves_is_listed_once_it_was_asked() {
    let desk = Desk::new(Script::new())
        .var("CUSTOM_API_URL", "URL/v1")
        .var("GEMINI_API_KEY", KEY)
        .var("GEMINI_BASE_URL", "URL");
    let said = desk.zen(&["models", "refresh"]);
    assert_eq!(said.exit, Exit::Ok, "{}", said.err);
    let mode = fs::metadata(desk.cache()).expect("written").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let models = desk.models();
    let of = |provider: &str, id: &str| models.iter().any(|model| model["provider"] == provider && model["id"] == id);
    assert!(of("custom", "scripted-large") && of("google", "gemini-2.5-pro"));
    assert!(!of("google", "scripted-large"), "what a provider has is not all to be offered");
    assert_eq!(desk.zen(&["models", "refresh"]).exit, Exit::Ok);
    assert_eq!(desk.models(), models);
    assert_eq!(fs::read_dir(desk.home.path().join(".cache/zen")).expect("a folder").count(), 1);
}

#[test]
fn prices_come_with_their_page_and_the_users_file_lies_above() {
    let list = json!({"data": [
        {"id": "openai/gpt-5", "context_length": 400_000, "pricing": {"prompt": "0.00000125", "completion": "0.00001", "input_cache_read": "0.000000125"}},
        {"id": "new/one", "name": "New One", "context_length": 64_000, "architecture": {"input_modalities": ["text", "image"]}, "pricing": {"prompt": "-1"}},
    ]});
    let desk = Desk::new(Scene::status(200).body(list.to_string()))
        .var("OPENROUTER_API_KEY", KEY)
        .var("ZEN_PROVIDERS_OPENROUTER_BASE_URL", "URL/api/v1");
    assert_eq!(desk.zen(&["models", "refresh"]).exit, Exit::Ok);
    let prices = |desk: &Desk| {
        desk.models().into_iter().find(|model| model["id"] == "openai/gpt-5").expect("known")["prices"].clone()
    };
    let known = prices(&desk);
    assert_eq!(
        (&known["input"], &known["output"], &known["cache_write"]),
        (&json!("1.25"), &json!("10"), &Value::Null)
    );
    assert!(known["page"].as_str().is_some_and(|page| page.ends_with("/api/v1/models")), "{known}");
    let file = desk.home.path().join(".config/zen/models.toml");
    fs::create_dir_all(file.parent().expect("a folder")).expect("created");
    let user = "[[model]]\nprovider = \"openrouter\"\nid = \"openai/gpt-5\"\nprices = { input = 1.0, page = \"our contract\", date = \"2026-11-21\" }\n\
        [[model]]\nprovider = \"openrouter\"\nid = \"new/one\"\noffered = true\nscore = 19\n";
    fs::write(&file, user).expect("written");
    assert_eq!(prices(&desk)["input"], "1");
    let new = desk.models().into_iter().find(|model| model["id"] == "new/one").expect("offered");
    assert_eq!((&new["context_window"], &new["images"], &new["prices"]), (&json!(64_000), &json!(true), &Value::Null));
    fs::write(&file, "[[model]]\nprovider = \"openrouter\"\nid = \"x\"\nscroe = 1\n").expect("written");
    let refused = desk.zen(&["models"]);
    assert!(refused.exit == Exit::Config && refused.err.contains("did you mean `score`?"), "{}", refused.err);
}

#[test]
fn what_was_fetched_before_outlives_a_failure() {
    let script = [Scene::reply("fine"), Scene::status(503)];
    let desk = Desk::new(script).var("CUSTOM_API_URL", "URL/v1");
    assert_eq!(desk.zen(&["models", "refresh"]).exit, Exit::Ok);
    let said = desk.zen(&["models", "refresh"]);
    assert!(said.exit == Exit::Unreachable && said.err.contains("is kept"), "{}", said.err);
    assert_eq!(desk.models().len(), 2);
}

#[test]
fn a_check_tells_which_keys_work() {
    let checked = |script: Script| {
        let desk =
            Desk::new(script).var("OPENROUTER_API_KEY", KEY).var("ZEN_PROVIDERS_OPENROUTER_BASE_URL", "URL/api/v1");
        let said = desk.zen(&["providers", "check", "--json"]);
        let rows: Value = serde_json::from_str(&said.out).expect("JSON");
        let paths: Vec<String> = desk.rehearsal.requests().into_iter().map(|request| request.path).collect();
        assert_eq!(paths, ["/api/v1/key"]);
        (said.exit, rows[0]["result"].as_str().map(str::to_owned))
    };
    assert_eq!(checked(Script::new()), (Exit::Ok, Some("ok".to_owned())));
    assert_eq!(checked(Scene::status(401).into()), (Exit::Failed, Some("refused".to_owned())));
    assert_eq!(checked(Scene::status(503).into()), (Exit::Failed, Some("unclear".to_owned())));
    let gone = Desk::new(Script::new()).var("CUSTOM_API_URL", "http://127.0.0.1:1/v1").zen(&["providers", "check"]);
    assert!(gone.exit == Exit::Failed && gone.out.contains("unreachable"), "{}", gone.out);
}

#[test]
fn a_key_is_read_from_the_users_key_file_and_told_by_its_place() {
    let desk = Desk::new(Script::new()).var("ZEN_PROVIDERS_OPENROUTER_BASE_URL", "URL/api/v1");
    let file = desk.home.path().join(".config/zen/keys.toml");
    fs::create_dir_all(file.parent().expect("a folder")).expect("created");
    fs::write(&file, format!("openrouter = \"{KEY}\"\n")).expect("written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("opened");
    let refused = desk.zen(&["providers", "check"]);
    assert!(refused.exit == Exit::Config && refused.err.contains("chmod 600"), "{}", refused.err);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("closed");
    let said = desk.zen(&["providers", "check", "--json"]);
    let rows: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!((&rows[0]["result"], &rows[0]["key_from"]), (&json!("ok"), &json!(file)));
    assert_eq!(desk.rehearsal.requests()[0].header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert!(desk.zen(&["providers", "check"]).out.contains("keys.toml"));
    assert!(desk.zen(&["config", "explain"]).out.contains(&format!("set ({})", file.display())));
}
