//! The terminal while the face is shown: taken over on entry and given back on every way out, a panic included. The
//! only place that writes to it.

use std::io::{self, Write};
use std::panic::{self, PanicHookInfo};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::thread::{self, ThreadId};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::style::Print;
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::Frame;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use rustix::process::{Signal, kill_current_process_group};
use rustix::stdio::stdin;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use super::event::TerminalAct;
use super::look::Look;
use super::model::Model;
use super::run_loop::Glass;
use super::view;

/// Holds a frame of a large terminal, so that it goes out in one write.
const FRAME_BYTES: usize = 64 << 10;
/// Panics of other threads that are kept until the screen is left.
const MAX_PANICS: usize = 8;
/// The wheel and clicks, told by cell. Not every motion: that would wake us at each.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// Whether the screen is taken, by which thread, and what panicked elsewhere meanwhile.
static TAKEN: Mutex<Option<Taken>> = Mutex::new(None);
static HOOK: Once = Once::new();

struct Taken {
    thread: ThreadId,
    panics: Vec<String>,
}

/// The terminal in our hands. Dropping it gives it back.
pub(super) struct Terminal {
    screen: ratatui::Terminal<CrosstermBackend<Held>>,
    frame: Held,
    mouse: bool,
    tmux: bool,
    /// How the terminal was when it was lent.
    lent: Option<Termios>,
    _given_back: GivenBack,
}

impl Terminal {
    /// Takes the terminal over. What was changed is undone if not all of it can be.
    pub(super) fn enter(look: Look) -> io::Result<Self> {
        HOOK.call_once(hook_panics);
        let given_back = GivenBack;
        take(look.mouse)?;
        // The theme leaves colours out where they are not wanted; crossterm would reset the weight with them.
        crossterm::style::force_color_output(true);
        let frame = Held::new();
        let screen = ratatui::Terminal::new(CrosstermBackend::new(frame.clone()))?;
        Ok(Self { screen, frame, mouse: look.mouse, tmux: look.tmux, lent: None, _given_back: given_back })
    }

    pub(super) fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.screen.size()?;
        Ok((size.width, size.height))
    }

    /// Draws a frame in one write that the terminal shows at once.
    pub(super) fn show(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        if let Some(taken) = taken().as_mut() {
            taken.thread = thread::current().id();
        }
        queue!(self.screen.backend_mut(), BeginSynchronizedUpdate)?;
        self.screen.draw(draw)?;
        queue!(self.screen.backend_mut(), EndSynchronizedUpdate)?;
        self.frame.release(&mut io::stdout().lock())
    }

    /// Draws every cell with the next frame. Not by `clear`, which asks the terminal where its cursor is and waits.
    fn repaint(&mut self) -> io::Result<(u16, u16)> {
        let (width, height) = crossterm::terminal::size()?;
        self.screen.resize(Rect::new(0, 0, width, height))?;
        Ok((width, height))
    }

    /// Stops the whole job, as the shell expects of ctrl-z. Not by SIGTSTP, which the kernel ignores for a process without
    /// a shell to return to.
    fn suspend(&mut self) -> io::Result<(u16, u16)> {
        give_back();
        kill_current_process_group(Signal::STOP)?;
        take(self.mouse)?;
        self.repaint()
    }

    /// Gives the terminal to another program, and remembers how it was.
    fn lend(&mut self) -> io::Result<()> {
        give_back();
        // Where the keys come from elsewhere, there is nothing to be put back.
        self.lent = tcgetattr(stdin()).ok();
        Ok(())
    }

    /// Takes it again. However the other program left it, it is given back in the end as it was found.
    fn take_back(&mut self) -> io::Result<(u16, u16)> {
        if let Some(before) = self.lent.take() {
            tcsetattr(stdin(), OptionalActions::Drain, &before)?;
        }
        take(self.mouse)?;
        self.repaint()
    }

    /// OSC 52. Within tmux it has to be wrapped to reach the terminal outside.
    fn copy(&self, text: &str) -> io::Result<()> {
        let sequence = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
        let mut out = io::stdout().lock();
        if self.tmux {
            write!(out, "\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b"))?;
        } else {
            out.write_all(sequence.as_bytes())?;
        }
        out.flush()
    }
}

