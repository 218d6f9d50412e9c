//! The environment in which git reads a repository that may be hostile. Whatever could have a command run is either
//! switched off for good or, where git has no switch for it, overridden by its name.

use std::ffi::OsString;
use std::path::Path;

/// Drivers of filters that are switched off by name; a repository with more is not read.
const MAX_FILTERS: usize = 256;

/// Nothing of the user's or the system's configuration, no question at a terminal, no network, no writing.
const FIXED: [(&str, &str); 17] = [
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    // No remote is asked for objects that are missing.
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_ALLOW_PROTOCOL", "none"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_PAGER", "cat"),
    ("GIT_EDITOR", "false"),
    ("GIT_ASKPASS", "false"),
    ("SSH_ASKPASS", "false"),
    ("GIT_SSH_COMMAND", "false"),
    ("GIT_PROXY_COMMAND", "false"),
    // A command by its name alone is found nowhere; git's own are built into it.
    ("PATH", "/dev/null"),
    ("LC_ALL", "C"),
    ("TZ", "UTC"),
];

/// What goes before the repository's own configuration, whatever that says.
const OVERRIDES: [(&str, &str); 18] = [
    ("core.fsmonitor", "false"),
    ("core.hooksPath", "/dev/null"),
    ("core.pager", "cat"),
    ("core.sshCommand", "false"),
    ("core.gitProxy", ""),
    ("core.askPass", "false"),
    ("core.attributesFile", "/dev/null"),
    ("core.excludesFile", "/dev/null"),
    ("core.untrackedCache", "false"),
    ("credential.helper", ""),
    ("diff.external", ""),
    ("diff.orderFile", "/dev/null"),
    ("diff.submodule", "short"),
    ("protocol.allow", "never"),
    ("protocol.ext.allow", "never"),
    ("protocol.file.allow", "never"),
    ("safe.bareRepository", "explicit"),
    ("submodule.recurse", "false"),
];

pub(super) fn environment() -> Vec<(OsString, OsString)> {
    let mut environment: Vec<_> = FIXED.iter().map(|(name, value)| (name.into(), value.into())).collect();
    add_configuration(&mut environment, OVERRIDES.iter().map(|(key, value)| ((*key).to_owned(), *value)));
    environment
}

/// From here on git goes by these folders, which were checked, and does not look for any itself.
pub(super) fn settle(environment: &mut Vec<(OsString, OsString)>, own: &Path, common: &Path) {
    environment.extend([
        ("GIT_DIR".into(), own.into()),
        ("GIT_COMMON_DIR".into(), common.into()),
        // The folder in which git is started.
        ("GIT_WORK_TREE".into(), ".".into()),
    ]);
}

/// Switches off every command that hangs on a name of the repository's own choice: the filters and drivers of its
/// attributes. `names` are the keys of its configuration.
///
/// # Errors
/// The number of filters, where there are too many.
pub(super) fn switch_off(environment: &mut Vec<(OsString, OsString)>, names: &[String]) -> Result<(), usize> {
    let mut drivers: Vec<&str> = names.iter().filter_map(|name| driver(name)).collect();
    drivers.sort_unstable();
    drivers.dedup();
    if drivers.len() > MAX_FILTERS {
        return Err(drivers.len());
    }
    let off = |driver: &str| {
        let kinds: &[(&str, &str)] = if driver.starts_with("filter.") {
            &[("clean", ""), ("smudge", ""), ("process", ""), ("required", "false")]
        } else {
            &[("command", ""), ("textconv", "")]
        };
        kinds.iter().map(|(kind, value)| (format!("{driver}.{kind}"), *value)).collect::<Vec<_>>()
    };
    let all: Vec<_> = drivers.into_iter().flat_map(off).collect();
    add_configuration(environment, all.into_iter());
    Ok(())
}

/// `filter.NAME` of `filter.NAME.clean`, and so with drivers of diffs. A name may hold dots, equal signs and line ends.
fn driver(key: &str) -> Option<&str> {
    let (driver, _) = key.rsplit_once('.')?;
    (driver.starts_with("filter.") || driver.starts_with("diff.")).then_some(driver)
}

/// By variables, not by arguments: there no name can be taken for something else.
fn add_configuration<'a>(
    environment: &mut Vec<(OsString, OsString)>,
    settings: impl Iterator<Item = (String, &'a str)>,
) {
    const COUNT: &str = "GIT_CONFIG_COUNT";
    let at = environment.iter().position(|(name, _)| name == COUNT);
    let mut count = at
        .map(|at| environment.swap_remove(at).1)
        .and_then(|count| count.to_str()?.parse::<usize>().ok())
        .unwrap_or_default();
    for (key, value) in settings {
        environment.push((format!("GIT_CONFIG_KEY_{count}").into(), key.into()));
        environment.push((format!("GIT_CONFIG_VALUE_{count}").into(), value.into()));
        count += 1;
    }
    environment.push((COUNT.into(), count.to_string().into()));
}
