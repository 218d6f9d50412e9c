//! The rules that every key keeps, walked over the list.

use std::collections::BTreeSet;

use super::super::shipped::PROVIDERS;
use super::*;

#[test]
fn every_name_and_every_variable_stands_once() {
    let names: BTreeSet<_> = KEYS.iter().map(|key| key.name).collect();
    assert_eq!(names.len(), KEYS.len());
    let mut variables: Vec<String> = KEYS.iter().map(Key::variable).collect();
    variables.extend(KEYS.iter().flat_map(Key::upstreams).map(|upstream| upstream.variable.to_owned()));
    variables.extend(PROVIDERS.iter().map(|provider| provider.key_variable().to_owned()));
    assert_eq!(variables.iter().collect::<BTreeSet<_>>().len(), variables.len());
}

#[test]
fn every_key_says_in_a_sentence_what_it_decides() {
    for key in KEYS.iter() {
        assert!(key.sentence.ends_with('.') && key.sentence.len() > 20, "{}", key.name);
        assert!(!key.section().is_empty() && !key.leaf().is_empty(), "{}", key.name);
    }
}

#[test]
fn every_default_stands_within_its_bounds_and_reads_back() {
    for key in KEYS.iter().filter(|key| key.bounds().is_some()) {
        let mut draft = Draft::default();
        let given = Given::Typed(key.default_shown().into());
        assert_eq!(key.set(&mut draft, None, &given, None), Ok(()), "{}", key.name);
        assert_eq!(key.show(&mut draft), key.default_shown(), "{}", key.name);
    }
}

#[test]
fn every_cap_has_bounds_of_its_own() {
    for key in KEYS.iter().filter(|key| key.cap) {
        assert!(key.bounds().is_some(), "{}", key.name);
    }
}

#[test]
fn no_two_keys_share_a_place() {
    for key in KEYS.iter() {
        let mut draft = Draft::default();
        let text = match key.field {
            Field::Duration { max, .. } => super::super::value::show_duration(max),
            Field::Size { max, .. } | Field::Integer { max, .. } => max.to_string(),
            Field::Bool(_) => (key.default_shown() != "true").to_string(),
            Field::Path(_) | Field::Paths(_) => "/somewhere".to_owned(),
            Field::Level(_) => "trace".to_owned(),
            Field::Money(_) => "1".to_owned(),
            Field::BaseUrl(_) => "http://localhost:1".to_owned(),
            Field::Address(_) => "127.0.0.1:1".to_owned(),
            _ => "SOMETHING".to_owned(),
        };
        key.set(&mut draft, None, &Given::Typed(text.into()), None).expect(key.name);
        let changed: Vec<_> = KEYS.iter().filter(|other| other.show(&mut draft) != other.default_shown()).collect();
        assert_eq!(changed.iter().map(|key| key.name).collect::<Vec<_>>(), [key.name]);
    }
}
