//! Colours of code: which stretches of a block are words of its language, strings, numbers or remarks. Slow, and
//! therefore run by a worker; what is loaded for it is loaded on first use.

use std::sync::LazyLock;

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use super::markdown::Run;
use super::theme::Role;

/// Bytes of a block that is coloured; a longer one stays plain.
pub const MAX_BYTES: usize = 200_000;
/// Lines that are coloured; what stands below stays plain.
const MAX_LINES: usize = 2_000;
/// Bytes of a line that is coloured.
const MAX_LINE: usize = 2_000;

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(SyntaxSet::load_defaults_newlines);
static ROLES: LazyLock<Vec<(Scope, Option<Role>)>> = LazyLock::new(|| {
    let scopes = SCOPES.iter().flat_map(|(names, role)| names.split(' ').map(|name| (name, *role)));
    scopes.filter_map(|(name, role)| Some((Scope::new(name).ok()?, role))).collect()
});

/// What a scope means, the first that fits.
const SCOPES: &[(&str, Option<Role>)] = &[
    ("comment", Some(Role::Comment)),
    ("constant.character string", Some(Role::Literal)),
    ("constant.numeric constant.language", Some(Role::Number)),
    ("keyword.operator", None),
    ("keyword storage entity.name.tag", Some(Role::Keyword)),
    (
        "entity.name.function support.function entity.name.type support.type support.class support.macro",
        Some(Role::Name),
    ),
    ("entity.name entity.other.attribute-name", Some(Role::Name)),
    ("markup.inserted", Some(Role::Good)),
    ("markup.deleted", Some(Role::Bad)),
];

/// Names that models use for languages whose syntax is known by another.
const ALIASES: &[(&str, &str)] = &[
    ("typescript", "js"),
    ("ts", "js"),
    ("tsx", "js"),
    ("jsx", "js"),
    ("javascript", "js"),
    ("jsonc", "json"),
    ("shell", "bash"),
    ("console", "bash"),
    ("zsh", "bash"),
    ("dockerfile", "bash"),
    ("kotlin", "java"),
    ("csharp", "cs"),
    ("c++", "cpp"),
    ("golang", "go"),
    ("patch", "diff"),
];

/// The stretches of `code` that have a role, in order; none where the language is not known. Stops where `is_over` says
/// so: what stands below stays plain.
pub fn colours(language: &str, code: &str, is_over: impl Fn() -> bool) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    if code.len() > MAX_BYTES {
        return runs;
    }
    let Some(syntax) = syntax(language) else { return runs };
    let (mut state, mut stack) = (ParseState::new(syntax), ScopeStack::new());
    let mut start = 0;
    for line in code.split_inclusive('\n').take(MAX_LINES) {
        if line.len() > MAX_LINE || is_over() {
            break;
        }
        let Ok(changes) = state.parse_line(line, &SYNTAXES) else { break };
        let (mut from, end) = (0, line.trim_end().len());
        for (at, change) in changes {
            add(&mut runs, start + from..start + at.min(end), &stack);
            from = at;
            if stack.apply(&change).is_err() {
                return runs;
            }
        }
        add(&mut runs, start + from..start + end, &stack);
        start += line.len();
    }
    runs
}

fn syntax(language: &str) -> Option<&'static SyntaxReference> {
    let asked = language.to_ascii_lowercase();
    let name = ALIASES.iter().find(|(alias, _)| *alias == asked).map_or(asked.as_str(), |(_, name)| name);
    if name.is_empty() { None } else { SYNTAXES.find_syntax_by_token(name) }
}

fn add(runs: &mut Vec<Run>, range: std::ops::Range<usize>, stack: &ScopeStack) {
    let Some(role) = role(stack).filter(|_| !range.is_empty()) else { return };
    match runs.last_mut() {
        Some(last) if last.role == role && last.range.end == range.start => last.range.end = range.end,
        _ => runs.push(Run { range, role }),
    }
}

/// What the innermost scope with a meaning says.
fn role(stack: &ScopeStack) -> Option<Role> {
    let known = |scope: &Scope| ROLES.iter().find(|(known, _)| known.is_prefix_of(*scope)).map(|(_, role)| *role);
    stack.as_slice().iter().rev().find_map(known).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(language: &str, code: &str) -> Vec<(String, Role)> {
        colours(language, code, || false).into_iter().map(|run| (code[run.range].to_owned(), run.role)).collect()
    }

    #[test]
    fn words_strings_numbers_and_remarks_are_told_apart() {
        let code = "let x = \"漢\"; // why\nfn f() { 42 }\n";
        let runs = said("rust", code);
        for (text, role) in [
            ("let", Role::Keyword),
            ("\"漢\"", Role::Literal),
            ("// why", Role::Comment),
            ("f", Role::Name),
            ("42", Role::Number),
        ] {
            assert!(runs.contains(&(text.to_owned(), role)), "{text} in {runs:?}");
        }
        assert_eq!(said("diff", "-a\n+b\n"), [("-a".to_owned(), Role::Bad), ("+b".to_owned(), Role::Good)]);
    }

    #[test]
    fn languages_are_known_by_the_names_that_models_use() {
        let known =
            ["rust", "Python", "py", "TypeScript", "go", "sh", "json", "yaml", "sql", "html", "css", "C++", "ruby"];
        for language in known {
            assert!(syntax(language).is_some(), "{language}");
        }
        assert_eq!(said("brainfuck", "let x"), []);
        assert_eq!(said("", "let x"), []);
    }

    #[test]
    fn what_would_take_too_long_stays_plain() {
        assert_eq!(said("rust", &"let ".repeat(MAX_BYTES)), []);
        assert_eq!(said("rust", &"let ".repeat(MAX_LINE)), []);
        assert_eq!(colours("rust", "let a;\nlet b;\n", || true), []);
        let lines = "let\n".repeat(MAX_LINES + 10);
        assert_eq!(said("rust", &lines).len(), MAX_LINES);
    }

    #[test]
    fn stretches_are_in_order_within_the_text_and_between_characters() {
        for answer in ["fn 漢() { \"unterminated\n /* open", "r#\"\u{301}", "'''", "\\\\\"\\"] {
            for language in ["rust", "py", "js", "bash", "html", "markdown"] {
                let mut end = 0;
                for run in colours(language, answer, || false) {
                    assert!(run.range.start >= end && answer.get(run.range.clone()).is_some(), "{run:?} of {answer:?}");
                    end = run.range.end;
                }
            }
        }
    }
}
