//! A tape as data: the part of VHS's language that zen's demo is written in. What is not in it is refused with its line,
//! so that a tape never does less here than it says.

use std::fmt;
use std::time::Duration;

use regex::Regex;

/// What VHS waits for where a `Wait` names nothing: its shell's prompt.
const PROMPT: &str = ">$";
/// What VHS takes between two keys where a tape does not say.
const TYPING: Duration = Duration::from_millis(50);
/// Of a letter, in parts of the size of its font: how wide it is, and how high its line.
const LETTER: (f64, f64) = (0.6, 1.2);
const SETTINGS: [&str; 7] = ["Shell", "FontSize", "Width", "Height", "Padding", "TypingSpeed", "WaitTimeout"];
const ESCAPE: &str = "\x1b";
const KEYS: [(&str, &str); 12] = [
    ("Enter", "\r"),
    ("Escape", ESCAPE),
    ("Tab", "\t"),
    ("Space", " "),
    ("Backspace", "\x7f"),
    ("Delete", "\x1b[3~"),
    ("Up", "\x1b[A"),
    ("Down", "\x1b[B"),
    ("Right", "\x1b[C"),
    ("Left", "\x1b[D"),
    ("PageUp", "\x1b[5~"),
    ("PageDown", "\x1b[6~"),
];

#[derive(Debug)]
pub struct Tape {
    pub steps: Vec<Step>,
    /// The programs that it needs.
    pub requires: Vec<String>,
    pub environment: Vec<(String, String)>,
    /// Columns and rows.
    pub size: (u16, u16),
}

#[derive(Debug)]
pub struct Step {
    pub line: usize,
    pub act: Act,
}

#[derive(Debug)]
pub enum Act {
    /// Keys as a terminal sends them, one after the other, with this much between them.
    Press {
        keys: Vec<String>,
        pace: Duration,
    },
    Sleep(Duration),
    Wait {
        on: On,
        pattern: Regex,
    },
    /// The picture that stands for the whole.
    Screenshot,
    Hide,
    Show,
}

/// Where something is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    Screen,
    /// The last line with a text.
    Line,
}

/// A line that this player does not understand.
#[derive(Debug, PartialEq, Eq)]
pub struct Misread {
    pub line: usize,
    pub why: String,
}

impl fmt::Display for Misread {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}: {}", self.line, self.why)
    }
}

impl Tape {
    /// Reads a tape; all that is wrong with it at once.
    pub fn parse(text: &str) -> Result<Self, Vec<Misread>> {
        let mut tape = Self { steps: Vec::new(), requires: Vec::new(), environment: Vec::new(), size: (0, 0) };
        let (mut settings, mut wrong) = (Settings::default(), Vec::new());
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            if let Err(why) = tape.read(line, text, &mut settings) {
                wrong.push(Misread { line, why });
            }
        }
        wrong.extend(tape.hasty());
        tape.size = settings.size();
        if wrong.is_empty() { Ok(tape) } else { Err(wrong) }
    }

    /// Keys that follow an Escape at once: a terminal would take both for one key with Alt.
    fn hasty(&self) -> impl Iterator<Item = Misread> {
        let acts = self.steps.iter().filter(|step| !matches!(step.act, Act::Sleep(_)));
        let pairs = acts.clone().zip(acts.skip(1));
        let escapes =
            |act: &Act| matches!(act, Act::Press { keys, .. } if keys.last().is_some_and(|key| key == ESCAPE));
        let hasty = pairs.filter(move |(one, next)| escapes(&one.act) && matches!(next.act, Act::Press { .. }));
        let why = "it follows an Escape without a Wait between them: both would be one key";
        hasty.map(move |(_, next)| Misread { line: next.line, why: why.to_owned() })
    }

    fn read(&mut self, line: usize, text: &str, settings: &mut Settings) -> Result<(), String> {
        let (command, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        let (name, at) = command.split_once('@').map_or((command, None), |(name, at)| (name, Some(at)));
        let pace = at.map(duration).transpose()?.unwrap_or(settings.typing);
        let act = match name {
            "Output" => return quoted(rest).map(drop),
            "Require" => {
                self.requires.push(quoted(rest)?);
                return Ok(());
            }
            "Set" => return settings.set(rest),
            "Env" => {
                let (name, value) = rest.split_once(char::is_whitespace).ok_or("Env takes a name and a value")?;
                self.environment.push((name.to_owned(), quoted(value.trim())?));
                return Ok(());
            }
            "Type" => Act::Press { keys: quoted(rest)?.chars().map(String::from).collect(), pace },
            "Sleep" => Act::Sleep(duration(rest)?),
            "Hide" | "Show" if !rest.is_empty() => return Err(format!("{name} takes nothing")),
            "Hide" => Act::Hide,
            "Show" => Act::Show,
            "Screenshot" => quoted(rest).map(|_| Act::Screenshot)?,
            "Wait" | "Wait+Line" => wait(On::Line, rest)?,
            "Wait+Screen" => wait(On::Screen, rest)?,
            name => Act::Press { keys: vec![key(name)?; times(rest)?], pace },
        };
        self.steps.push(Step { line, act });
        Ok(())
    }
}

