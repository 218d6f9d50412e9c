//! The prompt of a call as it goes out: what was typed, or what a file of the call says in its place; without secrets.

use std::path::Path;

use super::files::off_the_runtime;
use crate::config;
use crate::file::read::gather;
use crate::file::{Roots, TextFile};
use crate::secret::{self, Redactor};
use crate::thread::turn::RefusedFile;
use crate::tools::Call;
use crate::tools::error::ToolError;

/// A file of this name brings a prompt that is too long for an argument.
pub const PROMPT_FILE: &str = "prompt.txt";

pub struct Prompt {
    pub text: String,
    /// Where secrets were taken out of it, each in a line.
    pub withheld: Vec<String>,
    /// The file that was to bring it and cannot be read.
    pub refused: Vec<RefusedFile>,
}

/// The prompt, and the paths that are not its file.
pub async fn prompt(call: &Call, typed: String, mut paths: Vec<String>) -> Result<(Prompt, Vec<String>), ToolError> {
    if !paths.iter().any(|path| is(path, PROMPT_FILE)) {
        return Ok((Prompt::typed(&typed, &call.redactor), paths));
    }
    let (roots, limits, redactor) = (call.roots.clone(), call.settings.files.clone(), call.redactor.clone());
    let read = move || {
        let prompt = Prompt::read(&typed, Some(PROMPT_FILE), &mut paths, (&roots, &limits), &redactor);
        (prompt, paths)
    };
    off_the_runtime(read).await
}

impl Prompt {
    fn typed(text: &str, redactor: &Redactor) -> Self {
        let cleaned = redactor.clean(text);
        let withheld = (!cleaned.withheld.is_empty()).then(|| format!("prompt: {}", secret::told(&cleaned.withheld)));
        Self { withheld: withheld.into_iter().collect(), text: cleaned.text.into_owned(), refused: Vec::new() }
    }

    /// What a file of the name `file` among `paths` says, and is then none of them; `typed` where there is none, or where
    /// it cannot be read. Blocking.
    pub(super) fn read(
        typed: &str,
        file: Option<&str>,
        paths: &mut Vec<String>,
        (roots, limits): (&Roots, &config::Files),
        redactor: &Redactor,
    ) -> Self {
        let Some(file) = file else { return Self::typed(typed, redactor) };
        let first: Vec<String> = paths.iter().filter(|path| is(path, file)).take(1).cloned().collect();
        paths.retain(|path| !is(path, file));
        let read = gather(roots, &first, limits);
        let found = read.files.first();
        let mut prompt = Self::typed(found.map_or(typed, |found| &found.text), redactor);
        prompt.withheld.extend(found.and_then(withheld));
        prompt.refused = read.refused.into_iter().map(RefusedFile::from).collect();
        prompt
    }
}

/// Where secrets were taken out of a file as it was read, in a line.
pub(super) fn withheld(file: &TextFile) -> Option<String> {
    (!file.withheld.is_empty()).then(|| format!("{}: {}", file.path.display(), secret::told(&file.withheld)))
}

fn is(path: &str, file: &str) -> bool {
    Path::new(path).file_name().and_then(|name| name.to_str()) == Some(file)
}
