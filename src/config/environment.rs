//! The variables a process was started with, as a value that is passed in. Read from the process in one place, and
//! nowhere else; tests build their own. No `.env` file is ever part of it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::Path;

/// Holds keys in plain text: it has no `Display`, and its `Debug` tells names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
}

/// A variable's value is not UTF-8, and is none that zen could use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotUnicode;

impl Environment {
    /// The variables of this process.
    pub fn from_process() -> Self {
        Self { variables: std::env::vars_os().collect() }
    }

    /// The variable's value with blanks around it cut off. An empty one counts as unset.
    pub fn text(&self, name: &str) -> Result<Option<&str>, NotUnicode> {
        let Some(value) = self.variables.get(OsStr::new(name)) else { return Ok(None) };
        let value = value.to_str().ok_or(NotUnicode)?.trim();
        Ok((!value.is_empty()).then_some(value))
    }

    /// The variable as it was set, whatever its bytes.
    pub fn raw(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// The value as a path where it is an absolute one. The XDG rules say to ignore a relative one.
    pub fn absolute_path(&self, name: &str) -> Option<&Path> {
        self.variables.get(OsStr::new(name)).map(Path::new).filter(|path| path.is_absolute())
    }

    /// The names that begin with `prefix`, in order.
    pub fn names_with<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.variables.keys().filter_map(|name| name.to_str()).filter(move |name| name.starts_with(prefix))
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self { variables: variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect() }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn an_empty_variable_is_unset_and_debug_tells_no_value() {
        let environment: Environment = [("A", "  "), ("KEY", " sk-canary ")].into_iter().collect();
        assert_eq!(environment.text("A"), Ok(None));
        assert_eq!(environment.text("KEY"), Ok(Some("sk-canary")));
        assert_eq!(format!("{environment:?}"), r#"{"A", "KEY"}"#);
    }

    #[test]
    fn a_value_that_is_not_text_is_told_apart_from_an_unset_one() {
        let environment: Environment = [("A", OsString::from_vec(vec![0xff]))].into_iter().collect();
        assert_eq!(environment.text("A"), Err(NotUnicode));
    }

    #[test]
    fn names_are_found_by_prefix() {
        let environment: Environment = [("ZEN_A", ""), ("ZEN_B", ""), ("ZF", ""), ("A", "")].into_iter().collect();
        assert_eq!(environment.names_with("ZEN_").collect::<Vec<_>>(), ["ZEN_A", "ZEN_B"]);
    }
}
