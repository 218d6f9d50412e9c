//! The system prompts of the models that tools ask: the shipped ones, and those that a user puts in their place. What all
//! of them share stands in a file of its own.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::text::nearest::nearest;

/// Name and text of every prompt; a user's file of the same name and the ending `.md` goes in its place.
const SHIPPED: [(&str, &str); 18] = [
    (GROUND, include_str!("../../assets/prompts/ground.md")),
    ("chat", include_str!("../../assets/prompts/chat.md")),
    ("thinkdeep", include_str!("../../assets/prompts/thinkdeep.md")),
    ("codereview", include_str!("../../assets/prompts/codereview.md")),
    ("precommit", include_str!("../../assets/prompts/precommit.md")),
    ("debug", include_str!("../../assets/prompts/debug.md")),
    ("secaudit", include_str!("../../assets/prompts/secaudit.md")),
    ("analyze", include_str!("../../assets/prompts/analyze.md")),
    ("refactor", include_str!("../../assets/prompts/refactor.md")),
    ("testgen", include_str!("../../assets/prompts/testgen.md")),
    ("traced_reasoning", include_str!("../../assets/prompts/traced_reasoning.md")),
    ("biased_reasoning", include_str!("../../assets/prompts/biased_reasoning.md")),
    ("biased_reasoning_check", include_str!("../../assets/prompts/biased_reasoning_check.md")),
    ("judge", include_str!("../../assets/prompts/judge.md")),
    ("consensus", include_str!("../../assets/prompts/consensus.md")),
    ("consensus_for", include_str!("../../assets/prompts/consensus_for.md")),
    ("consensus_against", include_str!("../../assets/prompts/consensus_against.md")),
    ("consensus_neutral", include_str!("../../assets/prompts/consensus_neutral.md")),
];

/// What every model is told beside its part.
const GROUND: &str = "ground";
const ENDING: &str = ".md";
/// A longer prompt is a mistake.
const MAX_BYTES: u64 = 64 << 10;

/// Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Prompts {
    /// The user's, by name.
    own: Arc<[(&'static str, String)]>,
}

/// The folder of prompts cannot be used; one sentence for each file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tools.prompts: {}", .0.join("\n"))]
pub struct BadPrompts(pub Vec<String>);

impl Prompts {
    /// The shipped prompts, and in place of some the Markdown files in `folder`, which are read now.
    ///
    /// # Errors
    /// The folder cannot be listed, or a file in it is no prompt's, empty, too long or not text.
    pub fn open(folder: Option<&Path>) -> Result<Self, BadPrompts> {
        let Some(folder) = folder else { return Ok(Self::default()) };
        let listed = std::fs::read_dir(folder)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>());
        let mut paths = listed.map_err(|error| BadPrompts(vec![format!("{}: {error}", folder.display())]))?;
        paths.sort();
        let (mut own, mut wrong) = (Vec::new(), Vec::new());
        for path in paths {
            match prompt(&path) {
                Ok(None) => {}
                Ok(Some(prompt)) => own.push(prompt),
                Err(reason) => wrong.push(format!("{}: {reason}", path.display())),
            }
        }
        if wrong.is_empty() { Ok(Self { own: own.into() }) } else { Err(BadPrompts(wrong)) }
    }

    /// The text of one prompt. Empty for a name that no prompt has.
    pub fn text(&self, name: &str) -> &str {
        let own = self.own.iter().find(|(own, _)| *own == name).map(|(_, text)| text.as_str());
        let shipped = || SHIPPED.iter().find(|(shipped, _)| *shipped == name).map(|(_, text)| *text);
        own.or_else(shipped).unwrap_or_default().trim()
    }

    /// The system prompt for this part: the language to answer in, the part itself, and what all are told.
    pub fn system(&self, name: &str, locale: &str) -> String {
        in_language(&format!("{}\n\n{}", self.text(name), self.text(GROUND)), locale)
    }
}

/// A system prompt with the language to answer in before it; empty for the model's own choice.
pub fn in_language(prompt: &str, locale: &str) -> String {
    if locale.is_empty() { prompt.to_owned() } else { format!("Always respond in {locale}.\n\n{prompt}") }
}

/// Name and text of the prompt in this file; None where it is not one of zen's business.
fn prompt(path: &PathBuf) -> Result<Option<(&'static str, String)>, String> {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let Some(name) = file.strip_suffix(ENDING).filter(|name| !name.starts_with('.')) else { return Ok(None) };
    let names = || SHIPPED.iter().map(|(name, _)| *name);
    let Some(name) = names().find(|known| *known == name) else {
        let hint = nearest(name, names()).map_or_else(
            || format!("there are {}", names().collect::<Vec<_>>().join(", ")),
            |nearest| format!("did you mean {nearest}{ENDING}?"),
        );
        return Err(format!("zen has no prompt of this name: {hint}"));
    };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    match text.len() as u64 {
        _ if text.trim().is_empty() => Err("it is empty".to_owned()),
        MAX_BYTES.. => Err(format!("it is longer than {MAX_BYTES} bytes")),
        _ => Ok(Some((name, text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_prompt_says_something_of_its_own() {
        let texts: std::collections::BTreeSet<_> = SHIPPED.iter().map(|(_, text)| text.trim()).collect();
        assert_eq!(texts.len(), SHIPPED.len());
        for (name, text) in SHIPPED {
            assert!(text.trim().len() > 100, "{name}");
            assert!(!text.contains("\\n"), "{name} has a backslash and an n where a line should end");
        }
    }

    #[test]
    fn a_users_file_goes_in_the_place_of_a_shipped_one_and_the_ground_stays() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("debug.md"), "Find it.\n").unwrap();
        std::fs::write(folder.path().join("notes.txt"), "not a prompt").unwrap();
        let prompts = Prompts::open(Some(folder.path())).unwrap();
        let ground = Prompts::default().text(GROUND).to_owned();
        assert_eq!(prompts.system("debug", "German"), format!("Always respond in German.\n\nFind it.\n\n{ground}"));
        assert_eq!(prompts.text("chat"), Prompts::default().text("chat"));
    }

    #[test]
    fn all_that_is_wrong_with_a_folder_is_said_at_once() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("debugg.md"), "Find it.").unwrap();
        std::fs::write(folder.path().join("chat.md"), " \n").unwrap();
        std::fs::write(folder.path().join("analyze.md"), "x".repeat(65 << 10)).unwrap();
        let error = Prompts::open(Some(folder.path())).unwrap_err().to_string();
        for says in ["did you mean debug.md?", "chat.md: it is empty", "analyze.md: it is longer than 65536 bytes"] {
            assert!(error.contains(says), "{says} in {error}");
        }
        assert!(Prompts::open(Some(&folder.path().join("missing"))).is_err());
    }
}
