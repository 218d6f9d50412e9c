//! Real repositories, harmless and hostile. Where nothing may be run, the same repository is shown to plain git first,
//! which runs it.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::{Command as Plain, Stdio};

use tempfile::TempDir;

use super::*;
use crate::config::Files;

struct Place {
    dir: TempDir,
}

impl Place {
    /// A project with one commit of `kept.txt`, `gone.txt` and `.env`.
    fn new() -> Self {
        let place = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir(place.project()).unwrap();
        place.git(&["init", "-q", "-b", "main"]);
        for (name, text) in [("kept.txt", "one\n"), ("gone.txt", "old\n"), (".env", "KEY=old\n")] {
            place.write(name, text);
        }
        place.git(&["add", "-A"]);
        place.commit("first");
        place
    }

    fn project(&self) -> PathBuf {
        self.dir.path().join("project")
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.project().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn commit(&self, message: &str) {
        self.git(&["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "-m", message]);
    }

    /// Plain git, which does as the repository says.
    fn plain(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = Plain::new("git");
        command.args(arguments).current_dir(self.project()).env_clear();
        command.env("PATH", "/usr/bin:/bin:/usr/local/bin").env("HOME", self.dir.path()).stdin(Stdio::null());
        command.output().unwrap()
    }

    fn git(&self, arguments: &[&str]) {
        let output = self.plain(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A script that leaves a file named after it, and the command that runs it.
    fn canary(&self, name: &str) -> String {
        let path = self.dir.path().join(format!("{name}.sh"));
        let mark = self.dir.path().join(format!("{name}.ran"));
        fs::write(&path, format!("#!/bin/sh\necho > '{}'\ncat 2>/dev/null\nexit 0\n", mark.display())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The canaries that have run; they are made ready to run again.
    fn ran(&self) -> Vec<String> {
        let mut ran: Vec<String> = fs::read_dir(self.dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "ran"))
            .map(|path| {
                fs::remove_file(&path).unwrap();
                path.file_stem().unwrap().to_str().unwrap().to_owned()
            })
            .collect();
        ran.sort();
        ran
    }

    fn roots(&self) -> Roots {
        let root = self.project();
        Roots::open(&Files { roots: vec![root.clone()], ..Files::default() }, &root, None).unwrap()
    }

    async fn open_at(&self, path: &Path, variables: &[(&str, &str)]) -> Result<Repository, RepositoryError> {
        let variables = [("PATH", "/usr/local/bin:/usr/bin:/bin")].iter().chain(variables).copied();
        let path = path.to_str().unwrap();
        Repository::open(path, &self.roots(), &variables.collect(), &Children::default()).await
    }

    async fn open(&self) -> Repository {
        self.open_at(&self.project(), &[]).await.unwrap()
    }
}

fn entries(status: &Status) -> Vec<String> {
    status.entries.iter().map(|entry| format!("{}{} {}", entry.staged, entry.unstaged, entry.path)).collect()
}

#[tokio::test]
async fn changes_are_told_as_git_sees_them_and_secrets_are_withheld() {
    let place = Place::new();
    place.write("kept.txt", "one\ntwo\n");
    place.write("added.txt", "staged\n");
    place.write(".env", "KEY=very-secret\n");
    place.git(&["rm", "-q", "gone.txt"]);
    place.git(&["add", "added.txt", ".env"]);
    place.write("new folder/ünt.txt", "untracked\n");
    place.write(".env.local", "KEY=other-secret\n");

    let repository = place.open().await;
    let status = repository.status().await.unwrap();
    assert_eq!(status.branch, "main");
    assert_eq!(
        entries(&status),
        ["M  .env", "A  added.txt", "D  gone.txt", " M kept.txt", "?? .env.local", "?? new folder/"]
    );
    let staged = repository.diff(&Against::Staged, MAX_DIFF).await.unwrap();
    assert_eq!((staged.files.join(" "), staged.withheld.join(" ")), ("added.txt gone.txt".into(), ".env".into()));
    assert!(staged.text.contains("+staged") && staged.text.contains("-old") && !staged.text.contains("secret"));
    let unstaged = repository.diff(&Against::Unstaged, MAX_DIFF).await.unwrap();
    assert!(unstaged.text.contains("+++ b/kept.txt") && unstaged.text.contains("+two"), "{}", unstaged.text);
    assert_eq!(unstaged.files, ["kept.txt"]);

    place.git(&["add", "-A"]);
    place.commit("second");
    let all = place.open().await.diff(&Against::Reference("HEAD~1".into()), MAX_DIFF).await.unwrap();
    assert!(all.text.contains("+two") && all.text.contains("+staged") && !all.text.contains("secret"), "{}", all.text);
    assert_eq!(all.withheld, [".env", ".env.local"]);
}

#[tokio::test]
async fn a_long_diff_is_cut_at_a_line_and_says_so() {
    let place = Place::new();
    place.write("kept.txt", &"another line\n".repeat(10_000));
    let diff = place.open().await.diff(&Against::Unstaged, 5_000).await.unwrap();
    assert!(diff.is_cut && diff.text.len() <= 5_000 && diff.text.ends_with("+another line\n"));
    assert_eq!(diff.files, ["kept.txt"]);
}

#[tokio::test]
async fn a_repository_without_a_commit_and_a_folder_without_a_repository_are_told_apart() {
    let place = Place { dir: tempfile::tempdir().unwrap() };
    fs::create_dir(place.project()).unwrap();
    let error = place.open_at(&place.project(), &[]).await.unwrap_err();
    assert!(matches!(error, RepositoryError::NotARepository { .. }), "{error}");
    place.git(&["init", "-q", "-b", "main"]);
    place.write("first.txt", "hello\n");
    place.git(&["add", "-A"]);
    let diff = place.open().await.diff(&Against::Staged, MAX_DIFF).await.unwrap();
    assert!(diff.text.contains("+hello"));
    let error = place.open_at(place.dir.path(), &[]).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Place { refusal: Refusal::OutsideRoots, .. }), "{error}");
}

#[tokio::test]
async fn a_reference_is_never_an_option_a_path_or_a_command() {
    let place = Place::new();
    let repository = place.open().await;
    let mark = place.dir.path().join("mark");
    for hostile in [
        format!("--output={}", mark.display()),
        "--upload-pack=touch mark".to_owned(),
        format!("$(touch {})", mark.display()),
        format!("main;touch {}", mark.display()),
        "main\n--output=mark".to_owned(),
        "HEAD:.env".to_owned(),
        "main..main".to_owned(),
        "-".to_owned(),
        String::new(),
        "no-such-branch".to_owned(),
    ] {
        let error = repository.diff(&Against::Reference(hostile.clone()), MAX_DIFF).await.unwrap_err();
        assert!(matches!(error, RepositoryError::NoReference(_)), "{hostile}: {error}");
    }
    assert!(!mark.exists() && !place.project().join("mark").exists());
    // A file cannot be named so that git takes it for something else.
    place.write("--output=mark", "text\n");
    place.write(":(top)x.pem", "secret\n");
    place.git(&["add", "-A"]);
    let diff = repository.diff(&Against::Staged, MAX_DIFF).await.unwrap();
    assert_eq!(diff.withheld, [":(top)x.pem"]);
    assert!(diff.text.contains("--output=mark") && !diff.text.contains("secret"), "{}", diff.text);
}

/// T4: what a repository may plant, with the git command that would run it.
#[tokio::test]
async fn t4_a_hostile_repository_runs_nothing() {
    let place = Place::new();
    let config = |key: &str, value: &str| place.git(&["config", key, value]);
    place.write(".gitattributes", "*.txt filter=evil diff=evil\n*.dat filter=odd=na.me diff=evil2\n");
    place.write("data.dat", "one\n");
    place.git(&["add", "-A"]);
    place.commit("attributes");
    config("core.fsmonitor", &place.canary("fsmonitor"));
    config("core.pager", &place.canary("pager"));
    config("pager.diff", &place.canary("pager-diff"));
    config("core.editor", &place.canary("editor"));
    config("core.sshCommand", &place.canary("ssh"));
    config("credential.helper", &place.canary("credential"));
    config("diff.external", &place.canary("external"));
    config("diff.evil.command", &place.canary("driver"));
    config("diff.evil2.textconv", &place.canary("textconv"));
    config("filter.evil.clean", &place.canary("clean"));
    config("filter.evil.smudge", &place.canary("smudge"));
    config("filter.evil.required", "true");
    config("filter.odd=na.me.clean", &place.canary("odd"));
    config("alias.status", &format!("!{}", place.canary("alias")));
    let hooks = place.dir.path().join("hooks");
    fs::create_dir(&hooks).unwrap();
    for hook in ["post-index-change", "pre-commit", "fsmonitor-watchman"] {
        symlink(place.canary(hook), hooks.join(hook)).unwrap();
    }
    config("core.hooksPath", hooks.to_str().unwrap());
    place.write("kept.txt", "changed\n");
    place.write("data.dat", "changed\n");

    // Plain git runs them, so that their silence below means something.
    place.plain(&["status"]);
    place.plain(&["diff"]);
    place.plain(&["diff", "--no-ext-diff"]);
    let ran = place.ran();
    for name in ["fsmonitor", "external", "textconv", "clean", "odd", "post-index-change"] {
        assert!(
            ran.iter().any(|one| one == name) || name == "external" && ran.iter().any(|one| one == "driver"),
            "{ran:?}"
        );
    }
    // So that git has to look at the files again.
    place.write("kept.txt", "changed again\n");
    place.write("data.dat", "changed again\n");

    let external = place.canary("variable");
    let variables = [
        ("GIT_EXTERNAL_DIFF", external.as_str()),
        ("GIT_SSH_COMMAND", external.as_str()),
        ("GIT_PAGER", external.as_str()),
        ("GIT_DIR", "/nowhere"),
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "core.fsmonitor"),
        ("GIT_CONFIG_VALUE_0", external.as_str()),
    ];
    let repository = place.open_at(&place.project(), &variables).await.unwrap();
    let status = repository.status().await.unwrap();
    assert_eq!(entries(&status), [" M data.dat", " M kept.txt"]);
    let mut diffs = Vec::new();
    for against in [Against::Staged, Against::Unstaged, Against::Reference("HEAD".into())] {
        diffs.push(repository.diff(&against, MAX_DIFF).await.unwrap());
    }
    assert!(diffs[1].text.contains("+changed again") && diffs[2].text.contains("+changed again"));
    assert_eq!(place.ran(), Vec::<String>::new());
}

/// T4: missing objects are fetched from nowhere, whatever the repository says of its remotes.
#[tokio::test]
async fn t4_a_partial_clone_fetches_nothing() {
    let place = Place::new();
    let blob = place.plain(&["rev-parse", "HEAD:gone.txt"]).stdout;
    let blob = String::from_utf8(blob).unwrap().trim().to_owned();
    place.write("gone.txt", "new\n");
    let remote = place.canary("ext");
    // It says nothing and does not wait to be told anything.
    let silent = fs::read_to_string(&remote).unwrap().replace("cat", "true");
    fs::write(&remote, silent).unwrap();
    for (key, value) in [
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "evil"),
        ("remote.evil.promisor", "true"),
        ("remote.evil.url", &format!("ext::{remote}")),
        ("protocol.ext.allow", "always"),
    ] {
        place.git(&["config", key, value]);
    }
    fs::remove_file(place.project().join(format!(".git/objects/{}/{}", &blob[..2], &blob[2..]))).unwrap();
    place.plain(&["diff"]);
    assert_eq!(place.ran(), ["ext"], "plain git asks the remote");
    let error = place.open().await.diff(&Against::Unstaged, MAX_DIFF).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Git(_)), "{error}");
    assert_eq!(place.ran(), Vec::<String>::new());
}

