//! A request in the making: the prompt, the files and the history under one budget. Asks nobody.

use std::sync::Arc;

use super::files::{Gathered, References, Sources, off_the_runtime};
use super::prompt::Prompt;
use super::{Detail, Question};
use crate::budget::{Budget, Part as Share};
use crate::config;
use crate::file::{Roots, image};
use crate::provider::{Choice, Image, Message};
use crate::secret::Redactor;
use crate::thread::Thread;
use crate::thread::history::{History, Now};
use crate::tools::Call;
use crate::tools::error::ToolError;

/// Bytes of thread and prompt that are put together on the spot; more, or files, take long enough to hold up others.
const ON_THE_SPOT: usize = 256 << 10;
/// Characters of an image's name that an error repeats: a data URL may be long.
const NAMED_CHARS: usize = 200;

/// What a request is made of.
pub(super) struct Draft {
    question: Question,
    thread: Option<Arc<Thread>>,
    /// The same for all turns of a thread, so that a prompt's beginning stays the same.
    seed: String,
    budget: Budget,
    roots: Roots,
    redactor: Redactor,
    limits: config::Files,
}

/// A request, and what was decided on the way.
pub(super) struct Drafted {
    pub system: String,
    /// What was asked in the end.
    pub prompt: String,
    pub messages: Vec<Message>,
    pub budget: Budget,
    pub sources: Sources,
}

impl Draft {
    pub fn new(call: &Call, choice: &Choice, question: Question) -> Self {
        let ratio = call.learned.ratio(&choice.model.id);
        Self {
            thread: call.target.thread().filter(|_| !question.blind).cloned(),
            question,
            seed: call.target.id().to_string(),
            budget: Budget::new(choice.model.context_window, choice.model.max_output).counting(ratio),
            roots: call.roots.clone(),
            redactor: call.redactor.clone(),
            limits: call.settings.files.clone(),
        }
    }

    pub async fn compose(self) -> Result<Drafted, ToolError> {
        if self.takes_long() { off_the_runtime(move || self.put_together()).await? } else { self.put_together() }
    }

    fn takes_long(&self) -> bool {
        let thread = self.thread.as_ref();
        !self.question.paths.is_empty()
            || !self.question.quoted.is_empty()
            || !self.question.images.is_empty()
            || thread.is_some_and(|thread| thread.turns.iter().any(|turn| !turn.files.is_empty()))
            || thread.map_or(0, |thread| thread.bytes()) + self.question.prompt.len() > ON_THE_SPOT
    }

    fn put_together(self) -> Result<Drafted, ToolError> {
        let Self { mut question, thread, seed, mut budget, roots, redactor, limits } = self;
        let thread = thread.as_deref();
        let roots = match &question.working_directory {
            Some(folder) if question.paths.iter().any(|path| !path.starts_with(['/', '~'])) => roots.based_at(folder),
            _ => roots,
        };
        let images = images(&roots, &question.images, &limits)?;
        let (file, paths) = (question.prompt_file, &mut question.paths);
        let prompt = Prompt::read(&question.prompt, file, paths, (&roots, &limits), &redactor);
        let Prompt { text: prompt, withheld, refused } = prompt;
        let (gathered, references) = match question.detail {
            Detail::Full => {
                let mut gathered = Gathered::read(&roots, &question.paths, thread, &limits);
                gathered.quote(question.quoted, &redactor);
                (gathered, None)
            }
            Detail::References => (Gathered::default(), Some(References::find(&roots, &question.paths, &limits))),
        };

        budget.require(Share::System, "system prompt", budget.measure(&question.system))?;
        budget.require(Share::Prompt, "prompt", budget.measure(&prompt))?;
        let history = History::of(thread, &redactor, &budget);
        budget.expect_history(history.tokens());
        let (files, mut sources) = match references {
            None => gathered.embed(&roots, thread, &seed, &mut budget),
            Some(references) => Sources::referred(references, &mut budget),
        };
        sources.withheld.extend(withheld);
        sources.refused.splice(..0, refused);
        let messages = history.messages(Now { files: &files, images, prompt: &prompt }, &mut budget);
        Ok(Drafted { system: question.system, prompt, messages, budget, sources })
    }
}

fn images(roots: &Roots, specs: &[String], limits: &config::Files) -> Result<Vec<Image>, ToolError> {
    let read = |spec: &String| {
        image::image(roots, spec, limits)
            .map_err(|refusal| ToolError::Image { path: spec.chars().take(NAMED_CHARS).collect(), refusal })
    };
    specs.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Category;
    use crate::unit::Tokens;

    #[tokio::test]
    async fn t21_other_tasks_go_on_while_a_word_of_four_megabytes_is_read_and_measured() {
        let folder = tempfile::tempdir().unwrap();
        let word = folder.path().join("word.txt");
        std::fs::write(&word, "a".repeat(4 << 20)).unwrap();
        let limits = config::Files { max_file: 8 << 20, ..config::Files::default() };
        let question = Question {
            paths: vec![word.display().to_string()],
            ..Question::new("system".to_owned(), "Read it".to_owned(), Category::FastResponse)
        };
        let draft = Draft {
            question,
            thread: None,
            seed: "t".to_owned(),
            budget: Budget::new(Tokens(100_000), None),
            roots: Roots::open(&limits, folder.path(), None).unwrap(),
            redactor: Redactor::default(),
            limits,
        };
        // On this runtime of one thread nothing else would run while the draft is put together on it.
        let mut beats = 0;
        let heart = async {
            loop {
                tokio::task::yield_now().await;
                beats += 1;
            }
        };
        let drafted = tokio::select! {
            biased;
            () = heart => unreachable!(),
            drafted = draft.compose() => drafted.unwrap(),
        };
        assert!(beats > 10, "{beats}");
        assert_eq!(drafted.budget.tally().left_out, 1);
    }
}
