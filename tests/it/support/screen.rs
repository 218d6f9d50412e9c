//! A terminal with a person before it: runs a command under a shell in a pseudo-terminal, keeps what the screen shows,
//! and waits for it to show what a test expects. Nothing here sleeps or polls: every wait ends with the bytes that end it.
#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on, its helpers included")]

use std::fmt::Debug;
use std::io::{Read, Write};
use std::num::NonZero;
use std::ops::{Deref, DerefMut};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, waitpid};
use vt100::MouseProtocolMode;

use super::frames::Reel;
use super::{PATIENCE, canary};

/// Stands on the screen before the command starts.
pub const BEFORE: &str = "stood here before";
/// Stands before the exit code, once the command has ended.
const AFTER: &str = "the shell is back: ";
/// The shell stays, as a person's does: the kernel would reset a terminal whose session has ended. Signals are meant for
/// the command.
const SHELL: &str =
    r#"trap : INT TERM USR1 USR2; printf '%s\n' "$0"; "$@"; printf '\n%s%s.\n' "$AFTER" "$?"; read -r _"#;

/// A command in a terminal of its own. Dropping it kills the command.
pub struct Screen {
    shared: Arc<Shared>,
    /// None once the terminal is closed.
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Box<dyn Write + Send>,
    shell: Box<dyn Child + Send + Sync>,
    before: Modes,
}

struct Shared {
    seen: Mutex<Seen>,
    changed: Condvar,
}

struct Seen {
    terminal: vt100::Parser<Oddities>,
    raw: Vec<u8>,
    reel: Reel,
    /// The terminal is to be let go of.
    closing: bool,
    /// Nothing more is read from it.
    closed: bool,
}

/// Everything about a terminal that a program may change for those that come after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Modes {
    pub alternate_screen: bool,
    pub cursor_hidden: bool,
    pub bracketed_paste: bool,
    pub mouse: bool,
    pub application_keys: bool,
    /// Neither colour nor weight is left switched on.
    pub plain: bool,
    /// What the kernel does with keys and lines, in full.
    pub line_discipline: String,
}

impl Screen {
    /// Runs the command, with nothing in its environment but what it names, a kind of terminal that says its colours, and
    /// a language.
    pub fn open(command: &Command, (width, height): (u16, u16)) -> Self {
        let pty = native_pty_system().openpty(size(width, height)).unwrap();
        let mut shell = CommandBuilder::new("/bin/sh");
        shell.args(["-c", SHELL, BEFORE]);
        shell.arg(command.get_program());
        shell.args(command.get_args());
        shell.env_clear();
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("AFTER", AFTER), ("COLORFGBG", "15;0")]
        {
            shell.env(name, value);
        }
        for (name, value) in command.get_envs() {
            shell.env(name, value.unwrap());
        }
        if let Some(folder) = command.get_current_dir() {
            shell.cwd(folder);
        }

