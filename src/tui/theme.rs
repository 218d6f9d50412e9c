//! Colours by role: screens name what a text is, never how it looks. The background is never painted, so that what a
//! terminal shows behind the text stays its owner's.

mod preset;

use ratatui::style::{Color, Modifier, Style};
use serde::{Deserialize, Serialize};

pub use preset::Preset;

/// What a piece of the screen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Text,
    /// Secondary: units, labels, what can be skipped.
    Muted,
    /// What the eye looks for first: ids, keys, the screen that is open.
    Accent,
    Heading,
    Good,
    Warning,
    Bad,
    Selected,
    Border,
    /// The border of the pane that has the keys.
    Focus,
    /// Words of a text that were written with weight, with emphasis, or as code.
    Strong,
    Emphasis,
    Code,
    Link,
    /// Parts of code.
    Comment,
    Literal,
    Number,
    Keyword,
    Name,
}

/// How many colours a terminal shows, the fewest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// None are wanted (`NO_COLOR`). Decided by us and not by crossterm, whose way of leaving colours out also resets
    /// bold and reverse.
    None,
    Sixteen,
    Indexed,
    Full,
}

/// Whether what stands behind the text is light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shade {
    Dark,
    Light,
}

/// How roles look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    pub preset: Preset,
    depth: Depth,
}

impl Theme {
    /// The terminal's own sixteen colours, or none.
    pub fn new(colour: bool) -> Self {
        Self::of(Preset::Ansi, if colour { Depth::Sixteen } else { Depth::None })
    }

    pub fn of(preset: Preset, depth: Depth) -> Self {
        Self { preset, depth }
    }

    pub fn depth(self) -> Depth {
        self.depth
    }

    pub fn style(self, role: Role) -> Style {
        let style = Style::new().add_modifier(modifier(role));
        match self.preset.paint(role).and_then(|paint| paint.at(self.depth)) {
            Some(colour) => style.fg(colour),
            None => style,
        }
    }

    /// The next preset, for a person who looks for one.
    pub fn next(self) -> Self {
        let at = Preset::ALL.iter().position(|preset| *preset == self.preset).unwrap_or_default();
        Self { preset: Preset::ALL[(at + 1) % Preset::ALL.len()], ..self }
    }
}

/// A colour, and what stands for it where a terminal has sixteen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Paint {
    /// Red, green and blue; None: always the one of the sixteen, as the terminal's owner set it.
    full: Option<u32>,
    plain: Color,
}

impl Paint {
    fn at(self, depth: Depth) -> Option<Color> {
        let [_, red, green, blue] = self.full.unwrap_or_default().to_be_bytes();
        // The colours of the 256 form a cube of six steps a side, behind the sixteen.
        let step = |part: u8| u8::try_from((u16::from(part) * 5 + 127) / 255).unwrap_or(5);
        match depth {
            Depth::None => None,
            Depth::Indexed if self.full.is_some() => {
                Some(Color::Indexed(16 + 36 * step(red) + 6 * step(green) + step(blue)))
            }
            Depth::Full if self.full.is_some() => Some(Color::Rgb(red, green, blue)),
            Depth::Sixteen | Depth::Indexed | Depth::Full => Some(self.plain),
        }
    }
}

fn modifier(role: Role) -> Modifier {
    match role {
        Role::Text | Role::Good | Role::Accent | Role::Focus | Role::Code => Modifier::empty(),
        Role::Literal | Role::Number | Role::Name => Modifier::empty(),
        Role::Muted | Role::Border | Role::Comment => Modifier::DIM,
        Role::Heading | Role::Selected | Role::Warning | Role::Bad | Role::Strong | Role::Keyword => Modifier::BOLD,
        Role::Emphasis => Modifier::ITALIC,
        Role::Link => Modifier::UNDERLINED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_only_weight_is_left() {
        for preset in Preset::ALL {
            for role in [Role::Accent, Role::Bad, Role::Selected, Role::Focus, Role::Good, Role::Warning] {
                assert_eq!(Theme::of(preset, Depth::None).style(role).fg, None);
                let coloured = Theme::of(preset, Depth::Sixteen).style(role).fg.is_some();
                assert_eq!(coloured, preset != Preset::Mono, "{preset:?} {role:?}");
            }
        }
        let plain = Theme::of(Preset::Dark, Depth::None);
        assert!(plain.style(Role::Selected).add_modifier.contains(Modifier::BOLD));
    }

    #[test]
    fn a_colour_is_brought_down_to_what_the_terminal_shows() {
        let paint = Paint { full: Some(0xff_80_00), plain: Color::Yellow };
        assert_eq!(paint.at(Depth::Full), Some(Color::Rgb(255, 128, 0)));
        assert_eq!(paint.at(Depth::Indexed), Some(Color::Indexed(16 + 36 * 5 + 6 * 3)));
        assert_eq!(paint.at(Depth::Sixteen), Some(Color::Yellow));
        assert_eq!(Paint { full: None, plain: Color::Cyan }.at(Depth::Full), Some(Color::Cyan));
    }

    #[test]
    fn every_preset_is_reached_and_the_round_closes() {
        let first = Theme::of(Preset::Ansi, Depth::Sixteen);
        let mut seen = vec![first.preset];
        let mut theme = first.next();
        while theme != first {
            seen.push(theme.preset);
            theme = theme.next();
        }
        assert_eq!(seen.len(), Preset::ALL.len());
    }
}
