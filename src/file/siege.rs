//! What a hostile path or a hostile project may try, and that nothing from outside a root ever comes back.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

use super::read::gather;
use super::{Refusal, Roots};
use crate::config;

const CANARY: &str = "this stands outside of the root, or is a secret";
const INSIDE: &str = "this stands inside of the root";

/// A root `proj` with everything around it that must not come in.
struct Siege {
    base: TempDir,
    roots: Roots,
    limits: config::Files,
}

impl Siege {
    fn new() -> Self {
        let base = tempfile::tempdir().unwrap();
        let at = |name: &str| base.path().join(name);
        for folder in ["proj/sub/deep", "proj-evil", "outside/dir", "home"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        for file in ["secret.txt", "proj-evil/secret.txt", "outside/secret.txt", "outside/dir/b.rs", "home/x.txt"] {
            fs::write(at(file), CANARY).unwrap();
        }
        for file in ["proj/a.rs", "proj/sub/b.rs", "proj/sub/deep/c.rs"] {
            fs::write(at(file), INSIDE).unwrap();
        }
        for file in ["proj/.env", "proj/server.pem"] {
            fs::write(at(file), CANARY).unwrap();
        }
        let absolute = |name: &str| at(name).canonicalize().unwrap();
        symlink("../outside/secret.txt", at("proj/out_file")).unwrap();
        symlink(absolute("outside/secret.txt"), at("proj/out_absolute")).unwrap();
        symlink("../outside", at("proj/out_dir")).unwrap();
        symlink("..", at("proj/up")).unwrap();
        symlink("out_dir/secret.txt", at("proj/out_twice")).unwrap();
        symlink("/proc/self/root", at("proj/magic")).unwrap();
        symlink("/dev/zero", at("proj/zero")).unwrap();
        symlink("sub/b.rs", at("proj/in_file")).unwrap();
        symlink("sub", at("proj/in_dir")).unwrap();
        symlink(absolute("proj/a.rs"), at("proj/in_absolute")).unwrap();
        symlink("loop_b", at("proj/loop_a")).unwrap();
        symlink("loop_a", at("proj/loop_b")).unwrap();
        symlink(".env", at("proj/innocent.txt")).unwrap();
        symlink("proj", at("alias")).unwrap();
        let limits = config::Files::default();
        let roots = Roots::open(&limits, &at("proj"), Some(&at("home"))).unwrap();
        Self { base, roots, limits }
    }

    fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.base.path().display())
    }

    /// What came of one spelling, after having seen that it brought nothing from outside.
    fn read(&self, path: &str) -> Result<Vec<PathBuf>, Refusal> {
        let mut gathered = gather(&self.roots, &[path.to_owned()], &self.limits);
        for file in &gathered.files {
            assert_eq!(&*file.text, INSIDE, "{path} brought {}", file.path.display());
        }
        match gathered.refused.pop() {
            Some((_, refusal)) if gathered.files.is_empty() => Err(refusal),
            _ => Ok(gathered.files.into_iter().map(|file| file.path).collect()),
        }
    }
}

#[test]
fn t1_paths_that_lead_out_bring_nothing() {
    let siege = Siege::new();
    let long = format!("proj/{}../outside/secret.txt", "sub/../".repeat(300));
    let names = [
        "",
        "secret.txt",
        "outside",
        "outside/secret.txt",
        "proj-evil",
        "proj-evil/secret.txt",
        "proj/../secret.txt",
        "proj/../proj-evil/secret.txt",
        "proj/..",
        "proj/../",
        "proj/./../secret.txt",
        "proj//..//secret.txt",
        "proj/sub/../../secret.txt",
        "proj/sub/deep/../../../secret.txt",
        "proj/sub/../sub/../../outside/secret.txt",
        "proj/../../../../../../../../../../etc/passwd",
        "proj/../../../../../../../../../../../../../../etc/hostname",
        "proj/out_file",
        "proj/out_file/",
        "proj/out_absolute",
        "proj/out_twice",
        "proj/out_dir",
        "proj/out_dir/",
        "proj/out_dir/secret.txt",
        "proj/out_dir/dir",
        "proj/out_dir/dir/b.rs",
        "proj/out_dir/./secret.txt",
        "proj/out_dir/dir/../secret.txt",
        "proj/out_dir/no/such/file",
        "proj/up",
        "proj/up/secret.txt",
        "proj/up/outside/secret.txt",
        "proj/up/proj-evil/secret.txt",
        "proj/in_dir/../out_file",
        "proj/in_dir/../../secret.txt",
        "proj/magic/etc/passwd",
        "proj/magic",
        "proj/zero",
        "alias/../secret.txt",
        "alias/out_file",
        "alias/out_dir/secret.txt",
        "home/x.txt",
        &long,
    ];
    for name in names {
        assert_eq!(siege.read(&siege.at(name)), Err(Refusal::OutsideRoots), "{name}");
    }
}