        let (rows, columns) = cells(width, height);
        let terminal = vt100::Parser::new_with_callbacks(rows, columns, 0, Oddities::default());
        let seen = Mutex::new(Seen { terminal, raw: Vec::new(), reel: Reel::default(), closing: false, closed: false });
        let shared = Arc::new(Shared { seen, changed: Condvar::new() });
        let before = modes(&shared.lock(), &*pty.master);
        let shell = pty.slave.spawn_command(shell).unwrap();
        let output = pty.master.try_clone_reader().unwrap();
        let keys = pty.master.take_writer().unwrap();
        thread::spawn({
            let shared = shared.clone();
            move || shared.fill(output)
        });
        Self { shared, master: Some(pty.master), keys, shell, before }
    }

    /// Waits until the screen shows what is expected; returns what it shows then. Half a frame is never looked at.
    pub fn wait_for(&self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        let seen = self.shared.wait(|seen| seen.is_whole() && holds(&seen.text()));
        let (text, is_whole) = (seen.text(), seen.is_whole());
        drop(seen);
        canary::sweep("the screen", &text);
        assert!(is_whole && holds(&text), "waited in vain for {what}; the screen shows:\n{text}");
        text
    }

    /// Waits until the screen shows each of these.
    pub fn shows(&self, parts: &[&str]) -> String {
        self.wait_for(&format!("{parts:?}"), |text| parts.iter().all(|part| text.contains(part)))
    }

    /// Waits until the screen shows none of these.
    pub fn shows_no(&self, parts: &[&str]) -> String {
        self.wait_for(&format!("no {parts:?}"), |text| !parts.iter().any(|part| text.contains(part)))
    }

    /// Sends keys, as a terminal does.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Keeps what is shown from now on, frame by frame, or no longer.
    pub fn film(&self, on: bool) {
        let mut seen = self.shared.lock();
        seen.reel.run(on);
        seen.film();
    }

    /// What was kept.
    pub fn filmed(&self) -> impl DerefMut<Target = Reel> {
        Filmed(self.shared.lock())
    }

    /// Changes the size, as a person does by pulling at the window.
    pub fn resize(&mut self, width: u16, height: u16) {
        let (rows, columns) = cells(width, height);
        self.shared.lock().terminal.set_size(rows, columns);
        self.master().resize(size(width, height)).unwrap();
    }

    /// Sends a signal to the command.
    pub fn signal(&self, signal: Signal) {
        kill_process_group(self.session(), signal).unwrap();
    }

    /// Waits until the command has ended and all that it wrote is here; returns its exit code.
    pub fn ended(&self) -> u8 {
        let text = self.wait_for("the command to end", |text| code(text).is_some());
        code(&text).unwrap()
    }

    /// Waits until the command has ended, without a look at what it shows.
    pub fn ended_unswept(&self) {
        drop(self.shared.wait(|seen| code(&seen.text()).is_some()));
    }

    /// Waits until the command has left the screen and stopped, and its shell with it, as when it is suspended.
    pub fn stopped(&self) {
        self.wait_for("the screen to be left", |text| text.starts_with(BEFORE));
        waitpid(Some(self.session()), WaitOptions::UNTRACED).unwrap();
    }

    /// Closes the terminal, as a person does who closes the window.
    pub fn close(mut self) {
        // The thread that reads holds the terminal too: it lets go at the next bytes, which the resize provokes.
        self.shared.lock().closing = true;
        self.resize(90, 25);
        drop(self.shared.wait(|seen| seen.closed));
        self.keys = Box::new(std::io::sink());
        self.master = None;
        self.shell.wait().unwrap();
    }

    /// What the screen shows.
    pub fn text(&self) -> String {
        self.shared.lock().text()
    }

    /// Every byte so far.
    pub fn raw(&self) -> Vec<u8> {
        self.shared.lock().raw.clone()
    }

    /// How the terminal is set up.
    pub fn modes(&self) -> Modes {
        modes(&self.shared.lock(), self.master())
    }

    /// How it was set up before the command started.
    pub fn modes_before(&self) -> &Modes {
        &self.before
    }

    /// What the command asked of the terminal beyond drawing: titles, the clipboard, bells, answers.
    pub fn oddities(&self) -> Vec<String> {
        self.shared.lock().terminal.callbacks().odd.clone()
    }

    fn master(&self) -> &dyn MasterPty {
        &**self.master.as_ref().unwrap()
    }

    fn session(&self) -> Pid {
        Pid::from_raw(self.shell.process_id().unwrap().try_into().unwrap()).unwrap()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        canary::sweep("the screen", self.text());
        canary::sweep("the terminal", self.raw());
        if self.master.is_none() {
            return;
        }
        // The shell is reaped by the next line and not before, so its number is still its own.
        let _ = kill_process_group(self.session(), Signal::KILL);
        let _ = self.shell.wait();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    /// Takes in what is written to the terminal until nobody can write any more.
    fn fill(&self, mut output: impl Read) {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = output.read(&mut bytes) {
            let mut seen = self.lock();
            seen.raw.extend_from_slice(&bytes[..count]);
            seen.terminal.process(&bytes[..count]);
            seen.film();
            self.changed.notify_all();
            if seen.closing {
                break;
            }
        }
        drop(output);
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits until this holds, the terminal is closed or patience ends.
    fn wait(&self, holds: impl Fn(&Seen) -> bool) -> MutexGuard<'_, Seen> {
        let waits = |seen: &mut Seen| !seen.closed && !holds(seen);
        self.changed.wait_timeout_while(self.lock(), PATIENCE, waits).unwrap().0
    }
}

