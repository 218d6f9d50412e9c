//! All tools, and which of them are offered now. Of each tool counts what was said last: by the configuration, or by hand.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use crate::config::ALWAYS_OFFERED;
use crate::text::nearest::nearest;
use crate::tools::{self, Tool};

pub struct Toolbox {
    slots: Vec<Slot>,
    edition: watch::Sender<u64>,
}

struct Slot {
    tool: Box<dyn Tool>,
    enabled: AtomicBool,
    /// What the configuration said last.
    said: AtomicBool,
}

/// A name that no tool has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{name}' is no tool{}", suggestion.as_ref().map(|name| format!(": did you mean '{name}'?")).unwrap_or_default())]
pub struct UnknownTool {
    pub name: String,
    pub suggestion: Option<String>,
}

/// A tool stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotSwitch {
    #[error(transparent)]
    Unknown(#[from] UnknownTool),
    #[error("{0} is always offered: a client finds its way by it")]
    Needed(&'static str),
}

impl Toolbox {
    pub fn new(disabled: &[String]) -> Result<Self, UnknownTool> {
        let slots = tools::all().into_iter().map(|tool| Slot { tool, enabled: true.into(), said: true.into() });
        let toolbox = Self { slots: slots.collect(), edition: watch::Sender::default() };
        toolbox.disable(disabled)?;
        Ok(toolbox)
    }

    /// All tools in the order in which they are listed, and whether each is offered.
    pub fn all(&self) -> impl Iterator<Item = (&dyn Tool, bool)> {
        self.slots.iter().map(|slot| (&*slot.tool, slot.enabled.load(Ordering::Relaxed)))
    }

    /// Another number once other tools are offered.
    pub fn edition(&self) -> &watch::Sender<u64> {
        &self.edition
    }

    /// The configuration says that all but these are offered: that counts for the tools of which it said something else
    /// before; the others stay as they are, switched by hand or not. Says whether that is a change.
    pub fn disable(&self, disabled: &[String]) -> Result<bool, UnknownTool> {
        let disabled: Vec<_> =
            disabled.iter().map(|name| self.slot(name).map(|slot| slot.name())).collect::<Result<_, _>>()?;
        let mut changed = false;
        for slot in &self.slots {
            let enabled = !disabled.contains(&slot.name());
            changed |= slot.said.swap(enabled, Ordering::Relaxed) != enabled && slot.switch(enabled);
        }
        Ok(self.renewed(changed))
    }

    /// Offers one tool or no more; says whether that is a change.
    pub fn switch(&self, name: &str, enabled: bool) -> Result<bool, CannotSwitch> {
        let slot = self.slot(name)?;
        if !enabled && ALWAYS_OFFERED.contains(&slot.name()) {
            return Err(CannotSwitch::Needed(slot.name()));
        }
        Ok(self.renewed(slot.switch(enabled)))
    }

    fn slot(&self, name: &str) -> Result<&Slot, UnknownTool> {
        let name = name.trim().to_ascii_lowercase();
        self.slots.iter().find(|slot| slot.name() == name).ok_or_else(|| {
            let suggestion = nearest(&name, self.slots.iter().map(Slot::name)).map(str::to_owned);
            UnknownTool { name: name.clone(), suggestion }
        })
    }

    fn renewed(&self, changed: bool) -> bool {
        if changed {
            self.edition.send_modify(|edition| *edition += 1);
        }
        changed
    }
}

impl Slot {
    fn name(&self) -> &'static str {
        self.tool.spec().name
    }

    fn switch(&self, enabled: bool) -> bool {
        self.enabled.swap(enabled, Ordering::Relaxed) != enabled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(toolbox: &Toolbox) -> Vec<&'static str> {
        toolbox.all().filter(|(_, enabled)| *enabled).map(|(tool, _)| tool.spec().name).collect()
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
        assert_eq!(*toolbox.edition().borrow(), 2);
        assert_eq!((toolbox.switch("debug", false), toolbox.switch("debug", false)), (Ok(true), Ok(false)));
        assert_eq!(toolbox.switch("version", false), Err(CannotSwitch::Needed("version")));
        assert!(matches!(toolbox.switch("chatt", false), Err(CannotSwitch::Unknown(_))));
        assert_eq!(*toolbox.edition().borrow(), 3);
        assert_eq!(names(&toolbox).len(), all.len() - 1);
    }

    #[test]
    fn a_tool_that_was_switched_by_hand_stays_so_until_the_configuration_says_something_else_of_it() {
        let disabled = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let toolbox = Toolbox::new(&disabled(&["chat"])).unwrap();
        let is_offered = |name: &str| names(&toolbox).contains(&name);
        toolbox.switch("chat", true).unwrap();
        toolbox.switch("debug", false).unwrap();
        assert_eq!(toolbox.disable(&disabled(&["chat", "docgen"])), Ok(true));
        assert!(is_offered("chat") && !is_offered("debug") && !is_offered("docgen"));
        assert_eq!(toolbox.disable(&disabled(&["debug"])), Ok(true), "docgen comes back");
        assert!(is_offered("chat") && !is_offered("debug") && is_offered("docgen"));
        assert_eq!(toolbox.disable(&[]), Ok(true));
        assert!(is_offered("debug"));
    }
}
