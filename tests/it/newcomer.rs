//! The first minutes with zen: `zen setup` in the homes of its clients, and `zen doctor`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use zen::rehearsal::{Rehearsal, Scene};

use crate::support::place::Place;
use crate::support::screen::Screen;
use crate::support::{canary, soon};

/// Each client's file below the home, and one as its users have it.
const CLIENTS: [(&str, &str); 6] = [
    (
        ".claude.json",
        "{\n  \"numStartups\": 12,\n  \"mcpServers\": {\n    \"zen\": {\n      \"type\": \"stdio\",\n      \"command\": \"uvx\",\n      \"args\": [\"zen-mcp-server\"],\n      \"env\": { \"LOG_LEVEL\": \"DEBUG\" }\n    }\n  }\n}\n",
    ),
    (
        ".codex/config.toml",
        "# my codex\nmodel = \"o9\" # the best\n\n[mcp_servers.docs]\ncommand = \"docs\"\n\n[history]\npersistence = \"none\"\n",
    ),
    (".cursor/mcp.json", "{\"mcpServers\":{\"docs\":{\"url\":\"https://docs.example/mcp\"}}}"),
    (".gemini/settings.json", "{\n\t// looks\n\t\"theme\": \"Dracula\", // dark\n}\n"),
    (".config/Code/User/mcp.json", "{\r\n    \"inputs\": [],\r\n    \"servers\": {\r\n    }\r\n}\r\n"),
    (
        ".config/zed/settings.json",
        "// Zed settings\n{\n  \"vim_mode\": true,\n  \"context_servers\": {\n    /* mine */\n    \"docs\": { \"command\": \"docs\", \"args\": [] }, // keep\n  },\n}\n",
    ),
];

