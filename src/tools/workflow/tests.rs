//! What all workflows have in common, over all of them: texts, phases, rules.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::engine::Workflow;
use super::engine::declaration::{Situation, Skips};
use super::engine::investigation::{Investigation, Outcome};
use super::engine::step::{Kept, Step};
use crate::tools::schema::{Kind, Preset};

fn all() -> [&'static Workflow; 11] {
    [
        &super::thinkdeep::THINKDEEP,
        &super::planner::PLANNER,
        &super::codereview::CODEREVIEW,
        &super::precommit::PRECOMMIT,
        &super::debug::DEBUG,
        &super::secaudit::SECAUDIT,
        &super::docgen::DOCGEN,
        &super::analyze::ANALYZE,
        &super::refactor::REFACTOR,
        &super::tracer::TRACER,
        &super::testgen::TESTGEN,
    ]
}

fn confidences(of: &Workflow) -> &'static [&'static str] {
    match of.0.spec.field("confidence").map(|field| field.kind) {
        Some(Kind::Choice(choices)) => choices,
        _ => &["low"],
    }
}

/// The tool's own fields with their defaults, one of its choices taken.
fn own(of: &Workflow, choice: Option<(&str, &str)>) -> Map<String, Value> {
    let presets = of.0.spec.fields.iter().filter_map(|field| Some((field.name.to_owned(), field.default?.value())));
    let mut own: Map<_, _> = presets.collect();
    if let Some((field, word)) = choice {
        own.insert(field.to_owned(), word.into());
    }
    own
}

fn choices(of: &Workflow) -> Vec<Option<(&'static str, &'static str)>> {
    let modes = of.0.spec.fields.iter().filter_map(|field| match field.kind {
        Kind::Choice(words) if ["trace_mode", "precommit_type", "review_validation_type"].contains(&field.name) => {
            Some(words.iter().map(|word| (field.name, *word)))
        }
        _ => None,
    });
    let mut all: Vec<_> = modes.flatten().map(Some).collect();
    all.push(None);
    all
}

/// Every list of actions that a tool can give, with one situation in which it does.
fn guidance(of: &Workflow) -> BTreeMap<Vec<&'static str>, String> {
    let mut lists = BTreeMap::new();
    for choice in choices(of) {
        let own = own(of, choice);
        for number in 1..=8 {
            for (confidence, continued, total) in confidences(of)
                .iter()
                .flat_map(|confidence| [(*confidence, false, 8), (*confidence, true, 3), (*confidence, false, 3)])
            {
                let situation = Situation { number, total, confidence, continued, own: &own };
                let name = format!("step {number} of {total}, {confidence}, continued {continued}, {choice:?}");
                lists.entry((of.0.actions)(&situation).to_vec()).or_insert(name);
            }
        }
    }
    lists
}

#[test]
fn no_two_tools_share_a_text_and_each_phase_has_its_own() {
    let mut said: BTreeMap<&str, (&str, String)> = BTreeMap::new();
    for of in all() {
        for (list, situation) in guidance(of) {
            assert!(!list.is_empty(), "{} at {situation}", of.0.spec.name);
            for text in list {
                let by = said.entry(text).or_insert((of.0.spec.name, situation.clone()));
                assert!(
                    by.0 == of.0.spec.name && by.1 == situation,
                    "{} at {situation}: {text:?} is {by:?}'s",
                    of.0.spec.name
                );
            }
        }
    }
}

/// The phases of the older servers: for each tool, how many different lists it gives, and a word that stands in the list
/// of a certain situation.
#[test]
fn the_actions_follow_step_and_confidence() {
    let phases = [
        ("thinkdeep", 7),
        ("planner", 3),
        ("codereview", 5),
        ("precommit", 5),
        ("debug", 5),
        ("secaudit", 7),
        ("docgen", 2),
        ("analyze", 3),
        ("refactor", 4),
        ("tracer", 5),
        ("testgen", 4),
    ];
    for (of, (name, count)) in all().into_iter().zip(phases) {
        assert_eq!((of.0.spec.name, guidance(of).len()), (name, count));
    }
    let word = [
        ("thinkdeep", 2, "low", "Gather evidence"),
        ("thinkdeep", 2, "exploring", "ready"),
        ("thinkdeep", 3, "very_high", "implement"),
        ("debug", 1, "certain", "Search for the code"),
        ("debug", 2, "exploring", "Trace calls"),
        ("debug", 2, "very_high", "path of execution"),
        ("debug", 3, "almost_certain", "smallest fix"),
        ("secaudit", 2, "low", "authentication"),
        ("secaudit", 4, "low", "OWASP"),
        ("secaudit", 9, "low", "left open"),
        ("refactor", 2, "incomplete", "in detail"),
        ("refactor", 2, "partial", "preserved"),
        ("testgen", 2, "medium", "boundaries"),
        ("codereview", 2, "low", "suspicious"),
        ("codereview", 3, "low", "severity"),
        ("precommit", 1, "low", "git status"),
        ("analyze", 2, "low", "scales"),
    ];
    for (name, number, confidence, expected) in word {
        let of = all().into_iter().find(|of| of.0.spec.name == name).unwrap();
        let own = own(of, None);
        let situation = Situation { number, total: 8, confidence, continued: false, own: &own };
        let text = (of.0.actions)(&situation).join(" ");
        assert!(text.contains(expected), "{name} {number} {confidence}: {text}");
    }
}

