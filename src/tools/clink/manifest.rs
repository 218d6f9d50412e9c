//! The CLIs that can be asked: three that zen ships with, and what the user's own manifests add or change. A manifest is
//! TOML, or the older server's JSON. None is looked for in a working directory.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::reading::Reading;
use crate::config;
use crate::secret::Redactor;

const SHIPPED: [(&str, &str); 3] = [
    ("claude", include_str!("../../../assets/clis/claude.toml")),
    ("codex", include_str!("../../../assets/clis/codex.toml")),
    ("gemini", include_str!("../../../assets/clis/gemini.toml")),
];
const ROLES: [(&str, &str); 3] = [
    ("default", include_str!("../../../assets/prompts/clink_default.md")),
    ("planner", include_str!("../../../assets/prompts/clink_planner.md")),
    ("codereviewer", include_str!("../../../assets/prompts/clink_codereviewer.md")),
];
/// A manifest, or the prompt of a role, is written by hand.
const MAX_FILE: u64 = 256 << 10;
/// Manifests in the user's folder.
const MAX_MANIFESTS: usize = 64;

/// Every CLI by its name.
#[derive(Clone, Debug, Default)]
pub struct Clis {
    all: BTreeMap<String, Arc<Cli>>,
}

/// One CLI as it is run.
#[derive(Clone, Debug)]
pub struct Cli {
    pub name: String,
    /// The program's name or absolute path, then its arguments.
    pub command: Vec<String>,
    /// The flag that takes the role's prompt; None: it goes before the request.
    pub system_prompt_flag: Option<String>,
    pub reading: Reading,
    /// Variables of zen's environment that it gets.
    pub variables: Vec<String>,
    /// Variables with values of the manifest's own.
    pub env: Vec<(String, String)>,
    /// None: as configured for all.
    pub timeout: Option<Duration>,
    /// Where it runs unless a call says otherwise; it must lie in a root too.
    pub working_dir: Option<String>,
    pub roles: BTreeMap<String, Role>,
}

#[derive(Clone, Debug)]
pub struct Role {
    pub prompt: Arc<str>,
    pub args: Vec<String>,
}

/// A manifest as it is written. What a later one leaves out stays as the former says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    name: String,
    command: Option<String>,
    args: Option<Vec<String>>,
    additional_args: Option<Vec<String>>,
    system_prompt_flag: Option<String>,
    reading: Option<Reading>,
    variables: Option<Vec<String>>,
    env: Option<BTreeMap<String, String>>,
    timeout_seconds: Option<u64>,
    working_dir: Option<String>,
    roles: Option<BTreeMap<String, RoleEntry>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleEntry {
    prompt_path: Option<PathBuf>,
    #[serde(default)]
    role_args: Vec<String>,
    #[serde(default, rename = "description")]
    _description: String,
    /// Filled when the manifest is read.
    #[serde(skip)]
    prompt: Option<Arc<str>>,
}

impl Clis {
    /// The shipped ones, and those of the user's folder or file.
    ///
    /// # Errors
    /// All that is wrong with the user's manifests, each with its place.
    pub fn load(
        section: &config::Clink,
        environment: &config::Environment,
        redactor: &Redactor,
    ) -> Result<Self, Vec<String>> {
        let mut manifests: HashMap<String, Manifest> = HashMap::new();
        let mut problems = Vec::new();
        let shipped = SHIPPED.iter().map(|(name, text)| {
            (format!("assets/clis/{name}.toml"), toml::from_str(text).map_err(|error| error.to_string()))
        });
        let own = section.manifests.as_deref().map(files).transpose();
        let own = own.unwrap_or_else(|problem| {
            problems.push(problem);
            None
        });
        let own = own.into_iter().flatten().map(|path| (path.display().to_string(), read(&path)));
        for (place, manifest) in shipped.chain(own) {
            match manifest.and_then(|manifest: Manifest| manifest.checked(environment, redactor)) {
                Ok(manifest) => manifests.entry(manifest.name.clone()).or_default().take(manifest),
                Err(problem) => problems.push(format!("{place}: {problem}")),
            }
        }
        let mut clis = Self::default();
        for manifest in manifests.into_values() {
            let name = manifest.name.clone();
            match manifest.build() {
                Ok(cli) => drop(clis.all.insert(name, Arc::new(cli))),
                Err(problem) => problems.push(format!("the CLI {name}: {problem}")),
            }
        }
        if problems.is_empty() { Ok(clis) } else { Err(problems) }
    }

    pub fn get(&self, name: &str) -> Option<&Arc<Cli>> {
        self.all.get(name)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.all.keys().map(String::as_str)
    }
}