#[test]
fn t1_paths_elsewhere_on_the_disk_bring_nothing() {
    let siege = Siege::new();
    let through_proc = ["/proc/self/root", "/proc/self/cwd/../../../../..", "/proc/thread-self/root"]
        .map(|proc| format!("{proc}{}", siege.at("secret.txt")));
    let fixed = ["/", "//", "/.", "/..", "/etc/passwd", "//etc/passwd", "/etc/../etc/shadow", "/proc/self/environ"];
    let more =
        ["/dev/zero", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0", "/no/such/file", "~", "~/x.txt", "~/../secret.txt"];
    for path in fixed.into_iter().chain(more).chain(through_proc.iter().map(String::as_str)) {
        assert_eq!(siege.read(path), Err(Refusal::OutsideRoots), "{path}");
    }
}

#[test]
fn what_is_no_absolute_path_is_refused_as_such() {
    let siege = Siege::new();
    for path in [
        "",
        " ",
        ".",
        "..",
        "a.rs",
        "./a.rs",
        "../secret.txt",
        "proj/a.rs",
        "~other/x.txt",
        "$HOME/x.txt",
        "file:///etc/passwd",
        "C:\\Windows\\win.ini",
        "\\\\server\\share",
        "%2fetc%2fpasswd",
    ] {
        assert_eq!(siege.read(path), Err(Refusal::NotAbsolute), "{path}");
    }
    for name in ["proj/a.rs\0", "proj/\0/../a.rs", "secret.txt\0.rs"] {
        assert_eq!(siege.read(&siege.at(name)), Err(Refusal::Malformed), "{name:?}");
    }
}

#[test]
fn spellings_that_stay_inside_are_read() {
    let siege = Siege::new();
    for name in [
        "proj/a.rs",
        "proj//a.rs",
        "proj/./a.rs",
        "proj/sub/../a.rs",
        "proj/sub/deep/../../a.rs",
        "./proj/a.rs",
        "outside/../proj/a.rs",
        "no/such/../../proj/a.rs",
        "proj/../proj/a.rs",
        "proj/in_file",
        "proj/in_dir/b.rs",
        "proj/in_dir/deep/c.rs",
        "proj/in_absolute",
        "proj/up/proj/a.rs",
        "alias/a.rs",
        "alias/in_dir/b.rs",
    ] {
        assert_eq!(siege.read(&siege.at(name)).map(|files| files.len()), Ok(1), "{name}");
    }
    let walked = siege.read(&siege.at("proj")).unwrap();
    assert_eq!(walked.len(), 3, "{walked:?}");
    assert_eq!(siege.read(&siege.at("proj/in_dir")).unwrap().len(), 2);
}

#[test]
fn names_that_only_look_like_a_way_out_are_missing() {
    let siege = Siege::new();
    for name in [
        "proj/%2e%2e/secret.txt",
        "proj/..%2fsecret.txt",
        "proj/...",
        "proj/..\\secret.txt",
        "proj/out_dir/../secret.txt",
        "proj/ ../a",
        "proj/~",
    ] {
        assert_eq!(siege.read(&siege.at(name)), Err(Refusal::Missing), "{name}");
    }
    assert!(matches!(siege.read(&siege.at("proj/loop_a")), Err(Refusal::Unreadable(_))));
    for length in [300, 5_000] {
        let name = format!("proj/{}", "x".repeat(length));
        assert!(matches!(siege.read(&siege.at(&name)), Err(Refusal::Unreadable(_))), "{length}");
    }
}

#[test]
fn t3_secrets_inside_are_withheld_under_any_name() {
    let siege = Siege::new();
    for name in
        ["proj/.env", "proj/sub/../.env", "alias/.env", "proj/innocent.txt", "proj/server.pem", "proj/.env.none"]
    {
        assert_eq!(siege.read(&siege.at(name)), Err(Refusal::Secret), "{name}");
    }
    assert_eq!(siege.read("/no/such/.env"), Err(Refusal::OutsideRoots));
}

#[test]
fn without_a_root_every_path_is_told_how_to_open_one() {
    let limits = config::Files::default();
    let roots = Roots::open(&limits, Path::new("/"), None).unwrap();
    let gathered = gather(&roots, &["/etc/passwd".to_owned()], &limits);
    assert!(gathered.files.is_empty());
    assert!(gathered.refused[0].1.to_string().contains("--root DIR"), "{}", gathered.refused[0].1);
}

#[test]
fn t2_a_fifo_and_a_socket_are_refused_without_waiting() {
    let siege = Siege::new();
    mknodat(CWD, siege.at("proj/fifo.txt"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(siege.at("proj/socket.txt")).unwrap();
    assert_eq!(siege.read(&siege.at("proj/fifo.txt")), Err(Refusal::NotAFile));
    assert_eq!(siege.read(&siege.at("proj/socket.txt")), Err(Refusal::NotAFile));
    assert_eq!(siege.read(&siege.at("proj")).unwrap().len(), 3);
}

#[test]
fn t2_a_device_is_refused_inside_a_root_too() {
    let limits = config::Files { roots: vec!["/dev".into()], ..config::Files::default() };
    let roots = Roots::open(&limits, Path::new("/"), None).unwrap();
    for path in ["/dev/zero", "/dev/null", "/dev/tty"] {
        let gathered = gather(&roots, &[path.to_owned()], &limits);
        assert!(gathered.files.is_empty());
        assert!(matches!(gathered.refused[0].1, Refusal::NotAFile | Refusal::Missing), "{:?}", gathered.refused);
    }
}

#[test]
fn a_link_from_one_root_into_another_is_followed() {
    let siege = Siege::new();
    let limits =
        config::Files { roots: vec![siege.at("proj").into(), siege.at("outside").into()], ..siege.limits.clone() };
    let roots = Roots::open(&limits, siege.base.path(), None).unwrap();
    let gathered = gather(&roots, &[siege.at("proj/out_file")], &limits);
    assert_eq!(gathered.files.len(), 1);
}

#[test]
fn t2_a_name_that_flips_to_a_link_outside_never_brings_what_is_there() {
    flip_to("../outside/secret.txt", 20_000);
}

#[test]
fn t2_a_name_that_flips_to_a_link_to_a_secret_never_brings_it() {
    flip_to(".env", 5_000);
}

/// How many times the planned reads are made, at the most, to see the file at all.
const PATIENCE: usize = 100;

/// Reads a name while another thread replaces it, now with a file, now with a link to `target`.
fn flip_to(target: &str, reads: usize) {
    let siege = Siege::new();
    let done = AtomicBool::new(false);
    let (name, file, link) = (siege.at("proj/flip.txt"), siege.at("proj/flip_file"), siege.at("proj/flip_link"));
    let (mut read, mut leaked) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                fs::write(&file, INSIDE).unwrap();
                fs::rename(&file, &name).unwrap();
                symlink(target, &link).unwrap();
                fs::rename(&link, &name).unwrap();
            }
        });
        // The other thread may be late or slow: go on until the file was seen, but not for ever.
        for attempt in 0..reads * PATIENCE {
            if attempt >= reads && read > 0 {
                break;
            }
            let gathered = gather(&siege.roots, std::slice::from_ref(&name), &siege.limits);
            read += gathered.files.len();
            leaked += gathered.files.iter().filter(|file| &*file.text == CANARY).count();
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(leaked, 0);
    assert!(read > 0, "the file was never seen, so nothing was shown");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn t1_no_path_panics_or_reads_outside(
        start in prop::sample::select(vec!["", "/", "~", "BASE", "BASE/proj", "BASE/alias", "/proc/self/root/BASE"]),
        parts in prop::collection::vec(
            prop_oneof![
                4 => prop::sample::select(vec![
                    "..", ".", "", "proj", "proj-evil", "sub", "deep", "a.rs", "outside", "secret.txt", "out_dir", "out_file",
                    "up", "in_dir", "magic", "etc", "passwd", "%2e%2e",
                ]).prop_map(str::to_owned),
                1 => any::<String>(),
            ],
            0..8,
        ),
    ) {
        thread_local! {
            static SIEGE: Siege = Siege::new();
        }
        SIEGE.with(|siege| {
            let base = siege.base.path().display().to_string();
            let path = format!("{}/{}", start.replace("BASE", &base), parts.join("/"));
            let _ = siege.read(&path);
        });
    }
}
