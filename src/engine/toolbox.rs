//! All tools, and which of them are offered now.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::text::nearest::nearest;
use crate::tools::{self, Tool};

pub struct Toolbox(Vec<Slot>);

struct Slot {
    tool: Box<dyn Tool>,
    enabled: AtomicBool,
}

/// A name in `tools.disabled` that no tool has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tools.disabled: '{name}' is no tool{}", suggestion.as_ref().map(|name| format!(": did you mean '{name}'?")).unwrap_or_default())]
pub struct UnknownTool {
    pub name: String,
    pub suggestion: Option<String>,
}

impl Toolbox {
    pub fn new(disabled: &[String]) -> Result<Self, UnknownTool> {
        let slots = tools::all().into_iter().map(|tool| Slot { tool, enabled: AtomicBool::new(true) });
        let toolbox = Self(slots.collect());
        toolbox.disable(disabled)?;
        Ok(toolbox)
    }

    /// The tools that are offered, in the order in which they are listed.
    pub fn enabled(&self) -> impl Iterator<Item = &dyn Tool> {
        self.0.iter().filter(|slot| slot.enabled.load(Ordering::Relaxed)).map(|slot| &*slot.tool)
    }

    /// Offers all but these; says whether that is a change.
    pub fn disable(&self, disabled: &[String]) -> Result<bool, UnknownTool> {
        let names = || self.0.iter().map(|slot| slot.tool.spec().name);
        let disabled: Vec<_> = disabled.iter().map(|name| name.trim().to_ascii_lowercase()).collect();
        if let Some(name) = disabled.iter().find(|name| !names().any(|known| known == name.as_str())) {
            let suggestion = nearest(name, names()).map(str::to_owned);
            return Err(UnknownTool { name: name.clone(), suggestion });
        }
        let mut changed = false;
        for slot in &self.0 {
            let enabled = !disabled.iter().any(|name| name == slot.tool.spec().name);
            changed |= slot.enabled.swap(enabled, Ordering::Relaxed) != enabled;
        }
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(toolbox: &Toolbox) -> Vec<&'static str> {
        toolbox.enabled().map(|tool| tool.spec().name).collect()
    }

    #[test]
    fn a_tool_goes_and_comes_back_and_an_unknown_name_changes_nothing() {
        let toolbox = Toolbox::new(&[]).unwrap();
        let all = names(&toolbox);
        assert_eq!(toolbox.disable(&["Chat ".to_owned()]), Ok(true));
        assert_eq!(toolbox.disable(&["chat".to_owned()]), Ok(false));
        assert!(!names(&toolbox).contains(&"chat"));
        let error = toolbox.disable(&["challenge".to_owned(), "chatt".to_owned()]).unwrap_err();
        assert_eq!((error.name.as_str(), error.suggestion.as_deref()), ("chatt", Some("chat")));
        assert!(names(&toolbox).contains(&"challenge"));
        assert_eq!(toolbox.disable(&[]), Ok(true));
        assert_eq!(names(&toolbox), all);
    }
}
