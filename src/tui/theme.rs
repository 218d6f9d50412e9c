//! Colours by role: screens name what a text is, never how it looks. Only the terminal's own sixteen colours are used,
//! and the background is never painted, so that light and dark terminals both stay readable.

use ratatui::style::{Color, Modifier, Style};

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

/// How roles look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    colour: bool,
}

impl Theme {
    /// With or without colour (`NO_COLOR`). Decided by us and not by crossterm, whose way of leaving colours out also
    /// resets bold and reverse.
    pub fn new(colour: bool) -> Self {
        Self { colour }
    }

    pub fn style(self, role: Role) -> Style {
        let style = Style::new().add_modifier(modifier(role));
        match colour(role) {
            Some(colour) if self.colour => style.fg(colour),
            _ => style,
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

fn colour(role: Role) -> Option<Color> {
    match role {
        Role::Text | Role::Muted | Role::Heading | Role::Border => None,
        Role::Strong | Role::Emphasis | Role::Comment => None,
        Role::Accent | Role::Focus | Role::Selected | Role::Code | Role::Link => Some(Color::Cyan),
        Role::Keyword => Some(Color::Magenta),
        Role::Number => Some(Color::Yellow),
        Role::Name => Some(Color::Blue),
        Role::Good | Role::Literal => Some(Color::Green),
        Role::Warning => Some(Color::Yellow),
        Role::Bad => Some(Color::Red),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_only_weight_is_left() {
        for role in [Role::Accent, Role::Bad, Role::Selected, Role::Focus, Role::Good, Role::Warning] {
            assert_eq!(Theme::new(false).style(role).fg, None);
            assert!(Theme::new(true).style(role).fg.is_some());
        }
        assert!(Theme::new(false).style(Role::Selected).add_modifier.contains(Modifier::BOLD));
    }
}