/// T4: a submodule has a configuration of its own.
#[tokio::test]
async fn t4_a_submodule_is_not_entered() {
    let place = Place::new();
    let inner = place.project().join("inner");
    fs::create_dir(&inner).unwrap();
    place.git(&["-C", "inner", "init", "-q", "-b", "main"]);
    place.write("inner/file", "one\n");
    place.git(&["-C", "inner", "add", "-A"]);
    place.git(&["-C", "inner", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "-m", "inner"]);
    place.git(&["add", "inner"]);
    place.commit("submodule");
    place.git(&["-C", "inner", "config", "core.fsmonitor", &place.canary("inner")]);
    place.plain(&["status"]);
    assert_eq!(place.ran(), ["inner"], "plain git looks into it");
    let repository = place.open().await;
    repository.status().await.unwrap();
    repository.diff(&Against::Unstaged, MAX_DIFF).await.unwrap();
    assert_eq!(place.ran(), Vec::<String>::new());
}

#[tokio::test]
async fn a_repository_cannot_make_other_folders_its_own() {
    let other = Place::new();
    other.write("kept.txt", "private\n");
    let by_tree = Place::new();
    by_tree.git(&["config", "core.worktree", other.project().to_str().unwrap()]);
    let by_file = Place { dir: tempfile::tempdir().unwrap() };
    fs::create_dir(by_file.project()).unwrap();
    by_file.write(".git", &format!("gitdir: {}\n", other.project().join(".git").display()));
    let by_link = Place { dir: tempfile::tempdir().unwrap() };
    fs::create_dir(by_link.project()).unwrap();
    symlink(other.project().join(".git"), by_link.project().join(".git")).unwrap();
    let by_common = Place::new();
    by_common.write(".git/commondir", other.project().join(".git").to_str().unwrap());
    for (how, place) in [("tree", by_tree), ("file", by_file), ("link", by_link), ("common", by_common)] {
        let error = place.open_at(&place.project(), &[]).await.unwrap_err();
        assert!(matches!(error, RepositoryError::Elsewhere { .. }), "{how}: {error}");
    }
}

#[tokio::test]
async fn git_is_not_taken_from_the_project() {
    let place = Place::new();
    let bin = place.project().join("bin");
    fs::create_dir(&bin).unwrap();
    fs::copy(place.canary("git"), bin.join("git")).unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display());
    let environment = [("PATH", path.as_str())].into_iter().collect();
    let path = place.project();
    let path = path.to_str().unwrap();
    Repository::open(path, &place.roots(), &environment, &Children::default()).await.unwrap().status().await.unwrap();
    assert_eq!(place.ran(), Vec::<String>::new());
}
