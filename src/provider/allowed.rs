//! Which of a provider's models may be asked, as the user restricts them: by name, whichever of a model's names it is.

use crate::provider::catalogue::Provider;
use crate::provider::model::Model;
use crate::text::nearest::nearest;

/// The names that are allowed. Empty: all are.
#[derive(Clone, Debug, Default)]
pub(super) struct Allowed(Vec<String>);

impl Allowed {
    pub fn new(names: &[String]) -> Self {
        Self(names.to_vec())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is allowed, by name.
    pub fn names(&self) -> String {
        self.0.join(", ")
    }

    /// Whether any of the model's names stands in the list: the model is allowed then, by all its names.
    pub fn permits(&self, model: &Model) -> bool {
        self.0.is_empty() || self.0.iter().any(|name| model.is_named(name))
    }

    /// The same for a name of which nothing is known.
    pub fn permits_name(&self, name: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|allowed| allowed.eq_ignore_ascii_case(name))
    }

    /// Entries that are no name of any model there: likely slips, by which less is allowed than was meant.
    pub fn warnings(&self, provider: &Provider, known: &[&Model]) -> Vec<String> {
        let strange =
            |name: &&String| !known.iter().any(|model| model.is_named(name)) && provider.undeclared(name).is_none();
        let names = || known.iter().flat_map(|model| model.names());
        let told = |name: &String| {
            let near = nearest(name, names()).map(|near| format!("; did you mean '{near}'?")).unwrap_or_default();
            format!("{}: '{name}' is no model of {} that is known{near}", provider.allowed_variable(), provider.title)
        };
        self.0.iter().filter(strange).map(told).collect()
    }
}
