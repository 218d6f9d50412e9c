//! The house rules, proven on every source file by parsing it: who may import whom, what stands nowhere, how large things
//! may grow. `ARCHITECTURE.md` says why; `rules.rs` says what.

mod facts;
mod rules;
mod samples;
mod tree;

use std::path::Path;

use tree::Tree;

#[test]
fn the_sources_keep_the_house_rules() {
    let tree = Tree::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let broken: Vec<String> = rules::ALL.iter().flat_map(|rule| rule(&tree)).map(|broken| broken.to_string()).collect();
    assert!(broken.is_empty(), "{} house rules are broken:\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn the_architecture_page_names_every_room_and_stays_short() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Ok(page) = std::fs::read_to_string(root.join("ARCHITECTURE.md")) else { return };
    let broken = rules::page(&page, &Tree::read(&root.join("src")));
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
