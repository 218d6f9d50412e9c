//! What becomes of Markdown, its marks and its mischief.

use proptest::prelude::*;

use super::*;

fn shown(source: &str, width: usize) -> Vec<String> {
    let document = Document::parse(source);
    let line = |line: &Line| document.pieces(line).into_iter().map(|(text, _)| text).collect::<String>();
    document.wrap(width).iter().map(line).collect()
}

fn role_of(source: &str, said: &str) -> Option<Role> {
    let document = Document::parse(source);
    let lines = document.wrap(200);
    let pieces = lines.iter().flat_map(|line| document.pieces(line));
    pieces.filter(|(text, _)| text.contains(said)).map(|(_, role)| role).next()
}

#[test]
fn the_marks_of_the_language_become_roles() {
    let source = "# Title\n\nsome *soft* and **loud** words, `code` and a [name](https://example.com/x)";
    assert_eq!(shown(source, 80), ["Title", "", "some soft and loud words, code and a name (https://example.com/x)"]);
    for (said, role) in [
        ("Title", Role::Heading),
        ("soft", Role::Emphasis),
        ("loud", Role::Strong),
        ("code", Role::Code),
        ("name", Role::Link),
        ("words", Role::Text),
    ] {
        assert_eq!(role_of(source, said), Some(role), "{said}");
    }
    assert_eq!(shown("<https://example.com>", 80), ["https://example.com"]);
}

#[test]
fn lists_are_numbered_indented_and_kept_tight() {
    let source = "Do:\n\n1. first, which is long\n2. second\n   - inner\n\nThen\n\n- [x] done";
    let lines =
        ["Do:", "", "1. first,", "   which is", "   long", "2. second", "   • inner", "", "Then", "", "• [x] done"];
    assert_eq!(shown(source, 12), lines);
}

#[test]
fn code_keeps_its_lines_and_stands_apart() {
    let source = "1. Take it:\n\n   ```rust,ignore\n   let a = 1;\n\n       a\n   ```\n\nDone.";
    assert_eq!(shown(source, 40), ["1. Take it:", "", "   │ let a = 1;", "   │ ", "   │     a", "", "Done."]);
    let document = Document::parse(source);
    assert_eq!(
        (document.codes[0].language.as_str(), document.code_text(&document.codes[0])),
        ("rust", "let a = 1;\n\n    a")
    );
}

#[test]
fn colours_cover_their_part_of_a_wrapped_line() {
    let mut document = Document::parse("```rust\nlet answer = 42;\n```");
    document.codes[0].colours =
        Some([Run { range: 0..3, role: Role::Keyword }, Run { range: 13..15, role: Role::Number }].into());
    let lines = document.wrap(14);
    assert_eq!(document.pieces(&lines[0]), [("│ ", Role::Accent), ("let", Role::Keyword), (" answer =", Role::Code)]);
    assert_eq!(document.pieces(&lines[1]), [("│ ", Role::Accent), ("42", Role::Number), (";", Role::Code)]);
}

#[test]
fn a_quote_has_a_bar_on_every_line() {
    assert_eq!(shown("> one two\n> three\n>\n> - four", 11), ["▏ one two", "▏ three", "▏", "▏ • four"]);
}

#[test]
fn a_table_is_aligned_and_its_head_told_from_its_rows() {
    let source = "| name | 数 |\n|---|---|\n| a | `1` |\n| longer | 22 |";
    assert_eq!(shown(source, 40), ["name   │ 数", "───────┼───", "a      │ 1", "longer │ 22"]);
    assert_eq!(role_of(source, "name"), Some(Role::Strong));
}

#[test]
fn what_an_entity_stands_for_does_nothing_to_a_terminal() {
    for source in ["&#27;[2J", "`x` &#x9b;2J", "[a](&#27;]0;x)", "|&#27;[2J|\n|-|\n|&#x202e;|", "```&#27;\n&#27;\n```"]
    {
        let all = shown(source, 60).concat();
        assert!(!all.contains(|character: char| character.is_control() || character == '\u{202e}'), "{all:?}");
    }
}

#[test]
fn what_is_deeper_than_anyone_reads_is_not_indented_further() {
    let lines = shown(&format!("{}deep", "> ".repeat(400)), 60);
    assert_eq!(lines, [format!("{}deep", "▏ ".repeat(MAX_DEPTH))]);
    assert_eq!(shown("> > > deep", 9), ["deep"], "the text comes before its bars");
}

proptest! {
    #[test]
    fn no_line_is_wider_than_asked(source in "[-#>*_`|~ \\n0-9.a-c漢\\[\\]()&;]{0,80}|\\PC{0,40}", width in 1usize..40) {
        for line in shown(&source, width) {
            prop_assert!(text::width(&line) <= width, "{:?} of {:?}", line, source);
        }
    }

    #[test]
    fn no_word_is_lost(words in prop::collection::vec("[a-z]{1,6}", 1..20), marks in "[-#>*_`|~ \\n0-9.]{0,12}") {
        let source = words.join(&format!(" {marks}\n"));
        let all = shown(&source, 60).concat();
        for word in &words {
            prop_assert!(all.contains(word.as_str()), "{word} of {source:?} in {all:?}");
        }
    }
}