/// The reel of a screen, while nothing is added to it.
struct Filmed<'a>(MutexGuard<'a, Seen>);

impl Deref for Filmed<'_> {
    type Target = Reel;

    fn deref(&self) -> &Reel {
        &self.0.reel
    }
}

impl DerefMut for Filmed<'_> {
    fn deref_mut(&mut self) -> &mut Reel {
        &mut self.0.reel
    }
}

impl Seen {
    fn film(&mut self) {
        if self.is_whole() {
            self.reel.keep(self.terminal.screen());
        }
    }

    fn text(&self) -> String {
        self.terminal.screen().contents()
    }

    fn is_whole(&self) -> bool {
        !self.terminal.callbacks().drawing
    }
}

/// What a terminal is asked that does not show in its cells.
#[derive(Default)]
struct Oddities {
    /// Between the beginning and the end of a synchronised update.
    drawing: bool,
    odd: Vec<String>,
}

impl Oddities {
    fn note(&mut self, what: &str, detail: impl Debug) {
        self.odd.push(format!("{what} {detail:?}"));
    }
}

impl vt100::Callbacks for Oddities {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.note("bell", ());
    }

    fn visual_bell(&mut self, _: &mut vt100::Screen) {
        self.note("flash", ());
    }

    fn resize(&mut self, _: &mut vt100::Screen, request: (u16, u16)) {
        self.note("resize", request);
    }

    fn set_window_icon_name(&mut self, _: &mut vt100::Screen, name: &[u8]) {
        self.note("icon name", String::from_utf8_lossy(name));
    }

    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.note("title", String::from_utf8_lossy(title));
    }

    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.note("copy", String::from_utf8_lossy(data));
    }

    fn paste_from_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8]) {
        self.note("paste", ());
    }

    fn unhandled_char(&mut self, _: &mut vt100::Screen, character: char) {
        self.note("character", character);
    }

    fn unhandled_control(&mut self, _: &mut vt100::Screen, byte: u8) {
        self.note("control", byte);
    }

    fn unhandled_escape(&mut self, _: &mut vt100::Screen, first: Option<u8>, second: Option<u8>, byte: u8) {
        self.note("escape", (first, second, byte));
    }

    fn unhandled_csi(
        &mut self,
        _: &mut vt100::Screen,
        first: Option<u8>,
        second: Option<u8>,
        params: &[&[u16]],
        end: char,
    ) {
        match (first, params, end) {
            (Some(b'?'), [[2026]], 'h') => self.drawing = true,
            (Some(b'?'), [[2026]], 'l') => self.drawing = false,
            // Underlines lose their colour: no more than other colours do, but unknown to this terminal.
            (None, [[59]], 'm') => {}
            _ => self.note("sequence", (first, second, params, end)),
        }
    }

    fn unhandled_osc(&mut self, _: &mut vt100::Screen, params: &[&[u8]]) {
        let params: Vec<_> = params.iter().map(|param| String::from_utf8_lossy(param)).collect();
        self.note("command", params);
    }
}

fn modes(seen: &Seen, master: &dyn MasterPty) -> Modes {
    let screen = seen.terminal.screen();
    let line_discipline = master.get_termios().map(|termios| format!("{termios:?}")).unwrap();
    Modes {
        alternate_screen: screen.alternate_screen(),
        cursor_hidden: screen.hide_cursor(),
        bracketed_paste: screen.bracketed_paste(),
        mouse: screen.mouse_protocol_mode() != MouseProtocolMode::None,
        application_keys: screen.application_cursor() || screen.application_keypad(),
        plain: !screen.bold() && !screen.dim() && !screen.inverse() && screen.fgcolor() == vt100::Color::Default,
        line_discipline,
    }
}

/// The exit code that the shell told.
fn code(text: &str) -> Option<u8> {
    let (_, after) = text.rsplit_once(AFTER)?;
    after.split_once('.')?.0.parse().ok()
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

fn cells(width: u16, height: u16) -> (NonZero<u16>, NonZero<u16>) {
    (NonZero::new(height).unwrap(), NonZero::new(width).unwrap())
}
