//! Switches by hand: off after a question, on again at once, by the same key; nothing where a face only looks.

use insta::assert_snapshot;

use super::sample::*;
use crate::control::ControlError;
use crate::control::types::models::ModelSummary;
use crate::control::types::*;
use crate::provider::switched::Off;
use crate::tui::event::{Effect, Reply, Switched};
use crate::tui::theme::Theme;

fn toolbox(debug: bool) -> Vec<ToolSwitch> {
    let tool = |name: &str, enabled| ToolSwitch { name: name.to_owned(), title: name.to_owned(), enabled };
    vec![tool("chat", true), tool("codereview", true), tool("debug", debug)]
}

fn interceptors() -> Interceptors {
    let decider =
        |name: &str, enabled, hits, failures| DeciderSummary { name: name.to_owned(), enabled, hits, failures };
    let rules = RulesSummary {
        path: "/home/me/rules.toml".to_owned(),
        loaded: ago(60),
        errors: vec!["line 12: 'actoin' is no key".to_owned()],
    };
    // One name, two deciders, one switch.
    let deciders = vec![
        decider("size guard", true, 1, 0),
        decider("no secrets\u{1b}[2J", false, 7, 2),
        decider("size guard", true, 2, 0),
    ];
    Interceptors { deciders, rules: Some(rules) }
}

fn switches(face: &mut Driven) -> Vec<(Switchable, bool)> {
    let asked = face.asked().into_iter();
    asked
        .filter_map(|effect| if let Effect::Switch { what, on, .. } = effect { Some((what, on)) } else { None })
        .collect()
}

fn toast(face: &Driven) -> &str {
    face.model.toast.as_ref().map_or("", |toast| toast.text.as_str())
}

#[test]
fn a_tool_goes_off_after_a_question_and_on_by_the_same_key() {
    let mut face = Driven::full(100, 30);
    face.keys("6").asked();
    face.keys("t");
    assert_eq!(face.asked(), [Effect::Toolbox(OWN), Effect::Toolbox(OTHER)]);
    let failed = Stage::Failed { class: None, message: "no".to_owned() };
    let ended =
        |id, stage, took| CallSummary { started: ago(took), ended: Some(NOW), ..call(id, "debug", None, stage, 0) };
    let calls = vec![ended(21, Stage::Done, 4), ended(22, Stage::Done, 9), ended(23, failed, 1)];
    face.send(OTHER, Update::Delta(Box::new(Delta { calls, ..Delta::default() })));
    face.reply(OTHER, Reply::Toolbox { outcome: Ok(toolbox(true)) });
    face.keys("jj");
    assert_snapshot!(at_each_size(&mut face));
    face.keys("d");
    assert!(
        face.frame().contains("Switch this off?") && face.frame().contains("offered it no more"),
        "{}",
        face.frame()
    );
    assert_eq!(switches(&mut face), []);
    face.keys("n");
    assert_eq!(switches(&mut face), []);
    face.keys("dd");
    let debug = || Switchable::Tool("debug".to_owned());
    assert_eq!(switches(&mut face), [(debug(), false)]);
    let outcome = Ok(Switched::Tools(toolbox(false)));
    face.reply(OTHER, Reply::Switched { what: debug(), on: false, outcome });
    assert!(toast(&face).contains("debug is off in stdio 4242 myproject; d switches it on again"), "{}", toast(&face));
    // The row is still the selected one.
    face.keys("d");
    assert_eq!(switches(&mut face), [(debug(), true)]);
    let refused = ControlError::Unreachable("gone".to_owned());
    face.reply(OTHER, Reply::Switched { what: debug(), on: true, outcome: Err(refused) });
    assert!(toast(&face).contains("gone"), "{}", toast(&face));
    face.keys("␛");
    assert!(face.model.overlays.is_empty());
}

