//! What a shell and a script make use of: completions, manual pages, the list of processes, tables as JSON.

use serde_json::{Value, json};
use zen::rehearsal::{Rehearsal, Scene};

use crate::support::place::Place;
use crate::support::skipped;

async fn completed(place: &Place, words: &[&str]) -> Vec<String> {
    let output = place.run(&[&["complete", "--"], words].concat()).await;
    assert!(output.status.success() && output.stderr.is_empty(), "{words:?}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn a_tab_finds_commands_flags_threads_models_and_processes() {
    let rehearsal = Rehearsal::start(Scene::reply("fine")).unwrap();
    let place = Place::with(&rehearsal);
    let mut zen = place.connected().await;
    let id = zen.chat("A title \x1b[2J to read").await.continuation_id();
    let pid = zen.pid().to_string();

    assert_eq!(completed(&place, &["thr"]).await, ["threads"]);
    assert_eq!(completed(&place, &["threads", "expi"]).await, ["expire"]);
    assert_eq!(completed(&place, &["threads", "expire", ""]).await, [&*id]);
    assert_eq!(completed(&place, &["threads", "expire", &id, &id[..4]]).await, [&*id], "one more");
    assert_eq!(completed(&place, &["threads", "--json", "show", &id[..3]]).await, [&*id]);
    assert_eq!(completed(&place, &["ask", "--thread", ""]).await, [&*id]);
    assert_eq!(completed(&place, &["ask", "--model", "scr"]).await, ["scripted"]);
    assert_eq!(completed(&place, &["ask", "-m", "scr"]).await, ["scripted"]);
    assert_eq!(completed(&place, &["call", "listm"]).await, ["listmodels"]);
    assert_eq!(completed(&place, &["call", "--attach", ""]).await, [&*pid]);
    assert_eq!(completed(&place, &["ask", "--atta"]).await, ["--attach"]);
    assert_eq!(completed(&place, &["ask", "-o", "j"]).await, ["json"]);
    assert_eq!(completed(&place, &["config", "explain", "threads.tt"]).await, ["threads.ttl"]);
    assert!(completed(&place, &["ask", "-f", ""]).await.is_empty(), "a file's name is the shell's");
    let all = completed(&place, &[""]).await;
    assert!(all.contains(&"setup".to_owned()) && !all.contains(&"complete".to_owned()), "{all:?}");
    let broken = place.set("threads.ttl", "soon");
    assert_eq!(completed(&broken, &["thr"]).await, ["threads"], "whatever the configuration is");
}

#[tokio::test]
async fn bash_completes_by_its_script() {
    let place = Place::new();
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_zen")).parent().unwrap().display().to_string();
    let place = place.env("PATH", format!("{folder}:/usr/bin:/bin"));
    let asks = "source <(zen completions bash) && COMP_WORDS=(zen threads ex) COMP_CWORD=2 && _zen && echo \"${COMPREPLY[*]}\"";
    if !std::path::Path::new("/bin/bash").exists() {
        return skipped("there is no bash");
    }
    let output = place.output(&mut place.other("/bin/bash", &["-c", asks])).await;
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "expire extend export\n", "{:?}", output.stderr);
    for shell in ["zsh", "fish"] {
        let script = place.run(&["completions", shell]).await;
        assert!(String::from_utf8(script.stdout).unwrap().contains("zen complete -- "), "{shell}");
    }
}

#[tokio::test]
async fn every_command_has_a_manual_page() {
    let place = Place::new();
    let folder = place.path("man/man1");
    let output = place.run(&["man", folder.to_str().unwrap()]).await;
    assert!(output.status.success(), "{output:?}");
    for page in ["zen.1", "zen-ask.1", "zen-threads.1", "zen-threads-expire.1"] {
        let text = std::fs::read_to_string(folder.join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
        assert!(text.contains(".SH"), "{page}");
    }
}

#[tokio::test]
async fn running_processes_and_known_providers_are_listed_for_people_and_scripts() {
    let rehearsal = Rehearsal::start(Scene::reply("fine")).unwrap();
    let place = Place::with(&rehearsal);
    assert_eq!(place.json(&["ps", "--json"]).await, json!([]));
    let zen = place.connected().await;
    let listed = place.json(&["ps", "--json"]).await;
    assert_eq!((&listed[0]["pid"], &listed[0]["face"]), (&json!(zen.pid()), &json!("stdio")));
    assert!(listed[0]["socket"].as_str().unwrap().ends_with(".sock") && listed.as_array().unwrap().len() == 1);
    let table = String::from_utf8(place.run(&["ps"]).await.stdout).unwrap();
    assert!(table.contains(&zen.pid().to_string()) && table.contains("test-client"), "{table}");

    let providers = place.json(&["providers", "--json"]).await;
    let configured: Vec<&Value> =
        providers.as_array().unwrap().iter().filter(|one| one["configured"] == true).collect();
    assert_eq!(configured.iter().map(|one| &one["provider"]).collect::<Vec<_>>(), ["custom"]);
    assert!(String::from_utf8(place.run(&["providers"]).await.stdout).unwrap().contains("GEMINI_API_KEY"));
    assert!(rehearsal.requests().is_empty());
}