impl Manifest {
    fn checked(self, environment: &config::Environment, redactor: &Redactor) -> Result<Self, String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        if self.name.is_empty() || self.name.len() > 40 || !self.name.chars().all(plain) {
            return Err("`name` must be small letters, digits, - and _".to_owned());
        }
        if self.command.as_ref().is_some_and(|command| command.split_whitespace().next().is_none()) {
            return Err("`command` is empty".to_owned());
        }
        if self.timeout_seconds == Some(0) {
            return Err("`timeout_seconds` must be more than 0".to_owned());
        }
        for name in self.variables.iter().flatten() {
            let value = environment.raw(name).map(|value| value.to_string_lossy());
            if value.is_some_and(|value| redactor.redact(&value) != value) {
                return Err(format!(
                    "`variables` names {name}, which holds a key of zen's: let the CLI log in by itself"
                ));
            }
        }
        Ok(self)
    }

    /// What `later` says goes before what was said.
    fn take(&mut self, later: Self) {
        fn over<T>(former: &mut Option<T>, later: Option<T>) {
            if later.is_some() {
                *former = later;
            }
        }
        self.name = later.name;
        // Another program takes other arguments and answers in its own way.
        if later.command.is_some() && self.command != later.command && later.args.is_some() {
            (self.args, self.additional_args, self.system_prompt_flag, self.reading) = (None, None, None, None);
        }
        over(&mut self.command, later.command);
        over(&mut self.args, later.args);
        over(&mut self.additional_args, later.additional_args);
        over(&mut self.system_prompt_flag, later.system_prompt_flag);
        over(&mut self.reading, later.reading);
        over(&mut self.variables, later.variables);
        over(&mut self.env, later.env);
        over(&mut self.timeout_seconds, later.timeout_seconds);
        over(&mut self.working_dir, later.working_dir);
        self.roles.get_or_insert_default().extend(later.roles.into_iter().flatten());
    }

    fn build(self) -> Result<Cli, String> {
        let command = self.command.ok_or("`command` is missing")?;
        let words = command.split_whitespace().map(str::to_owned);
        let arguments = self.args.into_iter().chain(self.additional_args).flatten();
        let mut roles: BTreeMap<String, Role> = ROLES
            .iter()
            .map(|(name, prompt)| ((*name).to_owned(), Role { prompt: (*prompt).into(), args: Vec::new() }))
            .collect();
        for (name, entry) in self.roles.into_iter().flatten() {
            let shipped = roles.get(&name).map(|role| Arc::clone(&role.prompt));
            let prompt = entry.prompt.or(shipped).ok_or_else(|| format!("the role {name} has no `prompt_path`"))?;
            roles.insert(name, Role { prompt, args: entry.role_args });
        }
        Ok(Cli {
            name: self.name,
            command: words.chain(arguments).collect(),
            system_prompt_flag: self.system_prompt_flag,
            reading: self.reading.unwrap_or_default(),
            variables: self.variables.unwrap_or_default(),
            env: self.env.into_iter().flatten().collect(),
            timeout: self.timeout_seconds.map(Duration::from_secs),
            working_dir: self.working_dir,
            roles,
        })
    }
}

/// The manifests of a folder, in the order of their names; or the file itself.
fn files(path: &Path) -> Result<Vec<PathBuf>, String> {
    let cannot = |error: std::io::Error| format!("{}: cannot be read ({error})", path.display());
    if fs::metadata(path).map_err(cannot)?.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).map_err(cannot)?.collect::<Result<Vec<_>, _>>().map_err(cannot)?;
    let is_manifest = |path: &PathBuf| path.extension().is_some_and(|end| end == "toml" || end == "json");
    let mut files: Vec<_> = entries.into_iter().map(|entry| entry.path()).filter(is_manifest).collect();
    files.sort();
    if files.len() > MAX_MANIFESTS {
        return Err(format!("{}: {} manifests are more than {MAX_MANIFESTS}", path.display(), files.len()));
    }
    Ok(files)
}

fn read(path: &Path) -> Result<Manifest, String> {
    let text = text(path)?;
    let is_json = path.extension().is_some_and(|end| end == "json");
    let manifest: Result<Manifest, String> = if is_json {
        serde_json::from_str(&text).map_err(|error| error.to_string())
    } else {
        toml::from_str(&text).map_err(|error| error.message().to_owned())
    };
    let mut manifest = manifest?;
    for role in manifest.roles.iter_mut().flat_map(BTreeMap::values_mut) {
        if let Some(prompt) = &role.prompt_path {
            let prompt = path.parent().unwrap_or(Path::new("/")).join(prompt);
            role.prompt =
                Some(self::text(&prompt).map_err(|problem| format!("{}: {problem}", prompt.display()))?.into());
        }
    }
    Ok(manifest)
}

