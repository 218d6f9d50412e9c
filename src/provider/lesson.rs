//! What models refuse of the efforts that the catalogue says they take. A provider's refusal tells it, and it is kept for
//! the process once a request without it was taken. Decides what to send instead; sends nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::id::ModelId;
use crate::provider::effort::Effort;
use crate::provider::failure::{Class, Fault};
use crate::provider::model::Model;

/// How providers speak of the parameter that carries an effort.
const NAMES: [&str; 10] = [
    "reasoning_effort",
    "reasoning.effort",
    "reasoningeffort",
    "reasoning effort",
    "thinking_level",
    "thinkinglevel",
    "thinking level",
    "thinking_budget",
    "thinkingbudget",
    "thinking budget",
];
/// How they say that a model does not know the parameter at all.
const NOT_AT_ALL: [&str; 5] = [
    "unsupported parameter",
    "unknown parameter",
    "not support parameter",
    "unrecognized request argument",
    "thinking is not",
];
/// What stands before the values that a model does take.
const LIST: &str = "supported values";

/// What one provider's models have taught. Only models with efforts in the catalogue teach, so there are no more entries.
#[derive(Debug, Default)]
pub(super) struct Lessons {
    /// What is left of each model's steps; nothing where it takes none.
    steps: Mutex<BTreeMap<ModelId, Vec<Effort>>>,
}

/// What follows from one refusal, should it turn out to be right.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lesson {
    model: ModelId,
    steps: Vec<Effort>,
    /// What to send instead; None leaves it out.
    pub effort: Option<Effort>,
}

impl Lessons {
    /// The step that is sent when `asked` is wanted, by all that is known.
    pub fn effort(&self, model: &Model, asked: Option<Effort>) -> Option<Effort> {
        match self.steps().get(&model.id) {
            Some(steps) => asked?.nearest(steps),
            None => model.effort(asked),
        }
    }

    /// What to do about `fault`, which came when `sent` was sent for `asked`. None where it is about something else.
    pub fn draw(&self, model: &Model, asked: Option<Effort>, sent: Option<Effort>, fault: &Fault) -> Option<Lesson> {
        let (asked, sent) = asked.zip(sent)?;
        let message = fault.message.to_ascii_lowercase();
        let param = fault.param.as_deref().unwrap_or_default().to_ascii_lowercase();
        let named = NAMES.iter().any(|name| param == *name || message.contains(name));
        let not_at_all = NOT_AT_ALL.iter().any(|words| message.contains(words));
        if fault.class != Class::BadRequest || !(named || (not_at_all && message.contains("thinking"))) {
            return None;
        }
        let mut steps = match listed(&message) {
            steps if !steps.is_empty() => steps,
            _ if not_at_all => Vec::new(),
            _ => self.steps().get(&model.id).or(model.efforts.as_ref().map(|efforts| &efforts.steps))?.clone(),
        };
        steps.retain(|step| *step != sent);
        Some(Lesson { model: model.id.clone(), effort: asked.nearest(&steps), steps })
    }

    /// It was right.
    pub fn learn(&self, lesson: Lesson) {
        self.steps().insert(lesson.model, lesson.steps);
    }

    fn steps(&self) -> MutexGuard<'_, BTreeMap<ModelId, Vec<Effort>>> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The values that a refusal says are taken, ascending: those behind the last place where it begins to list them.
fn listed(message: &str) -> Vec<Effort> {
    let Some((_, list)) = message.rsplit_once(LIST) else { return Vec::new() };
    let sentence = list.split(". ").next().unwrap_or(list);
    let mut steps: Vec<Effort> = sentence
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter_map(|word| word.parse().ok())
        .collect();
    steps.sort_unstable();
    steps.dedup();
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::model::{EffortWire, Efforts};
    use crate::unit::Tokens;
    use Effort::*;

    fn model() -> Model {
        let efforts = Some(Efforts { steps: vec![Minimal, Low, High, Xhigh], wire: EffortWire::ReasoningEffort });
        Model { efforts, ..Model::undeclared("m", 9, Tokens(1), Option::None) }
    }

    fn instead(asked: Effort, sent: Effort, words: &str) -> Option<Option<Effort>> {
        let fault = Fault::new(Class::BadRequest, words);
        Lessons::default().draw(&model(), Some(asked), Some(sent), &fault).map(|lesson| lesson.effort)
    }

    #[test]
    fn a_refusal_tells_what_to_send_instead() {
        let listing = "Unsupported value: 'reasoning_effort' does not support 'xhigh' with this model. Supported values are: \
            'none', 'medium', and 'high'. See the minimal docs.";
        assert_eq!(instead(Max, Xhigh, listing), Some(Some(High)));
        assert_eq!(instead(Low, Low, listing), Some(Some(Medium)), "depth does not turn into none");
        let level = "Thinking level MINIMAL is not supported for this model. Please retry with other thinking level.";
        assert_eq!(instead(Minimal, Minimal, level), Some(Some(Low)));
        assert_eq!(instead(Max, Xhigh, "bad reasoning.effort"), Some(Some(High)));
        for none in [
            "Model m does not support parameter reasoningEffort.",
            "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
            "Thinking is not enabled for this model",
        ] {
            assert_eq!(instead(High, High, none), Some(Option::None), "{none}");
        }
    }

    #[test]
    fn what_is_about_something_else_teaches_nothing() {
        assert_eq!(instead(High, High, "Unsupported parameter: 'temperature'"), Option::None);
        assert_eq!(instead(High, High, "I was thinking about it"), Option::None);
        let overloaded = Fault::new(Class::Overloaded, "reasoning_effort");
        assert_eq!(Lessons::default().draw(&model(), Some(High), Some(High), &overloaded), Option::None);
        let refused = Fault::new(Class::BadRequest, "reasoning_effort");
        assert_eq!(Lessons::default().draw(&model(), Some(High), Option::None, &refused), Option::None);
    }

    #[test]
    fn lessons_add_up_until_nothing_is_left() {
        let lessons = Lessons::default();
        let named = Fault { param: Some("reasoning_effort".to_owned()), ..Fault::new(Class::BadRequest, "no") };
        for (sent, next) in [(Xhigh, Some(High)), (High, Some(Low)), (Low, Some(Minimal)), (Minimal, Option::None)] {
            assert_eq!(lessons.effort(&model(), Some(Max)), Some(sent));
            let lesson = lessons.draw(&model(), Some(Max), Some(sent), &named).unwrap();
            assert_eq!(lesson.effort, next);
            lessons.learn(lesson);
        }
        assert_eq!(lessons.effort(&model(), Some(Max)), Option::None);
    }
}
