//! The program in a pseudo-terminal: how soon it shows something, how soon it answers a key, and what it does while nothing
//! happens.

use std::error::Error;
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use zen::clock::Clock;

use crate::figures::samples::Samples;
use crate::figures::table::Figure;

const STARTS: usize = 15;
const KEYS: usize = 200;
const BURST: usize = 2_000;
const IDLE: Duration = Duration::from_secs(10);
/// After which nothing more of a burst is on its way.
const QUIET: Duration = Duration::from_millis(500);
/// Ends every frame.
const FRAME_END: &[u8] = b"\x1b[?2026l";

pub fn figures() -> Result<Vec<Figure>, Box<dyn Error>> {
    let mut first = Samples::default();
    for _ in 0..STARTS {
        let home = tempfile::tempdir()?;
        let shown = first.time(|| Shown::open(home.path()).and_then(|shown| shown.frame().map(|_| shown)))?;
        drop(shown);
    }
    let mut figures = vec![Figure::at_most("start to the first frame, median", first.median(), 50.0, "ms")];

    let home = tempfile::tempdir()?;
    let mut shown = Shown::open(home.path())?;
    shown.until_quiet();
    let mut keys = Samples::default();
    for at in 0..KEYS {
        keys.time(|| shown.press(if at % 2 == 0 { "5" } else { "2" }))?;
        shown.until_quiet_for(Duration::from_millis(20));
    }
    figures.push(Figure::at_most("a key to its first byte, p50", keys.median(), 2.0, "ms"));
    figures.push(Figure::at_most("a key to its first byte, p95", keys.percentile(95), 5.0, "ms"));

    shown.send(&"52".repeat(BURST / 2))?;
    let frames = shown.until_quiet().windows(FRAME_END.len()).filter(|window| *window == FRAME_END).count();
    figures.push(Figure::at_most(format!("frames for a burst of {BURST} keys"), frames as f64, 10.0, ""));
    figures.extend(shown.idle()?);
    Ok(figures)
}

/// A running face. Dropping it kills it.
struct Shown {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    bytes: Receiver<Vec<u8>>,
    _master: Box<dyn MasterPty + Send>,
}

impl Shown {
    fn open(home: &std::path::Path) -> Result<Self, Box<dyn Error>> {
        let pty = native_pty_system().openpty(PtySize { rows: 30, cols: 100, pixel_width: 0, pixel_height: 0 })?;
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_zen"));
        command.arg("tui");
        command.cwd(home);
        command.env_clear();
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("COLORFGBG", "15;0")] {
            command.env(name, value);
        }
        command.env("HOME", home);
        command.env("XDG_RUNTIME_DIR", home);
        let child = pty.slave.spawn_command(command)?;
        drop(pty.slave);
        let mut output = pty.master.try_clone_reader()?;
        let (sender, bytes) = sync_channel(1_024);
        thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let keys = pty.master.take_writer()?;
        Ok(Self { child, keys, bytes, _master: pty.master })
    }

    /// Waits for a whole frame.
    fn frame(&self) -> Result<(), Box<dyn Error>> {
        let mut seen = Vec::new();
        while !seen.windows(FRAME_END.len()).any(|window| window == FRAME_END) {
            seen.extend(self.bytes.recv_timeout(Duration::from_secs(10))?);
        }
        Ok(())
    }

    fn send(&mut self, keys: &str) -> std::io::Result<()> {
        self.keys.write_all(keys.as_bytes())?;
        self.keys.flush()
    }

    /// Presses a key and waits for the first byte of what it changes.
    fn press(&mut self, key: &str) -> Result<(), Box<dyn Error>> {
        self.send(key)?;
        self.bytes.recv_timeout(Duration::from_secs(10))?;
        Ok(())
    }

    fn until_quiet(&self) -> Vec<u8> {
        self.until_quiet_for(QUIET)
    }

    fn until_quiet_for(&self, quiet: Duration) -> Vec<u8> {
        let mut seen = Vec::new();
        while let Ok(bytes) = self.bytes.recv_timeout(quiet) {
            seen.extend(bytes);
        }
        seen
    }

    /// What it does while nothing happens: processor time, wake-ups and writes, from `/proc`.
    fn idle(&self) -> Result<Vec<Figure>, Box<dyn Error>> {
        let pid = self.child.process_id().ok_or("it has no id")?;
        let clock = Clock::system();
        let (before, at) = (Counted::of(pid)?, clock.now());
        thread::sleep(IDLE);
        let (after, seconds) = (Counted::of(pid)?, clock.elapsed(at).as_secs_f64());
        let busy = (after.nanos - before.nanos) as f64 / 1e9 / seconds * 100.0;
        let rate = |after: u64, before: u64| (after - before) as f64 / seconds;
        Ok(vec![
            Figure::at_most("idle: processor", busy, 0.1, "%"),
            Figure::at_most("idle: wake-ups a second", rate(after.switches, before.switches), 5.0, ""),
            Figure::at_most("idle: writes a second", rate(after.writes, before.writes), 1.0, ""),
            Figure::at_most("resident, without a thread", after.resident_kib as f64 / 1_024.0, 30.0, "MiB"),
        ])
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the kernel counted of all threads of a process.
struct Counted {
    nanos: u64,
    switches: u64,
    writes: u64,
    resident_kib: u64,
}

impl Counted {
    fn of(pid: u32) -> Result<Self, Box<dyn Error>> {
        let (mut nanos, mut switches) = (0, 0);
        for task in std::fs::read_dir(format!("/proc/{pid}/task"))? {
            let task = task?.path();
            let stat = std::fs::read_to_string(task.join("schedstat"))?;
            nanos += stat.split(' ').next().unwrap_or_default().parse::<u64>()?;
            let status = std::fs::read_to_string(task.join("status"))?;
            switches += field(&status, "voluntary_ctxt_switches:")?;
        }
        let io = std::fs::read_to_string(format!("/proc/{pid}/io"))?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        Ok(Self { nanos, switches, writes: field(&io, "syscw:")?, resident_kib: field(&status, "VmRSS:")? })
    }
}

fn field(text: &str, name: &str) -> Result<u64, Box<dyn Error>> {
    let line = text.lines().find(|line| line.starts_with(name)).ok_or("a field is missing")?;
    Ok(line.split_whitespace().nth(1).unwrap_or_default().parse()?)
}
