//! A paused message in the person's own editor: the terminal is lent, and what the editor leaves goes on or waits.

use std::os::unix::fs::PermissionsExt as _;

use rustix::process::Signal;
use zen::rehearsal::{Rehearsal, Scene};

use super::{SIZE, assert_given_back, assert_taken};
use crate::support::chat;
use crate::support::place::Place;
use crate::support::screen::{BEFORE, Screen};

/// A place in which every call of `chat` waits for a person.
fn pausing(rehearsal: &Rehearsal) -> Place {
    let place = Place::new().provider(rehearsal);
    let rules = place.path("rules.toml");
    let rule = "[[rule]]\nname = \"look\"\ntool = \"chat\"\nkind = \"request\"\naction = \"pause\"\nreason = \"a person looks\"\ntimeout = \"1h\"\n";
    std::fs::write(&rules, rule).unwrap();
    place.set("interceptors.rules", rules.display())
}

/// A face whose editor is this script; `$1` is the file.
fn edited_by(place: &Place, script: &str) -> Screen {
    let editor = place.path("editor");
    std::fs::write(&editor, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = place.command(&["tui"]);
    // VISUAL goes before EDITOR.
    command.env("EDITOR", "false").env("VISUAL", &editor);
    Screen::open(command.as_std(), SIZE)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_message_goes_through_the_persons_editor_and_on_to_the_provider() {
    let rehearsal = Rehearsal::start(Scene::reply("Measure first.")).unwrap();
    let place = pausing(&rehearsal);
    // It asks at the terminal, as an editor would, and then changes one word.
    let script = r#"
        printf 'an editor asks: '
        read answer
        echo "$answer" > answer
        sed "s/hang/$answer/" "$1" > "$1.new" && mv "$1.new" "$1""#;
    let mut screen = edited_by(&place, script);
    screen.shows(&["0 threads"]);
    let mut zen = place.connected().await;
    let call = zen.send_call("chat", chat("Why does it hang? \u{202e}")).await;
    screen.press("!");
    screen.shows(&["Waiting", "a person looks", "e edit"]);
    screen.press("e");
    screen.shows(&["an editor asks:", BEFORE]);
    assert_eq!(screen.modes().line_discipline, screen.modes_before().line_discipline);
    screen.press("stutter\r");
    screen.shows(&["Changed", "- ", "Why does it hang?", "+ ", "Why does it stutter?", "c let it go on so"]);
    assert_taken(&screen);
    screen.press("\r");
    assert!(rehearsal.requests().is_empty(), "return alone is no answer");
    screen.press("c");
    screen.shows(&["decided"]);
    assert!(zen.called(call).await.content().contains("Measure first."));
    let requests = rehearsal.requests();
    let asked = requests[0].last_user();
    assert!(asked.contains("Why does it stutter? \u{202e}") && !asked.contains("hang"), "{asked}");
    assert_eq!(std::fs::read_to_string(place.project().join("answer")).unwrap(), "stutter\n");
    // Out of the list, and out of zen.
    screen.press("qq");
    assert_eq!(screen.ended(), 0);
    assert_given_back(&screen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_editor_that_fails_or_changes_nothing_leaves_the_message_paused() {
    let rehearsal = Rehearsal::start(Scene::reply("Measure first.")).unwrap();
    let place = pausing(&rehearsal);
    // Each time it is opened it does the next thing.
    let script = r#"
        case "$(ls done-* 2>/dev/null | wc -l)" in
            0) touch done-1 ;;
            1) touch done-2; exit 4 ;;
            2) touch done-3; echo '{' > "$1" ;;
            3) touch done-4; sed 's/"id": [0-9]*/"id": 4711/' "$1" > "$1.new" && mv "$1.new" "$1" ;;
            *) stty raw; sed 's/hang/crawl/' "$1" > "$1.new" && mv "$1.new" "$1" ;;
        esac"#;
    let mut screen = edited_by(&place, script);
    let mut zen = place.connected().await;
    let call = zen.send_call("chat", chat("Why does it hang?")).await;
    screen.press("!");
    screen.shows(&["Waiting", "e edit"]);
    for said in ["nothing was changed", "gave the text up", "no JSON any more", "another kind of message now"] {
        screen.press("e");
        screen.shows(&[said, "the message still waits", "Why does it hang?"]);
        assert_taken(&screen);
    }
    assert!(!zen.has_reply(call) && rehearsal.requests().is_empty());
    screen.press("e");
    screen.shows(&["Changed", "Why does it crawl?"]);
    screen.press("\x1b");
    screen.shows(&["left as it was; it still waits", "Why does it hang?"]);
    screen.press("c");
    assert!(!zen.called(call).await.is_error);
    assert!(rehearsal.requests()[0].last_user().contains("Why does it hang?"));
    // Out of the list, and out of zen.
    screen.press("qq");
    assert_eq!(screen.ended(), 0);
    assert_given_back(&screen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_in_an_editor_is_the_editors_and_a_termination_ends_both() {
    let rehearsal = Rehearsal::start(Scene::reply("Measure first.")).unwrap();
    let place = pausing(&rehearsal);
    let script = "trap 'echo heard it' INT; trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done";
    let mut screen = edited_by(&place, script);
    let mut zen = place.connected().await;
    zen.send_call("chat", chat("Why does it hang?")).await;
    screen.press("!");
    screen.shows(&["Waiting", "e edit"]);
    screen.press("e");
    screen.shows(&["up", BEFORE]);
    screen.press("\x03");
    screen.shows(&["heard it"]);
    screen.signal(Signal::TERM);
    assert_eq!(screen.ended(), 0);
    assert_eq!(screen.modes(), *screen.modes_before());
}
