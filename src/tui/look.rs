//! How the face is to look and to be touched, as the environment and the person's file say; and the question to the
//! terminal whether it is light or dark, where neither says so.

use std::io::{self, Write};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::theme::{Depth, Preset, Shade, Theme};
use crate::clock::Clock;

/// How long the terminal has for its answer. One that is asked over a slow line would answer into the keys.
const PATIENCE: Duration = Duration::from_millis(100);
/// Bytes of an answer that are read.
const MAX_ANSWER: usize = 256;
/// Its background, and then what every terminal answers at once: who is silent about the first is known by the second.
const QUESTION: &[u8] = b"\x1b]11;?\x07\x1b[c";

/// What the person asked for, and what is known of the terminal.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// None: what suits the terminal's background.
    pub preset: Option<Preset>,
    pub depth: Depth,
    /// What the environment says of the background.
    pub shade: Option<Shade>,
    /// The terminal may be asked about its background.
    pub ask: bool,
    /// The wheel and clicks are for zen, and not for selecting text.
    pub mouse: bool,
    /// The terminal stands within tmux, which hands sequences on only when they are wrapped.
    pub tmux: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { preset: None, depth: Depth::Sixteen, shade: None, ask: false, mouse: false, tmux: false }
    }
}

impl Look {
    /// The theme, after a question to the terminal where that is needed. The terminal must be raw, and nobody else may
    /// read its keys yet.
    pub(super) fn theme(&self, clock: Clock) -> Theme {
        let asked = || if self.ask && self.depth != Depth::None { ask(clock).ok().flatten() } else { None };
        let preset = self.preset.unwrap_or_else(|| Preset::suits(self.shade.or_else(asked)));
        Theme::of(preset, self.depth)
    }
}

fn ask(clock: Clock) -> io::Result<Option<Shade>> {
    let mut out = io::stdout();
    out.write_all(QUESTION)?;
    out.flush()?;
    let (keys, until) = (rustix::stdio::stdin(), clock.now() + PATIENCE);
    let (mut answer, mut bytes) = (Vec::new(), [0; 64]);
    while answer.len() < MAX_ANSWER && !has_ended(&answer) {
        let left = until.saturating_duration_since(clock.now());
        let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
        if poll(&mut [PollFd::new(&keys, PollFlags::IN)], Some(&timeout))? == 0 {
            break;
        }
        let count = rustix::io::read(keys, &mut bytes)?;
        if count == 0 {
            break;
        }
        answer.extend_from_slice(&bytes[..count]);
    }
    Ok(shade(&String::from_utf8_lossy(&answer)))
}

/// The second answer is here: `ESC [ ? ... c`.
fn has_ended(answer: &[u8]) -> bool {
    let start = answer.windows(3).position(|window| window == b"\x1b[?");
    start.is_some_and(|start| answer[start..].contains(&b'c'))
}

/// The shade in `]11;rgb:ffff/ffff/ffff`, of which terminals send one to four digits a part.
fn shade(answer: &str) -> Option<Shade> {
    let (_, colour) = answer.split_once("]11;rgb:")?;
    let mut parts = colour.split('/').map(|part| {
        let digits: String = part.chars().take_while(char::is_ascii_hexdigit).take(4).collect();
        let most = 16_u32.pow(u32::try_from(digits.len()).ok()?) - 1;
        u32::from_str_radix(&digits, 16).ok().map(|part| part * 1_000 / most.max(1))
    });
    let (red, green, blue) = (parts.next()??, parts.next()??, parts.next()??);
    // How bright the eye takes it to be, in thousandths of white.
    let bright = (red * 299 + green * 587 + blue * 114) / 1_000;
    Some(if bright > 500 { Shade::Light } else { Shade::Dark })
}

/// The shade in `COLORFGBG`, such as `15;0`: its last number is the background among the sixteen colours.
pub fn shade_of(colorfgbg: &str) -> Option<Shade> {
    match colorfgbg.rsplit(';').next()?.parse::<u8>().ok()? {
        0..=6 | 8 => Some(Shade::Dark),
        7 | 9..=15 => Some(Shade::Light),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_background_is_light_or_dark_in_every_spelling() {
        for (answer, expected) in [
            ("\x1b]11;rgb:ffff/ffff/ffff\x07", Some(Shade::Light)),
            ("\x1b]11;rgb:1e/1e/2e\x1b\\", Some(Shade::Dark)),
            ("j\x1b]11;rgb:f/d/8\x1b\\\x1b[?62c", Some(Shade::Light)),
            ("\x1b[?62;c", None),
            ("\x1b]11;rgb://\x07", None),
            ("\x1b]11;rgb:zz/zz/zz\x07", None),
        ] {
            assert_eq!(shade(answer), expected, "{answer:?}");
        }
        assert_eq!(shade_of("15;0"), Some(Shade::Dark));
        assert_eq!(shade_of("0;default;15"), Some(Shade::Light));
        assert_eq!(shade_of("default"), None);
    }

    #[test]
    fn the_answer_ends_with_what_every_terminal_says() {
        assert!(has_ended(b"\x1b]11;rgb:1/2/3\x07\x1b[?62;22c"));
        assert!(has_ended(b"\x1b[?1;2c"));
        assert!(!has_ended(b"\x1b]11;rgb:cccc/cccc/cccc\x07"));
        assert!(!has_ended(b"\x1b[?62"));
    }
}
