//! Names under which secrets are kept. A file of such a name is withheld inside a root too; what a file of another name
//! holds is not looked at here.

use std::path::Path;

/// Names of files, with at most one `*` each. Letter case does not matter.
const FILES: &[&str] = &[
    ".env*",
    "*.env",
    "*.pem",
    "*.key",
    "*.p8",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "*.ppk",
    "*.tfstate",
    "*.tfstate.backup",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    ".netrc",
    "_netrc",
    ".pgpass",
    ".my.cnf",
    ".htpasswd",
    ".npmrc",
    ".pypirc",
    ".git-credentials",
    ".vault-token",
    ".dockercfg",
    "credentials",
    "credentials.json",
    "credentials.toml",
    "credentials.yaml",
    "credentials.yml",
    "credentials.ini",
    "credentials.xml",
    "credentials.csv",
    "application_default_credentials.json",
    "service-account*.json",
    "client_secret*.json",
    "secrets.json",
    "secrets.toml",
    "secrets.yaml",
    "secrets.yml",
];

/// Folders all of whose files are withheld.
const FOLDERS: &[&str] = &[".ssh", ".aws", ".azure", ".gnupg", ".gcloud", ".password-store", "keychains"];

/// Files that are withheld in a folder of this name only.
const IN_FOLDER: &[(&str, &str)] = &[
    (".git", "config"),
    (".docker", "config.json"),
    (".kube", "config"),
    ("gh", "hosts.yml"),
    ("gcloud", "*.db"),
    ("gcloud", "*.json"),
];

/// Whether a file of this path, or a file in one of its folders, is of the kind that holds secrets.
pub fn is_withheld(path: &Path) -> bool {
    let names: Vec<String> = path.iter().map(|name| name.to_string_lossy().to_ascii_lowercase()).collect();
    let Some(last) = names.last() else { return false };
    names.iter().any(|name| FOLDERS.contains(&name.as_str()))
        || FILES.iter().any(|pattern| matches(pattern, last))
        || names.windows(2).next_back().is_some_and(|pair| {
            IN_FOLDER.iter().any(|(folder, pattern)| pair[0] == *folder && matches(pattern, &pair[1]))
        })
}

/// Whether `name` is `pattern`, whose one `*`, if it has one, stands for any run of characters.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => {
            name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_hold_secrets_are_withheld() {
        for path in [
            "/p/.env",
            "/p/.env.local",
            "/p/.ENV.Production",
            "/p/.envrc",
            "/p/prod.env",
            "/p/server.pem",
            "/p/Server.KEY",
            "/p/id_rsa",
            "/p/id_rsa.pub",
            "/p/id_ed25519",
            "/p/id_ed25519_work",
            "/p/.git/config",
            "/p/sub/.git/config",
            "/p/.aws/credentials",
            "/p/.aws/config",
            "/p/.ssh/known_hosts",
            "/p/.ssh",
            "/p/.netrc",
            "/p/credentials",
            "/p/credentials.json",
            "/p/.kube/config",
            "/p/.docker/config.json",
            "/p/.npmrc",
            "/p/secrets.yaml",
            "/p/terraform.tfstate",
            "/p/service-account-prod.json",
        ] {
            assert!(is_withheld(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn names_of_source_code_are_not() {
        for path in [
            "/p/environment.rs",
            "/p/env.rs",
            "/p/src/credentials.rs",
            "/p/secret.rs",
            "/p/secrets.rs",
            "/p/keys.md",
            "/p/monkey",
            "/p/config",
            "/p/.github/workflows/ci.yml",
            "/p/.git/HEAD",
            "/p/.gitignore",
            "/p/id.rs",
            "/",
        ] {
            assert!(!is_withheld(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn a_star_stands_for_any_run_and_not_for_an_overlap() {
        assert!(matches("*.pem", ".pem"));
        assert!(matches("a*a", "aba"));
        assert!(!matches("a*a", "a"));
    }
}