fn home(place: &Place) -> PathBuf {
    place.path("home")
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn with_clients() -> Place {
    let place = Place::new().env("OLLAMA_HOST", "127.0.0.1:1");
    for (file, text) in CLIENTS {
        write(&home(&place).join(file), text);
    }
    place
}

fn texts(place: &Place) -> Vec<String> {
    CLIENTS.iter().map(|(file, _)| fs::read_to_string(home(place).join(file)).unwrap()).collect()
}

/// Runs a command with this typed.
async fn typed(place: &Place, input: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = place.command(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).await.unwrap();
    drop(stdin);
    let Output { status, stdout, stderr } = soon("a command", child.wait_with_output()).await.unwrap();
    canary::sweep("stdout", &stdout);
    canary::sweep("stderr", &stderr);
    (status.code(), String::from_utf8([stdout, stderr].concat()).unwrap())
}

#[tokio::test]
async fn six_clients_start_zen_and_a_second_setup_changes_not_a_byte() {
    let place = with_clients();
    // The file of a person who keeps such files elsewhere.
    let (link, real) = (home(&place).join(".cursor/mcp.json"), home(&place).join("dotfiles/cursor.json"));
    write(&real, CLIENTS[2].1);
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let before = texts(&place);

    let (code, said) = typed(&place, "", &["setup", "--print", "--command", "zen"]).await;
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(texts(&place), before, "what is printed is not done");
    for part in [
        "Claude Code:",
        "Codex:",
        "Cursor:",
        "Gemini CLI:",
        "VS Code:",
        "Zed:",
        "+ [mcp_servers.zen]",
        "GEMINI_API_KEY",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let (_, said) = typed(&place, "n\nn\nn\nn\nn\nn\nn\n\n", &["setup", "--command", "zen"]).await;
    assert_eq!(texts(&place), before, "what is refused is not done: {said}");

    let (code, said) = typed(&place, "", &["setup", "--yes", "--command", "zen"]).await;
    assert_eq!(code, Some(0), "{said}");
    let after = texts(&place);
    insta::assert_snapshot!(after.join("\n=====\n"));
    let mode = fs::metadata(home(&place).join(".config/zen/config.toml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(fs::read_to_string(home(&place).join(".codex/config.toml.before-zen")).unwrap(), before[1]);
    assert!(link.is_symlink() && fs::read_to_string(&real).unwrap() == after[2], "a link stays one");

    let everything = files(&home(&place));
    let (code, said) = typed(&place, "", &["setup", "--yes", "--command", "zen"]).await;
    assert_eq!((code, texts(&place)), (Some(0), after), "{said}");
    assert_eq!(files(&home(&place)), everything, "nor is a file more or less there");
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            // Every command writes to it.
            false if path.ends_with("zen.log") => {}
            false => found.push((path.clone(), fs::read(&path).unwrap())),
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn a_broken_file_is_refused_untouched_and_the_others_are_changed() {
    let place = with_clients();
    let broken = [(0, "{ \"mcpServers\": { }"), (1, "model = \n"), (5, "{ \"context_servers\": [] }")];
    for (index, text) in broken {
        write(&home(&place).join(CLIENTS[index].0), text);
    }
    let (code, said) = typed(&place, "", &["setup", "--yes", "--command", "zen"]).await;
    assert_eq!(code, Some(1), "{said}");
    let after = texts(&place);
    for (index, text) in broken {
        assert_eq!(after[index], text);
        assert!(
            said.contains(&format!("{} is left as it is", home(&place).join(CLIENTS[index].0).display())),
            "{said}"
        );
    }
    assert!(after[2].contains("\"command\":\"zen\""), "{}", after[2]);
    let report = typed(&place, "", &["doctor", "--json", "--offline"]).await.1;
    let report: Value = serde_json::from_str(&report).unwrap();
    let failed = report["findings"].as_array().unwrap().iter();
    let failed = failed.filter(|finding| finding["area"] == "clients" && finding["result"] == "failed").count();
    assert_eq!(failed, 3, "{report}");
}

#[tokio::test]
async fn ollama_is_found_and_asked_from_then_on() {
    let ollama = Rehearsal::start(Scene::reply("from this machine")).unwrap();
    let place = Place::new().env("OLLAMA_HOST", ollama.address());
    let (code, said) = typed(&place, "y\ny\n", &["setup"]).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Ollama runs") && said.contains("Custom endpoint works"), "{said}");
    let config = fs::read_to_string(home(&place).join(".config/zen/config.toml")).unwrap();
    assert!(config.starts_with("# zen reads") && config.contains("\n[providers.custom]\nbase_url = "), "{config}");
    let (code, said) = typed(&place, "", &["ask", "Anyone?", "-o", "json"]).await;
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(place.run(&["doctor"]).await.status.code(), Some(0));
    let (_, again) = typed(&place, "", &["setup", "--yes"]).await;
    assert_eq!(fs::read_to_string(home(&place).join(".config/zen/config.toml")).unwrap(), config, "{again}");
}

#[tokio::test]
async fn a_key_is_tried_before_it_is_kept_and_kept_where_nobody_else_reads() {
    let google = Rehearsal::start([Scene::status(401), Scene::reply("fine")]).unwrap();
    let place = Place::new().env("OLLAMA_HOST", "127.0.0.1:1");
    let place = place.env("GEMINI_BASE_URL", format!("http://{}", google.address()));
    let key = canary::keys().into_iter().find(|key| key.starts_with("AIza")).unwrap();
    let file = home(&place).join(".config/zen/keys.toml");
    let typing = format!("n\ngoogle\n{key}\n");
    let (code, said) = typed(&place, &typing, &["setup"]).await;
    assert!(code == Some(1) && said.contains("does not take this key") && !file.exists(), "{said}");
    let (code, said) = typed(&place, &typing, &["setup"]).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Google Gemini works"), "{said}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let (code, said) = typed(&place, "", &["doctor"]).await;
    assert!(code == Some(0) && said.contains("accepted") && said.contains("keys.toml"), "{said}");
    for wrong in ["nobody\n", "google\nin \"quotes\"\n"] {
        fs::remove_file(&file).ok();
        let (code, said) = typed(&place, &format!("n\n{wrong}"), &["setup"]).await;
        assert!(code == Some(1) && !file.exists(), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_typed_is_not_shown_and_the_terminal_is_as_before() {
    let google = Rehearsal::start(Scene::reply("fine")).unwrap();
    let place = Place::new().env("OLLAMA_HOST", "127.0.0.1:1");
    let place = place.env("GEMINI_BASE_URL", format!("http://{}", google.address()));
    let key = canary::keys().into_iter().find(|key| key.starts_with("AIza")).unwrap();
    for (typed, code) in [("\x03\r", 1), (&*format!("{key}\r"), 0)] {
        let mut screen = Screen::open(place.command(&["setup"]).as_std(), (120, 45));
        screen.shows(&["Write it?"]);
        screen.press("n\r");
        screen.shows(&["Enter for none"]);
        screen.press("google\r");
        screen.shows(&["(not shown)"]);
        screen.press(typed);
        // What stands on the screen and was written to it is swept for the key.
        assert_eq!(screen.ended(), code);
        assert_eq!(screen.modes().line_discipline, screen.modes_before().line_discipline);
    }
}

#[tokio::test]
async fn the_doctor_names_each_failure_with_what_to_do() {
    let rehearsal = Rehearsal::start(Scene::status(401)).unwrap();
    let place = Place::with(&rehearsal).set("threads.ttl", "1h");
    fs::create_dir(place.sockets()).unwrap();
    fs::set_permissions(place.sockets(), fs::Permissions::from_mode(0o755)).unwrap();
    let output = place.run(&["doctor", "--json"]).await;
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let failed: Vec<_> = findings.iter().filter(|finding| finding["result"] == "failed").collect();
    assert_eq!(failed.iter().map(|one| &one["area"]).collect::<Vec<_>>(), ["providers", "runtime"], "{report}");
    assert!(failed.iter().all(|finding| finding["todo"].is_string()));
    let configuration = report["configuration"].as_array().unwrap();
    let ttl = configuration.iter().find(|key| key["key"] == "threads.ttl").unwrap();
    assert_eq!(*ttl, json!({ "key": "threads.ttl", "value": "1h", "source": "command line" }));
    let text = String::from_utf8(place.run(&["doctor"]).await.stdout).unwrap();
    for part in ["FAILED  providers", "FAILED  runtime", "-> ", "2 things fail", "threads.ttl = 1h"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let broken = place.run(&["doctor", "--set", "threads.ttl=soon"]).await;
    assert_eq!(broken.status.code(), Some(1), "a wrong configuration is a finding too");
    assert!(String::from_utf8(broken.stdout).unwrap().contains("FAILED  config"));
}

#[test]
fn what_is_there_to_be_copied_is_as_zen_is() {
    let read = |file: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(crate::support::repository_file(file)).unwrap()).unwrap()
    };
    let plugin = read("assets/claude-plugin/.claude-plugin/plugin.json");
    assert_eq!(plugin["version"], env!("CARGO_PKG_VERSION"));
    for file in [plugin, read("assets/mcp.json")] {
        assert_eq!(
            (&file["mcpServers"]["zen"]["command"], &file["mcpServers"]["zen"]["args"]),
            (&json!("zen"), &json!(["stdio"]))
        );
    }
}