/// What `Set` sets, as far as it matters without VHS.
struct Settings {
    typing: Duration,
    font: f64,
    width: f64,
    height: f64,
    padding: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { typing: TYPING, font: 15.0, width: 1120.0, height: 616.0, padding: 20.0 }
    }
}

impl Settings {
    fn set(&mut self, text: &str) -> Result<(), String> {
        let (name, value) = text.split_once(char::is_whitespace).ok_or("Set takes a name and a value")?;
        let number = || value.trim().parse::<f64>().map_err(|_| format!("{name} takes a number, and not {value}"));
        match name {
            "Shell" => return quoted(value).map(drop),
            "TypingSpeed" => self.typing = duration(value)?,
            // Every wait here has the patience of all tests.
            "WaitTimeout" => return duration(value).map(drop),
            "FontSize" => self.font = number()?,
            "Width" => self.width = number()?,
            "Height" => self.height = number()?,
            "Padding" => self.padding = number()?,
            _ => return Err(format!("there is no setting '{name}' here: {}", SETTINGS.join(", "))),
        }
        Ok(())
    }

    /// The cells that VHS would have room for.
    fn size(&self) -> (u16, u16) {
        let cells = |room: f64, part: f64| ((room - 2.0 * self.padding) / (self.font * part)).clamp(1.0, 400.0) as u16;
        (cells(self.width, LETTER.0), cells(self.height, LETTER.1))
    }
}

fn wait(on: On, pattern: &str) -> Result<Act, String> {
    let pattern = match pattern.strip_prefix('/').and_then(|pattern| pattern.strip_suffix('/')) {
        Some(pattern) => pattern,
        None if pattern.is_empty() => PROMPT,
        None => return Err(format!("a pattern stands between slashes, and not as {pattern}")),
    };
    Ok(Act::Wait { on, pattern: Regex::new(pattern).map_err(|error| error.to_string())? })
}

fn key(name: &str) -> Result<String, String> {
    if let Some((_, keys)) = KEYS.iter().find(|(known, _)| *known == name) {
        return Ok((*keys).to_owned());
    }
    let letter = name.strip_prefix("Ctrl+").and_then(|letter| letter.parse::<char>().ok());
    if let Some(letter) = letter.filter(char::is_ascii_alphabetic) {
        return Ok(char::from(letter.to_ascii_lowercase() as u8 & 0x1f).to_string());
    }
    Err(format!("'{name}' is no command that is played here"))
}

fn times(text: &str) -> Result<usize, String> {
    if text.is_empty() { Ok(1) } else { text.parse().map_err(|_| format!("'{text}' is no number of times")) }
}

fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    let number: f64 = number.trim().parse().map_err(|_| format!("'{text}' is no time such as 500ms or 2s"))?;
    Duration::try_from_secs_f64(number * unit).map_err(|error| error.to_string())
}

/// A text without the quotes around it.
fn quoted(text: &str) -> Result<String, String> {
    for quote in ['"', '\'', '`'] {
        if let Some(text) = text.strip_prefix(quote) {
            let text = text.strip_suffix(quote).ok_or_else(|| format!("a {quote} is not closed"))?;
            return if text.contains(quote) { Err("one text a line".to_owned()) } else { Ok(text.to_owned()) };
        }
    }
    if text.is_empty() || text.contains(char::is_whitespace) {
        return Err(format!("'{text}' is to stand in quotes"));
    }
    Ok(text.to_owned())
}
