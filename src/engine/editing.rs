//! Takes over what a person changes in files while zen runs: the rules of the interceptors, and of the configuration which
//! tools are offered. A file with a mistake changes nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use super::Engine;
use crate::config::edited::{Edited, LOOK_EVERY};
use crate::event::Event;

/// What of the configuration counts at once; the rest of it counts from the next start on.
const LIVE: &str = "tools.disabled";

impl Engine {
    /// Looks at the files every now and then, on a thread of its own: they may lie where looking takes its time, and an idle
    /// process is woken once a look. It ends with the engine or its shutdown.
    pub(super) fn look_after_files(self: &Arc<Self>) {
        if self.rules.is_none() && self.config_file.is_none() {
            return;
        }
        let engine = Arc::downgrade(self);
        let look = move || {
            loop {
                thread::sleep(LOOK_EVERY);
                match engine.upgrade() {
                    Some(engine) if !engine.shutdown.has_begun() => {
                        // A look that panics is one look less; the panic was reported where it happened.
                        let _ = catch_unwind(AssertUnwindSafe(|| engine.look_at_files()));
                    }
                    _ => return,
                }
            }
        };
        if let Err(error) = thread::Builder::new().name("zen-files".to_owned()).spawn(look) {
            tracing::warn!(%error, "files that are edited count from the next start on");
        }
    }

    fn look_at_files(&self) {
        if let Some(rules) = &self.rules {
            rules.look();
        }
        if self.config_file.as_ref().is_some_and(Edited::look) {
            let mistakes = self.take_over_config();
            for mistake in &mistakes {
                tracing::warn!(mistake, "the config file has a mistake: what was in force stays in force");
            }
            self.bus.say(Event::ConfigRead { mistakes: u32::try_from(mistakes.len()).unwrap_or(u32::MAX) });
        }
    }

    /// What is wrong, in words; nothing has changed then.
    fn take_over_config(&self) -> Vec<String> {
        let loaded = match self.config.load_again() {
            Ok(loaded) => loaded,
            Err(errors) => return errors.0.iter().map(ToString::to_string).collect(),
        };
        if let Err(unknown) = self.disable_tools(&loaded.config.tools.disabled) {
            return vec![format!("{LIVE}: {unknown}")];
        }
        // Where a variable or a flag lies above the file, its edit changes nothing: that is told, too.
        let origin = loaded.setting(LIVE).map(|setting| setting.origin.to_string());
        tracing::info!(live = LIVE, origin, "the config file was read again");
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::clock::Clock;
    use crate::config::{Environment, Input, load};
    use crate::engine::Setup;
    use crate::secret::Redactor;

    fn engine(home: &Path) -> Arc<Engine> {
        let environment: Environment = [("HOME", home)].into_iter().collect();
        let config = load(Input { file: None, environment: &environment, flags: &[] }).unwrap().config;
        let redactor = Redactor::default();
        let home = Some(home.to_owned());
        let setup = Setup { config, clock: Clock::system(), redactor, working_directory: "/".into(), home };
        Engine::new(setup).unwrap()
    }

    #[test]
    fn each_reading_of_the_config_file_is_an_event_with_the_number_of_its_mistakes() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".config/zen");
        fs::create_dir_all(&folder).unwrap();
        let engine = engine(home.path());
        let mut heard = engine.bus.watch();
        let mut edited = |text: &str| {
            fs::write(folder.join("config.toml"), text).unwrap();
            engine.look_at_files();
            engine.look_at_files();
            engine.look_at_files();
            std::iter::from_fn(|| heard.try_recv().ok()).collect::<Vec<_>>()
        };
        let read = |mistakes| Event::ConfigRead { mistakes };
        assert_eq!(edited("[tools]\ndisabled = [\"chat\"]\n"), [Event::ToolsChanged, read(0)]);
        assert!(engine.tool("chat").is_none());
        assert_eq!(edited("[tools]\ndisabled = [\"version\"]\n[threads]\nttl = 7\n"), [read(2)]);
        assert_eq!(edited("[tools]\ndisabled = [\"chatt\"]\n"), [read(1)]);
        assert!(engine.tool("chat").is_none());
        assert_eq!(edited("[threads]\nttl = \"1h\"\n"), [Event::ToolsChanged, read(0)]);
        assert!(engine.tool("chat").is_some());
    }
}
