//! Each rule against samples that break it and samples that keep it: a rule that cannot fail proves nothing.

use super::rules::{self, Rule};
use super::tree::Tree;

/// The lines at which `rule` is broken when these files are all there is.
fn check(rule: Rule, files: &[(&str, &str)], expected: &[&str]) {
    let tree = Tree::of(files.iter().map(|(path, text)| (path.to_string(), text.to_string())).collect());
    let mut found: Vec<String> = rule(&tree).iter().map(|broken| format!("{}:{}", broken.path, broken.line)).collect();
    found.dedup();
    assert_eq!(found, expected, "{files:#?}");
}

/// The same for one file among files of every room.
fn check_file(rule: Rule, path: &str, text: &str, expected: &[usize]) {
    let around = ["cli/mod.rs", "engine/mod.rs", "mcp/mod.rs", "tools/mod.rs", "file/mod.rs", "telemetry/mod.rs"];
    let more = ["rehearsal/mod.rs", "config/mod.rs", "token.rs", "unit.rs", "lib.rs"];
    let mut files: Vec<_> =
        around.into_iter().chain(more).filter(|other| *other != path).map(|other| (other, "")).collect();
    files.push((path, text));
    let expected: Vec<String> = expected.iter().map(|line| format!("{path}:{line}")).collect();
    check(rule, &files, &expected.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn an_unknown_room_is_found() {
    check(
        rules::every_room_is_known,
        &[("cellar/mod.rs", ""), ("attic.rs", ""), ("file/mod.rs", "")],
        &["cellar/mod.rs:1", "attic.rs:1"],
    );
}

#[test]
fn imports_upward_are_found_however_they_are_written() {
    for text in [
        "use crate::tools::Call;",
        "use crate::{config, tools::Call};",
        "use crate::{config::{self}, engine::{calls::{A, B}}};",
        "use super::super::engine::A;",
        "use crate::engine as config;",
        "use crate::engine::*;",
        "fn f() { crate::engine::run() }",
        "fn f(engine: &crate::engine::Engine) {}",
        "fn f() { let _ = format!(\"{}\", crate::engine::NAME); }",
        "fn f() { outer!(inner!({ crate::engine::run() })) }",
        "impl crate::engine::A for B {}",
        "mod inner { use super::super::super::engine::A; }",
        "use crate::NAME;",
    ] {
        check_file(rules::imports_go_down, "file/read.rs", text, &[1]);
    }
}

#[test]
fn imports_downward_and_in_tests_are_fine() {
    check_file(
        rules::imports_go_down,
        "file/read.rs",
        "use super::Roots; use crate::config::Files; use crate::{token, unit::Tokens}; use std::io; pub(crate) struct A;
         #[cfg(test)] use crate::engine::A;
         #[cfg(test)] mod tests { use super::*; use crate::engine::Engine; fn f() { crate::cli::run() } }
         #[cfg(all(test, unix))] fn f() { crate::engine::run() }
         impl A { #[cfg(test)] fn f() { crate::engine::run() } }",
        &[],
    );
    let declared =
        [("engine/mod.rs", ""), ("file/mod.rs", "#[cfg(test)] mod siege;"), ("file/siege.rs", "use crate::engine;")];
    check(rules::imports_go_down, &declared, &[]);
    check_file(rules::imports_go_down, "main.rs", "fn main() { zen::cli::run() }", &[]);
    check_file(rules::imports_go_down, "token.rs", "use crate::unit::Tokens;", &[]);
}

#[test]
fn the_floor_imports_no_room() {
    check_file(rules::imports_go_down, "token.rs", "\nuse crate::config::Files;", &[2]);
}

#[test]
fn only_some_may_import_reserved_rooms() {
    let rule = rules::reserved_rooms_have_few_visitors;
    check_file(rule, "tools/chat.rs", "use crate::telemetry::Sink;", &[1]);
    check_file(rule, "engine/calls.rs", "use crate::telemetry::Sink;", &[]);
    check_file(rule, "engine/calls.rs", "use crate::rehearsal::Script;", &[1]);
    check_file(rule, "cli/demo.rs", "use crate::{rehearsal::Script, telemetry};", &[]);
    check_file(rule, "telemetry/audit.rs", "use crate::telemetry::Sink; use super::Other;", &[]);
}

#[test]
fn siblings_that_meet_are_found() {
    let rule = rules::siblings_do_not_meet;
    let meets =
        |path: &str, other: &str, text: &str| check(rule, &[(path, text), (other, "")], &[&format!("{path}:1")]);
    meets("tools/simple/chat.rs", "tools/simple/version.rs", "use super::version::A;");
    meets(
        "tools/simple/chat.rs",
        "tools/simple/version.rs",
        "use crate::tools::simple; fn f() { simple::version::f() }",
    );
    meets("tools/simple/chat.rs", "tools/simple/version.rs", "use super::*; fn f() { version::f() }");
    meets("tools/simple/chat.rs", "tools/workflow/debug/mod.rs", "use crate::tools::workflow::debug::A;");
    meets("tools/clink.rs", "tools/consensus.rs", "use super::consensus::A;");
    meets("tools/simple/chat.rs", "tools/consensus.rs", "use crate::tools::consensus::A;");
    meets("provider/wire/gemini.rs", "provider/wire/responses.rs", "use super::responses::A;");
    meets("tui/screens/log.rs", "tui/screens/threads.rs", "use super::{A, threads::B};");
    meets("interceptor/builtin/a.rs", "interceptor/builtin/b.rs", "fn f() { super::b::f() }");
    meets("cli/output.rs", "cli/serve.rs", "use super::serve::A;");
}

#[test]
fn what_siblings_share_and_what_lists_them_is_fine() {
    let rule = rules::siblings_do_not_meet;
    let fine = |path: &str, other: &str, text: &str| check(rule, &[(path, text), (other, "")], &[]);
    fine("cli/serve.rs", "cli/output.rs", "use super::output::A; use crate::cli::output;");
    fine("cli/mod.rs", "cli/serve.rs", "mod serve; fn f() { serve::run() }");
    fine("tools/simple/chat.rs", "tools/reply.rs", "use crate::tools::reply::Reply; use super::Shared;");
    fine("tools/mod.rs", "tools/chat.rs", "use chat::Chat;");
    fine("provider/wire/gemini.rs", "provider/sse.rs", "use crate::provider::sse::Reader;");
    fine("tools/workflow/debug/mod.rs", "tools/workflow/debug/prompt.rs", "use self::prompt::A; use prompt::B;");
    fine("file/read.rs", "file/walk.rs", "use super::walk::walk;");
}

#[test]
fn a_tool_that_sees_the_engine_or_the_protocol_is_found() {
    let rule = rules::tools_see_neither_engine_nor_protocol;
    check_file(rule, "tools/chat.rs", "use crate::engine::A;", &[1]);
    check_file(rule, "tools/chat.rs", "\nfn f(a: crate::mcp::Envelope) {}", &[2]);
    check_file(rule, "tools/chat.rs", "use crate::{mcp, engine}; ", &[1]);
    check_file(rule, "engine/calls.rs", "use crate::mcp::A;", &[]);
    check_file(rule, "tools/chat.rs", "use crate::file::Roots; fn engine() { let mcp = 1; }", &[]);
}

#[test]
fn a_cycle_on_the_floor_is_found() {
    let rule = rules::the_floor_has_no_cycle;
    let (id, unit, clock) = ("use crate::unit::A;", "use crate::clock::B;", "fn f() { crate::id::C }");
    check(rule, &[("id.rs", id), ("unit.rs", unit), ("clock.rs", clock)], &["id.rs:1", "unit.rs:1", "clock.rs:1"]);
    check(rule, &[("id.rs", id), ("unit.rs", unit), ("clock.rs", "")], &[]);
    check(rule, &[("id.rs", "use crate::id::A; use self::B;"), ("unit.rs", "")], &[]);
    check(rule, &[("id.rs", id), ("unit.rs", "#[cfg(test)] mod tests { use crate::id::A; }")], &[]);
}

#[test]
fn asking_the_time_is_found() {
    let rule = rules::time_is_injected;
    for text in [
        "fn f() { std::time::Instant::now(); }",
        "use tokio::time::Instant; fn f() { Instant::now(); }",
        "use std::time::{Instant as Then}; fn f() { Then::now(); }",
        "fn f() { let now = std::time::SystemTime::now; }",
        "fn f() { select!(a = b(Instant::now()) => {}) }",
    ] {
        check_file(rule, "file/read.rs", text, &[1]);
        check_file(rule, "clock.rs", text, &[]);
    }
    check_file(rule, "file/read.rs", "fn f(clock: Clock) { clock.now(); Clock::now(&clock); }", &[]);
}

#[test]
fn queues_without_a_bound_are_found() {
    let rule = rules::queues_are_bounded;
    for text in [
        "use tokio::sync::mpsc; fn f() { mpsc::unbounded_channel::<u8>(); }",
        "use tokio::sync::mpsc::unbounded_channel;",
        "fn f() { futures_channel::mpsc::unbounded(); }",
        "fn f() { std::sync::mpsc::channel(); }",
    ] {
        check_file(rule, "engine/calls.rs", text, &[1]);
    }
    check_file(rule, "engine/calls.rs", "use tokio::sync::mpsc; fn f() { mpsc::channel(8); }", &[]);
}

#[test]
fn printing_outside_of_the_command_line_is_found() {
    let rule = rules::only_faces_print;
    for text in ["fn f() { println!() }", "fn f() { std::eprint!(\"a\") }", "fn f() { select!(a => { print!(\"\") }) }"]
    {
        check_file(rule, "engine/calls.rs", text, &[1]);
        check_file(rule, "cli/serve.rs", text, &[]);
        check_file(rule, "main.rs", text, &[]);
    }
    check_file(rule, "cli/serve.rs", "fn f() { dbg!(1) }", &[1]);
    check_file(rule, "engine/calls.rs", "/// println!()\nfn f() { write!(a, \"println!\") }", &[]);
}

#[test]
fn code_that_is_not_there_yet_is_found() {
    check_file(
        rules::nothing_is_left_to_do,
        "file/read.rs",
        "fn f() {\n todo!() }\nfn g() { unimplemented!() }",
        &[2, 3],
    );
    check_file(rules::nothing_is_left_to_do, "file/read.rs", "fn f() { unreachable!() }", &[]);
}

#[test]
fn unsafe_code_is_found() {
    for text in [
        "fn f() { unsafe { g() } }",
        "unsafe fn f() {}",
        "unsafe impl Send for A {}",
        "unsafe trait A {}",
        "unsafe extern \"C\" {}",
        "fn f() { outer!(unsafe { g() }) }",
    ] {
        check_file(rules::nothing_is_unsafe, "file/read.rs", text, &[1]);
    }
    check_file(rules::nothing_is_unsafe, "file/read.rs", "#[deny(unsafe_code)] fn f() {}", &[]);
}

#[test]
fn a_file_that_does_not_say_what_it_is_for_is_found() {
    let rule = rules::every_file_says_what_it_is_for;
    check(rule, &[("a.rs", "//! It is for this.\n"), ("b.rs", "// plain\n"), ("c.rs", "")], &["b.rs:1", "c.rs:1"]);
}

#[test]
fn what_grew_too_long_is_found() {
    let file = |lines: usize| "//\n".repeat(lines);
    check(rules::files_are_short, &[("a.rs", &file(500)), ("b.rs", &file(501))], &["b.rs:500"]);
    let function = |lines: usize| format!("fn f() {{\n{}}}\n", "// x\n".repeat(lines - 2));
    check_file(rules::functions_are_short, "file/read.rs", &function(60), &[]);
    check_file(rules::functions_are_short, "file/read.rs", &format!("\n{}", function(61)), &[2]);
    check_file(rules::functions_are_short, "file/read.rs", &format!("impl A {{\n{}}}", function(61)), &[2]);
    check_file(rules::functions_are_short, "file/read.rs", &format!("trait A {{\n{}}}", function(61)), &[2]);
    check_file(rules::functions_are_short, "file/read.rs", &format!("#[cfg(test)] mod t {{\n{}}}", function(61)), &[]);
}

#[test]
fn names_that_say_nothing_are_found() {
    let rule = rules::names_say_something;
    check(rule, &[("file/utils.rs", ""), ("http/helpers/mod.rs", "")], &["file/utils.rs:1", "http/helpers/mod.rs:1"]);
    check_file(rule, "file/read.rs", "\nmod common {}", &[2]);
    check_file(rule, "file/read.rs", "mod utility_bills {}", &[]);
}

#[test]
fn a_page_that_forgets_a_room_or_grows_long_is_found() {
    let tree = Tree::of(vec![("file/mod.rs".to_owned(), String::new()), ("clock.rs".to_owned(), String::new())]);
    assert_eq!(rules::page("`file/` reads, `clock.rs` ticks", &tree), Vec::<String>::new());
    assert_eq!(rules::page("`file/` reads what the clock says", &tree).len(), 1);
    assert_eq!(rules::page(&format!("file/ clock.rs{}", "\n.".repeat(249)), &tree).len(), 1);
    assert_eq!(rules::page(&format!("file/ clock.rs{}", "\n.".repeat(248)), &tree).len(), 0);
}
