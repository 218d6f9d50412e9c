//! The config file that a newcomer starts with: every key that is no provider's, out of force, with its default.

use crate::config::key::KEYS;

const HEAD: &str = "\
# zen reads this file at each start. What stands behind a # is what holds without it: take the # away to change it.
# `zen config explain` shows what is in force and why; `zen config check` says what is wrong.
# Keys of providers do not belong here: they stand in keys.toml beside this file, or in the environment.
";

const PROVIDERS: &str = "
# A provider is there once its key is. An endpoint of your own, such as Ollama, needs its address:
#[providers.custom]
#base_url = \"http://127.0.0.1:11434/v1\"
#models = [\"llama3.2\"]
";

pub fn text() -> String {
    let mut text = HEAD.to_owned();
    let mut section = "";
    for key in KEYS.iter().filter(|key| !key.section().starts_with("providers.")) {
        if key.section() != section {
            section = key.section();
            text.push_str(&format!("\n#[{section}]\n"));
        }
        text.push_str(&format!("# {}\n", key.sentence));
        let (leaf, default) = (key.leaf(), key.default_shown());
        text.push_str(&match default.as_str() {
            "unset" => format!("# {leaf}: {}, not set\n", key.kind()),
            plain if is_value(plain) => format!("#{leaf} = {plain}\n"),
            other => format!("#{leaf} = \"{other}\"\n"),
        });
    }
    text.push_str(PROVIDERS);
    text
}

/// Whether it is one as it stands; a duration or a size wants quotes.
fn is_value(text: &str) -> bool {
    toml::from_str::<toml::Table>(&format!("x = {text}")).is_ok()
}

#[cfg(test)]
mod tests {
    use crate::config::{Environment, Input, Origin, load};

    #[test]
    fn what_is_put_in_force_is_read_and_changes_nothing() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("config.toml");
        std::fs::write(&file, super::text()).unwrap();
        let environment = Environment::default();
        let loaded = || load(Input { file: Some(file.clone()), environment: &environment, flags: &[] });
        let as_written = loaded().unwrap();
        assert!(as_written.settings.iter().all(|setting| setting.origin == Origin::Default));
        let line = |line: &str| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line).to_owned();
        let in_force: Vec<String> = super::text().lines().map(line).collect();
        std::fs::write(&file, in_force.join("\n")).unwrap();
        let all = loaded().unwrap_or_else(|errors| panic!("{errors}"));
        let set = all.settings.iter().filter(|setting| setting.origin != Origin::Default).count();
        assert!(set > 60, "{set}");
        assert_eq!(all.config.threads, as_written.config.threads);
        assert_eq!(all.config.tools, as_written.config.tools);
    }
}