#[test]
fn rules_of_one_name_have_one_switch_and_a_file_that_is_not_in_force_says_so() {
    let mut face = Driven::full(100, 30);
    face.keys("5r");
    assert!(face.asked().contains(&Effect::Interceptors(OTHER)));
    face.reply(OTHER, Reply::Interceptors { outcome: Ok(interceptors()) });
    assert_snapshot!(face.frame());
    face.keys("jd");
    assert_eq!(switches(&mut face), [(Switchable::Interceptor("no secrets[2J".to_owned()), true)]);
}

/// The models of the sample, with what is off.
fn with_off(off: Option<Off>) -> Vec<ModelSummary> {
    let mut models = models();
    for model in models.iter_mut().filter(|model| model.provider.as_str() == "google") {
        model.off = off.filter(|off| *off == Off::Provider || model.id.as_str() == "gemini-2.5-pro");
    }
    models
}

#[test]
fn models_and_providers_go_off_where_they_are_listed() {
    let mut face = Driven::full(100, 30);
    face.reply(OTHER, Reply::Models { outcome: Ok(models()) });
    face.keys("4").asked();
    let pro = || Switchable::Model { provider: "google".into(), model: "gemini-2.5-pro".into() };
    face.keys("d");
    assert!(face.frame().contains("A call in flight with it goes on."), "{}", face.frame());
    face.keys("d");
    assert_eq!(switches(&mut face), [(pro(), false)]);
    let outcome = Ok(Switched::Models(with_off(Some(Off::Model))));
    face.reply(OTHER, Reply::Switched { what: pro(), on: false, outcome });
    assert_snapshot!(face.frame());
    face.keys("/is:off↵");
    assert_eq!(face.model.models.rows().len(), 1);
    face.keys("␛d");
    assert_eq!(switches(&mut face), [(pro(), true)]);

    face.reply(OTHER, Reply::Models { outcome: Ok(with_off(None)) });
    face.keys("DD");
    assert_eq!(switches(&mut face), [(Switchable::Provider("google".into()), false)]);
    face.reply(OTHER, Reply::Models { outcome: Ok(with_off(Some(Off::Provider))) });
    face.keys("d");
    assert_eq!((switches(&mut face), toast(&face)), (vec![], "google is off as a whole: D switches it on"));
    face.keys("D");
    assert_eq!(switches(&mut face), [(Switchable::Provider("google".into()), true)]);
    // What is off is no choice for a message.
    face.keys("2nnnn");
    face.keys("␛c⇥");
    assert!(!face.frame().contains("gemini-2.5-flash ·"), "{}", face.frame());
}

#[test]
fn what_was_switched_elsewhere_is_read_anew() {
    let mut face = Driven::full(100, 30);
    face.keys("t").asked();
    face.reply(OTHER, Reply::Toolbox { outcome: Ok(toolbox(true)) });
    let turned = |seq, what| Switching { seq: crate::id::SwitchSeq(seq), at: NOW, what, on: false, uid: 1000 };
    let switched = vec![turned(1, Switchable::Provider("xai".into())), turned(2, Switchable::Tool("debug".to_owned()))];
    let delta = Delta { switched, tools: Some(toolbox(false)), ..Delta::default() };
    face.send(OTHER, Update::Delta(Box::new(delta)));
    assert_eq!(face.asked(), [Effect::Models(OTHER), Effect::Tools(OTHER)]);
    assert!(face.frame().contains("○ off"), "{}", face.frame());
}

#[test]
fn a_face_that_only_looks_switches_nothing() {
    let mut face = Driven::with(100, 30, Theme::new(true), true);
    face.appear(OTHER, "stdio 4242 myproject", false);
    face.send(OTHER, Update::Snapshot(Box::new(other())));
    face.reply(OTHER, Reply::Models { outcome: Ok(models()) });
    face.keys("4ddDD");
    assert_eq!(switches(&mut face), []);
    face.keys("t");
    face.reply(OTHER, Reply::Toolbox { outcome: Ok(toolbox(false)) });
    face.keys("dGdd");
    assert_eq!((switches(&mut face), toast(&face)), (vec![], "read-only: nothing is switched from here"));
}