impl Glass for Terminal {
    fn draw(&mut self, model: &Model) -> io::Result<()> {
        self.show(|frame| view::view(model, frame))
    }

    fn act(&mut self, act: TerminalAct) -> io::Result<Option<(u16, u16)>> {
        match act {
            TerminalAct::Copy(text) => self.copy(&text).map(|()| None),
            TerminalAct::Suspend => self.suspend().map(Some),
            TerminalAct::Lend => self.lend().map(|()| None),
            TerminalAct::TakeBack => self.take_back().map(Some),
            // The loop has seen to it: an editor takes longer than an act may.
            TerminalAct::Edit { .. } => Ok(None),
            TerminalAct::Repaint => self.repaint().map(Some),
            TerminalAct::Mouse(on) => {
                self.mouse = on;
                let mut out = io::stdout().lock();
                out.write_all(if on { MOUSE_ON } else { MOUSE_OFF }.as_bytes())?;
                out.flush().map(|()| None)
            }
        }
    }
}

/// Makes the terminal ours.
fn take(mouse: bool) -> io::Result<()> {
    *taken() = Some(Taken { thread: thread::current().id(), panics: Vec::new() });
    enable_raw_mode()?;
    let mouse = Print(if mouse { MOUSE_ON } else { "" });
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, Hide, mouse)
}

/// Gives the terminal back when dropped, also where entering failed half way.
struct GivenBack;

impl Drop for GivenBack {
    fn drop(&mut self) {
        give_back();
    }
}

/// Undoes what [`take`] did, once. Failures are not spoken of: there is no place left to say so.
fn give_back() {
    let Some(left) = taken().take() else { return };
    let mut out = io::stdout();
    // First the keys, so that whoever sees the screen as it was finds them as they were.
    let _ = disable_raw_mode();
    let mouse = Print(MOUSE_OFF);
    let _ = execute!(out, EndSynchronizedUpdate, mouse, DisableBracketedPaste, LeaveAlternateScreen, Show);
    for panic in left.panics {
        let _ = writeln!(io::stderr(), "{panic}");
    }
}

/// A panic of the thread that draws gives the terminal back before it is reported, so that the report can be read. One
/// of another thread would be painted over: it is kept until the screen is left.
fn hook_panics() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
        let ours = match taken().as_mut() {
            None => true,
            Some(taken) if taken.thread == thread::current().id() => true,
            Some(taken) => {
                if taken.panics.len() < MAX_PANICS {
                    taken.panics.push(info.to_string());
                }
                false
            }
        };
        if ours {
            give_back();
            report(info);
        }
    }));
}

fn taken() -> MutexGuard<'static, Option<Taken>> {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gathers what is written, flushes and all, until the frame is whole. Clones are one buffer; one that is dropped with
/// half a frame in it writes nothing.
#[derive(Clone)]
pub(super) struct Held(Arc<Mutex<Vec<u8>>>);

impl Held {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Vec::with_capacity(FRAME_BYTES))))
    }

    /// Writes the frame out, whole.
    pub(super) fn release(&self, out: &mut impl Write) -> io::Result<()> {
        let mut frame = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(&frame)?;
        frame.clear();
        out.flush()
    }
}

impl Write for Held {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_goes_out_whole_and_once() {
        let mut held = Held::new();
        let mut out = Vec::new();
        held.write_all(b"half").unwrap();
        held.flush().unwrap();
        assert!(out.is_empty());
        held.release(&mut out).unwrap();
        held.release(&mut out).unwrap();
        assert_eq!(out, b"half");
    }
}