#[test]
fn texts_have_real_line_ends_and_every_status_is_the_tools_own() {
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for of in all() {
        let declared = of.0;
        let texts = [declared.conclusion, declared.spec.description];
        let guided = guidance(of);
        for text in texts.iter().chain(guided.keys().flatten()) {
            assert!(!text.contains("\\n"), "{}: {text}", declared.spec.name);
        }
        for own in [declared.names.pause, declared.names.status, declared.names.required] {
            assert_eq!(names.insert(own, declared.spec.name), None, "{own}");
        }
        if let Some(expert) = &declared.expert {
            let prompt = crate::tools::prompts::Prompts::default();
            assert!(!prompt.text(declared.spec.name).is_empty(), "{} has a prompt", declared.spec.name);
            assert_eq!(expert.skip_reason.is_empty(), matches!(expert.skips, Skips::Never));
        }
    }
}

fn last_step(of: &Workflow, own: &Value, shared: &Value) -> &'static str {
    let mut arguments = json!({
        "step_number": 1, "total_steps": 1, "next_step_required": false, "own": own,
    });
    for (key, value) in shared.as_object().unwrap() {
        arguments[key] = value.clone();
    }
    let mut kept: Kept = serde_json::from_value(arguments).unwrap();
    let text = kept.write_down("step", "", None);
    let investigation = Investigation::of(None, &of.0.spec, Step { kept, text: &text });
    match investigation.outcome(of.0) {
        Outcome::Pause => "pause",
        Outcome::Ask(_) => "ask",
        Outcome::Skip(_) => "skip",
        Outcome::Local => "local",
    }
}

/// The table of the older servers: when the last step calls an expert.
#[test]
fn an_expert_is_skipped_and_asked_by_the_known_rules() {
    let files = json!({ "relevant_files": ["/a.rs"] });
    let nothing = json!({});
    let declined = json!({ "relevant_files": ["/a.rs"], "use_assistant_model": false });
    let certain = json!({ "relevant_files": ["/a.rs"], "confidence": "certain" });
    let nearly = json!({ "relevant_files": ["/a.rs"], "confidence": "almost_certain" });
    let issue = json!({ "issues_found": [{ "severity": "high" }] });
    for of in all() {
        let name = of.0.spec.name;
        let expected = match name {
            "planner" | "docgen" | "tracer" => ["local"; 6],
            // files, nothing, declined, certain, almost certain, an issue
            "thinkdeep" => ["ask", "ask", "ask", "skip", "ask", "ask"],
            "debug" | "secaudit" | "testgen" => ["ask", "local", "local", "skip", "ask", "ask"],
            "codereview" | "precommit" | "refactor" => ["ask", "local", "local", "ask", "ask", "ask"],
            "analyze" => ["ask", "local", "local", "ask", "ask", "local"],
            _ => panic!("{name} is not in the table"),
        };
        let got =
            [&files, &nothing, &declined, &certain, &nearly, &issue].map(|shared| last_step(of, &json!({}), shared));
        assert_eq!(got, expected, "{name}");
    }
    let internal = |of: &Workflow, field: &str| last_step(of, &json!({ field: "internal" }), &files);
    assert_eq!(internal(&super::codereview::CODEREVIEW, "review_validation_type"), "skip");
    assert_eq!(internal(&super::precommit::PRECOMMIT, "precommit_type"), "skip");
    let complete = json!({ "relevant_files": ["/a.rs"], "confidence": "complete" });
    assert_eq!(last_step(&super::refactor::REFACTOR, &json!({}), &complete), "skip");
    let unsaid = super::refactor::REFACTOR.0.spec.field("confidence").and_then(|field| field.default);
    assert!(matches!(unsaid, Some(Preset::Word("incomplete"))));
}

#[test]
fn the_parts_of_a_step_are_read_back_from_its_text() {
    let arguments = json!({ "step_number": 2, "total_steps": 1, "next_step_required": true });
    let mut kept: Kept = serde_json::from_value(arguments).unwrap();
    let text = kept.write_down("näme it", "föund", Some("ünder load"));
    let state = kept.state().unwrap();
    let kept: Kept = serde_json::from_str(state.value.get()).unwrap();
    assert_eq!(kept.total, 2, "the estimate is raised to the step");
    let step = Step { kept, text: &text };
    assert_eq!((step.narrative(), step.findings(), step.hypothesis()), ("näme it", "föund", Some("ünder load")));
    assert!(state.value.get().len() < 200, "no text is held twice: {}", state.value.get());
}
