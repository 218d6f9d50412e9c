//! The loader as a whole: precedence, origins, refusals with their places, and what must never be believed or shown.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::unit::MicroUsd;

/// A home folder of its own, with the variables and flags of one process.
struct Desk {
    home: TempDir,
    variables: Vec<(String, String)>,
    flags: Vec<(String, String)>,
}

impl Desk {
    fn new() -> Self {
        let home = TempDir::new().expect("a folder");
        let variables = vec![("HOME".to_owned(), home.path().display().to_string())];
        Self { home, variables, flags: Vec::new() }
    }

    fn file(self, text: &str) -> Self {
        let folder = self.home.path().join(".config/zen");
        fs::create_dir_all(&folder).expect("created");
        fs::write(folder.join("config.toml"), text).expect("written");
        self
    }

    fn keys(self, text: &str, mode: u32) -> Self {
        let folder = self.home.path().join(".config/zen");
        fs::create_dir_all(&folder).expect("created");
        write_keys(&folder.join("keys.toml"), text, mode);
        self
    }

    fn var(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn flag(mut self, key: &str, value: &str) -> Self {
        self.flags.push((key.to_owned(), value.to_owned()));
        self
    }

    fn try_load(&self) -> Result<Loaded, Errors> {
        let environment = self.variables.iter().cloned().collect();
        load(Input { file: None, environment: &environment, flags: &self.flags })
    }

    fn load(&self) -> Loaded {
        self.try_load().expect("a valid configuration")
    }

    /// The errors, the home folder written as `~`.
    fn errors(&self) -> String {
        self.try_load().expect_err("mistakes").to_string().replace(&self.home.path().display().to_string(), "~")
    }
}

fn write_keys(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its owner's");
}

fn origin(loaded: &Loaded, name: &str) -> String {
    let path = loaded.file.as_ref().map_or(String::new(), |file| file.path.display().to_string());
    loaded.setting(name).expect("a key").origin.to_string().replace(&path, "FILE")
}

#[test]
fn nothing_set_means_the_defaults() {
    let environment = Environment::default();
    let loaded = load(Input { file: None, environment: &environment, flags: &[] }).expect("valid");
    assert_eq!(loaded.config, Config::default());
    assert!(loaded.settings.iter().all(|setting| setting.origin == Origin::Default));
    assert_eq!(loaded.file, None);
}

#[test]
fn each_layer_overrides_the_one_below_it_and_is_named() {
    let desk = Desk::new().file("# mine\n[threads]\nttl = \"1h\"\n");
    assert_eq!(desk.load().config.threads.ttl, Duration::from_secs(3_600));
    assert_eq!(origin(&desk.load(), "threads.ttl"), "FILE:3");
    let desk = desk.var("CONVERSATION_TIMEOUT_HOURS", "2");
    assert_eq!(desk.load().config.threads.ttl, Duration::from_secs(7_200));
    assert_eq!(origin(&desk.load(), "threads.ttl"), "$CONVERSATION_TIMEOUT_HOURS");
    let desk = desk.var("ZEN_THREADS_TTL", "90s");
    assert_eq!(desk.load().config.threads.ttl, Duration::from_secs(90));
    let desk = desk.flag("threads.ttl", "30s").flag("threads.ttl", "40s");
    let loaded = desk.load();
    assert_eq!(loaded.config.threads.ttl, Duration::from_secs(40));
    assert_eq!(origin(&loaded, "threads.ttl"), "command line");
    let overridden = &loaded.setting("threads.ttl").expect("a key").overridden;
    assert_eq!(overridden[1], Origin::Env { name: "ZEN_THREADS_TTL".to_owned() });
    assert_eq!(overridden[2], Origin::Env { name: "CONVERSATION_TIMEOUT_HOURS".to_owned() });
    assert_eq!(overridden.len(), 4);
}

#[test]
fn the_older_servers_variables_keep_their_units() {
    let loaded = Desk::new()
        .var("MAX_CONVERSATION_TURNS", "7")
        .var("DEFAULT_MODEL", "flash")
        .var("LOCALE", "fr-FR")
        .var("DISABLED_TOOLS", "Debug, tracer,")
        .var("MAX_MCP_OUTPUT_TOKENS", "50000")
        .var("LOG_LEVEL", "CRITICAL")
        .var("CUSTOM_CONNECT_TIMEOUT", "45.0")
        .var("CUSTOM_READ_TIMEOUT", "600")
        .var("CUSTOM_API_URL", "http://localhost:11434/v1/")
        .var("CUSTOM_MODEL_NAME", "llama3.2")
        .var("CUSTOM_API_KEY", "")
        .load();
    let config = &loaded.config;
    assert_eq!((config.threads.max_turns, config.tools.max_output.0), (7, 50_000));
    assert_eq!((config.models.default.as_str(), config.models.locale.as_str()), ("flash", "fr-FR"));
    assert_eq!(config.tools.disabled, ["debug", "tracer"]);
    assert_eq!(config.log.level, LogLevel::Error);
    assert_eq!(config.providers.limits.connect_timeout, Duration::from_secs(45));
    assert_eq!(config.providers.limits.idle_timeout, Duration::from_secs(600));
    let custom = &config.providers.endpoints[0];
    assert_eq!((custom.provider.as_str(), custom.base_url.as_deref()), ("custom", Some("http://localhost:11434/v1")));
    assert_eq!((custom.models.as_slice(), &custom.key), (["llama3.2".to_owned()].as_slice(), &None));
}

#[test]
fn all_mistakes_are_told_at_once_each_with_its_place() {
    let desk = Desk::new()
        .file(
            "[threads]\nttl = 3\nmax_turn = 5\nmax_threads = 0\n\n[thread]\nttl = \"1h\"\n\n[tools]\nlocale = \"fr\"\n\
             disabled = [\"version\"]\n[files]\nroots = [\"src\"]\n[providers.gogle]\nmodels = []\n\
             [providers.openai]\napi_key = \"sk-canary-1234\"\nkey_env = \"sk-canary-5678\"\nbase_url = \"https://a:canary@b\"\n",
        )
        .var("ZEN_SERVER_MAX_LINE", "8M")
        .var("ZEN_SERVER_MAX_LINES", "8MiB")
        .var("CONVERSATION_TIMEOUT_HOURS", "soon")
        .var("ZENITH", "is not ours")
        .var("ZEN_DEPTH", "is no key")
        .flag("log.level", "loud")
        .flag("control.max_watcher", "1");
    let errors = desk.errors();
    assert!(!errors.contains("canary"), "{errors}");
    insta::assert_snapshot!(errors, @r#"
    ~/.config/zen/config.toml:2:7: threads.ttl: 3 is not a duration with its unit, such as 500ms, 90s, 30m or 3h
    ~/.config/zen/config.toml:3:1: threads.max_turn: no such key; did you mean `threads.max_turns`?
    ~/.config/zen/config.toml:4:15: threads.max_threads: 0 is out of bounds: it must be from 1 to 1000000
    ~/.config/zen/config.toml:6:2: [thread]: no such section; did you mean `[threads]`?
    ~/.config/zen/config.toml:10:1: tools.locale: no such key; did you mean `models.locale`?
    ~/.config/zen/config.toml:11:12: tools.disabled: version cannot be disabled: a client finds its way by it
    ~/.config/zen/config.toml:13:9: files.roots: "src" is not an absolute path, such as /srv/code or ~/code
    ~/.config/zen/config.toml:14:12: [providers.gogle]: no such section; did you mean `[providers.google]`?
    ~/.config/zen/config.toml:17:1: providers.openai.api_key: a key does not belong here: put it into keys.toml beside this file, or into an environment variable named by `key_env`
    ~/.config/zen/config.toml:18:11: providers.openai.key_env: the value is not the name of an environment variable, such as GEMINI_API_KEY
    ~/.config/zen/config.toml:19:12: providers.openai.base_url: the base URL holds a user name or a password: name a variable with the key in `key_env` instead
    $CONVERSATION_TIMEOUT_HOURS: threads.ttl: "soon" is not a number of hours
    $ZEN_SERVER_MAX_LINE: server.max_line: "8M" is not a size, such as 8MiB, 500kB or 4096
    $ZEN_SERVER_MAX_LINES: no such variable; did you mean `ZEN_SERVER_MAX_LINE`?
    --set control.max_watcher: no such key; did you mean `control.max_watchers`?
    --set log.level: "loud" is not one of off, error, warn, info, debug, trace
    "#);
}

#[test]
fn broken_syntax_is_told_with_its_line() {
    insta::assert_snapshot!(Desk::new().file("[threads]\nttl = \n[log\n").errors(), @r"
    ~/.config/zen/config.toml:2:7: string values must be quoted, expected literal string
    ~/.config/zen/config.toml:3:5: unclosed table, expected `]`
    ");
    insta::assert_snapshot!(Desk::new().file("[log]\nlevel = \"off\"\nlevel = \"off\"\n").errors(), @"~/.config/zen/config.toml:3:1: duplicate key");
}

#[test]
fn a_provider_is_there_when_it_has_a_key_or_a_url() {
    let desk = Desk::new()
        .file("[providers.openai]\nkey_env = \"WORK_KEY\"\nmodels = [\"o9\"]\n[providers.xai]\nkey_env = \"ABSENT\"\n")
        .var("OPENROUTER_API_KEY", "your_openrouter_api_key_here")
        .var("GEMINI_API_KEY", "AIza-canary-gemini")
        .var("WORK_KEY", " sk-canary-work\n");
    let loaded = desk.load();
    let endpoints = &loaded.config.providers.endpoints;
    assert_eq!(endpoints.iter().map(|e| e.provider.as_str()).collect::<Vec<_>>(), ["google", "openai"]);
    assert_eq!(endpoints[1].key.as_ref().map(|key| key.expose()), Some("sk-canary-work"));
    assert_eq!(endpoints[1].models, ["o9"]);
    assert_eq!(loaded.warnings.len(), 2, "{:?}", loaded.warnings);
    assert_eq!(loaded.setting("providers.google.key_env").expect("a key").value, "set (GEMINI_API_KEY)");
    assert_eq!(loaded.setting("providers.openai.key_env").expect("a key").value, "set (WORK_KEY)");
    assert_eq!(loaded.setting("providers.openrouter.key_env").expect("a key").value, "unset (OPENROUTER_API_KEY)");
    assert!(!format!("{loaded:?}").contains("canary"));
}

#[test]
fn a_key_that_looks_like_another_one_is_told_of_and_taken() {
    let loaded = Desk::new().var("OPENAI_API_KEY", "AIza-canary").load();
    assert_eq!(loaded.config.providers.endpoints.len(), 1);
    let warning = &loaded.warnings[0];
    assert!(warning.starts_with("$OPENAI_API_KEY does not begin with sk-") && !warning.contains("canary"), "{warning}");
}

#[test]
fn azure_and_dial_are_set_up_by_the_older_servers_variables() {
    let desk = Desk::new()
        .var("AZURE_OPENAI_API_KEY", "canary-azure")
        .var("DIAL_API_KEY", "canary-dial")
        .var("DIAL_API_VERSION", "2025-01-01")
        .var("DIAL_ALLOWED_MODELS", "o3, Sonnet-4.1")
        .var("CUSTOM_API_KEY", "canary-custom");
    let loaded = desk.load();
    let endpoints = &loaded.config.providers.endpoints;
    assert_eq!(endpoints.len(), 1, "{:?}", loaded.warnings);
    assert_eq!((endpoints[0].provider.as_str(), endpoints[0].api_version.as_deref()), ("dial", Some("2025-01-01")));
    assert_eq!(endpoints[0].allowed, ["o3", "Sonnet-4.1"]);
    assert!(loaded.warnings[0].contains("$AZURE_OPENAI_ENDPOINT is not"), "{:?}", loaded.warnings);
    let desk = desk.var("AZURE_OPENAI_ENDPOINT", "https://r.openai.azure.com/").var("AZURE_ALLOWED_MODELS", "gpt-5");
    let azure = &desk.load().config.providers.endpoints[0];
    assert_eq!((azure.provider.as_str(), azure.base_url.as_deref()), ("azure", Some("https://r.openai.azure.com")));
    assert_eq!(azure.allowed, ["gpt-5"]);
    let without_key = Desk::new().var("AZURE_OPENAI_ENDPOINT", "https://r.openai.azure.com/").load();
    assert_eq!(without_key.config.providers.endpoints, []);
}

#[test]
fn there_may_be_any_number_of_custom_endpoints() {
    let file = "[providers.custom]\nbase_url = \"http://localhost:1/v1\"\n\
        [providers.custom.lab]\nbase_url = \"https://lab.example/v1\"\nkey_env = \"LAB_KEY\"\nmodels = [\"a\"]\n\
        [providers.custom.box]\nbase_url = \"http://box.example/v1\"\n[providers.custom.idle]\nmodels = [\"b\"]\n";
    let loaded = Desk::new().file(file).var("LAB_KEY", "canary-lab").load();
    let endpoints = &loaded.config.providers.endpoints;
    let seen: Vec<_> = endpoints.iter().map(|e| (e.provider.as_str(), e.like.as_deref(), e.key.is_some())).collect();
    let custom = Some("custom");
    assert_eq!(seen, [("custom", None, false), ("box", custom, false), ("lab", custom, true)]);
    assert_eq!(endpoints[2].models, ["a"]);
    assert_eq!(loaded.warnings.len(), 1, "{:?}", loaded.warnings);
    let wrong = "[providers.custom.openai]\nbase_url = \"http://a/v1\"\n[providers.custom.lab]\nbase_ulr = \"x\"\n\
        [providers.openai.lab]\nbase_url = \"http://a/v1\"\n";
    insta::assert_snapshot!(Desk::new().file(wrong).errors(), @r#"
    ~/.config/zen/config.toml:1:19: [providers.custom]: "openai" is not a name of its own, in small letters, digits, - and _
    ~/.config/zen/config.toml:4:1: providers.custom.base_ulr: no such key; did you mean `providers.custom.base_url`?
    ~/.config/zen/config.toml:5:19: providers.openai.lab: no such key; did you mean `providers.openai.models`?
    "#);
}

#[test]
fn what_openrouter_is_told_of_the_caller_can_be_set() {
    let desk = Desk::new().var("OPENROUTER_API_KEY", "sk-or-canary").var("OPENROUTER_TITLE", "Mine");
    let endpoint =
        desk.file("[providers.openrouter]\nreferer = \"https://example.org\"\n").load().config.providers.endpoints[0]
            .clone();
    assert_eq!((endpoint.referer.as_deref(), endpoint.title.as_deref()), (Some("https://example.org"), Some("Mine")));
}

#[test]
fn a_limit_is_in_dollars_and_not_by_day() {
    let spend =
        Desk::new().file("[spend]\ntotal = \"2.50\"\nper_provider = 1\n").load().config.providers.resilience.spend;
    assert_eq!((spend.total, spend.per_provider), (Some(MicroUsd(2_500_000)), Some(MicroUsd(1_000_000))));
    insta::assert_snapshot!(Desk::new().file("[spend]\nper_day = \"5\"\ntotal = 2.5\n").errors(), @r#"
    ~/.config/zen/config.toml:2:1: spend.per_day: a limit by day needs a store that outlives the process, and this zen has none: set spend.total, which counts this process
    ~/.config/zen/config.toml:3:9: spend.total: a decimal number is not an amount in dollars, such as "2.50", in quotes
    "#);
}

#[test]
fn models_are_read_beside_the_config_file_where_they_are() {
    let desk = Desk::new().file("");
    assert_eq!(desk.load().config.models.file, None);
    let file = desk.home.path().join(".config/zen/models.toml");
    fs::write(&file, "").expect("written");
    assert_eq!(desk.load().config.models.file, Some(file));
}

#[test]
fn a_key_that_no_header_can_carry_stops_its_provider_alone_and_is_told_of_unseen() {
    for key in ["canary\ncanary", "\"canary\"", "cänary"] {
        let desk = Desk::new().var("XAI_API_KEY", key).var("DIAL_API_KEY", "canary-dial");
        let loaded = desk.keys("xai = \"xai-canary-file\"\n", 0o600).load();
        let asked: Vec<_> = loaded.config.providers.endpoints.iter().map(|e| e.provider.as_str()).collect();
        assert_eq!(asked, ["dial"], "another key does not stand in for it");
        let [told] = &*loaded.warnings else { panic!("{:?}", loaded.warnings) };
        assert!(told.starts_with("$XAI_API_KEY") && told.contains("without quotes"), "{told}");
        assert!(!told.contains("nary"), "{told}");
    }
}

#[test]
fn a_list_flag_adds_up_and_a_path_may_hold_a_colon() {
    let loaded = Desk::new()
        .file("[files]\nroots = [\"/elsewhere\"]")
        .flag("files.roots", "/a:b")
        .flag("files.roots", "/c:/d")
        .load();
    assert_eq!(loaded.config.files.roots, ["/a:b", "/c", "/d"].map(PathBuf::from));
}

#[test]
fn a_tilde_is_the_users_home() {
    let desk = Desk::new().file("[files]\nroots = [\"~/code\"]\n[log]\nfile = \"~/zen.log\"");
    let config = desk.load().config;
    assert_eq!(config.files.roots, [desk.home.path().join("code")]);
    assert_eq!(config.log.file, Some(desk.home.path().join("zen.log")));
}

#[test]
fn the_log_goes_to_the_state_folder_unless_told_otherwise() {
    let desk = Desk::new();
    assert_eq!(desk.load().config.log.file, Some(desk.home.path().join(".local/state/zen/zen.log")));
}

#[test]
fn a_named_file_must_be_there_and_the_default_one_need_not() {
    let desk = Desk::new();
    let loaded = desk.load();
    assert_eq!(loaded.file.map(|file| file.exists), Some(false));
    let environment = Environment::default();
    let named = Some(desk.home.path().join("none.toml"));
    let errors = load(Input { file: named, environment: &environment, flags: &[] }).expect_err("missing");
    assert_eq!(errors.0[0].problem, error::Problem::Missing);
    let errors = Desk::new().var("ZEN_CONFIG", "zen.toml").try_load().expect_err("relative");
    assert_eq!(errors.0[0].problem, error::Problem::RelativeFile);
    let elsewhere = desk.home.path().join("work.toml");
    fs::write(&elsewhere, "[models]\ndefault = \"pro\"").expect("written");
    let desk = desk.file("[models]\ndefault = \"flash\"").var("ZEN_CONFIG", &elsewhere.display().to_string());
    assert_eq!(desk.load().config.models.default, "pro");
}

#[test]
fn what_is_no_config_file_is_refused() {
    let environment = Environment::default();
    for (path, told) in [("/dev/zero", "larger than 1MiB"), ("/", "cannot be read")] {
        let input = Input { file: Some(Path::new(path).into()), environment: &environment, flags: &[] };
        let errors = load(input).expect_err("no config file").to_string();
        assert!(errors.contains(told), "{errors}");
    }
}

#[test]
fn a_file_that_everyone_can_write_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new().file("");
    let path = desk.home.path().join(".config/zen/config.toml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("set");
    assert!(desk.load().warnings[0].contains("every user"));
}

/// T5: the folder a server is started in may be anybody's. The loader is given no working directory, so the test runs
/// in one that holds hostile files at every name that other programs read, and below the home folder too.
#[test]
fn files_of_a_working_directory_are_not_believed() {
    let desk = Desk::new();
    let here = desk.home.path().to_owned();
    let hostile = "[providers.google]\nbase_url = \"https://evil.example\"\nkey_env = \"HOME\"\n";
    fs::create_dir_all(here.join(".zen")).expect("created");
    for name in [".zen/config.toml", "config.toml", "zen.toml", ".zen.toml"] {
        fs::write(here.join(name), hostile).expect("written");
    }
    fs::write(here.join(".env"), "GEMINI_BASE_URL=https://evil.example\nGEMINI_API_KEY=canary-evil\n")
        .expect("written");
    let desk = desk.var("PWD", &here.display().to_string()).var("GEMINI_API_KEY", "canary-mine");
    let loaded = desk.load();
    assert_eq!(loaded.config.providers.endpoints.len(), 1);
    let google = &loaded.config.providers.endpoints[0];
    assert_eq!((google.base_url.as_deref(), google.key.as_ref().map(|key| key.expose())), (None, Some("canary-mine")));
    assert_eq!(loaded.file.map(|file| file.exists), Some(false));
}

proptest! {
    #[test]
    fn no_file_panics_the_loader(text in any::<String>()) {
        let mut layers = Layers::default();
        file::parse(Path::new("config.toml"), &text, &mut layers);
        merge(layers, &Places::default());
    }

    #[test]
    fn no_assignment_panics_the_loader(key in 0..KEYS.len(), value in "[\\PC\n]{0,40}") {
        let key = &KEYS[key];
        let text = format!("[{}]\n{} = {value}\n", key.section(), key.leaf());
        let mut layers = Layers::default();
        file::parse(Path::new("config.toml"), &text, &mut layers);
        let flags = [(key.name.to_owned(), value)];
        layers.read_flags(&flags);
        merge(layers, &Places::default());
    }
}

#[test]
fn a_key_is_taken_from_the_environment_before_the_key_file() {
    let file = "openai = \"sk-canary-file\"\nxai = \"xai-canary-file\"\nlab = \"canary-lab-file\"\ndial = \"your_dial_key_here\"\n";
    let desk = Desk::new()
        .file("[providers.custom.lab]\nbase_url = \"https://lab.example/v1\"\n[providers.xai]\nkey_env = \"ABSENT\"\n")
        .keys(file, 0o600)
        .var("OPENAI_API_KEY", "sk-canary-variable");
    let loaded = desk.load();
    let place = desk.home.path().join(".config/zen/keys.toml");
    let endpoints = &loaded.config.providers.endpoints;
    let seen: Vec<_> = endpoints.iter().map(|e| (e.provider.as_str(), e.key.as_ref().map(|k| k.expose()))).collect();
    let keys = [("openai", "sk-canary-variable"), ("xai", "xai-canary-file"), ("lab", "canary-lab-file")];
    assert_eq!(seen, keys.map(|(provider, key)| (provider, Some(key))));
    assert_eq!(endpoints[0].key_from, Some(KeyFrom::Variable("OPENAI_API_KEY".to_owned())));
    assert_eq!(endpoints[1].key_from, Some(KeyFrom::File(place.clone())));
    assert_eq!(loaded.setting("providers.xai.key_env").expect("a key").value, format!("set ({})", place.display()));
    assert!(loaded.warnings.len() == 1 && loaded.warnings[0].contains("placeholder for dial"), "{:?}", loaded.warnings);
    assert!(!format!("{loaded:?}").contains("canary"));
}

#[test]
fn a_key_file_that_is_not_the_users_alone_is_refused() {
    for mode in [0o644, 0o640, 0o604, 0o660, 0o602, 0o610] {
        let errors = Desk::new().keys("openai = \"sk-canary\"\n", mode).errors();
        let says = format!("keys.toml: keys that others can read are not used (mode {mode:o}): chmod 600 the file");
        assert!(errors.ends_with(&says), "{errors}");
    }
    let place = |desk: &Desk| desk.home.path().join(".config/zen/keys.toml");
    let refused = |prepare: &dyn Fn(&Desk), says: &str| {
        let desk = Desk::new().file("");
        prepare(&desk);
        let errors = desk.errors();
        assert!(errors.contains(says) && errors.contains("keys.toml") && !errors.contains("canary"), "{errors}");
    };
    let elsewhere = |desk: &Desk| {
        let path = place(desk).with_extension("real");
        write_keys(&path, "openai = \"sk-canary\"\n", 0o600);
        path
    };
    refused(
        &|desk| std::os::unix::fs::symlink(elsewhere(desk), place(desk)).expect("a link"),
        "is a link, a pipe or a folder",
    );
    refused(&|desk| fs::create_dir(place(desk)).expect("a folder"), "is a link, a pipe or a folder");
    // A pipe that nobody writes to would be waited for, were it opened as a file is.
    refused(
        &|desk| {
            use rustix::fs::{CWD, FileType, Mode, mknodat};
            mknodat(CWD, place(desk), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
        },
        "is a link, a pipe or a folder",
    );
    refused(&|desk| write_keys(&place(desk), &"#".repeat(70_000), 0o600), "larger than 64KiB");
    if rustix::process::geteuid().is_root() {
        refused(
            &|desk| {
                write_keys(&place(desk), "openai = \"sk-canary\"\n", 0o600);
                std::os::unix::fs::chown(place(desk), Some(65_534), None).expect("given away");
            },
            "belongs to another user",
        );
    }
}

#[test]
fn a_key_file_is_told_what_is_wrong_with_it_and_not_what_stands_in_it() {
    let wrong = "opnai = \"sk-canary\"\nxai = 5\n[google]\nkey = \"AIza-canary\"\n";
    insta::assert_snapshot!(Desk::new().keys(wrong, 0o600).errors(), @r#"
    ~/.config/zen/keys.toml:1:1: no such provider; did you mean `openai`?
    ~/.config/zen/keys.toml:2:7: keys are written as `openai = "..."`, a line for each provider
    ~/.config/zen/keys.toml:3:1: keys are written as `openai = "..."`, a line for each provider
    "#);
    for broken in
        ["openai = sk-canary\n", "openai: sk-canary", "sk-canary", "openai = \"sk-canary", "openai = 'sk canary'"]
    {
        let errors = Desk::new().keys(broken, 0o600).errors();
        assert!(errors.contains("keys.toml:1:") && !errors.contains("canary"), "{errors}");
    }
}