fn text(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_string(&mut text));
    read.map_err(|error| format!("cannot be read ({error})"))?;
    if text.len() as u64 > MAX_FILE { Err(format!("has more than {MAX_FILE} bytes")) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(files: &[(&str, &str)]) -> Result<Clis, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        files.iter().for_each(|(name, text)| fs::write(folder.path().join(name), text).unwrap());
        let redactor = Redactor::default();
        redactor.learn(&crate::secret::Secret::new("sk-0123456789abcdef"));
        let environment = [("OPENAI_API_KEY", "sk-0123456789abcdef"), ("HOME", "/home/me")].into_iter().collect();
        Clis::load(
            &config::Clink { manifests: Some(folder.path().to_owned()), ..config::Clink::default() },
            &environment,
            &redactor,
        )
    }

    #[test]
    fn no_shipped_manifest_skips_an_approval_or_a_sandbox_or_names_a_key() {
        let clis = load(&[]).unwrap();
        assert_eq!(clis.names().collect::<Vec<_>>(), ["claude", "codex", "gemini"]);
        for (name, text) in SHIPPED {
            let words = text.to_lowercase();
            for skip in [
                "yolo",
                "danger",
                "bypass",
                "skip",
                "full-auto",
                "full-access",
                "acceptedits",
                "permission",
                "approv",
                "\"-y\"",
                "workspace-write",
            ] {
                assert!(!words.contains(skip), "{name}: {skip}");
            }
            let cli = clis.get(name).unwrap();
            assert!(cli.roles.keys().eq(["codereviewer", "default", "planner"]));
            for variable in &cli.variables {
                let plain = !["KEY", "TOKEN", "SECRET", "PASS", "CREDENTIAL"]
                    .iter()
                    .any(|part| variable.to_uppercase().contains(part));
                assert!(plain, "{name}: {variable}");
            }
        }
    }

    #[test]
    fn the_users_manifests_add_and_change_in_both_languages() {
        let clis = load(&[
            ("a.toml", "name = \"mine\"\ncommand = \"/opt/mine run\"\nargs = [\"-q\"]\nvariables = [\"HOME\"]\n[roles.poet]\nprompt_path = \"poet.md\"\nrole_args = [\"--verse\"]\n"),
            ("poet.md", "Rhyme."),
            ("b.json", r#"{"name":"gemini","command":"gemini","additional_args":["--model","x"],"timeout_seconds":60,"env":{"A":"b"},"roles":{"default":{"role_args":["-d"]}}}"#),
        ])
        .unwrap();
        let mine = clis.get("mine").unwrap();
        assert_eq!((mine.command.join(" ").as_str(), mine.reading), ("/opt/mine run -q", Reading::Text));
        assert_eq!((&*mine.roles["poet"].prompt, mine.roles["poet"].args.join(" ").as_str()), ("Rhyme.", "--verse"));
        let gemini = clis.get("gemini").unwrap();
        assert_eq!(gemini.command.join(" "), "gemini --output-format json --model x");
        assert_eq!((gemini.reading, gemini.timeout), (Reading::GeminiJson, Some(Duration::from_secs(60))));
        assert!(gemini.variables.contains(&"HOME".to_owned()) && gemini.env == [("A".to_owned(), "b".to_owned())]);
        assert!(gemini.roles["default"].prompt.contains("task") && gemini.roles["default"].args == ["-d"]);
    }

    #[test]
    fn everything_wrong_is_told_at_once_with_its_place() {
        let problems = load(&[
            ("a.toml", "name = \"Bad Name\"\ncommand = \"x\""),
            ("b.toml", "name = \"b\""),
            ("c.toml", "name = \"c\"\ncommand = \"c\"\nyolo = true"),
            ("d.toml", "name = \"d\"\ncommand = \"d\"\nvariables = [\"OPENAI_API_KEY\"]"),
            ("e.json", "{"),
        ])
        .unwrap_err();
        let all = problems.join("\n");
        assert_eq!(problems.len(), 5, "{all}");
        for part in [
            "a.toml: `name`",
            "the CLI b: `command`",
            "c.toml: unknown field `yolo`",
            "OPENAI_API_KEY, which holds a key",
            "e.json: ",
        ] {
            assert!(all.contains(part), "{part} in {all}");
        }
        assert!(!all.contains("sk-0123"));
    }
}
